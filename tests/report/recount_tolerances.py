"""The tolerances that a report proposes, worked out once more from what every frame shows."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Context, Decimal
from typing import Any

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import GateView, Snapshot
from tests.report.raw import Raw

LEAST = 60
"""Samples, and seconds."""
BEFORE_THE_MOVE = {"offset_delta", "client_probe"}
UNTUNED = {"parity", "client_probe"}
Row = dict[str, Any]


@dataclass(slots=True)
class Series:
    """The distinct samples of one condition."""

    view: GateView
    known: list[tuple[int, float]] = field(default_factory=list)
    unknown: int = 0
    span_ms: int = 0


def _shown(raw: Raw, look: Snapshot) -> Iterator[tuple[str, GateView]]:
    wave = raw.wave(look.status.wave)
    names = [gate if isinstance(gate, str) else next(iter(gate)) for gate in wave["gates"]]
    kept = [i for i, name in enumerate(names)
            if len(names) == len(look.gates) or name not in BEFORE_THE_MOVE]  # fmt: skip
    for index, gate in zip(kept, look.gates, strict=True):
        yield f"waves.{wave['name']}.gates.{index}", gate
    for index, trigger in enumerate(look.triggers):
        yield f"waves.{wave['name']}.rollback.triggers.{index}", trigger


def _samples(raw: Raw) -> dict[str, Series]:
    found: dict[str, Series] = {}
    newest: dict[tuple[int, str], tuple[int, int]] = {}
    for number, (_, look) in enumerate(raw.frames):
        life = raw.reader.frame(number).life.number
        for path, view in _shown(raw, look):
            before = newest.get((life, path))
            if view.at_ms is None or (before is not None and before[0] == view.at_ms):
                continue
            newest[life, path] = view.at_ms, look.at_ms
            series = found.setdefault(path, Series(view))
            series.view = view
            series.span_ms += look.at_ms - before[1] if before is not None else 0
            if isinstance(view.value, Unknown) or not math.isfinite(view.value):
                series.unknown += 1
            else:
                series.known.append((look.at_ms, view.value))
                _assert_measured(view, look)
    return found


def _assert_measured(view: GateView, look: Snapshot) -> None:
    """What a gate on replication lag has shown is the worst lag in the columns of that moment."""
    if view.name == "replication_lag":
        table = look.partitions
        pairs = zip(table.keys.names, table.lag.tolist(), strict=True)
        lags = [lag for (topic, _), lag in pairs if topic in table.wave and lag != MISSING]
        assert view.value == max(lags), look.at_ms


def _up(value: float, unit: str) -> float:
    """To two digits that count, upwards; records are whole."""
    told = Decimal(f"{value:.9g}")
    up = Context(prec=2, rounding=ROUND_CEILING).create_decimal(told)
    return float(up.to_integral_value(ROUND_CEILING) if unit == "records" else up)


def _proposed(path: str, series: Series, p99: float, most: float) -> float | None:
    if len(series.known) < LEAST or series.span_ms < LEAST * 1_000:
        return None
    if series.view.name in UNTUNED:
        return None
    basis = 2 * most if ".triggers." in path else 1.5 * p99
    return _up(basis, series.view.unit) if basis > 0 else None


def tolerances(raw: Raw) -> Iterator[Mapping[str, Any]]:
    """Row for row, every column but the words."""
    for path, series in _samples(raw).items():
        row: Row = {
            "condition": path,
            "gate": series.view.name,
            "limit": series.view.limit,
            "samples": len(series.known),
            "unknown": series.unknown,
            "over": series.span_ms,
        }
        if series.known:
            values = sorted(value for _, value in series.known)
            p99 = values[math.floor(0.99 * (len(values) - 1))]
            at_ms = next(at_ms for at_ms, value in series.known if value == values[-1])
            row |= {"median": statistics.median(values), "p99": p99, "most": values[-1]}
            row |= {"at": at_ms, "proposed": _proposed(path, series, p99, values[-1])}
        yield row
