"""What a plan says of the six gates before a migration's first wave, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

GateName = Literal["inventory", "replication", "offsets", "security", "cutover", "exit"]
GATES: Final[Mapping[GateName, str]] = {
    "inventory": "everything on the clusters has a disposition",
    "replication": "the mirror runs, and both sides can be read",
    "offsets": "each group's way to its place on the target is decided by its owner",
    "security": "every right that a flight needs is there",
    "cutover": "each wave says what takes it back, who approves it, and until when it can go back",
    "exit": "when the source goes, what is kept of it, and what an audit needs",
}
"""By gate what is asked, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Signature:
    """That the owner of a gate has said yes."""

    by: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Stated:
    """What a plan says of one gate."""

    owner: str = ""
    signed: Signature | None = None
    decommission_ms: int | None = None
    """Only of `exit`, as the two after it: when the source goes."""
    retained: str = ""
    audit: str = ""
