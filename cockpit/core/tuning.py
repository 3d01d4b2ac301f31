"""Tolerances proposed from what flights have seen, and from how much that was.

A proposal is arithmetic over samples: whether a limit is right for the business is for people.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from cockpit.core.judging import Judged
from cockpit.core.observe import Unknown

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

    def add(self, ticks: Iterable[tuple[int, Mapping[str, Judged]]]) -> None:
        """One session: at each tick its time and every condition that was judged."""
        first: dict[str, int] = {}
        last: dict[str, int] = {}
        newest: dict[str, int] = {}
        for at_ms, judged in ticks:
            for path, one in judged.items():
                if newest.get(path) == one.reading.at_ms:
                    continue  # the same samples once more
                newest[path] = one.reading.at_ms
                first.setdefault(path, at_ms)
                last[path] = at_ms
                self._sample(path, at_ms, one)
        for path, begun_ms in first.items():
            seen = self._seen[path]
            seen.sessions += 1
            seen.span_ms += last[path] - begun_ms

    def _sample(self, path: str, at_ms: int, one: Judged) -> None:
        view, value = one.view, one.reading.value
        seen = self._seen.setdefault(path, Seen(view.name, view.unit, view.limit))
        seen.limit = view.limit
        if isinstance(value, Unknown) or not math.isfinite(value):
            seen.unknown += 1
            return
        over = value > view.limit
        seen.broken += over and not seen.is_over
        seen.is_over = over
        seen.values.append(value)
        seen.times.append(at_ms)

    def proposals(self) -> tuple[Proposal, ...]:
        """By path, in the order in which they were first seen."""
        return tuple(_proposal(path, seen) for path, seen in self._seen.items())


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
