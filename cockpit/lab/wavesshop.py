"""The shop with a job that its plan forgets: reports, once a minute, of two quiet topics.

Never reads a file, a clock or a cluster.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from cockpit.lab.workload import SHOP, WORKLOAD, Batch, Work

REPORTS: Final = Work(
    name="reports",
    owner="team-books",
    reads=("shop.mail", "shop.returns"),
    criticality="low",
    batch=Batch(every_s=60.0, for_s=6.0),
)
LONG_TAIL: Final = ("long-tail", (REPORTS.name,))
"""The wave in which the job moves, once it was found."""

WAVES_SHOP: Final = replace(
    SHOP,
    works=(*WORKLOAD, REPORTS),
    # Readers first, whom a way back costs nothing; then by what it costs when one stands still.
    waves=(
        ("low-risk", ("audit", "search")),
        ("money", ("billing",)),
        ("pricing", ("pricing",)),
        ("fulfilment", ("fulfil", "fraud")),
        ("edge", ("gateway", "sensors")),
    ),
    partitions=4,
)
"""Its waves leave out the job that nobody has thought of."""
