"""What is known of a recording without decoding a sample: its times, marks, gaps and totals.

A value; a recording that grows gives a new one. Never reads a file.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from cockpit.core.observe import I64
from cockpit.core.playing import Gap, Mark, MarkKind, Totals
from cockpit.core.snapshot import Snapshot

SILENCE_MS: Final = 10_000
"""So long without a snapshot is a gap, whatever the recording says of it."""
GAP_LASTS_MS: Final = 2_000
"""A gap is played as if it were no longer than this."""

FAR_MS: Final = 1 << 53
"""No clock tells such a time: what a damaged or made-up recording says of it is left out."""

_ACTIONS: Final = frozenset({"armed", "disarmed", "confirmed", "paused", "refused"})
_UNMARKED: Final = frozenset({"going_back"})
"""Told so often that a time line full of it would show nothing else."""


class Told(Protocol):
    """An event of a recording."""

    @property
    def at_ms(self) -> int:
        """When."""

    @property
    def kind(self) -> str:
        """As in the journal."""

    @property
    def level(self) -> str:
        """info, good, warn or bad."""

    @property
    def text(self) -> str:
        """In words."""


class Recording(Protocol):
    """What a replay reads. `at`, `refresh` and `read_more` may take long; all are called from one
    thread at a time."""

    def times(self) -> I64:
        """When each snapshot was published, rising."""

    def at(self, at_ms: int) -> Snapshot:
        """The newest snapshot of that time or before it; raises WireError where it cannot be
        read."""

    def events(self) -> Sequence[Told]:
        """What was told, as far as it has been read, by time."""

    def read_more(self) -> float:
        """Read more of what was told, for some tens of milliseconds; the share that has been read,
        1.0: all."""

    def gaps(self) -> Sequence[Gap]:
        """Stretches of which nothing is recorded."""

    def lives(self) -> Sequence[tuple[int, str]]:
        """When each engine began, and what is to be said about it."""

    def totals(self) -> Totals:
        """The whole recording in short."""

    def refresh(self) -> bool:
        """Look for more at the end of a file that grows; whether there was any. Raises WireError,
        OSError."""

    def close(self) -> None:
        """Let go of the file."""


@dataclass(frozen=True, slots=True, eq=False)
class Tape:
    """Times are UTC milliseconds."""

    times: I64
    """Of the snapshots, each once, rising; at least one."""
    marks: tuple[Mark, ...]
    """By time."""
    shown_ms: I64
    """For each mark the time of the first snapshot that may show it, or its own after the last."""
    gaps: tuple[Gap, ...]
    totals: Totals
    stops: I64
    """Where stretches that are played at one pace begin."""
    paces: NDArray[np.float64]
    """How much faster than usual each of them is played, 1 or more."""

    @property
    def first_ms(self) -> int:
        """The first snapshot's time."""
        return int(self.times[0])

    @property
    def last_ms(self) -> int:
        """The last snapshot's time."""
        return int(self.times[-1])

    def shown_at(self, at_ms: float) -> int:
        """The time of the snapshot that is shown at a moment."""
        place = int(np.searchsorted(self.times, at_ms, side="right")) - 1
        return int(self.times[max(0, place)])

    def next_time(self, at_ms: float) -> int | None:
        """The first snapshot after a moment."""
        place = int(np.searchsorted(self.times, at_ms, side="right"))
        return int(self.times[place]) if place < len(self.times) else None

    def previous_time(self, at_ms: float) -> int | None:
        """The last snapshot before the one that is shown at a moment."""
        place = int(np.searchsorted(self.times, at_ms, side="right")) - 2
        return int(self.times[place]) if place >= 0 else None

    def gap_at(self, at_ms: float) -> Gap | None:
        """The gap that a moment is in."""
        return next((gap for gap in self.gaps if gap.from_ms < at_ms < gap.to_ms), None)

    def next_mark(self, at_ms: float) -> int | None:
        """Where the first mark after a moment is shown."""
        later = self.shown_ms[self.shown_ms > at_ms]
        return int(later.min()) if len(later) else None

    def previous_mark(self, at_ms: float) -> int | None:
        """Where the last mark before a moment is shown."""
        earlier = self.shown_ms[self.shown_ms < at_ms]
        return int(earlier.max()) if len(earlier) else None

    def marks_at(self, shown_ms: int) -> list[Mark]:
        """The marks that are shown first at this time."""
        return [self.marks[i] for i in np.flatnonzero(self.shown_ms == shown_ms)]

    def pace_at(self, at_ms: float) -> tuple[float, float]:
        """How much faster than usual a moment is played, and until when."""
        place = int(np.searchsorted(self.stops, at_ms, side="right")) - 1
        until = self.stops[place + 1] if place + 1 < len(self.stops) else self.times[-1]
        return float(self.paces[max(0, place)]), float(until)


def tape_of(
    recording: Recording, bookmarks: Iterable[Mark] = (), *, max_idle_ms: int | None = None
) -> Tape | None:
    """The tape of a recording as it is now; None where it holds no snapshot. `max_idle_ms`: a
    stretch in which nothing is told and nobody is blocked is played as if it were no longer."""
    times = np.unique(np.asarray(recording.times(), dtype=np.int64))
    times = times[(times > -FAR_MS) & (times < FAR_MS)]
    if not len(times):
        return None
    totals = recording.totals()
    gaps = _gaps(recording.gaps(), times)
    near = (mark for mark in (*_marks(recording), *bookmarks) if abs(mark.at_ms) < FAR_MS)
    marks = tuple(sorted(near, key=lambda mark: mark.at_ms))
    stops, paces = _pace(times, marks, gaps, totals, max_idle_ms)
    return Tape(times, marks, _shown(times, marks), gaps, totals, stops, paces)


def _shown(times: I64, marks: tuple[Mark, ...]) -> I64:
    told = np.array([mark.at_ms for mark in marks], dtype=np.int64)
    places = np.searchsorted(times, told)
    return np.where(places < len(times), times[np.minimum(places, len(times) - 1)], times[-1])


def _gaps(told: Iterable[Gap], times: I64) -> tuple[Gap, ...]:
    """Those that the recording tells, and silences that it says nothing about."""
    gaps = [gap for gap in told if -FAR_MS < gap.from_ms < gap.to_ms < FAR_MS]
    for place in np.flatnonzero(np.diff(times) > SILENCE_MS):
        before, after = int(times[place]), int(times[place + 1])
        if not any(gap.from_ms < after and before < gap.to_ms for gap in gaps):
            gaps.append(Gap(before, after, "no snapshot"))
    return tuple(sorted(gaps))


def _marks(recording: Recording) -> Iterable[Mark]:
    for at_ms, text in recording.lives():
        yield Mark(at_ms, "life", text)
    for told in recording.events():
        if told.kind not in _UNMARKED:
            yield Mark(told.at_ms, kind_of(told), told.text)


def kind_of(told: Told) -> MarkKind:
    """What sort of mark an event is."""
    if told.kind == "note":
        return "note"
    if told.kind == "trigger" or "gate" in told.kind:
        return "gate"
    if told.kind in _ACTIONS:
        return "action"
    return "alarm" if told.level == "bad" else "action"


def _pace(
    times: I64,
    marks: tuple[Mark, ...],
    gaps: tuple[Gap, ...],
    totals: Totals,
    max_idle_ms: int | None,
) -> tuple[I64, NDArray[np.float64]]:
    """Stretches, and how much faster each is played so that gaps and idle times are short."""
    edges = [times[0], times[-1], *(gap.from_ms for gap in gaps), *(gap.to_ms for gap in gaps)]
    if max_idle_ms is not None:
        edges.extend(mark.at_ms for mark in marks)
        edges.extend(totals.at_ms[totals.blocked > 0])
        known_until = totals.at_ms[-1] if len(totals.at_ms) else times[0]
        edges.extend(times[times > known_until])  # nobody can say that it is idle
    found = np.unique(np.array(edges, dtype=np.int64))
    stops = found[(found >= times[0]) & (found <= times[-1])]
    lengths = np.diff(stops, append=times[-1]).astype(np.float64)
    longest = np.full(len(stops), np.inf if max_idle_ms is None else max(1.0, max_idle_ms))
    for gap in gaps:
        inside = (stops >= gap.from_ms) & (stops < gap.to_ms)
        longest[inside] = np.minimum(longest[inside], GAP_LASTS_MS)
    return stops, np.maximum(1.0, lengths / longest)
