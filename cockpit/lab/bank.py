"""A workload of a bank's back office: seven services on five topics, one of them a sink connector.

Never reads a file, a clock or a cluster. 60 records/s are made and 30 more follow from them. A
statement in eighty is spoiled: JSON for Python, which reads `NaN`, and for nobody else, so that the
connector puts it into its dead-letter topic.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.lab.workload import Work, Workload

PREFIX = "bank."
GROUP_PREFIX = "bank-"
CONNECT_GROUP_PREFIX = "connect-"
"""How Connect names the group of a sink connector."""
PARTITIONS = 4
TICK_S = 0.1
TRANSFERS, LOGINS, SCORES, STATEMENTS, DEAD_LETTERS = (
    f"{PREFIX}{name}" for name in ("transfers", "logins", "scores", "statements", "dead-letters")
)
WITH_SCHEMAS: Final = (TRANSFERS, LOGINS, SCORES)
"""Topics whose records begin with the id of their schema."""

_WORKS = (
    Work(
        name="imports",
        owner="team-books",
        generates=((STATEMENTS, 2),),
        spoils_every=80,
        criticality="low",
    ),
    Work(
        name="warehouse",
        owner="team-data",
        reads=(STATEMENTS,),
        dead_letters=DEAD_LETTERS,
        group_prefix=CONNECT_GROUP_PREFIX,
    ),
    Work(name="triage", owner="team-data", reads=(DEAD_LETTERS,), criticality="low"),
    Work(name="ledger", owner="team-books", reads=(TRANSFERS, SCORES), criticality="high"),
    Work(name="alerts", owner="team-risk", reads=(LOGINS, SCORES)),
    Work(
        name="scoring",
        owner="team-risk",
        emits=((TRANSFERS, (SCORES,)),),
        criticality="high",
    ),
    Work(
        name="tellers",
        owner="team-branch",
        generates=((TRANSFERS, 3), (LOGINS, 1)),
        criticality="high",
    ),
)

BANK: Final = Workload(
    works=tuple(
        work if work.dead_letters else replace(work, group_prefix=GROUP_PREFIX) for work in _WORKS
    ),
    # First what stands by itself and yet has all that a move is about: a writer, a reader, Connect.
    waves=(
        ("statements", ("imports", "warehouse", "triage")),
        ("readers", ("ledger", "alerts")),
        ("scoring", ("scoring",)),
        ("branches", ("tellers",)),
    ),
    prefix=PREFIX,
    group_prefix=GROUP_PREFIX,
    partitions=PARTITIONS,
    tick_s=TICK_S,
    with_schemas=WITH_SCHEMAS,
)
