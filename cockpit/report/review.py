"""One session with everything that sections need, and short ways to make their cells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from cockpit.core.fences import fence_step
from cockpit.report.document import Band, Cell, Tick
from cockpit.report.material import Event, Material
from cockpit.report.seen import Seen, see
from cockpit.report.story import Attempt, Story, story
from cockpit.report.wording import amount, duration, moment

UNKNOWN = Cell("unknown")
NOTHING = Cell("-")
_UNBLOCK: Final = {("step_done", "start"), ("step_undone", "stop")}
"""Kinds of event, and steps, with which clients are not blocked any more."""


@dataclass(frozen=True, slots=True)
class Blocked:
    """How long clients were blocked in one try of a wave, at most."""

    attempt: Attempt
    account: Event | None
    """What was told of it, with everybody's share; None: the wave came back before."""
    lasted_ms: int | None
    """By the account; where that does not know it, by what was seen."""

    @property
    def was_seen(self) -> bool:
        """Whether what is known is what the screens showed, and no account."""
        return self.account is None or self.account.count("blocked_ms") is None


@dataclass(frozen=True, slots=True)
class Review:
    """A session, sorted out."""

    material: Material
    story: Story
    seen: Seen

    def ticks(self, from_ms: int, to_ms: int) -> tuple[Tick, ...]:
        """What people did and what the flight went through, for plots."""
        kinds = {
            "confirmed",
            "paused",
            "wave_started",
            "wave_done",
            "wave_rolled_back",
            "rollback_started",
            "point_of_no_return",
            "trigger",
        }
        return tuple(
            Tick(event.at_ms, event.text, event.number)
            for event in self.material.events
            if event.kind in kinds and from_ms <= event.at_ms <= to_ms
        )

    def marks(self) -> tuple[tuple[Tick, ...], tuple[Band, ...]]:
        """The ticks of the whole session, and its bands."""
        return self.ticks(self.material.from_ms, self.material.to_ms), self.bands()

    def fence_deadline_ms(self, name: str) -> int | None:
        """How long a wave's fence may stand; None: it has none."""
        wave = next((wave for wave in self.material.plan.waves if wave.name == name), None)
        fence = fence_step(wave) if wave is not None else None
        return None if fence is None else fence.deadline_ms

    def blocked(self) -> Iterator[Blocked]:
        """Each time that clients were blocked."""
        for attempt in self.story.attempts:
            seen = tuple(self._seen_blocked(attempt)) if attempt.number else ()
            told = attempt.all("clients_blocked")
            for event in told:
                lasted_ms = event.count("blocked_ms")
                was_seen = lasted_ms is None
                yield Blocked(attempt, event, max(seen, default=None) if was_seen else lasted_ms)
            if not told:
                yield from (Blocked(attempt, None, lasted_ms) for lasted_ms in seen)

    def _seen_blocked(self, attempt: Attempt) -> Iterator[int]:
        """For how long the screens said so: until an event that says it better than the look
        after, which may come behind a gap."""
        ended = attempt.ended
        ended_ms = ended.at_ms if ended is not None else self.material.to_ms
        for wave, since_ms, seen_ms in self.seen.blocked:
            if wave != attempt.wave or not attempt.begun.at_ms <= since_ms <= ended_ms:
                continue
            over = (e.at_ms for e in attempt.events
                    if (e.kind, e.word("step")) in _UNBLOCK and e.at_ms >= since_ms)  # fmt: skip
            yield min(seen_ms, ended_ms, next(over, ended_ms)) - since_ms

    def bands(self) -> tuple[Band, ...]:
        """Gaps, and fences from the proof to their end."""
        found = [Band(gap.from_ms, gap.to_ms, "gap", gap.cause) for gap in self.material.gaps]
        for attempt in self.story.attempts:
            span = fence_span(attempt, self.material.to_ms)
            if span is not None:
                begun, ended_ms = span
                text = f"{attempt.wave}: writes on the source are fenced"
                found.append(Band(begun.at_ms, ended_ms, "fence", text))
        return tuple(found)


def reviewed(material: Material) -> Review:
    """Sort a session out; goes through its snapshots once."""
    seen = see(material.snapshots(), material.from_ms, material.to_ms)
    return Review(material, story(material.events), seen)


def fence_span(attempt: Attempt, last_ms: int) -> tuple[Event, int] | None:
    """When a fence was asked for, and when it was taken down or the wave ended; None: no fence."""
    begun = attempt.fence()
    if begun is None:
        return None
    undone = attempt.step("fence", undo=True)
    if undone is not None and undone.ended is not None:
        return begun, undone.ended.at_ms
    return begun, attempt.ended.at_ms if attempt.ended is not None else last_ms


def text(value: str, *events: Event | None) -> Cell:
    """A cell of words."""
    return Cell(value, value, numbers(*events)) if value else NOTHING


def time(at_ms: int | None, *events: Event | None) -> Cell:
    """A cell with a moment."""
    return UNKNOWN if at_ms is None else Cell(moment(at_ms), at_ms, numbers(*events))


def at(event: Event | None) -> Cell:
    """When an event was told."""
    return NOTHING if event is None else time(event.at_ms, event)


def span(span_ms: int | None, *events: Event | None) -> Cell:
    """A cell with a duration."""
    return UNKNOWN if span_ms is None else Cell(duration(span_ms), span_ms, numbers(*events))


def count(value: float | None, *events: Event | None, unit: str = "") -> Cell:
    """A cell with a number."""
    return UNKNOWN if value is None else Cell(amount(value, unit), value, numbers(*events))


def numbers(*events: Event | None) -> tuple[int, ...]:
    """The numbers of these events."""
    return tuple(event.number for event in events if event is not None)
