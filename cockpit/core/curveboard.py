"""What can be plotted of a snapshot, and what there is to say about each without a picture.

Pure. A gap stays a gap: what was not known at a time is an Unknown there, and so is what nobody
looked at for some time.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import Unknown
from cockpit.core.pastview import PastRow
from cockpit.core.snapshot import LogLine, SignalView, Snapshot, StepView

History = tuple[tuple[int, float | Unknown], ...]

GAP_MS: Final = 5_000
"""So long without a row is a gap, where there is one a second."""
COARSE_GAP_MS: Final = 15_000
"""The same where of ten seconds two rows are left."""
_FINE_MS: Final = 120_000
_NOT_LOOKED: Final = Unknown("nobody looked")
_NOT_KNOWN: Final = Unknown("not known then")


@dataclass(frozen=True, slots=True)
class Trace:
    """One line of a plot."""

    label: str
    """`source`, `target`; empty where there is one line only."""
    history: History


@dataclass(frozen=True, slots=True)
class Curve:
    """One plot."""

    name: str
    """Short, for a row."""
    title: str
    unit: str
    traces: tuple[Trace, ...]
    limit: float | None
    max_age_ms: int
    about: str = ""
    """What must be known to read it."""


@dataclass(frozen=True, slots=True)
class CurveMark:
    """Something that happened while the curve ran."""

    at_ms: int
    letter: str
    """One character, for the row under the plot."""
    text: str


@dataclass(frozen=True, slots=True)
class Summary:
    """A trace in numbers; None where nothing is known."""

    now: float | Unknown
    at_ms: int | None
    low: float | None
    low_at_ms: int | None
    high: float | None
    high_at_ms: int | None
    unknown_ms: int
    """How long of it nothing was known, all gaps together."""
    over_ms: int
    """How long of it the limit was passed."""


def curves(snapshot: Snapshot) -> tuple[Curve, ...]:
    """Signals first, in the plan's order; then what the cockpit measures itself."""
    found = [
        Curve(s.name, s.name, s.unit, (Trace("", _whole(s)),), s.limit, s.max_age_ms)
        for s in snapshot.signals
    ]
    return (*found, *_measured(snapshot)) if snapshot.past.rows else tuple(found)


def _whole(signal: SignalView) -> History:
    """Its past with its newest reading."""
    history, at_ms = signal.history, signal.at_ms
    newer = at_ms is not None and (not history or at_ms > history[-1][0])
    return (*history, (at_ms, signal.value)) if newer and at_ms is not None else history


def _measured(snapshot: Snapshot) -> Iterator[Curve]:
    past = snapshot.past
    limits = [g.limit for g in snapshot.gates if g.name == "replication_lag"]
    lag = _history(past.rows, lambda row: row.lag_records)
    about = "the worst partition of all topics of the plan, by the mirror's position"
    yield Curve("lag", "replication lag", "records", (Trace("", lag),),
                min(limits, default=None), GAP_MS, about)  # fmt: skip
    sides = (
        Trace("source", _history(past.rows, lambda row: _thousandth(row.source_milli))),
        Trace("target", _history(past.rows, lambda row: _thousandth(row.target_milli))),
    )
    topics = ", ".join(past.topics[:3])
    more = f" and {len(past.topics) - 3} more" if len(past.topics) > 3 else ""
    about = f"records appended to {topics}{more}; what the mirror writes counts too"
    yield Curve("writes", "write hand-over", "per_s", sides, None, GAP_MS, about)
    answers = (
        Trace("source", _history(past.rows, lambda row: _number(row.source_ms))),
        Trace("target", _history(past.rows, lambda row: _number(row.target_ms))),
    )
    about = "how long each cluster took to tell its log ends"
    yield Curve("answers", "answer time", "ms", answers, None, GAP_MS, about)


def _thousandth(value: int | None) -> float | None:
    return None if value is None else value / 1000


def _number(value: int | None) -> float | None:
    return None if value is None else float(value)


def _history(rows: Sequence[PastRow], read: Callable[[PastRow], float | int | None]) -> History:
    """One column, with a gap wherever nobody looked for long."""
    out: list[tuple[int, float | Unknown]] = []
    newest_ms = rows[-1].at_ms if rows else 0
    for row in rows:
        before_ms = out[-1][0] if out else row.at_ms
        usual = GAP_MS if newest_ms - before_ms < _FINE_MS else COARSE_GAP_MS
        if row.at_ms - before_ms > usual:
            out.append((before_ms + 1, _NOT_LOOKED))
        value = read(row)
        out.append((row.at_ms, _NOT_KNOWN if value is None else float(value)))
    return tuple(out)


def summary(trace: Trace, limit: float | None) -> Summary:
    """What a trace says: now, lowest, highest and when, how long unknown, how long over the
    limit. A reading holds until the next one."""
    known = [(at, v) for at, v in trace.history if not isinstance(v, Unknown) and math.isfinite(v)]
    at_ms, now = trace.history[-1] if trace.history else (None, Unknown("not measured yet"))
    low = min(known, key=lambda one: one[1], default=None)
    high = max(known, key=lambda one: one[1], default=None)
    unknown_ms = over_ms = 0
    for (at, value), (until, _) in zip(trace.history, trace.history[1:], strict=False):
        if isinstance(value, Unknown):
            unknown_ms += until - at
        elif limit is not None and value > limit:
            over_ms += until - at
    return Summary(
        now=now,
        at_ms=at_ms,
        low=None if low is None else low[1],
        low_at_ms=None if low is None else low[0],
        high=None if high is None else high[1],
        high_at_ms=None if high is None else high[0],
        unknown_ms=unknown_ms,
        over_ms=over_ms,
    )


_LETTERS: Final = {"stop": "s", "fence": "F", "offsets": "f", "start": "S", "drain": "d"}


def curve_marks(snapshot: Snapshot) -> tuple[CurveMark, ...]:
    """What happened, oldest first: steps that change something began or were undone, of every
    wave; clients are blocked; triggers fired and waves began to go back, as the log has them."""
    found = [
        mark
        for wave in snapshot.waves
        for step in wave.steps
        if step.name not in ("soak", "confirm")
        for mark in _step_marks(wave.name, step)
    ]
    found.extend(mark for line in snapshot.log for mark in _told(line))
    blocked_ms = snapshot.status.blocked_since_ms
    if blocked_ms is not None:
        found.append(CurveMark(blocked_ms, "B", "clients blocked"))
    return tuple(sorted(found, key=lambda mark: mark.at_ms))


def _step_marks(wave: str, step: StepView) -> Iterator[CurveMark]:
    what = f"{step.name} of {wave}"
    if step.started_at_ms is not None:
        yield CurveMark(step.started_at_ms, _LETTERS.get(step.name, "x"), what)
    if step.word == "undone" and step.ended_at_ms is not None:
        letter = "U" if step.name == "fence" else "u"
        yield CurveMark(step.ended_at_ms, letter, f"{what} undone")


def _told(line: LogLine) -> Iterator[CurveMark]:
    """No view keeps when a trigger fired or going back began; the log does, in these words."""
    trigger, fired, _ = line.text.partition(" fired: ")
    wave, back, _ = line.text.partition(" begins to go back: ")
    if line.level == "bad" and fired and "trigger " in trigger:
        yield CurveMark(line.at_ms, "T", f"{trigger} fired")
    elif line.level == "warn" and back and wave.startswith("wave "):
        yield CurveMark(line.at_ms, "R", f"{wave} begins to go back")
