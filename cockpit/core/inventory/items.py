"""The inventory as values.

Names and texts come from clusters: they are hostile until an edge has cleaned them.
"""

# ruff: noqa: PLC0414  # what is excluded is part of an inventory: it gives that on

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from cockpit.core.leftout import KINDS as KINDS
from cockpit.core.leftout import Exclusion as Exclusion
from cockpit.core.leftout import ItemKind as ItemKind
from cockpit.core.observe import Unknown

Word = Literal["unassigned", "in the plan", "excluded"]
WORDS: Final[tuple[Word, ...]] = ("unassigned", "in the plan", "excluded")

Value = str | int | float | Unknown | None
"""None: there is no such thing here. Unknown: there may be, and nobody could read it."""

TOPIC_CONFIGS: Final = (
    "retention.ms",
    "cleanup.policy",
    "min.insync.replicas",
    "max.message.bytes",
)
"""What a target does differently when it is forgotten."""

COLUMNS: Final[Mapping[ItemKind, tuple[str, ...]]] = {
    "topic": (
        *("partitions", "target_partitions", "replicas", "target_replicas", *TOPIC_CONFIGS),
        *("bytes", "offsets", "records_per_s", "produced_by", "consumed_by", "owner"),
        "read_by_groups",
    ),
    "group": (
        *(
            "service",
            "owner",
            "state",
            "members",
            "clients",
            "topics",
            "committed_partitions",
            "lag",
        ),
        *("commits_per_s", "target_state", "target_committed_partitions"),
    ),
    "producer": ("topics", "partitions", "records_per_s", "transactional_id", "last_record_at_ms"),
    "acl": ("principal", "permission", "operation", "resource_type", "resource", "pattern", "host"),
    "quota": ("entity", "key", "value", "target_value"),
    "user": ("mechanism", "iterations", "target_iterations"),
    "schema": (
        *("type", "versions", "latest_version", "latest_id", "compatibility", "mode"),
        *("target_versions", "target_latest_id"),
    ),
    "connector": ("state", "tasks", "failed_tasks"),
}
"""What is told of each kind, in this order. Without `target_`: as it is on the source, and where it
is not there, on the target."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an item, and why it is said so."""

    word: Word
    why: str = ""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing on the clusters or beside them."""

    kind: ItemKind
    name: str
    source: bool | None
    """Whether the source has it; None: not known."""
    target: bool | None
    word: Word
    why: str
    values: Mapping[str, Value] = field(default_factory=dict)
    """By column; a column that is absent has None."""

    def where(self) -> str:
        """On which side it is, in words."""
        match self.source, self.target:
            case True, True:
                return "both"
            case True, None:
                return "source, target not known"
            case True, False:
                return "source"
            case None, True:
                return "target, source not known"
            case False, True:
                return "target"
            case False, False:
                return "nowhere"
            case _:
                return "not known"


@dataclass(frozen=True, slots=True)
class Inventory:
    """Every item, what could not be read, and what else is to be said."""

    items: tuple[Item, ...]
    unread: tuple[str, ...]
    """Feeds, or parts of them, and why: items may be missing because of each."""
    notes: tuple[str, ...]

    def of(self, kind: ItemKind) -> tuple[Item, ...]:
        """The items of a kind."""
        return tuple(item for item in self.items if item.kind == kind)

    def count(self, word: Word, kind: ItemKind | None = None) -> int:
        """How many items, of one kind or of all, have this disposition."""
        return sum(i.word == word and kind in (None, i.kind) for i in self.items)
