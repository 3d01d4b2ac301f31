"""I9: whoever is fenced is let go in time, or was tried to be until somebody was asked."""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.plan import FenceStep
from cockpit.ports import PortError
from tests.flights.invariants.case import Attempt, Case
from tests.flights.invariants.trace import Call, Felt

TIMEOUT_MS = 5_000
SLACK_MS = 2_000
"""Ticks, and the steps of the way back that come before the fence is taken down."""


def check_fence(case: Case) -> Iterator[str]:
    """I9: whoever is fenced is let go, or the start is intended, by the deadline and one call; or
    as soon after the next engine has begun, where none lives then. Each fence of an attempt."""
    for attempt in case.attempts:
        fence, name = case.fence(attempt.wave), attempt.wave.name
        if fence is None or fence.at_zero == "hold" or fence.by != "acl":
            continue
        for felt in case.felts:
            inside = attempt.started.n < felt.n < attempt.end_n
            if inside and felt.name == f"fence {name}":
                yield from _bounded(case, attempt, fence, felt)


def _bounded(case: Case, attempt: Attempt, fence: FenceStep, felt: Felt) -> Iterator[str]:
    name = attempt.wave.name
    ends = [
        item.at_ms
        for item in (
            _first(case, f"unfence {name}", felt.n, attempt.end_n),
            _tried(case, felt.n),
            _start_intent(case, attempt, felt.n),
            next((f for f in case.felts if f.n > felt.n and _is_gone(f, felt)), None),
        )
        if item is not None
    ]
    ends += _refused_by_disk(case, felt.n)
    end_ms = min(ends, default=case.trace.ended_ms)
    if not ends and any(case.of("flight_ended")):
        yield f"I9: the flight has ended, and wave {name} is still fenced"
    due_ms = _lived_ms(case, felt, felt.at_ms + fence.deadline_ms) - felt.at_ms
    limit_ms = due_ms + TIMEOUT_MS + SLACK_MS
    if end_ms - felt.at_ms > limit_ms:
        yield f"I9: wave {name} was fenced for {end_ms - felt.at_ms} ms, {limit_ms} at most"


def _lived_ms(case: Case, felt: Felt, at_ms: int) -> int:
    """This time, or that when the next engine began, where none lived; or when the one that stood
    still went on."""
    for resumed in case.of("flight_resumed"):
        before = max((line.at_ms for line in case.lines if line.n < resumed.n), default=0)
        if before < at_ms < resumed.at_ms:
            return resumed.at_ms
    if case.faults("EngineFrozen", "JournalSlow"):
        shown = (s.snapshot.at_ms for s in case.shots if s.n > felt.n)
        return next((shown_ms for shown_ms in shown if shown_ms >= at_ms), at_ms)
    return at_ms


def _first(case: Case, name: str, after_n: int, before_n: int) -> Felt | None:
    return next((f for f in case.felts if f.name == name and after_n < f.n < before_n), None)


def _tried(case: Case, after_n: int) -> Call | None:
    """From when on it was tried to take it down: a cluster that is away cannot be unfenced. A try
    that failed counts where the next one follows at once, or somebody is asked."""
    calls = (c for c in case.calls if c.n > after_n and type(c.action).__name__ == "Unfence")
    tries = [c for c in calls if c.verb == "do" or c.error is not None]  # a look alone is no try
    first: Call | None = None
    for call, following in zip(tries, [*tries[1:], None], strict=False):
        first = first or call
        if not isinstance(call.error, PortError):
            return first
        until_ms = call.ended_ms + TIMEOUT_MS + SLACK_MS
        if following is not None and following.at_ms <= until_ms:
            continue
        if _is_asked(case, call.ended_n, until_ms):
            return first
        first = None
    return None


def _refused_by_disk(case: Case, after_n: int) -> list[int]:
    """When it was to be taken down, and no intent of that could be kept: a person is asked then."""
    return [
        line.at_ms - int(line.entry["at_ms"]) + int(line.entry["ended_at_ms"])
        for line in case.of("outcome", after_n=after_n)
        if ".undo-fence." in line.entry["action_id"]
        and str(line.entry["detail"]).startswith("nothing was done: journal")
        and "ended_at_ms" in line.entry
    ]


def _is_asked(case: Case, after_n: int, until_ms: int) -> bool:
    """Whether a person had to decide by then, or nobody was there to be asked."""
    if any(case.of("flight_ended", after_n=after_n)) and until_ms >= case.trace.ended_ms:
        return False
    for shot in case.shots:
        if shot.n > after_n:
            if shot.at_ms > until_ms:
                return False
            status = shot.snapshot.status
            if shot.snapshot.waves[status.wave_number - 1].word == "holding":
                return True
    return True


def _start_intent(case: Case, attempt: Attempt, after_n: int) -> Call | None:
    for intent in case.intended.values():
        mine = intent.wave == attempt.wave.name and intent.action.get("verb") == "start"
        if mine and intent.line.n > after_n and intent.calls:
            return intent.calls[0]
    return None


def _is_gone(felt: Felt, fenced: Felt) -> bool:
    """Whether somebody else has taken the fence down since."""
    if felt.moment is None or fenced.moment is None:
        return False
    denied = {b for b in fenced.moment.bindings if b.permission == "deny"}
    return not denied & felt.moment.bindings
