"""Going back while the target cannot be read: clients are let go, nothing is taken for known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cockpit.core.intents import Arm
from cockpit.core.plan import Plan, Rollback, SoakStep, Wave
from cockpit.core.unread import UNREAD_FOR_MS
from cockpit.sim.demo import demo_plan
from cockpit.sim.faults import ClusterUnreachable, ErrorBurst, When
from tests.flights.hands import Company, Hand, confirming
from tests.flights.invariants import check
from tests.flights.simulate import Flown, fly
from tests.flights.test_exact import back_after_soak, exact_plan

DEAD_MS = 90_000
"""How long the target is away where it comes back."""


def dead_after(event: str, delay_ms: int = 0, for_ms: int | None = None) -> ClusterUnreachable:
    return ClusterUnreachable(
        side="target", when=When(event=event, delay_ms=delay_ms, for_ms=for_ms)
    )


def of_kind(flown: Flown, kind: str) -> list[Mapping[str, Any]]:
    return [event for event in flown.events if event["kind"] == kind]


def orders_it() -> Company:
    """Ana gives the order two seconds after it was offered."""
    arm = Hand("target_unread", lambda _: Arm("advance", "ana"), 2_000)
    yes = Hand("armed", confirming("ana"), 800, text="advance armed by ana")
    return Company((arm, yes))


def first_wave_of_writers() -> Plan:
    """Readers and writers in one wave: it fences, and places groups behind the fence."""
    plan = demo_plan()
    readers, writers = plan.waves
    services = (*readers.services, *writers.services)
    return replace(plan, waves=(replace(writers, services=services),))


def test_a_fence_falls_though_the_target_is_gone_where_nobody_was_started_there(
    tmp_path: Path,
) -> None:
    """Groups are placed and nobody has started: their commits on the source are what counts."""
    flown = fly(
        dead_after("commit settlement"),
        plan=first_wave_of_writers(),
        journal=tmp_path / "journal",
    )
    assert flown.result.outcome == "rolled_back", flown.result
    assert set(flown.after.where.values()) == {"source"}
    (wanted,) = of_kind(flown, "rollback_wanted")
    (back,) = of_kind(flown, "wave_rolled_back")
    assert back["at_ms"] - wanted["at_ms"] < UNREAD_FOR_MS + 10_000
    groups = of_kind(flown, "group_unread")
    assert {event["group"] for event in groups} == {"ledger", "notifier", "settlement"}
    for event in groups:
        assert "was not started on the target, which cannot be read" in event["text"]
        assert "it goes on from its commits on the source; those there stay" in event["text"]
    assert (flown.truth.lost, flown.truth.duplicated, flown.truth.violations) == (0, 0, ())
    assert not of_kind(flown, "without_target")
    assert check(flown) == ()


def soaking() -> Plan:
    """The readers, which a burst of errors takes back in their second soak."""
    plan = back_after_soak(exact_plan(demo_plan()))
    readers, writers = plan.waves
    longer = (*readers.steps[:-1], SoakStep(40_000))
    wave: Wave = replace(readers, steps=longer, rollback=rolls_back(readers.rollback))
    return replace(plan, waves=(wave, writers))


def rolls_back(rollback: Rollback) -> Rollback:
    return replace(rollback, on_trigger="rollback")


def burst(delay_ms: int) -> ErrorBurst:
    when = When(event="started ledger", delay_ms=delay_ms, for_ms=200_000)
    return ErrorBurst(signal="settlement-errors", value=0.5, when=when)


@pytest.mark.parametrize("seed", range(3))
def test_readers_come_back_by_the_sources_commits_once_a_person_orders_it(
    tmp_path: Path, seed: int
) -> None:
    flown = fly(
        dead_after("started ledger", 8_000),
        burst(10_000),
        seed=seed,
        plan=soaking(),
        journal=tmp_path / "journal",
        company=orders_it(),
    )
    assert flown.result.outcome == "rolled_back", flown.result
    assert flown.after.where["ledger"] == flown.after.where["notifier"] == "source"
    (offer,) = of_kind(flown, "target_unread")
    (order,) = of_kind(flown, "without_target")
    assert "A goes back by what the source has" in offer["text"]
    assert order["by"] == "ana"
    placed = [event for event in of_kind(flown, "offsets_placed") if event["side"] == "source"]
    assert {event["group"]: event["reread_max_records"] for event in placed} == {
        "ledger": None,
        "notifier": None,
    }
    assert flown.result.reread_max_records is None
    assert flown.truth.lost == flown.truth.disordered == 0
    assert flown.truth.duplicated > 0
    armed = next(s.armed for s in flown.snapshots if s.armed and s.armed.by == "ana")
    lines = "\n".join(armed.lines)
    assert "make sure that ledger, notifier stopped there: nobody can see it" in lines
    assert "records read again on the source: unknown" in lines
    assert "again: 0" not in lines
    assert check(flown) == ()


def test_nobody_orders_it_and_it_goes_back_the_usual_way_once_the_target_answers(
    tmp_path: Path,
) -> None:
    flown = fly(
        dead_after("started ledger", 8_000, DEAD_MS),
        burst(10_000),
        plan=soaking(),
        journal=tmp_path / "journal",
    )
    assert flown.result.outcome == "rolled_back", flown.result
    assert len(of_kind(flown, "target_unread")) == 1
    assert not of_kind(flown, "without_target")
    assert (flown.truth.lost, flown.truth.duplicated) == (0, 0)
    assert flown.predicted() == 0
    assert check(flown) == ()


def test_without_a_person_a_flight_is_left_to_one_and_says_what_can_be_done(
    tmp_path: Path,
) -> None:
    flown = fly(
        dead_after("started ledger", 8_000),
        burst(10_000),
        plan=soaking(),
        journal=tmp_path / "journal",
    )
    assert (flown.result.outcome, flown.result.left_running) == ("paused", True)
    assert "the target cannot be read" in flown.result.why
    assert "A goes back without it" in flown.result.why
    assert flown.truth.lost == 0
