"""The gates before a migration's first wave."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from cockpit.core.facts import Facts, absorb
from cockpit.core.inventory import Inventory, Item
from cockpit.core.lag import ReplicationLag, replication_lag
from cockpit.core.mirroredgroups import MirroredGroups
from cockpit.core.observe import Unknown
from cockpit.core.plan import OffsetsSpec, Plan, ReverseStep, Rollback, WriteOwner
from cockpit.core.sixgates import Evidence, ReadyGate, ready_gates
from cockpit.core.stated import GATES, GateName, Signature, Stated
from tests.core.build import logs, mirror, two_wave_plan

NOW_MS = 1_000_000
SIGNED = Signature("eva", NOW_MS - 1)
ALL: dict[GateName, Stated] = {name: Stated("eva", SIGNED) for name in GATES} | {
    "exit": Stated("eva", SIGNED, NOW_MS + 1, "payments for a year", "journal heads, by mail")
}
NOTHING = Inventory((), (), ())
NO_GROUPS = MirroredGroups()


def lag(*ends: int) -> ReplicationLag | Unknown:
    """Of the mirror at 100 in both partitions."""
    facts = absorb(Facts(), mirror(NOW_MS - 300, (100, 100)))
    return replication_lag(absorb(facts, logs("source", NOW_MS - 100, ends)))


def complete() -> Plan:
    """A plan that says all that the gates ask of it."""
    plan = two_wave_plan()
    trigger = plan.waves[0].gates[0]
    waves = tuple(
        replace(
            wave, approvers=("eva",), rollback=Rollback((trigger,)), rollback_window_ms=3_600_000
        )
        for wave in plan.waves
    )
    exact = OffsetsSpec("exact")
    services = tuple(replace(s, owner="team", offsets=exact) for s in plan.services)
    return replace(plan, waves=waves, services=services)


def standing(
    plan: Plan | None = None,
    evidence: Evidence | None = None,
    stated: Mapping[GateName, Stated] | None = None,
) -> dict[str, ReadyGate]:
    gates = ready_gates(
        plan or complete(),
        {**ALL, **(stated or {})},
        evidence or Evidence(NOTHING, lag(100, 104), NO_GROUPS),
        NOW_MS,
    )
    assert [gate.name for gate in gates] == list(GATES)
    return {gate.name: gate for gate in gates}


def texts(gate: ReadyGate, word: str = "missing") -> str:
    return "\n".join(finding.text for finding in gate.findings if finding.word == word)


def test_all_six_are_ready_where_everything_is_said_read_and_signed() -> None:
    found = standing()
    assert {gate.word for gate in found.values()} == {"ready"}, found
    assert texts(found["replication"], "note") == (
        "replication lag 4 records, 4 at most in a partition"
    )


def test_a_partition_without_a_position_is_named() -> None:
    one = mirror(NOW_MS - 300, (100, 100))
    told = replace(one, positions=dict(list(one.positions.items())[:1]))
    facts = absorb(Facts(), told)
    half = replication_lag(absorb(facts, logs("source", NOW_MS - 100, (100, 104))))
    found = standing(evidence=Evidence(NOTHING, half, NO_GROUPS))["replication"]
    assert found.word == "unknown"
    assert texts(found, "unknown") == (
        "replication lag: orders/1: the mirror has no position for it (1 unknown)"
    )


@pytest.mark.parametrize("name", list(GATES))
def test_nobody_signs_for_its_owner(name: GateName) -> None:
    unsigned = replace(ALL[name], signed=None)
    assert texts(standing(stated={name: unsigned})[name]) == "eva has not signed"
    later = replace(ALL[name], signed=Signature("eva", NOW_MS + 1))
    assert "has not come" in texts(standing(stated={name: later})[name])
    nobody = replace(ALL[name], owner="", signed=None)
    assert "nobody owns it" in texts(standing(stated={name: nobody})[name])


def test_what_could_not_be_read_is_neither_ready_nor_missing() -> None:
    blind = Evidence(
        Inventory((), ("target.topics: no answer",), ()),
        Unknown("no answer from the mirror yet"),
        Unknown("target groups: refused"),
        unread=("source.groups: refused",),
        rights_unproven=("ana needs describe",),
    )
    found = standing(evidence=blind)
    assert [n for n, gate in found.items() if gate.word == "unknown"] == [
        "inventory",
        "replication",
        "offsets",
        "security",
    ]
    assert "no answer from the mirror yet" in texts(found["replication"], "unknown")


def test_each_gate_names_what_it_lacks() -> None:
    item = Item("topic", "forgotten", True, False, "unassigned", "")
    found = standing(
        evidence=Evidence(
            Inventory((item,), (), ()),
            lag(100, 104),
            NO_GROUPS,
            mirror=("mirror: task 0 of mm2-source is FAILED",),
            rights_missing=("cockpit needs alter on cluster",),
            shut=("target: refused",),
        ),
        stated={"exit": Stated("eva", SIGNED, decommission_ms=NOW_MS - 5)},
    )
    assert "1 unassigned of kind topic: forgotten" in texts(found["inventory"])
    assert "FAILED" in texts(found["replication"])
    assert texts(found["security"]).splitlines() == [
        "target: refused",
        "missing: cockpit needs alter on cluster",
    ]
    assert "has passed" in texts(found["exit"])
    assert "(retained)" in texts(found["exit"])
    assert "(audit)" in texts(found["exit"])


def test_only_a_wave_that_can_promise_it_is_asked_for_how_long_it_can_go_back() -> None:
    plan = complete()
    unsaid = replace(plan, waves=tuple(replace(w, rollback_window_ms=None) for w in plan.waves))
    asked = texts(standing(unsaid)["cutover"])
    owners = {wave.name: wave.write_owner for wave in plan.waves}
    assert WriteOwner("source", "target") in owners.values()
    for name, owner in owners.items():
        assert (f"wave {name} says" in asked) == (owner != WriteOwner("source", "target"))
    brought_back = replace(
        unsaid.waves[-1], steps=(ReverseStep("mm2-back"), *unsaid.waves[-1].steps)
    )
    reverse = replace(unsaid, waves=(*unsaid.waves[:-1], brought_back))
    assert f"wave {brought_back.name} says" in texts(standing(reverse)["cutover"])


def test_a_mirror_that_drops_commits_stops_who_resumes_by_them_and_is_told_to_others() -> None:
    plan = complete()
    name = next(s.group for s in plan.services if s.group is not None)
    dropped = Evidence(NOTHING, lag(100, 104), MirroredGroups(dropped=(name,)))
    exact = standing(plan, dropped)["offsets"]
    assert exact.word == "ready"
    assert f"the mirror carries no commit of 1: {name}" in texts(exact, "note")
    assert "all commits of 0 of 1 groups" in texts(exact, "note")
    by_mirror = OffsetsSpec("translated", replay_tolerance_records=10)
    believing = tuple(replace(s, offsets=by_mirror) for s in plan.services)
    found = standing(replace(plan, services=believing), dropped)["offsets"]
    assert found.word == "not ready"
    assert f"{name}: the mirror carries none of its commits" in texts(found)
    part = Evidence(NOTHING, lag(100, 104), MirroredGroups(partly=((name, 3, 8),)))
    assert "the target has 3 of its 8 commits" in texts(standing(plan, part)["offsets"], "note")


def test_a_wave_without_a_way_back_and_a_group_without_a_decision_are_not_ready() -> None:
    plan = two_wave_plan()
    translated = tuple(replace(s, owner="", offsets=None) for s in plan.services)
    found = standing(replace(plan, services=translated))
    assert "wave readers says not who approves it" in texts(found["cutover"])
    assert "nobody has said how many records may be read twice" in texts(found["offsets"])
    assert "has no owner who could decide" in texts(found["offsets"])


def test_a_topic_that_is_not_there_is_no_lag_of_zero() -> None:
    plan = complete()
    services = tuple(replace(s, consumes=(*s.consumes, "absent")) for s in plan.services)
    found = standing(replace(plan, services=services))
    assert found["replication"].word == "unknown"
    assert "no topic absent" in texts(found["replication"], "unknown")
