"""I4, I5, I6: effects and the journal. One durable intent before each effect, one true outcome
after it, nothing done twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from cockpit.core.actions import CallService
from cockpit.ports import OutcomeUnknownError, PortError
from tests.flights.invariants.case import Case, Intended
from tests.flights.invariants.trace import Call, Line, in_order

WITH_BEFORE = ("PatchConnector", "ExcludeGroups", "CommitOffsets")
RESOLVED = ("done", "failed", "already")


def check_twice(case: Case) -> Iterator[str]:
    """I4: at most once, or the state of once; a lost reply is resolved by reading alone."""
    for intent in case.intended.values():
        landed = False
        for call in intent.calls:
            if landed:
                yield f"I4: {intent.action_id} was sent again after it may have happened"
                break
            landed = landed or not isinstance(call.error, PortError)
        yield from _guessed(case, intent)
    yield from _called_again(case)
    yield from _left_over(case)


def _guessed(case: Case, intent: Intended) -> Iterator[str]:
    """An outcome after a lost reply is what a reading after it has said, or unknown."""
    lost = next((c for c in intent.calls if isinstance(c.error, OutcomeUnknownError)), None)
    if lost is None or not intent.outcomes:
        return
    outcome = intent.outcomes[0]
    word = outcome.entry["outcome"]
    if word not in RESOLVED:
        return
    wanted = word != "failed"
    read = any(
        call.found is not None and call.found.holds is wanted
        for call in _looks(case, intent, lost.ended_n, outcome.n)
    )
    if not read:
        yield f"I4: {intent.action_id} is called {word} though its reply was lost and nobody looked"


def _looks(case: Case, intent: Intended, after_n: int, before_n: int) -> Iterator[Call]:
    """Readings of just this action."""
    for call in case.calls:
        inside = after_n < call.ended_n < before_n
        if inside and call.verb != "do" and call.written == intent.written:
            yield call


def _called_again(case: Case) -> Iterator[str]:
    """A service is called once for a verb, until somebody orders another try."""
    called: Counter[str] = Counter()
    unanswered: set[str] = set()
    orders = case.of("confirmed", "wave_started", "rollback_started", "retry")
    for item in in_order(orders, case.effects):
        if isinstance(item, Line):
            called.clear()
        elif isinstance(item, Call) and isinstance(item.action, CallService):
            if isinstance(item.error, PortError):
                continue
            if item.error is not None:
                unanswered.add(f"{item.action.verb} {item.action.service}")
            name = f"{item.action.verb} {item.action.service}"
            if item.action.verb == "stop" and f"start {item.action.service}" in unanswered:
                continue  # once more when that start cannot come any more
            called[name] += 1
            if called[name] > 1:
                yield f"I4: {name} was called twice, and nobody had ordered it again"


def _left_over(case: Case) -> Iterator[str]:
    """A wave that has come back has left nothing changed behind."""
    if case.faults("FenceVanishes", "ServiceCrash"):
        return
    for attempt in case.attempts:
        name = attempt.wave.name
        done = next(
            (
                line
                for line in case.of(
                    "wave_rolled_back", after_n=attempt.started.n, before_n=attempt.end_n
                )
                if line.entry["wave"] == name
            ),
            None,
        )
        if done is None or done.moment is None or attempt.started.moment is None:
            continue
        then, now = attempt.started.moment, done.moment
        if now.connectors != then.connectors:
            yield f"I4: wave {name} came back, and a connector is not set as before"
        if now.bindings != then.bindings:
            yield f"I4: wave {name} came back, and the source's ACLs are not as before"
        late = case.overtaken() | _stopped_late(case)
        mine = (s for s in attempt.wave.services if s not in late)
        moved = [s for s in mine if now.where[s] != then.where[s]]
        if moved:
            yield f"I4: wave {name} came back, but {moved[0]} is {now.where[moved[0]]}"


def _stopped_late(case: Case) -> frozenset[str]:
    """Services that an order to stop without an answer has reached after their wave had begun to go
    back: nothing calls back what was sent, and an alarm tells of it while the flight is open."""
    found: set[str] = set()
    for felt in case.felts:
        word, _, service = felt.name.partition(" ")
        wave = case.wave_of(service) if word == "stop" else None
        sent = [
            call
            for call in case.effects
            if wave is not None
            and call.n < felt.n
            and call.error is not None
            and isinstance(call.action, CallService)
            and (call.action.service, call.action.verb) == (service, "stop")
        ]
        back = case.of("rollback_started", after_n=sent[0].n, before_n=felt.n) if sent else ()
        if wave is not None and any(line.entry["wave"] == wave.name for line in back):
            found.add(service)
    return frozenset(found)


def check_intents(case: Case) -> Iterator[str]:
    """I5: a synced intent before every effect, with what it replaces; one outcome for each."""
    if not case.lines:
        return
    for call in case.unintended:
        yield f"I5: {type(call.action).__name__} at {call.at_ms} ms without an intent before it"
    ended = any(line.kind == "flight_ended" for line in case.lines)
    for intent in case.intended.values():
        if not intent.line.synced:
            yield f"I5: the intent of {intent.action_id} was not on disk before its effect"
        kept = [line for line in intent.outcomes if line.written]
        if len(kept) > 1:
            yield f"I5: {intent.action_id} ended twice"
        # a disk that takes nothing to the end keeps no outcome either
        if ended and not kept and not _refused_last(case, intent):
            yield f"I5: {intent.action_id} never ended, and the flight has"
        if any(line.written and not line.synced for line in intent.outcomes):
            yield f"I5: the outcome of {intent.action_id} was not put on disk"
        yield from _before(case, intent)


def _refused_last(case: Case, intent: Intended) -> bool:
    """Whether the journal has taken no synced entry any more since it refused the outcome: that
    itself, or the record of the flight that goes before it under the same sync."""
    after_n = intent.calls[-1].ended_n if intent.calls else intent.line.n
    refused = intent.outcomes[-1:] or [
        line for line in case.of("state", after_n=after_n) if not line.written
    ]
    if not refused:
        return False
    return not any(line.written and line.synced and line.n > refused[0].n for line in case.lines)


def _before(case: Case, intent: Intended) -> Iterator[str]:
    """What an effect replaced is in its intent: after a crash nothing else has it."""
    if intent.action["type"] not in WITH_BEFORE:
        return
    prechecks = [
        call
        for call in case.calls
        if call.verb == "precheck"
        and 0 < call.ended_n < intent.line.n
        and call.error is None
        and call.written == intent.written
    ]
    kept = (intent.line.entry.get("before") or {}).get("previous")
    if prechecks and kept != prechecks[-1].before:
        was = prechecks[-1].before
        yield f"I5: the intent of {intent.action_id} keeps {kept}, it replaces {was}"


def check_numbers(case: Case) -> Iterator[str]:
    """I6, as far as there are tokens: an action's number is used once, and an engine that takes
    over goes on behind all numbers of the one before it."""
    seen: set[str] = set()
    highest, floor = 0, 0
    for line in case.of("intent", "flight_resumed"):
        if line.kind == "flight_resumed":
            floor = highest
            continue
        if not line.written:
            continue
        action_id = str(line.entry["action_id"])
        number = int(re.sub(r".*\.", "", action_id))
        if action_id in seen or str(number) in seen:
            yield f"I6: number {number} was given to two actions: {action_id}"
        if number <= floor:
            yield f"I6: {action_id} is older than what the engine before has done"
        seen |= {action_id, str(number)}
        highest = max(highest, number)
