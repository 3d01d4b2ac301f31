"""A recording gone through once more: the same verdicts, and what other tolerances would say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.core.flight import FlightState
from cockpit.core.plan import Plan, ReplicationLagGate, SignalGate
from cockpit.core.project import project
from cockpit.core.snapshot import Snapshot
from cockpit.plan.amend import amend
from cockpit.plan.loader import load_plan
from cockpit.replay import rerun as module
from cockpit.replay.rerun import RerunError, Verified, digest_tree, verify, what_if
from tests.recorded import PLAN, Recorded, record


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("flown") / "recording.ckrec")


def with_(*assignments: str) -> Plan:
    return load_plan(amend(PLAN, assignments, origin="p"), origin="/plans/week.yaml")


def test_every_snapshot_is_worked_out_anew_as_it_was(flown: Recorded) -> None:
    found = Verified()
    assert list(verify(flown.reader(), found)) == []
    assert found.frames == len(flown.shown) == found.exact
    assert found.verdicts > found.frames
    assert found.skipped == ()


def test_what_was_shown_is_what_is_read(flown: Recorded) -> None:
    reader = flown.reader()
    for number, snapshot in enumerate(flown.shown):
        assert digest_tree(reader.frame(number).snapshot()) == digest_tree(snapshot)


def test_a_core_that_judges_otherwise_is_found_out(
    flown: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lenient(state: FlightState, seq: int) -> Snapshot:
        snapshot = project(state, seq)
        return replace(snapshot, gates=tuple(replace(g, verdict="PASS") for g in snapshot.gates))

    monkeypatch.setattr(module, "project", lenient)
    found = Verified()
    differences = list(verify(flown.reader(), found))
    assert differences[0].what.startswith("gate 0 replication_lag")
    assert differences[0].recorded.startswith("UNKNOWN")
    assert differences[0].now.startswith("PASS")
    assert found.differences == len(differences) > 0


def test_a_tighter_gate_would_have_refused_and_says_when(flown: Recorded) -> None:
    found = list(what_if(flown.reader(), with_("waves.readers.gates.0.max=1"), []))
    orders = [one for one in found if one.what == "advance"]
    assert [(o.path, o.was, o.would) for o in orders] == [("waves.readers", "accepted", "refused")]
    assert "replication_lag FAIL" in orders[0].evidence


def test_the_plan_that_was_flown_would_decide_the_same(flown: Recorded) -> None:
    assert list(what_if(flown.reader(), flown.plan, [])) == []


def test_a_life_that_cannot_be_gone_through_is_named(
    flown: Recorded, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_head: object) -> Plan:
        raise RerunError("its plan is not valid for this version: 1:1: no")

    monkeypatch.setattr(module, "flown_plan", broken)
    found = Verified()
    assert list(verify(flown.reader(), found)) == []
    assert found.skipped == ("engine 1: its plan is not valid for this version: 1:1: no",)
    with pytest.raises(RerunError, match="not valid"):
        list(what_if(flown.reader(), flown.plan, []))


def test_the_plan_of_the_header_is_the_plan_that_was_flown(flown: Recorded, tmp_path: Path) -> None:
    head = module.life_head(flown.reader().lives[0])
    assert module.flown_plan(head) == flown.plan
    gates = flown.plan.waves[0].gates
    assert isinstance(gates[0], ReplicationLagGate)
    assert isinstance(gates[2], SignalGate)
    assert not list(tmp_path.iterdir())
