"""A workload of live tournaments: eight services on three topics, each topic with two writers.

Never reads a file, a clock or a cluster. 80 records/s in all: each arena 20 scores and 10 matches,
each wallet 10 payments. The two writers of a topic move in different batches, so that one of them
writes at any moment.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.lab.workload import Work, Workload

PREFIX = "duel-"
GROUP_PREFIX = "app-"
PARTITIONS = 4
TICK_S = 0.1
SCORES, MATCHES, PAYMENTS = (f"{PREFIX}{name}" for name in ("scores", "matches", "payments"))

_WRITTEN: Final = {
    "arena": ("team-arena", ((SCORES, 2), (MATCHES, 1))),
    "wallet": ("team-money", ((PAYMENTS, 1),)),
}
_WRITERS = tuple(
    Work(name=f"{name}-{batch}", owner=owner, generates=made, criticality="high")
    for batch in ("a", "b")
    for name, (owner, made) in _WRITTEN.items()
)
_READERS = (
    Work(name="leaderboard", owner="team-arena", reads=(SCORES,), criticality="high"),
    Work(name="history", owner="team-arena", reads=(MATCHES,), criticality="low"),
    Work(name="fraud", owner="team-money", reads=(PAYMENTS,)),
    Work(name="ledger", owner="team-money", reads=(PAYMENTS,), criticality="high"),
)

TOURNAMENT = Workload(
    works=tuple(replace(work, group_prefix=GROUP_PREFIX) for work in (*_WRITERS, *_READERS)),
    waves=(
        ("producers-a", ("arena-a", "wallet-a")),
        ("producers-b", ("arena-b", "wallet-b")),
        ("scores", ("leaderboard",)),
        ("matches", ("history",)),
        ("payments", ("fraud", "ledger")),
    ),
    prefix=PREFIX,
    group_prefix=GROUP_PREFIX,
    partitions=PARTITIONS,
    tick_s=TICK_S,
)
