"""Lag, from samples that may be compared.

The follower is always sampled before the leader (mirror before source end, commit before end), so a
negative lag is never jitter; it is left negative. Nothing here clamps, nothing here guesses.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from cockpit.core.columns import column_of
from cockpit.core.facts import Facts
from cockpit.core.history import passed_at_ms
from cockpit.core.observe import (
    I64,
    MISSING,
    GroupSample,
    GroupState,
    LogSample,
    MirrorSample,
    PartitionKeys,
    TopicPartition,
    Unknown,
    partition_text,
)
from cockpit.core.plan import Side
from cockpit.core.remember import Remembered
from cockpit.core.snapshot import Behind

T = TypeVar("T", LogSample, GroupSample, MirrorSample)
_Asked = tuple[Side, str, tuple[str, ...] | None]
"""A side, a group and topics."""

_POSITIONS: Remembered[I64] = Remembered()
_REPLICATION: Remembered[ReplicationLag | Unknown] = Remembered()
_PLACES: Remembered[dict[_Asked, _Places | Unknown]] = Remembered()
_GROUPS: Remembered[dict[_Asked, GroupLag | Unknown]] = Remembered()
"""Of all groups that were asked for, by the samples that the answers stand on."""


@dataclass(frozen=True, slots=True)
class ReplicationLag:
    """Source end less mirror position for every source partition.

    `position` and `lag` are int64 columns aligned to `logs.keys`, MISSING where unknown.
    `at_ms` is the older of the two samples' times. The mirror publishes its position each flush
    interval only: this reading may be too high by what was appended since, and is never too low.
    """

    logs: LogSample
    mirror: MirrorSample
    position: I64
    lag: I64
    at_ms: int
    blind: Mapping[str, str] = field(default_factory=dict)
    """Topics that cannot be compared at all, and why."""


def first_unknown(lag: ReplicationLag, indexes: I64) -> str | None:
    """The first of these partitions whose lag is not known, why, and how many such there are."""
    blind = indexes[lag.lag[indexes] == MISSING]
    if not len(blind):
        return None
    topic, _ = name = lag.logs.keys.names[blind[0]]
    told = lag.blind.get(topic) or lag.logs.errors.get(name)
    why = told or "the mirror has no position for it"
    return f"{partition_text(name)}: {why} ({len(blind)} unknown)"


def newest_before(samples: Sequence[T], at_ms: int) -> T | None:
    """The newest sample that was answered no later than `at_ms`."""
    return next((s for s in reversed(samples) if s.answered_at_ms <= at_ms), None)


def position_column(keys: PartitionKeys, positions: Mapping[TopicPartition, int]) -> I64:
    """Mirror positions aligned to `keys`, MISSING where the mirror has none."""
    return _POSITIONS.get((keys, positions), lambda: column_of(keys, positions))


def replication_lag(facts: Facts) -> ReplicationLag | Unknown:
    """The newest pair of samples in which the mirror was asked before the source's ends.

    A partition whose log is empty lags by 0 even where the mirror has no position yet. A topic that
    was made anew on either side is unknown: position and log are not about the same topic.
    """
    stands_on = (facts.mirror, facts.logs, facts.recreated, facts.failures.get("mirror"))
    return _REPLICATION.get(stands_on, lambda: _replication_lag(facts))


def _replication_lag(facts: Facts) -> ReplicationLag | Unknown:
    if not facts.mirror:
        failure = facts.failures.get("mirror")
        return Unknown(failure.reason if failure else "no answer from the mirror yet")
    if facts.mirror[-1].positions_unknown:
        return Unknown(facts.mirror[-1].positions_unknown)
    for logs in reversed(facts.logs.get("source", ())):
        mirror = newest_before(facts.mirror, logs.asked_at_ms)
        if mirror is not None:
            position = position_column(logs.keys, mirror.positions)
            known = (logs.end != MISSING) & (position != MISSING)
            lag = np.where(known, logs.end - np.where(known, position, 0), MISSING)
            empty = (logs.end != MISSING) & (logs.start == logs.end) & (position == MISSING)
            lag = np.where(empty, 0, lag)
            blind = made_anew(facts)
            if blind:
                lag[logs.keys.of_topics(blind)] = MISSING
            return ReplicationLag(logs, mirror, position, lag, mirror.asked_at_ms, blind)
    return Unknown("no source offsets asked after the mirror's positions yet")


def made_anew(facts: Facts) -> dict[str, str]:
    """Topics that were re-created while this was watched, and the reason to show for them."""
    found: dict[str, str] = {}
    for side, topics in facts.recreated.items():
        for topic in topics:
            found[topic] = f"{topic} was re-created on {side}: offsets from before mean nothing"
    return found


def select(logs: LogSample, topics: Iterable[str]) -> I64:
    """Indexes of the partitions of these topics."""
    return logs.keys.of_topics(topics)


def not_there(logs: LogSample, topics: Iterable[str]) -> Unknown | None:
    """Why nothing can be said of all these topics, where one has no partition in a sample.

    Silence about a topic is not an empty topic: it may be gone, or the right to see it.
    """
    absent = sorted(topic for topic in topics if topic not in logs.keys.by_topic)
    if not absent:
        return None
    return Unknown(f"no topic {absent[0]} on {logs.side}, or it may not be described")


@dataclass(frozen=True, slots=True)
class GroupLag:
    """Total lag of a group on one side, signed, in records."""

    records: int
    worst: TopicPartition | None
    at_ms: int
    commits: int = 0
    """Sum of all commits: it rises as the group reads."""
    committed: int = 0
    """Partitions with a commit."""


@dataclass(frozen=True, slots=True)
class _Places:
    """Where a group stands: columns over `indexes` of the ends' keys."""

    ends: LogSample
    indexes: I64
    offsets: I64
    """Commit, or log start where there is none: the group has read nothing of it."""
    commits: int
    committed: int
    at_ms: int


def _places(
    facts: Facts, side: Side, group: str, topics: Collection[str] | None
) -> _Places | Unknown:
    known = _PLACES.get((facts.logs, facts.groups), dict)
    asked = _asked(side, group, topics)
    if asked not in known:
        known[asked] = _found_places(facts, side, group, topics)
    return known[asked]


def _asked(side: Side, group: str, topics: Collection[str] | None) -> _Asked:
    return side, group, None if topics is None else tuple(topics)


def _found_places(
    facts: Facts, side: Side, group: str, topics: Collection[str] | None
) -> _Places | Unknown:
    for ends in reversed(facts.logs.get(side, ())):
        sample = newest_before(facts.groups.get(side, ()), ends.asked_at_ms)
        if sample is None:
            continue
        state = sample.groups.get(group)
        if state is None:
            return Unknown(f"group {group} does not exist on {side}")
        if state.unknown is not None:
            return Unknown(state.unknown)
        indexes = _read_by(ends, state, topics)
        if isinstance(indexes, Unknown):
            return indexes
        places = _place(ends, sample, state, indexes)
        unread = ends.end[indexes] != places.offsets
        if not places.committed and (topics is None or (state.members and unread.any())):
            return Unknown(_no_commits(state))
        return places
    return Unknown(f"{side} offsets not read yet")


def _read_by(ends: LogSample, state: GroupState, topics: Collection[str] | None) -> I64 | Unknown:
    """Indexes of all partitions of the topics, or of those that the group has commits for."""
    if topics is not None:
        absent = not_there(ends, topics)
        return select(ends, topics) if absent is None else absent
    position = ends.keys.position
    for name in state.keys:
        if name not in position:
            return Unknown(f"has commits for {partition_text(name)}, which is not watched")
    return np.array(sorted(position[name] for name in state.keys), dtype=np.int64)


def _no_commits(state: GroupState) -> str:
    """It may read from anywhere, or nothing at all: no number of records follows from it."""
    if state.members < 0 or state.members_unknown is not None:
        return "no commits, and whether it has members is not known"
    return f"no commits, {state.members} member{'' if state.members == 1 else 's'}"


def _place(ends: LogSample, sample: GroupSample, state: GroupState, indexes: I64) -> _Places:
    committed = state.committed()
    names = ends.keys.names
    found = [committed.get(names[i], MISSING) for i in indexes.tolist()]
    column = np.array(found, dtype=np.int64)
    known = column != MISSING
    return _Places(
        ends,
        indexes,
        np.where(known, column, ends.start[indexes]),
        int(column[known].sum()),
        int(known.sum()),
        min(ends.asked_at_ms, sample.asked_at_ms),
    )


def _blind(places: _Places) -> Unknown | None:
    """The first partition whose end or start is not known."""
    ends = places.ends
    missing = (ends.end[places.indexes] == MISSING) | (places.offsets == MISSING)
    if not np.count_nonzero(missing):
        return None
    name = ends.keys.names[int(places.indexes[int(np.argmax(missing))])]
    return Unknown(f"{partition_text(name)}: {ends.errors.get(name, 'offsets unknown')}")


def group_lag(
    facts: Facts, side: Side, group: str, topics: Collection[str] | None
) -> GroupLag | Unknown:
    """Ends less commits over all partitions of `topics`; None: over those that it has commits for.

    A partition of `topics` without a commit counts from its log start: the group has read none of
    it. One that has members, something to read and no commit at all may be anywhere: unknown.
    """
    known = _GROUPS.get((facts.logs, facts.groups), dict)
    asked = _asked(side, group, topics)
    if asked not in known:
        known[asked] = _group_lag(facts, side, group, topics)
    return known[asked]


def _group_lag(
    facts: Facts, side: Side, group: str, topics: Collection[str] | None
) -> GroupLag | Unknown:
    places = _places(facts, side, group, topics)
    if isinstance(places, Unknown):
        return places
    if not len(places.indexes):
        return GroupLag(0, None, places.at_ms)
    if (blind := _blind(places)) is not None:
        return blind
    ends = places.ends
    lag = ends.end[places.indexes] - places.offsets
    least = int(np.argmin(lag))
    if lag[least] < 0:
        topic, partition = ends.keys.names[int(places.indexes[least])]
        past = -int(lag[least])
        return Unknown(
            f"{topic}/{partition}: {group} has committed {past} past the end (an anomaly: the log "
            "was cut or made anew, or it is another cluster)"
        )
    worst = ends.keys.names[int(places.indexes[int(np.argmax(lag))])]
    return GroupLag(int(lag.sum()), worst, places.at_ms, places.commits, places.committed)


def group_behind(facts: Facts, side: Side, group: str, topics: Collection[str]) -> Behind | Unknown:
    """How long ago the oldest record was appended that the group has not read.

    By the history of log ends: the clock is the cockpit's own, never that of records.
    """
    places = _places(facts, side, group, topics)
    if isinstance(places, Unknown):
        return places
    history = facts.history.get(side)
    if not len(places.indexes) or history is None:
        return Unknown("nothing to measure")
    if (blind := _blind(places)) is not None:
        return blind
    if history.keys is not places.ends.keys and history.keys.names != places.ends.keys.names:
        return Unknown("partitions have changed since the commits were read")
    passed, older = passed_at_ms(history, places.indexes, places.offsets)
    behind = history.at_ms[-1] - passed
    oldest = int(np.argmax(behind + older))
    return Behind(int(behind[oldest]), bool(older[oldest]))


@dataclass(frozen=True, slots=True)
class ReverseLag:
    """How far the source is behind the target, in records of the worst partition."""

    records: int
    worst: TopicPartition
    at_ms: int


def reverse_lag(facts: Facts, topics: frozenset[str]) -> ReverseLag | Unknown:
    """Of topics that a second mirror brings back: the newest pair of samples in which it was asked
    before the target's ends."""
    for logs in reversed(facts.logs.get("target", ())):
        mirror = newest_before(facts.mirror, logs.asked_at_ms)
        if mirror is None:
            continue
        if mirror.reverse_unknown:
            return Unknown(mirror.reverse_unknown)
        behind: dict[TopicPartition, int] = {}
        for index in logs.keys.of_topics(topics).tolist():
            name, end = logs.keys.names[index], int(logs.end[index])
            position = mirror.reverse_positions.get(name)
            if end == MISSING:
                return Unknown(f"the end of {partition_text(name)} on the target is not known")
            if position is None and end != int(logs.start[index]):
                return Unknown(f"the reverse mirror has no position in {partition_text(name)}")
            behind[name] = end - position if position is not None else 0
        if topics - {topic for topic, _ in behind}:
            return Unknown(f"no topic {min(topics - {t for t, _ in behind})} on the target")
        worst = max(behind, key=behind.__getitem__)
        return ReverseLag(behind[worst], worst, mirror.asked_at_ms)
    return Unknown("no target offsets asked after the reverse mirror's positions yet")
