"""The longest time without an accepted write, by topic, from the services' ledgers alone.

Shares no code with what moved them.
"""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path


def longest_gaps_ms(folder: Path) -> dict[str, int]:
    """Between the first and the last write of each topic, whoever wrote and wherever to."""
    noted: dict[str, list[int]] = {}
    for path in sorted((folder / "produced").glob("*.jsonl")):
        # the last line may be torn: somebody writes
        for line in path.read_bytes().split(b"\n")[:-1]:
            body = json.loads(line)
            noted.setdefault(str(body["topic"]), []).append(int(body["noted_at_ms"]))
    return {
        topic: max((after - before for before, after in pairwise(sorted(times))), default=0)
        for topic, times in noted.items()
    }
