"""Lags added up by topic, by consumer group and by service, from a snapshot.

Pure. A sum of which one part is unknown is unknown, with how many parts; nothing is added to it in
silence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from cockpit.core.observe import I64, MISSING, Unknown
from cockpit.core.plan import Side
from cockpit.core.snapshot import NOT_MEASURED, GroupView, PartitionTable, Snapshot, TimeLeft

LagBy = Literal["partition", "topic", "group", "service"]
LAG_BY: Final[tuple[LagBy, ...]] = ("partition", "topic", "group", "service")
_MIRROR_FEEDS: Final = ("source.logs", "mirror")


@dataclass(frozen=True, slots=True)
class LagPart:
    """A number of records, and what it stands on."""

    records: int | Unknown
    at_ms: int | None
    feeds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LagRow:
    """One topic, group or service."""

    name: str
    of: str
    """Of a topic how many partitions, of a group its service, of a service its owner."""
    lag: LagPart
    """Replication of a topic; of a group and of a service what it has not read where it runs."""
    other: LagPart
    """Of a topic its worst partition; of a group its lag on the other side; of a service
    replication of the topics that it writes or reads."""
    rate_milli: int | Unknown
    """Appended per 1000 s, or read; as old as `lag`."""
    left: TimeLeft | Unknown
    in_wave: bool
    note: str = ""
    """Which partition is worst, or on which side a service runs."""
    has_group: bool = True
    """False: a service that reads nothing as a group. It has no lag, which is no riddle."""


def lag_rows(snapshot: Snapshot, by: LagBy) -> tuple[LagRow, ...]:
    """Rows of one grouping, in the order of their names or of the plan; none by partition."""
    match by:
        case "topic":
            return tuple(_topics(snapshot))
        case "group":
            return tuple(_groups(snapshot))
        case "service":
            return tuple(_services(snapshot))
        case _:
            return ()


def _topics(snapshot: Snapshot) -> Iterator[LagRow]:
    table = snapshot.partitions
    drains = {drain.topic: drain.left for drain in snapshot.drains}
    for topic, where in sorted(table.keys.by_topic.items()):
        lags = table.lag[where]
        worst = _worst(lags)
        most: int | Unknown = Unknown("not known") if worst is None else int(lags[worst])
        yield LagRow(
            name=topic,
            of=f"{len(where)} parts",
            lag=_replication(table, _sum(lags)),
            other=_replication(table, most),
            rate_milli=_sum(table.source_rate_milli[where]),
            left=drains.get(topic, Unknown("not a topic of the plan")),
            in_wave=topic in table.wave,
            note="" if worst is None else f"partition {table.keys.names[int(where[worst])][1]}",
        )


def _worst(lags: I64) -> int | None:
    """Where the largest known one is; a negative one is worse than any."""
    known = np.flatnonzero(lags != MISSING)
    if not len(known):
        return None
    negative = known[lags[known] < 0]
    if len(negative):
        return int(negative[np.argmin(lags[negative])])
    return int(known[np.argmax(lags[known])])


def _sum(values: I64) -> int | Unknown:
    missing = int(np.count_nonzero(values == MISSING))
    if missing:
        return Unknown(f"{missing} of {len(values)} partitions unknown")
    return int(values.sum())


def _replication(table: PartitionTable, records: int | Unknown) -> LagPart:
    known = [at_ms for at_ms in (table.source_at_ms, table.mirror_at_ms) if at_ms is not None]
    return LagPart(records, min(known) if len(known) == 2 else None, _MIRROR_FEEDS)


def _groups(snapshot: Snapshot) -> Iterator[LagRow]:
    wave = snapshot.status.wave
    of_wave = {s.group for s in snapshot.services if s.group and s.wave == wave}
    for group in snapshot.groups:
        here: Side = "target" if group.target_members and not group.source_members else "source"
        there: Side = "source" if here == "target" else "target"
        rate, left = _pace(group, here)
        yield LagRow(
            name=group.name,
            of=group.service,
            lag=_unread(group, here),
            other=_unread(group, there),
            rate_milli=rate,
            left=left,
            in_wave=group.name in of_wave,
            note=f"read on {here}",
        )


def _unread(group: GroupView, side: Side) -> LagPart:
    feeds = (f"{side}.groups", f"{side}.logs")
    if side == "target":
        return LagPart(group.target_lag_records, group.target_at_ms, feeds)
    return LagPart(group.source_lag_records, group.source_at_ms, feeds)


def _pace(group: GroupView, side: Side) -> tuple[int | Unknown, TimeLeft | Unknown]:
    if side == "target":
        return group.target_rate_milli, group.target_left
    return group.source_rate_milli, group.source_left


def _services(snapshot: Snapshot) -> Iterator[LagRow]:
    groups = {group.name: group for group in snapshot.groups}
    table, wave = snapshot.partitions, snapshot.status.wave
    for service in snapshot.services:
        group = groups.get(service.group) if service.group else None
        side: Side = "target" if service.word == "target" else "source"
        none = NOT_MEASURED if service.group else Unknown("it has no group")
        rate, left = (none, none) if group is None else _pace(group, side)
        where = table.keys.of_topics((*service.produces, *service.consumes))
        copied = _sum(table.lag[where]) if len(where) else Unknown("none of its topics is known")
        yield LagRow(
            name=service.name,
            of=service.owner,
            lag=LagPart(none, None, ()) if group is None else _unread(group, side),
            other=_replication(table, copied),
            rate_milli=rate,
            left=left,
            in_wave=bool(service.wave) and service.wave == wave,
            note=f"runs on {service.word}",
            has_group=bool(service.group),
        )
