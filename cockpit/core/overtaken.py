"""Retention that overtook the mirror: records that went from the source before they were copied.

The mirror passes over them in silence. Pure: judges by the beginnings of logs and its positions.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np

from cockpit.core.facts import Facts
from cockpit.core.lag import made_anew, replication_lag
from cockpit.core.observe import MISSING, TopicPartition, Unknown

SET_POSITION: Final = (
    "if what is gone had been copied or is not wanted, have a record written there, or set the"
    " mirror's position to where the log begins (stop the connector, PATCH its offsets, resume it)"
)


def gone_text(start: int, position: int | None) -> str:
    """What is gone from a partition whose log begins at `start`."""
    said = "the mirror has no position" if position is None else f"the mirror was at {position}"
    return f"its records before {start} are gone from the source, and {said}"


def overtaken(facts: Facts, topics: Collection[str]) -> dict[TopicPartition, str]:
    """Partitions of the source that begin past the mirror's position, and what is gone.

    Where the mirror has none, those that hold nothing any more: of the others it reads what is
    there. Where positions are not known at all nothing is said: that is another matter.
    """
    found: dict[TopicPartition, str] = {}
    lag = replication_lag(facts)
    if isinstance(lag, Unknown):
        return found
    logs = lag.logs
    at, start, end = lag.position, logs.start, logs.end
    past = (at != MISSING) & (start > at)
    emptied = (at == MISSING) & (start == end) & (start > 0)
    gone = (start != MISSING) & (end != MISSING) & (past | emptied)
    if not np.count_nonzero(gone):
        return found
    blind = made_anew(facts)
    for index in logs.keys.of_topics(topics).tolist():
        name = logs.keys.names[index]
        if gone[index] and name[0] not in blind:
            position = None if at[index] == MISSING else int(at[index])
            found[name] = gone_text(int(start[index]), position)
    return found
