"""Tolerances proposed from what flights have seen, and from how much that was.

A proposal is arithmetic over samples: whether a limit is right for the business is for people.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import GateView

MIN_SAMPLES: Final = 60
MIN_SPAN_MS: Final = 60_000
GATE_ROOM: Final = 1.5
"""A gate's proposal is so many times what 99 of 100 calm samples stayed under."""
TRIGGER_ROOM: Final = 2.0
"""A trigger's proposal is so many times the most that a calm flight has shown."""
LOOSE: Final = 10.0
"""A limit so many times what was seen would notice nothing."""


@dataclass(slots=True)
class Seen:
    """What was seen of one condition; grows sample by sample."""

    name: str
    unit: str
    limit: float
    values: list[float] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    """UTC ms, of the known values."""
    unknown: int = 0
    broken: int = 0
    """Times that the value went over the limit."""
    span_ms: int = 0
    """All sessions together."""
    sessions: int = 0
    is_over: bool = False
    """Whether the newest value was."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the samples say of one condition, and what they suggest."""

    path: str
    name: str
    unit: str
    limit: float
    proposed: float | None
    """None: nothing is proposed, `why` says so."""
    why: str
    known: int
    unknown: int
    span_ms: int
    sessions: int
    median: float | None
    p99: float | None
    most: float | None
    most_at_ms: int | None
    broken: int


class Tuning:
    """Collects what sessions have seen."""

    def __init__(self) -> None:
        self._seen: dict[str, Seen] = {}
        self._session = 0
        self._known: dict[str, int] = {}
        """By path in which session it was seen last."""
        self._newest: dict[str, tuple[int, int]] = {}
        """Of this part by path: time of the newest sample, and when it was taken."""

    def begin(self, *, part: bool = False) -> None:
        """What follows is another session; or `part`: another engine's part of the same, and
        nothing was seen in between."""
        self._session += not part
        self._newest = {}

    def take(self, at_ms: int, views: Iterable[tuple[str, GateView]]) -> None:
        """What was shown of each condition at one moment."""
        for path, view in views:
            newest = self._newest.get(path)
            if view.at_ms is None or (newest is not None and newest[0] == view.at_ms):
                continue  # the same samples once more
            seen = self._seen.setdefault(path, Seen(view.name, view.unit, view.limit))
            if self._known.get(path) != self._session:
                self._known[path] = self._session
                seen.sessions += 1
            seen.span_ms += 0 if newest is None else at_ms - newest[1]
            self._newest[path] = view.at_ms, at_ms
            _sample(seen, at_ms, view)

    def proposals(self) -> tuple[Proposal, ...]:
        """By path, in the order in which they were first seen."""
        return tuple(_proposal(path, seen) for path, seen in self._seen.items())


def _sample(seen: Seen, at_ms: int, view: GateView) -> None:
    seen.limit, value = view.limit, view.value
    if isinstance(value, Unknown) or not math.isfinite(value):
        seen.unknown += 1
        return
    over = value > view.limit
    seen.broken += over and not seen.is_over
    seen.is_over = over
    seen.values.append(value)
    seen.times.append(at_ms)


def _proposal(path: str, seen: Seen) -> Proposal:
    values = np.array(seen.values, dtype=np.float64)
    at = int(values.argmax()) if len(values) else None
    most = None if at is None else float(values[at])
    p99 = None if at is None else float(np.percentile(values, 99, method="lower"))
    proposed, why = _suggested(path, seen, p99, most)
    return Proposal(
        path=path,
        name=seen.name,
        unit=seen.unit,
        limit=seen.limit,
        proposed=proposed,
        why=why,
        known=len(values),
        unknown=seen.unknown,
        span_ms=seen.span_ms,
        sessions=seen.sessions,
        median=None if at is None else float(np.median(values)),
        p99=p99,
        most=most,
        most_at_ms=None if at is None else seen.times[at],
        broken=seen.broken,
    )


def _suggested(
    path: str, seen: Seen, p99: float | None, most: float | None
) -> tuple[float | None, str]:
    if p99 is None or most is None:
        return None, "no known value was seen"
    if len(seen.values) < MIN_SAMPLES or seen.span_ms < MIN_SPAN_MS:
        least = f"at least {MIN_SAMPLES} samples over {MIN_SPAN_MS // 1000} s are needed"
        return None, f"too little was seen to propose anything: {least}"
    if seen.name in ("parity", "client_probe"):
        return None, "it counts what must not be: there is no tolerance to tune"
    is_trigger = ".rollback.triggers." in path
    basis = most * TRIGGER_ROOM if is_trigger else p99 * GATE_ROOM
    proposed = _rounded(basis, whole=seen.unit == "records")
    if proposed == 0:
        return None, "only zeros were seen: any limit over them would be a guess"
    room = (
        f"{TRIGGER_ROOM:g} times the most that was seen"
        if is_trigger
        else f"{GATE_ROOM:g} times what 99 of 100 samples stayed under"
    )
    if seen.limit > LOOSE * proposed:
        return proposed, f"the limit would notice nothing; proposed is {room}"
    if seen.limit < proposed:
        crossed = f"; the limit was crossed {seen.broken} times" if seen.broken else ""
        return proposed, f"the limit is nearer than what is usual{crossed}; proposed is {room}"
    return proposed, f"proposed is {room}"


def _rounded(value: float, *, whole: bool) -> float:
    """Up to two digits that count, as people write limits."""
    if value <= 0:
        return 0.0
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    up = math.ceil(round(value / step, 6)) * step
    return float(math.ceil(up)) if whole else float(f"{up:.2g}")
