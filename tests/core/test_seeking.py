"""Groups that are put at the target's start or end or at a time: looked up, priced, then held."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cockpit.core.actions import CommitOffsets, FindPlaces, SeekPlaces
from cockpit.core.image import NOT_YET
from cockpit.core.intents import Arm
from cockpit.core.observe import Unknown
from cockpit.core.plan import Acceptance, OffsetDeltaGate, OffsetsSpec, Plan
from cockpit.core.project import project
from tests.core.build import two_wave_plan
from tests.core.driver import Script, actions

YES = Acceptance("it is counted twice anyway", "team-fin")
NOTHING: list[Any] = ["NONE", 0, 0, "the mirror has not come so far yet", False]


def exact(offset: int) -> list[Any]:
    return ["EXACT", offset, offset, "", False]


def plan_with(spec: OffsetsSpec) -> Plan:
    plan = two_wave_plan()
    ledger, checkout = plan.services
    return replace(plan, services=(replace(ledger, offsets=spec), checkout))


def to_offsets(spec: OffsetsSpec) -> Script:
    """The readers' wave, up to the search for the exact places of its commits 90 and 90."""
    script = Script(plan_with(spec))
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    return script


def found(script: Script, first: list[Any], second: list[Any] | None = None) -> None:
    """The search answers, and what the plan asks for is being looked up."""
    script.end_all(places={"orders/0": [90, *first], "orders/1": [90, *(second or exact(90))]})
    script.look(1)


def sought(script: Script, *offsets: int) -> None:
    script.end_all(sought={f"orders/{i}": offset for i, offset in enumerate(offsets)})


def committed(script: Script) -> list[CommitOffsets]:
    return [a for a in actions(script) if isinstance(a, CommitOffsets)]


@pytest.mark.parametrize(
    ("spec", "at"),
    [
        (OffsetsSpec("earliest", accept_loss=YES, accept_replay=YES), "earliest"),
        (OffsetsSpec("latest", accept_loss=YES), "latest"),
        (OffsetsSpec("timestamp", at_ms=7, accept_loss=YES, accept_replay=YES), "timestamp"),
    ],
)
def test_exact_places_are_searched_then_the_wanted_ones_looked_up_and_committed(
    spec: OffsetsSpec, at: str
) -> None:
    script = to_offsets(spec)
    assert isinstance(actions(script)[-1], FindPlaces)
    found(script, exact(88))
    (seek,) = [a for a in actions(script) if isinstance(a, SeekPlaces)]
    assert (seek.at, seek.at_ms, seek.group) == (at, spec.at_ms, "ledger")
    assert seek.partitions == (("orders", 0), ("orders", 1))
    assert not script.state.wave().steps[1].begun
    sought(script, 85, 95)
    (commit,) = committed(script)
    assert commit.offsets == ((("orders", 0), 85), (("orders", 1), 95))
    (told,) = [t for t in script.told if t.kind == "offsets_placed"]
    assert told.data["reread_max_records"] == 3
    assert told.data["skipped_max_records"] == 5
    assert "reads at most 3 records again, skips at most 5 records" in told.text
    assert "accepted by team-fin" in told.text


def test_what_is_committed_is_read_again_at_start() -> None:
    script = to_offsets(OffsetsSpec("earliest", accept_replay=YES))
    found(script, exact(90))
    sought(script, 0, 0)
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    script.commits["target"] = {("orders", 0): 0, ("orders", 1): 3}
    script.look(2)
    assert script.word() == "holding"
    assert "orders/1: committed 0, the target now says 3" in script.state.wave().detail


@pytest.mark.parametrize(
    ("spec", "offset", "why"),
    [
        (OffsetsSpec("latest"), 95, "would skip up to 5 records: no accept_loss"),
        (OffsetsSpec("timestamp", at_ms=7, accept_replay=YES), 95, "no accept_loss"),
        (OffsetsSpec("earliest", 9), 80, "would read up to 10 records again, tolerated: 9"),
        (OffsetsSpec("earliest"), 89, "tolerated: 0"),
        (OffsetsSpec("timestamp", at_ms=7, accept_loss=YES), 89, "tolerated: 0"),
    ],
)
def test_what_nobody_has_accepted_holds_before_anything_is_committed(
    spec: OffsetsSpec, offset: int, why: str
) -> None:
    script = to_offsets(spec)
    found(script, exact(90))
    sought(script, offset, 90)
    assert committed(script) == []
    assert script.word() == "holding"
    assert why in script.state.wave().detail


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (OffsetsSpec("latest"), "what it would skip is not known"),
        (OffsetsSpec("timestamp", 1_000, at_ms=7), "what it would skip is not known"),
        (OffsetsSpec("earliest", 1_000), "what it would read again is not known"),
    ],
)
def test_what_is_not_known_is_not_taken_for_nothing(spec: OffsetsSpec, why: str) -> None:
    script = to_offsets(spec)
    found(script, NOTHING)
    sought(script, 90, 90)
    assert committed(script) == []
    assert why in script.state.wave().detail


def test_what_is_accepted_may_be_unknown_and_is_told_as_that() -> None:
    script = to_offsets(OffsetsSpec("latest", accept_loss=YES))
    found(script, NOTHING)
    sought(script, 100, 100)
    assert len(committed(script)) == 1
    (told,) = [t for t in script.told if t.kind == "offsets_placed"]
    assert told.data["reread_max_records"] is None
    assert told.data["skipped_max_records"] is None
    assert "an unknown number of records" in told.text


def test_a_passing_reason_is_waited_for_before_it_counts_as_unknown() -> None:
    script = to_offsets(OffsetsSpec("latest", accept_loss=YES))
    found(script, ["NONE", 0, 0, NOT_YET, True])
    assert not [a for a in actions(script) if isinstance(a, SeekPlaces)]
    script.look(2)
    assert len([a for a in actions(script) if isinstance(a, FindPlaces)]) == 2


def test_a_group_that_has_worked_on_the_target_is_not_put_back() -> None:
    script = to_offsets(OffsetsSpec("earliest", accept_replay=YES))
    script.commits["target"] = {("orders", 0): 97, ("orders", 1): 80}
    script.look(1)
    found(script, exact(90))
    sought(script, 0, 0)
    assert committed(script) == []
    assert "it has worked on the target already" in script.state.wave().detail


def placed_past_records() -> Script:
    """Partition 0 was placed at 100 and leaves ten records out, partition 1 none."""
    script = to_offsets(OffsetsSpec("latest", accept_loss=YES))
    found(script, exact(90), exact(100))
    sought(script, 100, 100)
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    script.commits["target"] = {("orders", 0): 100, ("orders", 1): 100}
    script.look(1)
    script.end_all()  # told to start
    script.members["target"] = 1
    script.commits["target"] = {("orders", 0): 104, ("orders", 1): 103}
    script.ends["target"] = (104, 103)
    script.look(1)
    return script


def test_the_price_of_going_back_past_skipped_records_is_all_that_was_read_since() -> None:
    script = placed_past_records()
    script.members["target"] = 0
    script.look(1)
    price = project(script.state, 1).status.price
    assert price is not None
    assert price.reread == (104 - 100) + (103 - 100)


def test_going_back_past_skipped_records_leaves_the_source_s_commit() -> None:
    script = placed_past_records()
    script.go("rollback")
    script.end_all()  # stopped on the target
    script.members["target"] = 0
    script.look(2)
    (search,) = [a for a in actions(script) if isinstance(a, FindPlaces) and a.side == "source"]
    assert search.offsets == ((("orders", 1), 103),)
    script.end_all(places={"orders/1": [103, "EXACT", 99, 99, "", False]})
    back = committed(script)[-1]
    assert (back.side, back.offsets) == ("source", ((("orders", 1), 99),))
    told = [t for t in script.told if t.kind == "offsets_placed"][-1]
    assert told.data["reread_max_records"] == 4


def gate(spec: OffsetsSpec) -> str:
    plan = plan_with(spec)
    readers = replace(plan.waves[0], gates=(OffsetDeltaGate(1_000),))
    script = Script(replace(plan, waves=(readers, plan.waves[1])))
    script.look(3)
    view = project(script.state, 1).gates[0]
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is None or view.verdict == "PASS"
    return f"{view.verdict}: {view.evidence}"


def test_an_offset_delta_gate_counts_by_the_wanted_place_and_passes_on_nothing_unknown() -> None:
    # nothing was ever removed from the target's log, so its start skips nothing
    assert gate(OffsetsSpec("earliest", accept_replay=YES)).startswith("PASS: at most 200 records")
    assert gate(OffsetsSpec("latest", accept_loss=YES)).startswith("UNKNOWN")
    assert gate(OffsetsSpec("timestamp", at_ms=7, accept_loss=YES)).startswith("UNKNOWN")
    assert gate(OffsetsSpec("external")).startswith("UNKNOWN: kept outside Kafka: ledger")


def test_offsets_outside_kafka_are_a_person_s_to_set_and_to_set_back() -> None:
    script = Script(plan_with(OffsetsSpec("external")))
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(2)
    asked = [t for t in script.told if t.kind == "asked_person"]
    assert [t.data["verb"] for t in asked] == ["place"]
    assert "ledger keeps its offsets of orders outside Kafka" in asked[0].text
    assert script.state.wave().steps[1].begun
    script.go("rollback")
    script.look(2)
    asked = [t for t in script.told if t.kind == "asked_person"]
    assert "goes back to the source" in asked[-1].text
    assert committed(script) == []
    script.go("advance")
    assert not isinstance(project(script.state, 1).waves[0].word, Unknown)
