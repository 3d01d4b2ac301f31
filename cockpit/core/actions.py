"""Effects as data: everything that the cockpit can change or must prove on a cluster.

An action says what shall be so, never how. Each is idempotent: carrying it out twice leaves the
state of once, and `precheck` finds that it is already so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cockpit.core.observe import TopicPartition
from cockpit.core.plan import Side

ServiceVerb = Literal["stop", "start", "undo"]


@dataclass(frozen=True, slots=True)
class CallService:
    """Ask a service's owner system to stop, start on the target, or go back to the source."""

    service: str
    verb: ServiceVerb


@dataclass(frozen=True, slots=True)
class PatchConnector:
    """Set keys of a connector's config; None removes a key.

    The result's data has `previous`: the old values of just these keys, for the way back.
    """

    connector: str
    settings: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class ExcludeGroups:
    """Take groups out of (or, `excluded` False, give them back to) the mirror's group sync."""

    groups: tuple[str, ...]
    excluded: bool


@dataclass(frozen=True, slots=True)
class Fence:
    """DENY WRITE for these principals on these source topics; verified on every broker."""

    topics: tuple[str, ...]
    principals: tuple[str, ...] = ("User:*",)


@dataclass(frozen=True, slots=True)
class Unfence:
    """Remove exactly the bindings that `Fence` of the same topics and principals makes."""

    topics: tuple[str, ...]
    principals: tuple[str, ...] = ("User:*",)


@dataclass(frozen=True, slots=True)
class ProveSilent:
    """Nobody writes to these source topics for a while, though nothing would refuse it.

    Changes nothing. The fence of a cluster without an authorizer, and a weaker one.
    """

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProveDrained:
    """The last data record of every partition of these source topics is the target's last one.

    Changes nothing. The result's data has `source_end` and `target_end`: {"topic/partition":
    offset}.
    """

    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CommitOffsets:
    """Commit for an empty group; None deletes the commit of a partition.

    Refused by the cluster while the group has members. The result's data has `previous`:
    {"topic/partition": offset or null} as read before.
    """

    side: Side
    group: str
    offsets: tuple[tuple[TopicPartition, int | None], ...]


@dataclass(frozen=True, slots=True)
class FindPlaces:
    """Where on `side` each of these offsets of the other cluster is, by the records themselves.

    Changes nothing. On `target` places are images of source offsets, on `source` the origins of
    target offsets. The result's data has `places`: {"topic/partition": [offset asked for, word,
    low, high, reason, passing]}; `passing`: the reason may go away by itself. What takes longer
    than `within_ms` is NONE.
    """

    side: Side
    group: str
    offsets: tuple[tuple[TopicPartition, int], ...]
    within_ms: int


Action = (
    CallService
    | PatchConnector
    | ExcludeGroups
    | Fence
    | Unfence
    | ProveSilent
    | ProveDrained
    | CommitOffsets
    | FindPlaces
)


def action_text(action: Action) -> str:
    """One line that says what an action does, for logs and the journal."""
    match action:
        case CallService(service=service, verb=verb):
            return f"{verb} service {service}"
        case PatchConnector(connector=connector, settings=settings):
            keys = ", ".join(f"{k}={'(remove)' if v is None else v}" for k, v in settings)
            return f"set on connector {connector}: {keys}"
        case ExcludeGroups(groups=groups, excluded=excluded):
            change = "stop" if excluded else "resume"
            return f"{change} the mirror's group sync for {', '.join(groups)}"
        case Fence(topics=topics):
            return f"fence writes on source: {', '.join(topics)}"
        case Unfence(topics=topics):
            return f"remove the fence on source: {', '.join(topics)}"
        case ProveSilent(topics=topics):
            return f"prove that nobody writes on source: {', '.join(topics)}"
        case ProveDrained(topics=topics):
            return f"prove drained: {', '.join(topics)}"
        case CommitOffsets(side=side, group=group, offsets=offsets):
            return f"commit {len(offsets)} offsets for {group} on {side}"
        case FindPlaces(side=side, group=group, offsets=offsets):
            return f"find {len(offsets)} places of {group} on {side}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What reading the cluster says about an action: is it so?"""

    holds: bool | None
    """True: it is so. False: it is not. None: cannot be known now."""
    detail: str
    before: Mapping[str, Any] = field(default_factory=dict)
    """What a change would replace, for the way back; JSON-able. It is on disk before the change."""
