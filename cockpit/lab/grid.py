"""A workload of a hundred services in one dependency graph: ten areas of an energy grid.

Never reads a file, a clock or a cluster. Each area has the same ten services; its rules also read
the alerts of the area before, which ties all of them together. 100 records/s in all, ten of each
area: raw 2, state 2, clean 2, facts 3, alerts 1.
"""

from __future__ import annotations

from dataclasses import replace

from cockpit.lab.workload import Hurry, Work, Workload

PREFIX = "grid-"
GROUP_PREFIX = "app-"
PARTITIONS = 2
TICK_S = 0.5
AREAS = (
    "sites",
    "meters",
    "devices",
    "forecasts",
    "bids",
    "markets",
    "dispatch",
    "events",
    "settlement",
    "billing",
)
READERS = ("archive", "audit", "dashboard", "export", "watch")
INNER = ("parse", "join", "rules")
EDGE = ("edge", "probe")


def _topic(area: str, name: str) -> str:
    return f"{PREFIX}{area}-{name}"


def _area(area: str, before: str | None) -> tuple[Work, ...]:
    raw, state, clean, facts, alerts = (
        _topic(area, name) for name in ("raw", "state", "clean", "facts", "alerts")
    )
    owner = f"team-{area}"
    # What the area before has to say is read, and changes nothing here.
    heard = () if before is None else ((_topic(before, "alerts"), (None,)),)

    here = (
        Work(name="edge", owner=owner, generates=((raw, 1),), criticality="high"),
        Work(name="probe", owner=owner, generates=((state, 1),)),
        Work(name="parse", owner=owner, emits=((raw, (clean,)),)),
        Work(
            name="join",
            owner=owner,
            emits=((clean, (facts,)), (state, (facts, None))),
            criticality="high",
        ),
        Work(
            name="rules",
            owner=owner,
            emits=((facts, (alerts, None, None)), *heard),
            criticality="high",
        ),
        Work(name="archive", owner=owner, reads=(raw, facts), criticality="low"),
        Work(name="audit", owner=owner, reads=(alerts,)),
        Work(name="dashboard", owner=owner, reads=(facts, alerts)),
        Work(name="export", owner=owner, reads=(clean,), criticality="low"),
        Work(name="watch", owner=owner, reads=(state,)),
    )
    return tuple(
        replace(work, name=f"{area}-{work.name}", group_prefix=GROUP_PREFIX) for work in here
    )


def _names(areas: tuple[str, ...], kinds: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{area}-{kind}" for area in areas for kind in kinds)


GRID = Workload(
    works=tuple(
        work
        for index, area in enumerate(AREAS)
        for work in _area(area, AREAS[index - 1] if index else None)
    ),
    # Whoever reads what a service writes moves before it, or with it under one fence.
    waves=(
        ("readers-low", _names(AREAS, ("archive", "export"))),
        ("readers", _names(AREAS, ("audit", "dashboard", "watch"))),
        ("settlement", _names(AREAS[8:], INNER)),
        ("dispatch", _names(AREAS[6:8], INNER)),
        ("markets", _names(AREAS[4:6], INNER)),
        ("forecasts", _names(AREAS[2:4], INNER)),
        ("sites", _names(AREAS[:2], INNER)),
        ("edge", _names(AREAS, EDGE)),
    ),
    prefix=PREFIX,
    group_prefix=GROUP_PREFIX,
    partitions=PARTITIONS,
    tick_s=TICK_S,
    hurry=Hurry(
        fetch_bytes=65536, fetch_wait_ms=1500, pace_s=0.5, mirror_wait_ms=500, groups_every_s=5
    ),
)
