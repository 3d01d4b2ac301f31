"""Whether another host could take the flight over, and whether one has: what may be begun then.

An effect is only begun while the topic has confirmed a short while ago that this engine is still
the one that writes the journal. Decides from what the engine tells; never asks a broker.
"""

from __future__ import annotations

import datetime
from typing import Final

from cockpit.core.actions import Action, Look, Proof
from cockpit.core.alarms import Trouble
from cockpit.core.elsewhere import CoordinationView
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.ownsurvey import COORDINATION, CoordinationSurvey
from cockpit.core.plan import CommandCall, CommandStep, DrillStep, HttpCall, HttpStep, Manual, Plan
from cockpit.core.turn import Turn

HOLD_MS: Final = 10_000
"""So long after it asked for its newest confirmation an engine may still begin an effect."""
CONNECT_MS: Final = 3_000
"""For the making of a connection, which no call's own timeout counts."""
CHANGE_MS: Final = 15_000 + CONNECT_MS
"""The longest that a change of a cluster or a connector may be under way."""
MARGIN_MS: Final = 2_000
"""For what a broker still carries out of a request whose sender has given up, and for clocks that
do not run alike."""
ORDERED: Final = "without_topic"
"""Who has ordered the way back on without the topic; absent: nobody."""


def newest(state: FlightState) -> CoordinationSurvey | None:
    """What the engine has told last; None: nothing yet."""
    return state.facts.survey(CoordinationSurvey, COORDINATION)


def why_lost(state: FlightState) -> str:
    """Why nobody can say that no other host has the flight; empty: it is known that none has, or
    the plan has no such topic."""
    spec, said = state.plan.coordination, newest(state)
    if spec is None or (said is None and state.simulated):
        return ""
    if said is None:
        return f"topic {spec.topic} on the {spec.cluster} has not answered yet"
    if said.word == "lost":
        return f"topic {said.topic} on the {said.side} does not answer: {said.reason}"
    return ""


def goes_alone(state: FlightState) -> bool:
    """Whether a person has answered for it that no other host has the flight."""
    wave = state.wave()
    return wave.back and bool(wave.memory.get(ORDERED))


def why_wait(state: FlightState, wave: WaveState, action: Action) -> str:
    """Why an action is not begun now; empty: it may be. What only looks is never kept."""
    if isinstance(action, Look | Proof):
        return ""
    why = why_lost(state)
    if not why or (wave.back and wave.memory.get(ORDERED)):
        return ""
    return f"{why}: A goes back without it" if wave.back else f"waits: {why}"


def why_not_forward(state: FlightState) -> str:
    """Why nothing may go forward; empty: it may, as far as the topic goes."""
    why = why_lost(state)
    return f"{why}: another host may have the flight; only going back is open" if why else ""


def observe(turn: Turn, said: CoordinationSurvey, before: CoordinationSurvey | None) -> None:
    """Take in how it stands with the topic, and say what has changed."""
    place = f"topic {said.topic} on the {said.side}"
    was = None if before is None else before.word
    if said.word == "taken over":
        if not turn.state.outcome:
            turn.set(outcome="taken_over", armed=None)
            turn.tell("taken_over", _taken(said), "bad", by=said.by, taken_at_ms=said.taken_at_ms)
    elif said.word == "lost" and was != "lost":
        text = f"{place} does not answer: nothing is begun until it does: {said.reason}"
        turn.tell("topic_lost", text, "bad", topic=said.topic, side=said.side)
    elif said.word == "shared" and was == "lost":
        turn.tell("topic_back", f"{place} answers again and has the whole journal", "good")
        memory = turn.wave.memory
        if ORDERED in memory:
            turn.set_wave(memory={k: v for k, v in memory.items() if k != ORDERED})


def _taken(said: CoordinationSurvey) -> str:
    by = said.by or "another host, which has not said its name"
    at = "" if said.taken_at_ms is None else f" at {utc(said.taken_at_ms)}"
    why = f" ({said.reason})" if said.reason else ""
    return f"taken over by {by}{at}{why}: this engine begins nothing any more"


def utc(at_ms: int) -> str:
    """A moment, for people."""
    at = datetime.datetime.fromtimestamp(at_ms / 1000, tz=datetime.UTC)
    return f"{at:%Y-%m-%d %H:%M:%SZ}"


def alarming(state: FlightState) -> tuple[Trouble, ...]:
    """That no other host could take the flight over now, where the plan says that one can."""
    why = why_lost(state)
    if not why:
        return ()
    return (Trouble("bad", COORDINATION, f"{why}: no host can take the flight over from here"),)


def view(state: FlightState) -> CoordinationView:
    """For the screens."""
    spec, said = state.plan.coordination, newest(state)
    if spec is None:
        return CoordinationView("alone")
    if said is None:
        return CoordinationView("opening", spec.topic, spec.cluster)
    return CoordinationView(
        said.word,
        said.topic,
        said.side,
        said.asked_at_ms,
        said.behind_bytes,
        _taken(said) if said.word == "taken over" else said.reason,
    )


def longest_call_ms(plan: Plan) -> int:
    """How long any one effect of a plan may be under way once it has left."""
    calls: list[HttpCall | CommandCall | Manual | None] = []
    for service in plan.services:
        calls += [service.stop, service.start, service.undo]
    for wave in plan.waves:
        for step in (*wave.steps, *wave.recovery):
            if isinstance(step, HttpStep | CommandStep):
                calls += [step.call, step.undo]
            if isinstance(step, DrillStep) and step.calls is not None:
                calls += step.calls
    own = [call.timeout_ms for call in calls if isinstance(call, HttpCall | CommandCall)]
    return max([CHANGE_MS, *(timeout_ms + CONNECT_MS for timeout_ms in own)])


def wait_ms(plan: Plan) -> int:
    """How long whoever has taken a flight over waits before he reads what came of it: until the
    engine before can begin nothing any more, and nothing that it began is under way."""
    return HOLD_MS + longest_call_ms(plan) + MARGIN_MS
