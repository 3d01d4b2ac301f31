"""A flight's trace, sorted for those who check it: entries, intents with their calls, waves.

Only puts things together that belong together; finds nothing wrong by itself.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cockpit.core.actions import CallService
from cockpit.core.observe import Sample
from cockpit.core.plan import FenceStep, Plan, Service, StopStep, Wave, produced_topics
from cockpit.core.survey import Survey
from cockpit.sim.faults import When
from tests.flights.invariants.trace import (
    Call,
    Felt,
    Line,
    Read,
    Shot,
    Trace,
    in_order,
    last,
)
from tests.flights.simulate import Flown


@dataclass(slots=True)
class Intended:
    """One intent of the journal, the calls that it has led to, and how it ended."""

    line: Line
    written: str
    calls: list[Call] = field(default_factory=list)
    outcomes: list[Line] = field(default_factory=list)

    @property
    def action_id(self) -> str:
        """Its id."""
        return str(self.line.entry["action_id"])

    @property
    def is_back(self) -> bool:
        """Whether it belongs to the way back."""
        return ".undo-" in self.action_id

    @property
    def wave(self) -> str:
        """The wave that it belongs to."""
        return self.action_id.rpartition(".")[0].rpartition(".")[0].rpartition(".")[0]

    @property
    def action(self) -> Mapping[str, Any]:
        """The action as journalled."""
        found: Mapping[str, Any] = self.line.entry["action"]
        return found


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a wave: from its `wave_started` up to the next one of any wave, or the end."""

    wave: Wave
    started: Line
    end_n: int


class Case:
    """Everything that checks ask of a flight."""

    def __init__(self, flown: Flown) -> None:
        self.flown: Flown = flown
        self.plan: Plan = flown.plan
        self.trace: Trace = flown.trace
        self.lines = self.trace.of(Line)
        self.calls = self.trace.of(Call)
        self.felts = self.trace.of(Felt)
        self.shots = self.trace.of(Shot)
        self.reads: dict[str, list[Read]] = {}
        for read in self.trace.of(Read):
            self.reads.setdefault(read.feed, []).append(read)
        self._good = {f: [r for r in rs if r.sample is not None] for f, rs in self.reads.items()}
        self._sampled = {
            (read.feed, read.asked_ms): read.sample
            for reads in self.reads.values()
            for read in reads
            if read.sample is not None
        }
        self.opened = tuple(fault for fault in self.flown.faults if self._was_on(fault))
        self._kept = {(entry["seq"], entry["prev"]) for entry in flown.journal}
        self.effects = [call for call in self.calls if call.changes]
        self.unintended: list[Call] = []
        self.end_n = max((item.n for item in self.trace.items), default=0) + 1
        self.intended = self._intended()
        self.attempts = self._attempts()

    def of(self, *kinds: str, after_n: int = 0, before_n: int | None = None) -> Iterator[Line]:
        """Journal entries of these kinds, within (after, before)."""
        for line in self.lines:
            if line.kind in kinds and line.n > after_n and (before_n is None or line.n < before_n):
                yield line

    def is_kept(self, line: Line) -> bool:
        """Whether an entry came to the disk and stayed there: otherwise no later engine knows."""
        return line.written and (line.entry["seq"], line.entry["prev"]) in self._kept

    def faults(self, *names: str) -> bool:
        """Whether any fault of these kinds was really on at some time."""
        return any(type(fault).__name__ in names for fault in self.opened)

    def _was_on(self, fault: object) -> bool:
        """Whether its window has opened, by the clock or by what the world felt; one that has no
        window always counts."""
        when = getattr(fault, "when", None)
        if not isinstance(when, When):
            return True
        if not when.event:
            return when.delay_ms <= self.trace.ended_ms
        felt = [felt.at_ms for felt in self.felts if felt.name == when.event]
        if len(felt) < when.occurrence:
            return False
        return felt[when.occurrence - 1] + when.delay_ms <= self.trace.ended_ms

    def wave(self, name: str) -> Wave:
        """A wave of the plan. StopIteration: none of that name."""
        return next(wave for wave in self.plan.waves if wave.name == name)

    def services(self, wave: Wave) -> tuple[Service, ...]:
        """A wave's services."""
        return tuple(s for s in self.plan.services if s.name in wave.services)

    def topics(self, wave: Wave) -> tuple[str, ...]:
        """What a wave's services write."""
        return produced_topics(self.services(wave))

    def wave_of(self, service: str) -> Wave | None:
        """The wave in which a service moves."""
        return next((wave for wave in self.plan.waves if service in wave.services), None)

    def fence(self, wave: Wave) -> FenceStep | None:
        """A wave's fence."""
        return next((step for step in wave.steps if isinstance(step, FenceStep)), None)

    def has_stop(self, wave: Wave) -> bool:
        """Whether the wave's services stop on the source at all."""
        return any(isinstance(step, StopStep) for step in wave.steps)

    def newest(self, feed: str, before_n: int) -> Read | None:
        """The newest try of a feed that had ended by then."""
        return _newest(self.reads.get(feed, []), before_n)

    def newest_good(self, feed: str, before_n: int) -> Read | None:
        """The newest good answer of a feed that had come by then."""
        return _newest(self._good.get(feed, []), before_n)

    def decided_ms(self, what: Call | Line) -> int:
        """When it was sent, or ordered. An engine that was frozen takes what was in its inbox as of
        the time at which it came: by then evidence and arming were as old as its rules saw them.
        What it sends is judged by when it is really sent. Readings of an engine before it tell
        nothing: the clock may have been set since."""
        if isinstance(what, Call) or not self.faults("EngineFrozen", "JournalSlow"):
            return what.at_ms
        newest = (self.newest(feed, what.n) for feed in self.reads)
        read = max((r for r in newest if r is not None), key=lambda r: r.n, default=None)
        begun = last_line(self.of("flight_resumed", before_n=what.n))
        if read is None or (begun is not None and read.n < begun.n):
            return what.at_ms
        return min(what.at_ms, int(what.entry["at_ms"]) - (read.asked_ms - read.asked_at_ms))

    def sampled(self, feed: str, asked_ms: int) -> Sample | Survey | None:
        """What a feed said when it was asked then; None: it said nothing, or was not asked."""
        return self._sampled.get((feed, asked_ms))

    def shot_before(self, n: int) -> Shot | None:
        """The newest snapshot published before."""
        at = bisect_right(self.shots, n, key=lambda shot: shot.n)
        return self.shots[at - 1] if at else None

    def lossy_confirmed(self, after_n: int = 0, before_n: int | None = None) -> bool:
        """Whether a person has ordered to go back with the price of records on the screen."""
        for line in self.of("confirmed", after_n=after_n, before_n=before_n):
            shot = self.shot_before(line.n)
            back = line.entry.get("verb") == "rollback"
            if back and shot is not None and shot.snapshot.status.rollback == "lossy":
                return True
        return False

    def overtaken(self) -> frozenset[str]:
        """Services that an order to start has reached after their wave had begun to go back."""
        starts = (felt for felt in self.felts if felt.name.startswith("start "))
        return frozenset(f.name.partition(" ")[2] for f in starts if self.is_overtaken(f))

    def is_overtaken(self, felt: Felt) -> bool:
        """Whether a start was so long on its way that its wave had begun to go back meanwhile. When
        it was sent the group was in its place, and nothing calls back what was sent."""
        service = felt.name.partition(" ")[2]
        wave = self.wave_of(service)
        sent = [
            call
            for call in self.effects
            if call.n < felt.n
            and isinstance(call.action, CallService)
            and (call.action.service, call.action.verb) == (service, "start")
        ]
        if not sent or wave is None:
            return False
        back = self.of("rollback_started", after_n=sent[-1].n, before_n=felt.n)
        return any(line.entry["wave"] == wave.name for line in back)

    def _intended(self) -> dict[str, Intended]:
        """Intents by id, each with its calls: a call belongs to the open intent of its action."""
        found: dict[str, Intended] = {}
        open_intents: list[Intended] = []
        for item in in_order(self.lines, self.effects):
            if isinstance(item, Call):
                mine = last_intent(open_intents, item.written)
                if mine is None:
                    self.unintended.append(item)
                else:
                    mine.calls.append(item)
            elif not isinstance(item, Line):
                continue
            elif item.kind == "intent" and item.written:
                intent = Intended(item, json.dumps(item.entry["action"], sort_keys=True))
                if intent.action_id not in found:
                    found[intent.action_id] = intent
                open_intents.append(intent)
            elif item.kind == "outcome":
                known = found.get(str(item.entry["action_id"]))
                if known is not None:
                    known.outcomes.append(item)
                    open_intents = [i for i in open_intents if i is not known]
        return found

    def _attempts(self) -> list[Attempt]:
        started = [line for line in self.lines if line.kind == "wave_started"]
        ends = [*(line.n for line in started[1:]), self.end_n]
        return [
            Attempt(self.wave(str(line.entry["wave"])), line, end)
            for line, end in zip(started, ends, strict=False)
        ]


def _newest(reads: list[Read], before_n: int) -> Read | None:
    at = bisect_right(reads, before_n, key=lambda read: read.n)
    return reads[at - 1] if at else None


def last_intent(intents: list[Intended], written: str) -> Intended | None:
    """The newest open intent of just this action."""
    return next((i for i in reversed(intents) if i.written == written), None)


def last_line(lines: Iterator[Line]) -> Line | None:
    """The newest of these entries."""
    return last(lines)
