"""Who has moved, who owns it, and what still touches the source, from a snapshot.

Pure. Where a service runs is what the flight has ordered; what the clusters say to it stands beside
it, and the two are never mixed.
"""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.core.serviceview import ServiceView
from cockpit.core.snapshot import GroupView, Snapshot, StragglerView


@dataclass(frozen=True, slots=True)
class BoardRow:
    """One service with what the clusters say about it."""

    service: ServiceView
    group: GroupView | None
    """None: it has none, or no cluster has told of it."""
    touches: tuple[StragglerView, ...]
    """Who of it still reads or writes on the source though it has moved."""


@dataclass(frozen=True, slots=True)
class ServiceBoard:
    """Every service, and whoever else still touches what has moved."""

    rows: tuple[BoardRow, ...]
    others: tuple[StragglerView, ...]
    """Of no service of the plan."""
    moved: int
    """How many run on the target."""


def service_board(snapshot: Snapshot) -> ServiceBoard:
    """The board of a snapshot: services in the plan's order."""
    groups = {group.name: group for group in snapshot.groups}
    touches: dict[str, list[StragglerView]] = {}
    for one in snapshot.stragglers:
        touches.setdefault(one.service, []).append(one)
    names = {service.name for service in snapshot.services}
    rows = tuple(
        BoardRow(
            service,
            groups.get(service.group) if service.group else None,
            tuple(touches.get(service.name, ())),
        )
        for service in snapshot.services
    )
    others = tuple(one for one in snapshot.stragglers if one.service not in names)
    return ServiceBoard(rows, others, sum(row.service.word == "target" for row in rows))
