"""Which groups there are, who coordinates them, and how many members they have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.request import Api, Request

LIST_GROUPS: Final = Api(16, "ListGroups", 0, 5, flexible_from=3)
DESCRIBE_GROUPS: Final = Api(15, "DescribeGroups", 0, 5, flexible_from=5)
CONSUMER_GROUP_DESCRIBE: Final = Api(69, "ConsumerGroupDescribe", 0, 0, flexible_from=0)
FIND_COORDINATOR: Final = Api(10, "FindCoordinator", 0, 6, flexible_from=3)

MANY_KEYS_SINCE: Final = 4


@dataclass(frozen=True, slots=True)
class ListedGroup:
    """A group that the asked broker coordinates.

    `state` is empty before 2.6, `kind` (`classic`, `consumer`, `share`, ...) before 3.8.
    """

    name: str
    protocol_type: str
    state: str
    kind: str


@dataclass(frozen=True, slots=True)
class DescribedGroup:
    """State and number of members of one group."""

    name: str
    error: int
    state: str
    members: int


@dataclass(frozen=True, slots=True)
class Coordinator:
    """The broker that coordinates a group."""

    group: str
    error: int
    node: int


def list_groups() -> Request[tuple[int, tuple[ListedGroup, ...]]]:
    """Error code, and every group that the asked broker coordinates."""

    def write(w: Writer, version: int) -> None:
        if version >= 4:
            w.count(0)
        if version >= 5:
            w.count(0)
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[int, tuple[ListedGroup, ...]]:
        if version >= 1:
            r.int32()
        error = r.int16()
        return error, tuple(r.array(lambda: _listed(r, version)))

    return Request(LIST_GROUPS, write, read)


def _listed(r: Reader, version: int) -> ListedGroup:
    name, protocol_type = r.string(), r.string()
    state = r.string() if version >= 4 else ""
    kind = r.string().lower() if version >= 5 else ""
    r.end_struct()
    return ListedGroup(name, protocol_type, state, kind)


def describe_groups(names: Sequence[str]) -> Request[tuple[DescribedGroup, ...]]:
    """Classic groups, of their coordinator. An unknown name answers state `Dead`, error 0."""

    def write(w: Writer, version: int) -> None:
        w.strings(names)
        if version >= 3:
            w.boolean(False)
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[DescribedGroup, ...]:
        if version >= 1:
            r.int32()
        return tuple(r.array(lambda: _described(r, version)))

    return Request(DESCRIBE_GROUPS, write, read)


def _described(r: Reader, version: int) -> DescribedGroup:
    error, name, state = r.int16(), r.string(), r.string()
    r.string()
    r.string()
    members = r.count()
    for _ in range(members):
        r.string()
        if version >= 4:
            r.optional_string()
        r.string()
        r.string()
        r.blob()
        r.blob()
        r.end_struct()
    if version >= 3:
        r.int32()
    r.end_struct()
    return DescribedGroup(name, error, state, members)


def describe_consumer_groups(names: Sequence[str]) -> Request[tuple[DescribedGroup, ...]]:
    """Groups of the newer consumer protocol (KIP-848), of their coordinator."""

    def write(w: Writer, version: int) -> None:
        w.strings(names)
        w.boolean(False)
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[DescribedGroup, ...]:
        r.int32()
        return tuple(r.array(lambda: _described_consumer(r)))

    return Request(CONSUMER_GROUP_DESCRIBE, write, read)


def _described_consumer(r: Reader) -> DescribedGroup:
    error = r.int16()
    r.optional_string()
    name, state = r.string(), r.string()
    r.take(8)
    r.string()
    members = r.count()
    for _ in range(members):
        r.string()
        r.optional_string()
        r.optional_string()
        r.int32()
        r.string()
        r.string()
        r.array(r.string)
        r.optional_string()
        for _ in range(2):
            r.array(lambda: _assigned(r))
            r.end_struct()
        r.end_struct()
    r.int32()
    r.end_struct()
    return DescribedGroup(name, error, state, members)


def _assigned(r: Reader) -> None:
    r.take(16)
    r.string()
    r.int32s()
    r.end_struct()


def find_coordinators(
    names: Sequence[str], *, transactions: bool = False
) -> Request[tuple[Coordinator, ...]]:
    """Coordinators of groups, or of transactional ids; more than one name needs brokers from 3.0
    on."""
    wanted = tuple(names)

    def write(w: Writer, version: int) -> None:
        if version < MANY_KEYS_SINCE:
            w.string(wanted[0])
        if version >= 1:
            w.int8(1 if transactions else 0)
        if version >= MANY_KEYS_SINCE:
            w.strings(wanted)
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[Coordinator, ...]:
        if version >= 1:
            r.int32()
        if version >= MANY_KEYS_SINCE:
            return tuple(r.array(lambda: _coordinator(r)))
        error = r.int16()
        if version >= 1:
            r.optional_string()
        return (Coordinator(wanted[0], error, r.int32()),)

    since = MANY_KEYS_SINCE if len(wanted) > 1 else max(FIND_COORDINATOR.lowest, int(transactions))
    return Request(FIND_COORDINATOR, write, read, since=since)


def _coordinator(r: Reader) -> Coordinator:
    group, node = r.string(), r.int32()
    r.string()
    r.int32()
    error = r.int16()
    r.optional_string()
    r.end_struct()
    return Coordinator(group, error, node)
