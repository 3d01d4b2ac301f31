"""What both ends of a stream agree on: versions, columns, and the frame of a state's tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from cockpit.core.snapshot import PartitionTable, Snapshot
from cockpit.wire.trees import fields_of
from cockpit.wire.values import WireError, from_json

FORMAT: Final = 1
"""The number of the byte format. A decoder for each number stays for ever."""
VALUES: Final = 1
"""The number of the shape of documents; see `cockpit.wire.versions`."""

COLUMNS: Final = (
    "source_start",
    "source_end",
    "target_start",
    "target_end",
    "mirror_position",
    "lag",
    "lag_by_logs",
    "source_rate_milli",
    "target_rate_milli",
)
"""The columns of `PartitionTable`, in the order in which a frame has them."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a reader must know before the first frame of a stream."""

    columns: tuple[str, ...] = COLUMNS
    values: int = VALUES
    life: int = 0

    def check(self) -> None:
        """Raise WireError where a column is missing that a snapshot has."""
        if not set(self.columns) >= set(COLUMNS) or len(set(self.columns)) != len(self.columns):
            raise WireError("the columns of partitions are others")

    def as_tree(self) -> dict[str, Any]:
        """For a header."""
        return {
            "format": FORMAT,
            "values": self.values,
            "columns": list(self.columns),
            "life": self.life,
        }


def read_head(tree: Any) -> Head:  # noqa: ANN401  # JSON
    """The head of a stream from its header; raises WireError where it is not for this program."""
    if not isinstance(tree, dict):
        raise WireError("a header is an object")
    if tree.get("format") != FORMAT:
        found = tree.get("format")
        msg = f"format {found!r:.20}: this program reads {FORMAT}"
        raise WireError(msg)
    columns: tuple[str, ...] = from_json(tuple[str, ...], tree.get("columns"))
    head = Head(columns, from_json(int, tree.get("values")), from_json(int, tree.get("life")))
    head.check()
    if not 0 < head.values <= VALUES:
        msg = f"documents of version {head.values}: this program knows those up to {VALUES}"
        raise WireError(msg)
    return head


def snapshot_document(snapshot: Snapshot) -> dict[str, Any]:
    """A snapshot but for the columns and keys of its partitions; values of the core."""
    names, read = fields_of(Snapshot)
    document = dict(zip(names, read(snapshot), strict=True))
    names, read = fields_of(PartitionTable)
    table = dict(zip(names, read(snapshot.partitions), strict=True))
    for name in ("keys", *COLUMNS):
        del table[name]
    document["partitions"] = table
    return document
