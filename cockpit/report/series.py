"""What a recording shows over time, as rows of tables: partitions, groups, gates, signals, events.

A value that is not known is None. The columns of each table are part of its schema version.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cockpit.core.observe import MISSING, Unknown
from cockpit.core.snapshot import Snapshot
from cockpit.report.csvs import Value
from cockpit.report.wording import moment
from cockpit.wire.recording import Reader
from cockpit.wire.state import COLUMNS

Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Series:
    """One table over time. `rows` raises RecordingError where a frame is damaged."""

    columns: tuple[str, ...]
    rows: Callable[[Reader], Iterator[Row]]


def _number(value: Any) -> Value:  # noqa: ANN401  # a number, None or an Unknown
    return None if isinstance(value, Unknown) else value


def _of_snapshots(
    rows_of: Callable[[Snapshot], Iterator[Row]],
) -> Callable[[Reader], Iterator[Row]]:
    def rows(reader: Reader) -> Iterator[Row]:
        for frame in reader.walk():
            yield from rows_of(frame.snapshot())

    return rows


def _events(reader: Reader) -> Iterator[Row]:
    number = 0
    for frame in reader.walk():
        for told in frame.tells():
            number += 1
            at_ms = told.get("at_ms")
            known = at_ms if isinstance(at_ms, int) else frame.at_ms
            rest = {
                k: v for k, v in told.items() if k not in ("seq", "at_ms", "kind", "text", "level")
            }
            data = json.dumps(rest, sort_keys=True, separators=(",", ":"))
            words = (str(told.get(key, "")) for key in ("kind", "level", "text"))
            yield (number, known, moment(known), *words, data)


def _partitions(snapshot: Snapshot) -> Iterator[Row]:
    table = snapshot.partitions
    columns = [getattr(table, name).tolist() for name in COLUMNS]
    for (topic, partition), *values in zip(table.keys.names, *columns, strict=True):
        known = (None if value == MISSING else value for value in values)
        yield (snapshot.at_ms, topic, partition, *known)


_GROUP: Final = (
    "source_state", "target_state", "source_members", "target_members", "source_lag_records",
    "target_lag_records", "source_rate_milli", "target_rate_milli", "reread_records",
    "skipped_records",
)  # fmt: skip


def _groups(snapshot: Snapshot) -> Iterator[Row]:
    for group in snapshot.groups:
        values = (_number(getattr(group, name)) for name in _GROUP)
        yield (snapshot.at_ms, group.name, group.service, *values)


def _gates(snapshot: Snapshot) -> Iterator[Row]:
    wave = snapshot.status.wave
    for kind, views in (("gate", snapshot.gates), ("trigger", snapshot.triggers)):
        for one in views:
            yield (
                snapshot.at_ms, wave, kind, one.name, one.verdict, _number(one.value), one.limit,
                one.unit, one.held_ms, one.evidence,
            )  # fmt: skip


def _signals(snapshot: Snapshot) -> Iterator[Row]:
    for one in snapshot.signals:
        yield (snapshot.at_ms, one.name, one.at_ms, _number(one.value), one.unit)


def _totals(reader: Reader) -> Iterator[Row]:
    for one in reader.totals():
        yield (
            one.at_ms, one.lag_records, one.source_rate_milli, one.target_rate_milli, one.verdict,
            int(one.blocked), one.wave, one.step, one.warn, one.bad,
        )  # fmt: skip


SERIES: Final[Mapping[str, Series]] = {
    "events": Series(("event", "at_ms", "time", "kind", "level", "text", "data"), _events),
    "partitions": Series(("at_ms", "topic", "partition", *COLUMNS), _of_snapshots(_partitions)),
    "groups": Series(("at_ms", "group", "service", *_GROUP), _of_snapshots(_groups)),
    "gates": Series(
        ("at_ms", "wave", "kind", "name", "verdict", "value", "limit", "unit", "held_ms",
         "evidence"),
        _of_snapshots(_gates),
    ),
    "signals": Series(("at_ms", "signal", "asked_at_ms", "value", "unit"), _of_snapshots(_signals)),
    "totals": Series(
        ("at_ms", "lag_records", "source_rate_milli", "target_rate_milli", "verdict", "blocked",
         "wave", "step", "warn", "bad"),
        _totals,
    ),
}  # fmt: skip
"""By the name that people ask for."""
