"""Steps of a wave as its events tell them, whatever engines it took."""

from __future__ import annotations

from cockpit.report.material import Event
from cockpit.report.story import Step, story


def steps(*told: tuple[str, str]) -> tuple[Step, ...]:
    """Of one try of a wave: kinds of events and their steps, a second apart."""
    every = (("wave_started", ""), *told)
    events = (
        Event(number, number * 1_000, kind, "info", "", {"wave": "writers", "step": step})
        for number, (kind, step) in enumerate(every, 1)
    )
    return tuple(story(events).attempts[0].steps)


def numbers(step: Step) -> tuple[int, int | None, int]:
    """Begun, over, and how often it was begun again."""
    return step.begun.number, step.over.number if step.over else None, len(step.again)


def test_a_step_that_two_engines_took_is_one_step() -> None:
    found = steps(("step_started", "stop"), ("step_started", "stop"), ("step_done", "stop"))
    assert [numbers(step) for step in found] == [(2, 4, 1)]


def test_a_step_whose_place_an_earlier_one_took_is_left_there() -> None:
    found = steps(
        ("step_started", "fence"),
        ("step_done", "fence"),
        ("step_started", "drain"),
        ("proves_again", "fence"),
        ("step_started", "fence"),
        ("step_done", "fence"),
        ("step_started", "drain"),
        ("step_done", "drain"),
    )
    assert [numbers(step) for step in found] == [(2, 3, 0), (4, 5, 0), (6, 7, 0), (8, 9, 0)]


def test_an_undo_that_failed_and_is_tried_again_is_two() -> None:
    found = steps(
        ("step_started", "fence"),
        ("rollback_started", ""),
        ("undo_started", "fence"),
        ("step_failed", "fence"),
        ("undo_started", "fence"),
        ("step_undone", "fence"),
    )
    assert [numbers(step) for step in found] == [(2, 3, 0), (4, 5, 0), (6, 7, 0)]


def test_an_undo_of_nothing_is_over_in_whichever_order_it_was_told() -> None:
    begun, undone = ("undo_started", "drain"), ("step_undone", "drain")
    after = ("undo_started", "fence")
    assert [numbers(s) for s in steps(begun, undone, after)] == [(2, 3, 0), (4, None, 0)]
    assert [numbers(s) for s in steps(undone, begun, after)] == [(3, 2, 0), (4, None, 0)]


def test_a_step_that_nothing_ends_is_under_way() -> None:
    assert [numbers(step) for step in steps(("step_started", "soak"))] == [(2, None, 0)]
