"""Where a flight would have decided otherwise with other tolerances, from what it saw.

Only what was seen can be judged: what the clusters would have done after another decision nobody
knows, and nothing here pretends to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cockpit.core.flight import Command, Event, FlightState, Tell, Ticked
from cockpit.core.judging import Judge, Judged
from cockpit.core.machine import step
from cockpit.core.plan import Plan, SoakStep
from cockpit.core.snapshot import Verdict

Word = Verdict | Literal["absent", "accepted", "refused"]
"""absent: the plan has no such condition. accepted, refused: of an order."""


@dataclass(frozen=True, slots=True)
class Otherwise:
    """One decision, or one verdict for a while, that would have been another one."""

    at_ms: int
    until_ms: int
    """The same as `at_ms` for a decision."""
    what: Literal["advance", "gate", "trigger", "soak"]
    """advance: a person's order. gate, trigger: a verdict while it mattered. soak: a gate that a
    soak stands on."""
    path: str
    """Of the condition; of an order `waves.<name>`."""
    was: Word
    would: Word
    evidence: str
    """What the other plan's condition said when it began to differ."""


_WAITING: Final = ("ready", "rolled back")


class WhatIf:
    """Compares, state by state, what was decided with what another plan would have decided."""

    def __init__(self, flown: Plan, other: Plan) -> None:
        self._judges = Judge(flown), Judge(other)
        self._now: tuple[Mapping[str, Judged], Mapping[str, Judged]] = ({}, {})
        self._open: dict[str, Otherwise] = {}
        self._found: list[Otherwise] = []
        self._at_ms = 0
        self._waits = False
        """Whether the wave waited to be begun at the last tick: then its gates decide."""

    def take(self, event: Event, state: FlightState, commands: Iterable[Command]) -> None:
        """One event of the flight, and what came of it."""
        self._at_ms = state.at_ms
        if isinstance(event, Ticked) and not state.outcome:
            self._waits = state.wave().word in _WAITING
            self._now = self._judges[0].judge(state), self._judges[1].judge(state)
            self._compare(state)
        for command in commands:
            if isinstance(command, Tell):
                self._order(command, state)

    def found(self) -> tuple[Otherwise, ...]:
        """Everything that would have been otherwise, in the order in which it began."""
        for key in tuple(self._open):
            self._close(key)
        return tuple(sorted(self._found, key=lambda one: (one.at_ms, one.path, one.what)))

    def _compare(self, state: FlightState) -> None:
        was, would = self._now
        wanted = dict.fromkeys((*was, *would))
        for path in (*wanted, *self._open):
            what = _what(path, state) if path in wanted else None
            before, after = _word(was.get(path)), _word(would.get(path))
            known = self._open.get(path)
            if known and (known.was, known.would, known.what) != (before, after, what):
                self._close(path)
                known = None
            if known is None and what is not None and _matters(what, before, after):
                judged = would.get(path) or was[path]
                evidence = judged.view.evidence
                self._open[path] = Otherwise(
                    state.at_ms, state.at_ms, what, path, before, after, evidence
                )

    def _close(self, path: str) -> None:
        one = self._open.pop(path)
        self._found.append(
            Otherwise(one.at_ms, self._at_ms, one.what, one.path, one.was, one.would, one.evidence)
        )

    def _order(self, tell: Tell, state: FlightState) -> None:
        """An advance that was accepted or refused on the word of the gates."""
        is_order = tell.data.get("verb") == "advance" and tell.kind in ("confirmed", "refused")
        if not is_order or not self._waits:
            return
        was, would = (_shut(judged) for judged in self._now)
        path = f"waves.{state.wave().wave.name}"
        at_ms = state.at_ms
        if tell.kind == "confirmed" and would and not was:
            self._found.append(
                Otherwise(at_ms, at_ms, "advance", path, "accepted", "refused", would)
            )
        elif tell.kind == "refused" and was and not would and was in str(tell.data.get("why")):
            self._found.append(
                Otherwise(at_ms, at_ms, "advance", path, "refused", "accepted", "every gate passes")
            )


def _word(judged: Judged | None) -> Word:
    return "absent" if judged is None else judged.view.verdict


def _what(path: str, state: FlightState) -> Literal["gate", "trigger", "soak"] | None:
    """What a condition decides about at this moment; None: nothing."""
    wave = state.wave()
    if ".rollback.triggers." in path:
        return "trigger" if wave.word in ("running", "holding") and not wave.back else None
    if wave.word in _WAITING:
        return "gate"
    soaks = wave.word == "running" and isinstance(wave.steps[wave.cursor].step, SoakStep)
    return "soak" if soaks and not wave.back else None


def _matters(what: Literal["gate", "trigger", "soak"], was: Word, would: Word) -> bool:
    """Whether two verdicts lead to different decisions."""
    match what:
        case "gate":
            good: tuple[Word, ...] = ("PASS", "absent")
            return (was in good) != (would in good)
        case "soak":
            good = ("PASS", "INCONCLUSIVE", "absent")
            return (was in good) != (would in good)
        case "trigger":
            return (was == "FAIL") != (would == "FAIL")


def _shut(judged: Mapping[str, Judged]) -> str:
    """The gate that keeps `advance` shut, as a refusal names it; empty: all pass."""
    for path, one in judged.items():
        if ".rollback.triggers." not in path and one.view.verdict != "PASS":
            return f"gate {one.view.name} {one.view.verdict}"
    return ""


def what_if(begin: FlightState, events: Iterable[Event], other: Plan) -> tuple[Otherwise, ...]:
    """Go through a whole flight once more, as one engine saw it."""
    found = WhatIf(begin.plan, other)
    state = begin
    for event in events:
        state, commands = step(state, event)
        found.take(event, state, commands)
    return found.found()
