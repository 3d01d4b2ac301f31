"""A plan's text amended: one value changes, everything else stays as it was written."""

from __future__ import annotations

import difflib

import pytest

from cockpit.core.plan import ReplicationLagGate
from cockpit.plan.amend import AmendError, amend
from cockpit.plan.problems import PlanInvalid
from tests.plan.given import GOOD, ORIGIN, load


def amended(*assignments: str) -> str:
    return amend(GOOD, assignments, origin=ORIGIN)


def changed_lines(text: str) -> list[str]:
    lines = difflib.ndiff(GOOD.splitlines(), text.splitlines())
    return [line for line in lines if line[0] in "+-"]


@pytest.mark.parametrize(
    "path",
    [
        "waves.readers.gates.0.max",
        "waves.0.gates.0.max",
        "waves.readers.gates.0.replication_lag.max",
    ],
)
def test_a_gate_is_named_by_wave_number_and_field_with_or_without_its_kind(path: str) -> None:
    gate = load(amended(f"{path}=50")).waves[0].gates[0]
    assert gate == ReplicationLagGate(50, for_ms=60_000)


def test_everything_else_stays_as_it_was_written() -> None:
    assert changed_lines(amended("waves.readers.gates.0.max=7")) == [
        "-       - replication_lag: {max: 100, for: 60s}",
        "+       - replication_lag: {max: 7, for: 60s}",
    ]


def test_a_key_that_is_absent_is_added_in_the_mappings_own_style() -> None:
    text = amended("waves.readers.gates.0.max_age=9s", "waves.readers.rollback_window=2h")
    plan = load(text)
    assert plan.waves[0].gates[0] == ReplicationLagGate(100, for_ms=60_000, max_age_ms=9_000)
    assert plan.waves[0].rollback_window_ms == 7_200_000


def test_assignments_are_carried_out_one_after_the_other() -> None:
    plan = load(amended("waves.readers.gates.0.max=7", "waves.readers.gates.0.max=8"))
    assert plan.waves[0].gates[0] == ReplicationLagGate(8, for_ms=60_000)


def test_a_value_that_the_plan_does_not_take_is_the_loaders_to_refuse() -> None:
    with pytest.raises(PlanInvalid, match="'much'"):
        load(amended("waves.readers.gates.0.max=much"))
    with pytest.raises(PlanInvalid, match="nmae"):
        load(amended("nmae=5"))


@pytest.mark.parametrize(
    ("assignment", "why"),
    [
        ("waves.readers.gates.0.max", "write PATH=VALUE"),
        ("=5", "write PATH=VALUE"),
        ("waves..gates=5", "write PATH=VALUE"),
        ("waves.readers.gates.0.max=", "write PATH=VALUE"),
        ("waves.readers.gates.0.max=1\n2", "one line"),
        ("waves.raeders.gates.0.max=5", "did you mean readers"),
        ("waves.readers.gates.9.max=5", "has 4 items"),
        ("waves.readers.gates.replication_lag.max=5", "name an item by its number"),
        ("waves.readers.gates=5", "is a list, not a value"),
        ("name.first.second=5", "is a single value"),
    ],
)
def test_what_cannot_be_named_is_refused_with_what_there_is(assignment: str, why: str) -> None:
    with pytest.raises(AmendError, match=why):
        amended(assignment)


def test_a_text_that_is_no_yaml_says_where() -> None:
    with pytest.raises(PlanInvalid):
        amend("a: [", ("a.0=1",), origin=ORIGIN)
    with pytest.raises(PlanInvalid):
        amend("", ("a.0=1",), origin=ORIGIN)
