"""A flight whose journal others read: what may begin while nobody knows who has it, and after."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.actions import CallService
from cockpit.core.coordination import CHANGE_MS, HOLD_MS, longest_call_ms, view, wait_ms
from cockpit.core.elsewhere import Coordination
from cockpit.core.flight import Asked, Observed
from cockpit.core.goingback import rollback_index
from cockpit.core.intents import Arm, Attach, Confirm, Drive, Intent, Verb
from cockpit.core.openings import why_not_advance, why_not_recover
from cockpit.core.ownsurvey import CoordinationSurvey, SharedWord
from cockpit.core.plan import CommandCall, CommandStep, HttpCall, Manual
from cockpit.core.project import project
from tests.core.build import two_wave_plan
from tests.core.driver import Script

PLAN = replace(two_wave_plan(), coordination=Coordination("journal"))
WHY = "no broker answers"


def say(script: Script, word: SharedWord, **more: object) -> None:
    """The engine tells how it stands with the topic."""
    now = script.now_ms
    survey = CoordinationSurvey(now - 10, now, word, "journal", "target", **more)  # type: ignore[arg-type]  # fields of it
    script.send(Observed(now, survey))


def ready(word: SharedWord = "shared") -> Script:
    script = Script(PLAN)
    script.look(1)
    say(script, word, reason=WHY if word == "lost" else "")
    script.look(1)
    return script


def going_back() -> Script:
    """The readers were stopped, and are ordered back; the call to start them has not left."""
    script = ready()
    script.go("advance")
    script.end_all()
    script.look(1)  # the stop call is under way
    say(script, "lost", reason=WHY)
    script.go("rollback")
    script.end_all()
    script.look(2)
    return script


def calls(script: Script) -> list[CallService]:
    return [p.action for p in script.performs if isinstance(p.action, CallService)]


def test_without_a_topic_in_the_plan_nothing_waits_and_the_screen_says_so() -> None:
    script = Script()
    script.look(2)
    assert why_not_advance(script.state) == ""
    shown = project(script.state, 1).coordination
    assert shown is not None
    assert shown.word == "alone"


def test_a_flight_whose_topic_has_not_answered_yet_goes_nowhere() -> None:
    script = Script(PLAN)
    script.look(2)
    assert "has not answered yet" in why_not_advance(script.state)
    assert view(script.state).word == "opening"
    say(script, "shared")
    assert why_not_advance(script.state) == ""


def test_a_lost_topic_is_said_once_closes_the_way_forward_and_is_an_alarm() -> None:
    script = ready("lost")
    assert f"does not answer: {WHY}" in why_not_advance(script.state)
    assert f"does not answer: {WHY}" in why_not_recover(script.state)
    script.look(3)
    say(script, "lost", reason=WHY)
    assert script.kinds().count("topic_lost") == 1
    assert [a.subject for a in script.state.watch.alarms if a.level == "bad"] == ["coordination"]
    say(script, "shared")
    script.look(2)
    assert script.kinds().count("topic_back") == 1
    assert why_not_advance(script.state) == ""
    assert not [a for a in script.state.watch.alarms if a.subject == "coordination"]


def test_no_effect_of_a_wave_under_way_begins_without_the_topic_and_it_goes_on_with_it() -> None:
    script = ready()
    script.go("advance")
    say(script, "lost", reason=WHY)
    script.end_all()
    before = len(script.performs)
    script.look(20)
    assert len(script.performs) == before
    assert calls(script) == []
    assert "waits: topic journal" in script.state.wave().steps[0].detail
    say(script, "shared")
    script.look(2)
    assert [call.verb for call in calls(script)] == ["stop"]


def test_the_way_back_waits_for_a_person_who_types_the_wave_s_name() -> None:
    script = going_back()
    before = calls(script)
    script.look(20)
    assert calls(script) == before
    assert script.kinds().count("topic_unread") == 1
    assert why_not_advance(script.state) == ""
    script.send(asked(script, Attach("ana")))
    script.send(asked(script, Drive("ana")))
    script.send(asked(script, Arm("advance", "ana")))
    armed = script.state.armed
    assert armed is not None
    assert "make sure that none has" in " ".join(armed.lines)
    shown = project(script.state, 1).armed
    assert shown is not None
    assert shown.level == 2
    script.now_ms += 800
    script.send(asked(script, Confirm(armed.token, "ana")))
    assert "type the wave's name" in script.told[-1].text
    assert calls(script) == before
    script.send(asked(script, Confirm(armed.token, "ana", "readers")))
    script.look(1)
    assert [call.verb for call in calls(script)][len(before) :] == ["undo"]
    assert "without_topic" in script.kinds()


def asked(script: Script, intent: Intent) -> Asked:
    """From a screen, not from the engine's own process."""
    return Asked(script.now_ms, intent, "1")


def test_the_order_ends_with_the_topic_s_answer_and_must_be_given_anew() -> None:
    script = going_back()
    script.go("advance")
    assert script.state.wave().memory["without_topic"] == "ana"
    say(script, "shared")
    assert "without_topic" not in script.state.wave().memory


def test_going_back_is_never_closed_by_a_lost_topic() -> None:
    script = ready()
    script.go("advance")
    say(script, "lost", reason=WHY)
    assert rollback_index(script.state) == (0, "")


def test_who_was_taken_over_ends_and_says_by_whom() -> None:
    script = ready()
    script.go("advance")
    performed = len(script.performs)
    say(script, "taken over", by="bastion-2", taken_at_ms=1_700_000_000_000, reason="1 burns")
    assert script.state.outcome == "taken_over"
    told = script.told[-1]
    assert told.kind == "taken_over"
    assert "bastion-2 at 2023-11-14 22:13:20Z (1 burns)" in told.text
    script.end_all()
    script.look(5)
    assert len(script.performs) == performed
    verbs: tuple[Verb, ...] = ("advance", "rollback")
    for verb in verbs:
        script.ask(Arm(verb, "ana"))
        assert script.state.armed is None
    shown = project(script.state, 1)
    assert shown.status.outcome == "taken_over"
    assert shown.coordination is not None
    assert "bastion-2" in shown.coordination.detail


@pytest.mark.parametrize(
    ("timeout_ms", "longest_ms"), [(1_000, CHANGE_MS), (60_000, 63_000), (600_000, 603_000)]
)
def test_who_takes_over_waits_for_the_longest_call_of_the_plan(
    timeout_ms: int, longest_ms: int
) -> None:
    quick = HttpCall("http://127.0.0.1:1/", timeout_ms=1_000)
    plan = two_wave_plan()
    services = tuple(replace(s, stop=quick, start=quick, undo=quick) for s in plan.services)
    step = CommandStep(CommandCall(("true",), timeout_ms))
    wave = replace(plan.waves[1], steps=(*plan.waves[1].steps, step))
    plan = replace(plan, services=services, waves=(plan.waves[0], wave))
    assert longest_call_ms(plan) == longest_ms
    assert wait_ms(plan) > HOLD_MS + longest_ms


def test_a_plan_whose_services_people_move_has_its_own_changes_to_wait_for() -> None:
    plan = two_wave_plan()
    by_hand = Manual("do it")
    services = tuple(replace(s, stop=by_hand, start=by_hand, undo=by_hand) for s in plan.services)
    assert longest_call_ms(replace(plan, services=services)) == CHANGE_MS
