"""A workload of a web shop's clickstream on a Kafka that is too old for groups: seven services.

Never reads a file, a clock or a cluster. About 36 records/s in all: collector 12 clicks and 12
views, shop 4 orders, sessions 8. Each topic has one writer. Some groups keep their commits in
ZooKeeper, as consumers of 0.8 did unless told otherwise, some in Kafka.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.lab.workload import Hurry, Work, Workload

PREFIX: Final = "web-"
GROUP_PREFIX: Final = "app-"
PARTITIONS: Final = 4
TICK_S: Final = 0.25
CLICKS, VIEWS, ORDERS, SESSIONS = (
    f"{PREFIX}{name}" for name in ("clicks", "views", "orders", "sessions")
)

_WORKS: Final = (
    Work(
        name="collector",
        owner="team-web",
        generates=((CLICKS, 3), (VIEWS, 3)),
        criticality="high",
    ),
    Work(name="shop", owner="team-shop", generates=((ORDERS, 1),), criticality="high"),
    Work(
        name="sessions",
        owner="team-web",
        emits=((CLICKS, (SESSIONS, None)), (VIEWS, (SESSIONS, None, None, None, None, None))),
    ),
    Work(
        name="archive",
        owner="team-data",
        reads=(CLICKS, VIEWS),
        criticality="low",
        commits_in_zookeeper=True,
    ),
    Work(name="reports", owner="team-data", reads=(ORDERS,), criticality="low"),
    Work(name="alerts", owner="team-web", reads=(SESSIONS,), commits_in_zookeeper=True),
    Work(name="ledger", owner="team-shop", reads=(ORDERS,), criticality="high"),
)

CLICKSTREAM: Final = Workload(
    works=tuple(replace(work, group_prefix=GROUP_PREFIX) for work in _WORKS),
    waves=(
        ("low-risk", ("archive", "reports")),
        ("readers", ("alerts", "ledger")),
        ("sessions", ("sessions",)),
        ("edge", ("collector", "shop")),
    ),
    prefix=PREFIX,
    group_prefix=GROUP_PREFIX,
    partitions=PARTITIONS,
    tick_s=TICK_S,
    hurry=Hurry(pace_s=0.2),
)
