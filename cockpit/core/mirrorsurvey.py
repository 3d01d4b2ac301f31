"""What the mirror leaves to be seen, as slow looks: Connect's connectors, checkpoints, commits.

Never guesses: a connector or a group that could not be read is named with the reason. Never holds
a key of a connector's config but those that are named here: configs carry passwords.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from cockpit.core.observe import ConnectorState, TopicPartition

SYNC_ACLS: Final = "sync.topic.acls.enabled"
SYNC_CONFIGS: Final = "sync.topic.configs.enabled"
GROUPS_EXCLUDE: Final = "groups.exclude"
TOPICS_EXCLUDE: Final = "topics.exclude"
SHOWN_SETTINGS: Final = (SYNC_ACLS, SYNC_CONFIGS, GROUPS_EXCLUDE, TOPICS_EXCLUDE)
"""The keys of a config that may be kept: those that a flight changes."""


@dataclass(frozen=True, slots=True)
class ConnectSurvey:
    """Every connector of the Connect cluster with every one of its tasks."""

    asked_at_ms: int
    answered_at_ms: int
    version: str
    connectors: tuple[ConnectorState, ...]
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Connectors that could not be read, and why."""
    settings: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By connector those of SHOWN_SETTINGS that are set. A connector that is absent here did not
    show its config."""

    @property
    def feed(self) -> str:
        """`connect`."""
        return "connect"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """MirrorMaker's newest checkpoint of one group and partition."""

    source_offset: int
    target_offset: int
    written_at_ms: int


@dataclass(frozen=True, slots=True)
class CheckpointsSurvey:
    """MirrorMaker's checkpoints topic, read to its end."""

    asked_at_ms: int
    answered_at_ms: int
    checkpoints: Mapping[tuple[str, TopicPartition], Checkpoint]
    read_to_end: bool

    @property
    def feed(self) -> str:
        """`checkpoints`."""
        return "checkpoints"


@dataclass(frozen=True, slots=True)
class CommitMark:
    """One commit, and whether it carries the cockpit's own mark."""

    offset: int
    ours: bool
    """The mirror copies a commit's metadata with it: alone this is no proof of who wrote it."""


@dataclass(frozen=True, slots=True)
class MarksSurvey:
    """The plan's groups on the target: every commit with its mark."""

    asked_at_ms: int
    answered_at_ms: int
    groups: Mapping[str, Mapping[TopicPartition, CommitMark]]
    unknown: Mapping[str, str] = field(default_factory=dict)
    """Groups of which the commits could not be read, and why."""

    @property
    def feed(self) -> str:
        """`target.marks`."""
        return "target.marks"
