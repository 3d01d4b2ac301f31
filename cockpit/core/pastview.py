"""What was measured in the last quarter of an hour, row by row in time: for plots and their text.

Values only; `cockpit.core.past` makes them.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PastRow:
    """One second; where it is long ago, each value is the lowest or the highest of ten seconds.

    None where a value was not known then.
    """

    at_ms: int
    lag_records: int | None
    """Replication of the partition, of all of the plan's topics, that lags most."""
    source_milli: int | None
    """Records appended per 1000 s on the source to the topics that are watched."""
    target_milli: int | None
    """The same on the target; what a mirror writes counts too."""
    source_ms: int | None
    """How long the source took to tell its log ends."""
    target_ms: int | None


@dataclass(frozen=True, slots=True)
class PastView:
    """Rows, oldest first; where nothing was looked at there is none."""

    topics: tuple[str, ...] = ()
    """Whose writes are counted: those that the current wave writes, else all of the plan."""
    rows: tuple[PastRow, ...] = ()
