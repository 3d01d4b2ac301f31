"""The shadow consumer: which next record proves a place, and which holds the wave."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cockpit.core.actions import CallService, ProbePlaces
from cockpit.core.plan import Acceptance, OffsetsSpec, OffsetsStep, ProbeStep
from tests.core.build import two_wave_plan
from tests.core.driver import Script, actions

YES = Acceptance("w", "team-fin")
SAME: list[Any] = ["SAME", None, None, "", False]
ENDS: list[Any] = ["ENDS", None, None, "", False]


def to_probe(spec: OffsetsSpec, *, place: int = 90) -> Script:
    """The readers' wave, up to its probe: committed 90 and 90, placed at `place` and 90."""
    plan = two_wave_plan()
    ledger, checkout = plan.services
    readers = plan.waves[0]
    steps = [s for step in readers.steps for s in (step, ProbeStep())[: 1 + _places(step)]]
    plan = replace(plan, services=(replace(ledger, offsets=spec), checkout))
    script = Script(replace(plan, waves=(replace(readers, steps=tuple(steps)), plan.waves[1])))
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    if spec.resume != "translated":
        word = ["RANGE", place, 90, "alike", False] if place < 90 else ["EXACT", 90, 90, "", False]
        script.end_all(places={"orders/0": [90, *word], "orders/1": [90, "EXACT", 90, 90, "", 0]})
    if spec.resume in ("latest", "earliest"):
        script.look(1)
        script.end_all(sought={"orders/0": 100, "orders/1": 100})
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    placed = script.state.wave().memory["placed.ledger"]
    script.commits["target"] = {("orders", i): placed[f"orders/{i}"] for i in (0, 1)}
    script.look(1)
    return script


def _places(step: object) -> int:
    return int(isinstance(step, OffsetsStep))


def answer(script: Script, *rows: list[Any]) -> None:
    (probe,) = [p.action for p in script.open_actions() if isinstance(p.action, ProbePlaces)]
    script.end_all(
        probes={
            f"{topic}/{number}": [source, target, *row]
            for ((topic, number), source, target), row in zip(probe.places, rows, strict=True)
        }
    )
    script.look(1)


def word(script: Script) -> str:
    return script.state.wave().steps[2].word


EXACT = OffsetsSpec("exact")


def test_the_committed_places_are_read_and_nothing_is_an_effect() -> None:
    script = to_probe(EXACT)
    (probe,) = [a for a in actions(script) if isinstance(a, ProbePlaces)]
    assert probe.places == ((("orders", 0), 90, 90), (("orders", 1), 90, 90))
    assert not script.state.wave().steps[2].begun
    answer(script, SAME, ENDS)
    assert word(script) == "done"
    assert "1 partitions is the expected one, 1 have none" in script.state.wave().steps[2].detail
    assert CallService("ledger", "start") in actions(script)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        (["OTHER", 4, 0, "", False], "the next record on the target, at 90, is not the one"),
        (["OTHER", 0, 0, "", False], "is not the one that the source has at 90"),
        (["OTHER", 0, 3, "", False], "skip 3"),
        (["OTHER", None, None, "", False], "how far off it is, is not known"),
        (["SURPLUS", None, None, "", False], "the source has none from 90 on"),
        (["NONE", None, None, "a consumer would reset", False], "a consumer would reset"),
    ],
)
def test_another_record_at_an_exact_place_fails_with_partition_and_offset(
    row: list[Any], why: str
) -> None:
    script = to_probe(EXACT)
    answer(script, row, SAME)
    assert script.word() == "holding"
    detail = script.state.wave().detail
    assert "ledger orders/0" in detail
    assert why in detail
    assert CallService("ledger", "start") not in actions(script)


def test_a_record_that_is_still_on_its_way_is_waited_for_up_to_the_timeout() -> None:
    script = to_probe(EXACT)
    for _ in range(3):
        answer(script, ["NOT_YET", None, None, "", True], SAME)
        assert word(script) == "running"
    answer(script, SAME, SAME)
    assert word(script) == "done"
    script = to_probe(EXACT)
    for _ in range(70):
        if script.word() == "holding":
            break
        if script.open_actions():
            answer(script, ["NOT_YET", None, None, "", True], SAME)
        else:
            script.look(1)
    assert script.word() == "holding"
    assert "is not on the target" in script.state.wave().detail


def test_a_range_may_be_as_far_off_as_was_predicted_and_no_further() -> None:
    spec = OffsetsSpec("exact", 5)
    script = to_probe(spec, place=86)
    answer(script, ["OTHER", 4, 0, "", False], SAME)
    assert word(script) == "done"
    script = to_probe(spec, place=86)
    answer(script, ["OTHER", 5, 0, "", False], SAME)
    assert script.word() == "holding"
    script = to_probe(spec, place=86)
    answer(script, SAME, ["OTHER", 1, 0, "", False])  # this one was exact
    assert script.word() == "holding"


def test_a_translated_place_must_be_within_the_prediction_and_the_tolerance() -> None:
    # the offset-sync is at 90: nothing is predicted to be read again
    script = to_probe(OffsetsSpec())
    answer(script, ["OTHER", 1, 0, "", False], SAME)
    assert script.word() == "holding"


@pytest.mark.parametrize(
    ("spec", "row", "passes"),
    [
        (OffsetsSpec("latest", accept_loss=YES), ["OTHER", 0, 10, "", False], True),
        (OffsetsSpec("latest", accept_loss=YES), ["NOT_YET", 0, 10, "", True], True),
        (OffsetsSpec("latest", accept_loss=YES), ["NONE", None, None, "gone", False], False),
    ],
)
def test_a_group_put_elsewhere_is_held_to_what_was_accepted(
    spec: OffsetsSpec, row: list[Any], passes: bool
) -> None:
    script = to_probe(spec)
    answer(script, row, row)
    assert (word(script) == "done") is passes


def test_what_has_moved_since_it_was_placed_is_not_probed() -> None:
    script = to_probe(EXACT)
    script.commits["source"] = {("orders", 0): 95, ("orders", 1): 90}
    script.look(2)
    answer(script, SAME, SAME)
    assert script.word() == "holding"
    assert "placed for 90, the source has committed 95 since" in script.state.wave().detail
