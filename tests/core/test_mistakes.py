"""Mistakes are refused before a wave begins, and docs/refusals.md says what the code says."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from cockpit.core.adopted import is_there
from cockpit.core.facts import absorb
from cockpit.core.flight import FlightState, Observed
from cockpit.core.mistakes import before_flight, mistakes, unproved, wants_readiness
from cockpit.core.observe import Failure
from cockpit.core.plan import FenceStep, Login, OffsetsSpec, Plan, SecretRef
from cockpit.core.readiness import ReadinessSurvey, wave_rights
from cockpit.core.rights import Right
from cockpit.core.survey import (
    GroupImage,
    GroupMembers,
    Image,
    ImagesSurvey,
    Member,
    MembersSurvey,
    ProducersSurvey,
    ProducerState,
    TransactionsSurvey,
)
from cockpit.kafka.effects.authorizer import free_for_all, why_no_acl_stops
from cockpit.kafka.effects.canary import why_canary_is_no_proof
from tests.core.build import acl, group, groups, two_wave_plan
from tests.core.driver import Script

DOC = Path(__file__).resolve().parents[2] / "docs" / "refusals.md"


def with_canary() -> Plan:
    plan = two_wave_plan()
    canary = Login("canary", SecretRef("env", "X"))
    return dataclasses.replace(plan, source=dataclasses.replace(plan.source, canary=canary))


def only_writers() -> Plan:
    plan = with_canary()
    return dataclasses.replace(plan, waves=(plan.waves[1], plan.waves[0]))


def looked(plan: Plan | None = None) -> Script:
    script = Script(plan)
    script.look(3)
    return script


def said(script: Script) -> str:
    """Why the first wave must not begin."""
    found = list(mistakes(script.state, script.state.wave()))
    assert found
    assert found[0] in _why_not(script)
    return found[0]


def _why_not(script: Script) -> str:
    from cockpit.core.openings import why_not_advance

    return why_not_advance(script.state)


def read(script: Script, **more: object) -> None:
    script.ready = ReadinessSurvey(script.now_ms, script.now_ms, **more)  # type: ignore[arg-type]
    script.see(script.ready)


def right_of(plan: Plan, wave: int, operation: str, *, canary: bool = False) -> Right:
    return next(
        r
        for r in wave_rights(plan, plan.waves[wave])
        if r.operation == operation and r.canary == canary
    )


def group_active() -> str:
    script = Script()
    script.members["target"] = 2
    script.look(3)
    assert not is_there(script.state, script.state.wave())
    return said(script)


def missing_right() -> str:
    plan = only_writers()
    script = looked(plan)
    read(script, missing={"writers": (right_of(plan, 0, "alter"),)})
    return said(script)


def canary_right() -> str:
    plan = only_writers()
    script = looked(plan)
    read(script, missing={"writers": (right_of(plan, 0, "write", canary=True),)})
    return said(script)


def unfenceable(why: str) -> str:
    script = looked(only_writers())
    read(script, unfenceable={"writers": why})
    return said(script)


def unknown_authorizer() -> str:
    return unfenceable(why_no_acl_stops({1: "com.example.Authorizer"}))


def no_authorizer() -> str:
    return unfenceable(why_no_acl_stops({1: ""}))


def super_user_canary() -> str:
    rules = frozenset({acl("checkout", "write", "topic", "orders")})
    view = {"orders": 1 << 4}
    return unfenceable(why_canary_is_no_proof("User:canary", ("orders",), rules, [view]))


def target_ahead() -> str:
    script = looked()

    def survey(at_ms: int, sequence: int) -> ProducersSurvey:
        states = tuple(
            ProducerState("orders", 0, number, 0, sequence, at_ms, -1) for number in (7, 8)
        )
        return ProducersSurvey("target", at_ms, at_ms, states)

    for sequence in (1, 2):
        script.look(1)
        script.send(Observed(script.now_ms, survey(script.now_ms, sequence)))
    return said(script)


def own_records() -> str:
    """The mirror is at the source's end, and the target has 300 records more."""
    script = Script()
    script.ends["target"] = (400, 100)
    script.look(3)
    return said(script)


def never_on_source() -> str:
    """Nobody has ever written to the partition on the source."""
    script = Script()
    script.ends["source"] = (0, 100)
    script.look(3)
    return said(script)


def group_ahead() -> str:
    plan = two_wave_plan()
    ledger, checkout = plan.services
    exact = dataclasses.replace(ledger, offsets=OffsetsSpec(resume="exact"))
    script = Script(dataclasses.replace(plan, services=(exact, checkout)))
    script.commits["target"] = {("orders", 0): 97, ("orders", 1): 90}
    script.look(3)
    image = Image(90, "EXACT", 90, 90, "")
    found = GroupImage("ledger", "orders", 0, image, 97, 0, 7, script.now_ms)
    survey = ImagesSurvey(script.now_ms, script.now_ms, {("ledger", ("orders", 0)): found})
    script.send(Observed(script.now_ms, survey))
    return said(script)


def overtaken() -> str:
    """The mirror was at 100 when retention took all up to 160."""
    script = Script(only_writers())
    script.starts["source"], script.ends["source"] = (160, 0), (200, 100)
    script.look(3)
    return said(script)


def hanging() -> str:
    """No coordinator knows of a transaction whose last record is 20 minutes old."""
    script = Script(only_writers())
    script.now_ms += 3_600_000
    for _ in range(2):
        script.look(2)
        now = script.now_ms
        state = ProducerState("orders", 1, 7, 0, 3, now - 1_200_000, 90)
        script.send(Observed(now, TransactionsSurvey("source", now, now, ())))
        script.send(Observed(now, ProducersSurvey("source", now, now, (state,))))
    return said(script)


def unread_group() -> str:
    """The target does not let cockpit see the plan's group."""
    script = looked()
    silent = dataclasses.replace(group("ledger", 0, {}), unknown="GROUP_AUTHORIZATION_FAILED")
    script.see(groups("target", script.now_ms, silent))
    return said(script)


def test_a_group_whose_members_nobody_can_tell_keeps_its_wave_from_beginning() -> None:
    for side in ("source", "target"):
        script = Script()
        script.members_unknown = side
        script.look(3)
        assert said(script) == f"group ledger on {side} is not known: no right to describe it"


def reads_more() -> str:
    script = looked()
    member = Member("m1", "ledger-1", "/127.0.0.1", (("orders", 0), ("payments", 0)))
    found = GroupMembers("ledger", "classic", "Stable", (member,))
    script.see(MembersSurvey("source", script.now_ms, script.now_ms, {"ledger": found}))
    return said(script)


def may_read_more() -> str:
    script = Script()
    script.commits["source"][("payments", 0)] = 777
    script.look(3)
    return said(script)


def lost_right() -> str:
    script = Script(only_writers())
    script.acls["source"].add(acl("checkout", "write", "topic", "orders"))
    script.acls["target"].add(acl("ledger", "read", "topic", "orders"))
    script.look(3)
    return said(script)


def denied_on_target() -> str:
    script, read_orders = Script(), acl("ledger", "read", "topic", "orders")
    script.acls["source"].add(read_orders)
    script.acls["target"] |= {read_orders, acl("*", "read", "topic", "orders", permission="deny")}
    script.look(3)
    return said(script)


def unanswered() -> str:
    """The wave is back, and nobody has answered its service's start on the source."""
    script = Script()
    script.fly_to_stop()
    script.end_all()
    script.go("rollback")
    script.members["source"] = 0
    script.look(2)
    script.end_all("unknown")
    script.members["source"] = 1
    for _ in range(3):
        script.look(1)
        script.end_all()
    assert script.word() == "rolled back"
    return said(script)


def left_over_fence() -> str:
    script = Script(only_writers())
    script.acls["source"].add(acl("*", "write", "topic", "orders", permission="deny"))
    script.look(3)
    return _why_not(script)


def still_active_on_source() -> str:
    script = Script()
    script.fly_to_stop()
    script.end_all()
    script.look(63)
    return script.state.wave().detail


SAID: dict[str, Callable[[], str]] = {
    "unknown authorizer": unknown_authorizer,
    "no authorizer": no_authorizer,
    "no ACL at all": lambda: unfenceable(free_for_all(only_writers().source, ("orders",))),
    "super-user producer": lambda: unfenceable(
        "no ACL lets User:checkout write orders: is it a super user? No ACL would stop it; fence"
        " with {by: stop}, or stop its writers at a gateway"
    ),
    "super-user canary": super_user_canary,
    "group active on the target": group_active,
    "group active on the source after its stop": still_active_on_source,
    "target ahead: a foreign writer": target_ahead,
    "target ahead: records of its own": own_records,
    "target ahead: nothing on the source": never_on_source,
    "target ahead: a group's commit": group_ahead,
    "retention overtook the mirror": overtaken,
    "hanging transaction": hanging,
    "order without an answer": unanswered,
    "group that is not read": unread_group,
    "group that reads what the plan does not name": reads_more,
    "group that may read what the plan does not name": may_read_more,
    "right that only the source gives": lost_right,
    "right that the target denies": denied_on_target,
    "missing right": missing_right,
    "missing right of the canary": canary_right,
    "fence left over": left_over_fence,
}


def rows() -> dict[str, tuple[str, str]]:
    """Mistake, what is said, what to do: of the table."""
    found: dict[str, tuple[str, str]] = {}
    for line in DOC.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) == 3 and cells[1].startswith("`"):
            found[cells[0]] = (cells[1].strip("`"), cells[2])
    return found


def test_the_table_of_refusals_has_every_mistake_and_no_other() -> None:
    assert rows().keys() == SAID.keys()
    assert all(todo for _, todo in rows().values())


@pytest.mark.parametrize("mistake", SAID)
def test_what_the_table_says_is_what_cockpit_says(mistake: str) -> None:
    words = [re.escape(part) for part in rows()[mistake][0].split("\u2026")]
    assert re.search(".*".join(words), SAID[mistake]()), SAID[mistake]()


def test_a_missing_right_is_named_with_the_acl_that_grants_it() -> None:
    text = missing_right()
    assert "may not alter the cluster" in text
    assert "kafka-acls --bootstrap-server=127.0.0.1:1" in text
    assert "--operation=Alter --cluster" in text


def test_a_wave_needs_the_rights_of_its_own_effects_alone() -> None:
    plan = with_canary()
    readers, writers = plan.waves
    words = {(r.side, r.words()) for r in wave_rights(plan, readers)}
    assert words == {
        ("source", "read topic orders"),
        ("target", "read topic orders"),
        ("source", "read group ledger"),
        ("target", "read group ledger"),
        ("target", "delete group ledger"),
    }
    words = {(r.side, r.words()) for r in wave_rights(plan, writers)}
    assert words == {
        ("source", "alter the cluster"),
        ("source", "describe the configs of the cluster"),
        ("source", "write topic orders"),
        ("source", "read topic orders"),
        ("target", "read topic orders"),
    }


def test_a_right_that_nobody_can_prove_is_said_and_refuses_nothing() -> None:
    plan = only_writers()
    script = looked(plan)
    old = "Kafka before 2.3 does not say what is allowed"
    read(script, unproven={"writers": ((right_of(plan, 0, "alter"), old),)})
    assert not list(mistakes(script.state, script.state.wave()))
    (text,) = unproved(script.state, script.state.waves)
    assert text.startswith("not proved: User:ANONYMOUS may alter the cluster")
    assert old in text
    script.go("advance")
    assert script.word() == "running"


def test_the_confirmation_lists_rights_that_nobody_can_prove() -> None:
    from cockpit.core.intents import Arm

    plan = only_writers()
    script = looked(plan)
    read(script, unproven={"writers": ((right_of(plan, 0, "alter"), "too old"),)})
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is not None
    assert any(line.startswith("not proved") for line in script.state.armed.lines)


def failing(state: FlightState, kind: str) -> FlightState:
    failure = Failure("readiness", state.at_ms, state.at_ms, kind, "login refused")  # type: ignore[arg-type]
    return dataclasses.replace(state, facts=absorb(state.facts, failure))


def test_rights_that_cannot_be_asked_for_because_of_a_refusal_are_a_refusal() -> None:
    script = looked()
    refused = failing(script.state, "refused")
    assert list(mistakes(refused, refused.wave())) == ["rights cannot be asked for: login refused"]
    away = failing(script.state, "slow")
    assert not list(mistakes(away, away.wave()))
    assert unproved(away, away.waves) == ("rights are not known: login refused",)


def test_what_was_read_behind_the_waves_own_fence_says_nothing_after_it_came_back() -> None:
    plan = only_writers()
    script = looked(plan)
    read(script, missing={"writers": (right_of(plan, 0, "write", canary=True),)})
    steps = script.state.wave().steps
    ended = dataclasses.replace(steps[0], ended_at_ms=script.now_ms + 1)
    waves = (dataclasses.replace(script.state.wave(), steps=(ended, *steps[1:])),)
    later = dataclasses.replace(script.state, waves=(*waves, *script.state.waves[1:]))
    assert not list(mistakes(later, later.wave()))


def test_before_a_flight_later_waves_are_asked_for_their_rights_and_not_for_their_groups() -> None:
    plan = only_writers()
    script = Script(plan)
    script.members["target"] = 1
    script.look(3)
    read(script, missing={"readers": (right_of(plan, 1, "delete"),)})
    (text,) = before_flight(script.state, script.state.waves)
    assert "may not delete group ledger" in text


@pytest.mark.parametrize(("more", "refused"), [(40, False), (60, True)])
def test_a_few_records_more_on_the_target_may_be_markers(more: int, refused: bool) -> None:
    script = Script()
    script.ends["target"] = (100 + more, 100)
    script.look(3)
    assert bool(list(mistakes(script.state, script.state.wave()))) is refused


def test_a_target_whose_records_are_gone_again_is_not_ahead() -> None:
    script = Script()
    script.ends["source"] = (0, 100)
    script.starts["target"] = (100, 0)
    script.look(3)
    assert not list(mistakes(script.state, script.state.wave()))


def test_the_target_is_not_ahead_of_a_wave_that_it_has_already() -> None:
    script = Script()
    script.ends["target"] = (400, 100)
    script.members.update(source=0, target=1)
    script.look(1)
    assert "on the target already" in _why_not(script)
    assert not list(mistakes(script.state, script.state.wave()))


# --- between waves --------------------------------------------------------------------------------

UNKNOWN = "whether a fence would hold is not known: readiness: "


def test_a_wave_that_fences_waits_until_it_is_asked_again_after_the_wave_before_it() -> None:
    script = Script()
    script.fly_readers_to_soak()
    script.ready = None
    script.look(3)
    assert script.state.wave().wave.name == "writers"
    assert _why_not(script) == UNKNOWN + "not read again since the last step ended"
    assert wants_readiness(script.state)
    script.see(Failure("readiness", script.now_ms, script.now_ms, "slow", "no answer"))
    assert _why_not(script) == UNKNOWN + "no answer"
    read(script, unfenceable={"writers": "broker 1 has authorizer X"})
    assert _why_not(script) == "no fence would hold: broker 1 has authorizer X"
    assert not wants_readiness(script.state)
    read(script)
    assert _why_not(script) == ""


def test_a_wave_that_fences_waits_for_the_first_answer_and_one_that_does_not_goes() -> None:
    script = Script(only_writers())
    script.ready = None
    script.look(3)
    assert _why_not(script) == UNKNOWN + "not read yet"
    assert not wants_readiness(script.state)  # its first reading is under way
    script = Script()
    script.ready = None
    script.look(3)
    assert _why_not(script) == ""


@pytest.mark.parametrize("by", ["stop", "acl"])
def test_only_a_fence_by_acls_is_asked_for(by: str) -> None:
    plan = only_writers()
    writers, readers = plan.waves
    fence = FenceStep(by=by)  # type: ignore[arg-type]
    steps = tuple(fence if isinstance(one, FenceStep) else one for one in writers.steps)
    script = Script(
        dataclasses.replace(plan, waves=(dataclasses.replace(writers, steps=steps), readers))
    )
    script.ready = None
    script.look(3)
    assert bool(_why_not(script)) == (by == "acl")


def test_a_simulation_that_has_nobody_to_ask_does_not_wait() -> None:
    script = Script(only_writers())
    script.ready = None
    script.state = dataclasses.replace(script.state, simulated=True)
    script.look(3)
    assert _why_not(script) == ""
