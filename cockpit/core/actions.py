"""Effects as data: everything that the cockpit can change or must prove on a cluster.

An action says what shall be so, never how. Each is idempotent: carrying it out twice leaves the
state of once, and `precheck` finds that it is already so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from cockpit.core.drills import DrillKind
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
class ExcludeTopics:
    """Take topics out of (or, `excluded` False, give them back to) a mirror's own filter."""

    connector: str
    topics: tuple[str, ...]
    excluded: bool


@dataclass(frozen=True, slots=True)
class ProveReversible:
    """A second mirror waits, ready to bring these topics from the target back to the source.

    Changes nothing. So it is stopped, reads the target and writes the source under the same names,
    has the topics in its filter, and copies neither ACLs nor configs.
    """

    connector: str
    topics: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StopMirror:
    """A mirror's connector has the state STOPPED, and no task."""

    connector: str


@dataclass(frozen=True, slots=True)
class StartMirror:
    """A stopped mirror runs, and begins in these partitions at these offsets of what it reads.

    A mirror that runs already is never moved.
    """

    connector: str
    positions: tuple[tuple[TopicPartition, int], ...]


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
    offset}. With `written` target it is the other way round: all is back on the source, as far as
    the mirror named `back_by` tells.
    """

    topics: tuple[str, ...]
    written: Side = "source"
    back_by: str = ""


@dataclass(frozen=True, slots=True)
class ProveShut:
    """What a release of producers stands on is so still, at the moment of the release.

    Changes nothing. On the source no log has another end than the proved one, and where ACLs fence
    the topics each broker knows them and refuses the canary. On the target no ACL denies writing to
    those who are to start.
    """

    topics: tuple[str, ...]
    ends: tuple[tuple[TopicPartition, int], ...]
    """The source's ends, as the drain's proof has them."""
    denied: tuple[str, ...]
    """Whose writes the fence denies; empty: nothing refuses them."""
    writers: tuple[str, ...]
    """The principals that are to write on the target."""


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


@dataclass(frozen=True, slots=True)
class SeekPlaces:
    """Where these partitions begin or end on the target, or have their first record at or after a
    time.

    Changes nothing. The result's data has `sought`: {"topic/partition": offset}; where no record is
    that young, the end.
    """

    group: str
    partitions: tuple[TopicPartition, ...]
    at: Literal["earliest", "latest", "timestamp"]
    at_ms: int | None
    """UTC, only with `timestamp`."""
    within_ms: int


@dataclass(frozen=True, slots=True)
class ProbePlaces:
    """What a group would read next on the target, against what it would have read on the source.

    Changes nothing, joins no group and commits nothing. `places` are (partition, the source's
    offset, the target's offset). The result's data has `probes`: {"topic/partition": [source's
    offset, target's offset, word, re-read, skipped, text, passing]}; the words are in
    `cockpit.core.probing`, None is a number that nobody knows.
    """

    group: str
    places: tuple[tuple[TopicPartition, int, int], ...]
    within_ms: int


@dataclass(frozen=True, slots=True)
class Drill:
    """Something is broken on purpose (or, `broken` False, mended): a connector's tasks stand still,
    a broker is dead, or the cockpit's own connections to a side are cut."""

    do: DrillKind
    on: str
    broken: bool


@dataclass(frozen=True, slots=True)
class Errand:
    """Make a call of a wave's own: of a step, of its undo, or of a step that recovers the wave.

    It is looked up in the plan by these; `what` says it to people.
    """

    wave: str
    number: int
    part: Literal["step", "undo", "recovery"]
    what: str


@dataclass(frozen=True, slots=True)
class PromoteTopics:
    """These topics of a link are ordinary topics of the target: nothing is brought over any more,
    and what is written on the target stays there. There is no way back."""

    topics: tuple[str, ...]


Look = FindPlaces | SeekPlaces | ProbePlaces
"""What only reads: nothing is intended by it, and it may be asked again."""

MirrorAction = (
    PatchConnector
    | ExcludeGroups
    | ExcludeTopics
    | ProveReversible
    | StopMirror
    | StartMirror
    | PromoteTopics
)
"""What is done by the interface of the replication tool."""

Action = (
    CallService
    | MirrorAction
    | Fence
    | Unfence
    | ProveSilent
    | ProveDrained
    | ProveShut
    | CommitOffsets
    | FindPlaces
    | SeekPlaces
    | ProbePlaces
    | Errand
    | Drill
)


Proof = ProveReversible | ProveSilent | ProveDrained | ProveShut
"""What changes nothing and only reads whether it is so."""


def action_text(action: Action) -> str:
    """One line that says what an action does, for logs and the journal."""
    match action:
        case CallService(service=service, verb=verb):
            return f"{verb} service {service}"
        case Fence(topics=topics):
            return f"fence writes on source: {', '.join(topics)}"
        case Unfence(topics=topics):
            return f"remove the fence on source: {', '.join(topics)}"
        case ProveSilent() | ProveDrained() | ProveShut():
            return f"prove {_proof_text(action)}: {', '.join(action.topics)}"
        case Drill(do=do, on=on, broken=broken):
            return f"drill: {do} on {on}" if broken else f"drill: mend {do} on {on}"
        case CommitOffsets(side=side, group=group, offsets=offsets):
            return f"commit {len(offsets)} offsets for {group} on {side}"
        case FindPlaces(side=side, group=group, offsets=offsets):
            return f"find {len(offsets)} places of {group} on {side}"
        case SeekPlaces(group=group, partitions=partitions, at=at):
            return f"look up {at} of {len(partitions)} partitions for {group} on target"
        case ProbePlaces(group=group, places=places):
            return f"read the next record of {group} in {len(places)} partitions on target"
        case Errand(wave=wave, part=part, what=what):
            return f"{part} of wave {wave}: {what}"
        case _:
            return _mirror_text(action)


def _proof_text(action: ProveSilent | ProveDrained | ProveShut) -> str:
    match action:
        case ProveSilent():
            return "that nobody writes on source"
        case ProveShut():
            return "that the source is shut still"
        case ProveDrained(written="source"):
            return "drained"
        case ProveDrained():
            return "back on the source"


def _mirror_text(action: MirrorAction) -> str:
    match action:
        case PatchConnector(connector=connector, settings=settings):
            keys = ", ".join(f"{k}={'(remove)' if v is None else v}" for k, v in settings)
            return f"set on connector {connector}: {keys}"
        case ExcludeGroups(groups=groups, excluded=excluded):
            change = "stop" if excluded else "resume"
            return f"{change} the mirror's group sync for {', '.join(groups)}"
        case ExcludeTopics(connector=connector, topics=topics, excluded=excluded):
            change = "take out of" if excluded else "give back to"
            return f"{change} {connector}: {', '.join(topics)}"
        case ProveReversible(connector=connector, topics=topics):
            return f"prove that {connector} can bring back: {', '.join(topics)}"
        case StopMirror(connector=connector):
            return f"stop connector {connector}"
        case StartMirror(connector=connector, positions=positions):
            return f"start connector {connector} at {len(positions)} given offsets"
        case PromoteTopics(topics=topics):
            return f"promote on target: {', '.join(topics)}"


@dataclass(frozen=True, slots=True)
class Finding:
    """What reading the cluster says about an action: is it so?"""

    holds: bool | None
    """True: it is so. False: it is not. None: cannot be known now."""
    detail: str
    before: Mapping[str, Any] = field(default_factory=dict)
    """What a change would replace, for the way back; JSON-able. It is on disk before the change."""
    shows: Mapping[str, Any] = field(default_factory=dict)
    """Of a proof, what later looks are held against; JSON-able. A fence's `source_end`:
    {"topic/partition": offset}, but for partitions whose end a transaction's marker may still
    move."""
