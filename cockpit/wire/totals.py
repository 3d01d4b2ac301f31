"""What a time line shows of each second, so that hours are drawn without decoding a sample."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from cockpit.core.flight import Asked, Event
from cockpit.core.observe import I64, MISSING
from cockpit.core.snapshot import Snapshot, Verdict
from cockpit.wire.binary import Cursor, json_text, json_value, pack, unpack
from cockpit.wire.values import WireError, from_json

WORST: Final[tuple[Verdict, ...]] = ("FAIL", "UNKNOWN", "INCONCLUSIVE", "PASS")


@dataclass(frozen=True, slots=True)
class Total:
    """One second, as its last frame shows it."""

    at_ms: int
    """Of the last frame in it."""
    lag_records: int | None
    """Of all partitions whose lag is known; None: of none."""
    source_rate_milli: int | None
    """Records per 1000 s, all partitions together."""
    target_rate_milli: int | None
    verdict: str
    """The worst of the gates of all its frames; empty: there are none."""
    fired: bool
    """Whether a trigger has."""
    blocked: bool
    """Whether clients are."""
    wave: str
    step: str
    asked: int
    """What people wanted in it."""
    warn: int
    """Alarms."""
    bad: int


def total_of(snapshot: Snapshot, inputs: Sequence[Event]) -> Total:
    """What one frame adds to the time line."""
    table, status = snapshot.partitions, snapshot.status
    verdicts = {gate.verdict for gate in snapshot.gates}
    return Total(
        at_ms=snapshot.at_ms,
        lag_records=_sum(table.lag),
        source_rate_milli=_sum(table.source_rate_milli),
        target_rate_milli=_sum(table.target_rate_milli),
        verdict=next((word for word in WORST if word in verdicts), ""),
        fired=any(trigger.verdict == "FAIL" for trigger in snapshot.triggers),
        blocked=status.blocked_since_ms is not None,
        wave=status.wave,
        step=status.step,
        asked=sum(isinstance(event, Asked) for event in inputs),
        warn=sum(alarm.level == "warn" for alarm in snapshot.alarms),
        bad=sum(alarm.level == "bad" for alarm in snapshot.alarms),
    )


def _sum(column: I64) -> int | None:
    if len(column) and column.min() != MISSING:
        return int(column.sum())
    known = column[column != MISSING]
    return int(known.sum()) if len(known) else None


def together(old: Total, new: Total) -> Total:
    """Two frames of one second."""
    words = [word for word in WORST if word in (old.verdict, new.verdict)]
    return dataclasses.replace(
        new,
        verdict=words[0] if words else "",
        fired=old.fired or new.fired,
        blocked=old.blocked or new.blocked,
        asked=old.asked + new.asked,
        warn=max(old.warn, new.warn),
        bad=max(old.bad, new.bad),
    )


_NAMES: Final = tuple(field.name for field in dataclasses.fields(Total))


def write_totals(rows: Sequence[Total]) -> bytes:
    """The payload of an S record: a JSON object of columns; times as steps."""
    columns = {name: [getattr(row, name) for row in rows] for name in _NAMES}
    times = columns["at_ms"]
    columns["at_ms"] = [b - a for a, b in zip([0, *times], times, strict=False)]
    return pack(json_text(columns), 6)


def read_totals(payload: bytes) -> list[Total]:
    """The inverse of `write_totals`; raises WireError."""
    body = Cursor(unpack(payload))
    columns = json_value(body.data)
    if not isinstance(columns, dict) or not columns.keys() >= set(_NAMES):
        raise WireError("totals without all of their columns")
    read = [from_json(_KINDS[name], columns[name]) for name in _NAMES]
    if len({len(column) for column in read}) != 1:
        raise WireError("columns of totals are not equally long")
    times = np.cumsum(np.array(read[0], dtype=np.int64)).tolist()
    return [Total(*row) for row in zip(times, *read[1:], strict=True)]


def _kinds() -> dict[str, object]:
    import typing

    hints = typing.get_type_hints(Total)
    return {name: tuple[hints[name], ...] for name in _NAMES}  # type: ignore[valid-type]


_KINDS: Final = _kinds()
