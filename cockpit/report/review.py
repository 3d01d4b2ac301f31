"""One session with everything that sections need, and short ways to make their cells."""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.report.document import Band, Cell, Tick
from cockpit.report.material import Event, Material
from cockpit.report.seen import Seen, see
from cockpit.report.story import Attempt, Story, story
from cockpit.report.wording import amount, duration, moment

UNKNOWN = Cell("unknown")
NOTHING = Cell("-")


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
    return Review(material, story(material.events), see(material.snapshots()))


def fence_span(attempt: Attempt, last_ms: int) -> tuple[Event, int] | None:
    """When a fence was asked for, and when it was taken down or the wave ended; None: no fence."""
    step = attempt.step("fence")
    if step is None:
        return None
    undone = attempt.step("fence", undo=True)
    if undone is not None and undone.ended is not None:
        return step.begun, undone.ended.at_ms
    return step.begun, attempt.ended.at_ms if attempt.ended is not None else last_ms


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
