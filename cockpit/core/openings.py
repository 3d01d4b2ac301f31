"""What is open now, and why what is not is not: the words for every screen.

Reads a state only; `cockpit.core.arming` acts on it.
"""

from __future__ import annotations

from cockpit.core import progress, recovering, withoutplace, withouttarget, withouttopic
from cockpit.core.adopted import why_wait
from cockpit.core.conditions import PLACES, Momentary
from cockpit.core.confirming import ARMED_FOR_MS
from cockpit.core.coordination import why_not_forward
from cockpit.core.expiring import would_expire
from cockpit.core.fences import bindings_by_topic, is_fenced
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.gates import gate_view
from cockpit.core.gathering import window_view
from cockpit.core.goingback import UNDER_WAY
from cockpit.core.lag import newest_before
from cockpit.core.mistakes import mistakes, why_fence_unknown
from cockpit.core.observe import MISSING, partition_text
from cockpit.core.plan import (
    SIDES,
    step_name,
)
from cockpit.core.price import rollback_word
from cockpit.core.reconcile import disagreements, unread
from cockpit.core.remember import Remembered
from cockpit.core.schedule import frozen
from cockpit.core.snapshot import GateView
from cockpit.core.turn import is_moved, produces

BLIND_AFTER_MS = 5_000
MARKER_SLACK = 16
"""Control records that may follow the last mirrored one on the target."""
_VIEWS: Remembered[tuple[GateView, ...]] = Remembered()


def gate_views(state: FlightState, wave: WaveState) -> tuple[GateView, ...]:
    """The gates of a wave, judged now."""
    return _VIEWS.get((state, wave), lambda: _gate_views(state, wave))


def _gate_views(state: FlightState, wave: WaveState) -> tuple[GateView, ...]:
    name = wave.wave.name
    views: list[GateView] = []
    for index, gate in enumerate(wave.wave.gates):
        history = state.histories.get(f"{name}.gates.{index}", ())
        if isinstance(gate, Momentary) or gate.over is None:
            views.append(gate_view(gate, history, state.plan, state.at_ms))
        else:
            views.append(window_view(gate, gate.over, history, state, wave))
    return tuple(views)


def live_gates(state: FlightState, wave: WaveState) -> tuple[GateView, ...]:
    """The gates that still mean something: places are compared only before the move."""
    views = gate_views(state, wave)
    if not is_moved(wave):
        return views
    pairs = zip(wave.wave.gates, views, strict=True)
    return tuple(view for gate, view in pairs if not isinstance(gate, PLACES))


def fresh_until_ms(state: FlightState, wave: WaveState) -> int:
    """When the oldest evidence of the wave's gates becomes stale."""
    times = [
        view.at_ms + gate.max_age_ms
        for gate, view in zip(wave.wave.gates, gate_views(state, wave), strict=True)
        if view.at_ms is not None
    ]
    return min(times, default=state.at_ms + ARMED_FOR_MS)


def answered_until_ms(state: FlightState, wave: WaveState) -> int:
    """How long what a person has answered stands. While clients are blocked each step proves by
    itself what it needs: then only the answer grows old, and no gate of before the move."""
    if wave.blocked_since_ms is not None:
        return state.at_ms + ARMED_FOR_MS
    return fresh_until_ms(state, wave)


def why_not_advance(state: FlightState) -> str:
    """Why `advance` is not open now; empty: it is."""
    wave = state.wave()
    if state.outcome:
        return "the flight has ended"
    if state.crew.veto is not None:
        return state.crew.veto.words()
    if not (wave.back or wave.back_wanted) and (lost := why_not_forward(state)):
        return lost
    if wave.recovery_at is not None:
        return "" if recovering.asks(wave) else recovering.UNDER_WAY
    if wave.word in ("running", "rolling back") and progress.waits_for_person(wave.stages):
        untouched = not wave.back and not any(step.begun for step in wave.steps)
        return _gates_why_not(state, wave) if untouched else ""
    if wave.back_wanted or (wave.back and wave.word == "rolling back"):
        alone = withouttarget.offered(state, wave) or withouttopic.offered(state, wave)
        return "" if alone else f"wave {wave.wave.name} is going back"
    if wave.word == "done":
        return "every wave is done"
    if wave.word == "holding":
        return _hold_why_not(state, wave)
    if wave.word in ("ready", "rolled back"):
        freeze = frozen(state.plan, state.at_ms)
        return (
            freeze
            or _blind_why_not(state)
            or why_wait(state, wave)
            or _left_why_not(state, wave)
            or next(mistakes(state, wave), "")
            or why_fence_unknown(state, wave)
            or _gates_why_not(state, wave)
            or would_expire(state, wave)
        )
    if state.paused:
        return UNDER_WAY if wave.escape_told and progress.in_flight(wave.stages) else ""
    if wave.word == "running":
        return f"step {step_name(wave.steps[wave.cursor].step)} is under way"
    return "an earlier wave comes first"


def _gates_why_not(state: FlightState, wave: WaveState) -> str:
    for view in gate_views(state, wave):
        if view.verdict != "PASS":
            return f"gate {view.name} {view.verdict}: {view.evidence}"
    return ""


def _left_why_not(state: FlightState, wave: WaveState) -> str:
    """What an earlier attempt has left standing that would harm the wave."""
    one = state.left.harming(wave.wave.name)
    if one is not None:
        return f"left over: {one.text}; {one.advice()}"
    needed = state.left.needed
    return f"not known whether a second mirror runs: {needed[0]}" if needed else ""


def _hold_why_not(state: FlightState, wave: WaveState) -> str:
    if wave.back:
        going = "going back failed: only another try to go back is open"
        alone = withouttarget.offered(state, wave) or withouttopic.offered(state, wave)
        return "" if alone or withoutplace.offered(state, wave) else going
    if progress.in_flight(wave.stages):
        return UNDER_WAY
    if why := unread(state, wave):
        return why
    if differing := disagreements(state, wave):
        return f"the clusters are not as the flight left them: {differing[0]}"
    if not _has_effect(wave):
        return _gates_why_not(state, wave)
    return ""


def _has_effect(wave: WaveState) -> bool:
    """Whether anything of this attempt was done: until then its evidence must be fresh."""
    return any(key.startswith(("stopped.", "excluded.", "patched.")) for key in wave.memory)


def _blind_why_not(state: FlightState) -> str:
    """No wave begins before both sides answer and have shown who already works where."""
    facts = state.facts
    for side in SIDES:
        health = facts.health.get(side)
        if health is not None and health.word != "connected":
            return f"{side} does not answer: {health.reason}"
        sample = facts.newest_groups(side)
        if sample is None or state.at_ms - sample.states_asked_at_ms() > BLIND_AFTER_MS:
            return f"groups on {side} are not known"
    # A cluster whose writers are only stopped may have no authorizer to be asked.
    wave = state.wave()
    by_acl = produces(state, wave) and bindings_by_topic(wave.wave, state.plan)
    if by_acl and "source" not in facts.acls:
        return "ACLs on source are not known"
    return moved_before(state)


def moved_before(state: FlightState) -> str:
    """Why the wave seems to have been moved by an earlier flight; empty: it does not.

    Its topics are fenced, and the target has gone on past the last record that the mirror brought.
    """
    wave, acls = state.wave(), state.facts.acls.get("source")
    topics = produces(state, wave)
    if not topics or wave.attempt or acls is None:
        return ""
    if not is_fenced(wave.wave, state.plan, acls):
        return ""
    partition = own_records(state)
    if not partition:
        return ""
    word = "is fenced" if bindings_by_topic(wave.wave, state.plan) else "is to be moved"
    return (
        f"{partition} {word} and the target has records of its own: "
        "moved by an earlier flight? begin with --from the wave after it"
    )


def own_records(state: FlightState) -> str:
    """A partition that the wave produces, where the target has grown by more since the newest
    offset-sync than the source had to bring; empty: there is none, as far as can be told."""
    facts, topics = state.facts, produces(state, state.wave())
    syncs, source = facts.syncs, facts.newest_logs("source")
    logs = newest_before(facts.logs.get("target", ()), source.asked_at_ms) if source else None
    if syncs is None or source is None or logs is None:
        return ""
    ends = dict(zip(source.keys.names, source.end.tolist(), strict=True))
    for name, end in zip(logs.keys.names, logs.end.tolist(), strict=True):
        pairs, here = syncs.slots.get(name, ()), ends.get(name, MISSING)
        if name[0] not in topics or not pairs or MISSING in (end, here):
            continue
        newest_source, newest_target = pairs[0]
        if end - newest_target > max(here - newest_source, 1) + MARKER_SLACK:
            return partition_text(name)
    return ""


def why_not_end(state: FlightState) -> str:
    """Why the flight may not be closed now; empty: it may."""
    wave = state.wave()
    if state.outcome:
        return "the flight has ended"
    if wave.word in ("running", "rolling back"):
        return f"wave {wave.wave.name} is under way: pause, or take it back first"
    if wave.word == "holding" and any(step.begun for step in wave.steps):
        return f"wave {wave.wave.name} stands half way: finish it or take it back first"
    return ""


def why_not_recover(state: FlightState) -> str:
    """Why `recover` is not open now; empty: it is."""
    if state.crew.veto is not None:
        return state.crew.veto.words()
    return why_not_forward(state) or recovering.why_not(
        state, rollback_word(state, state.wave())[0]
    )
