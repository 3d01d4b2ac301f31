"""DescribeGroups and ConsumerGroupDescribe with everything about the members.

What a member was assigned is read for the consumer protocol alone: Connect, Streams and others
put bytes of their own there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import TopicPartition
from cockpit.core.survey import Member
from cockpit.kafka.protocol.codec import DecodeError, Reader, Writer
from cockpit.kafka.protocol.groups import DESCRIBE_GROUPS
from cockpit.kafka.protocol.metadata import OPERATIONS_NOT_RETURNED
from cockpit.kafka.protocol.request import Api, Request

CONSUMER_GROUP_DESCRIBE: Final = Api(69, "ConsumerGroupDescribe", 0, 1, flexible_from=0)
CONSUMER_PROTOCOL: Final = "consumer"


@dataclass(frozen=True, slots=True)
class MembersReply:
    """One group; `unreadable` names a member whose assignment makes no sense.

    `operations` is a bit field by operation code, OPERATIONS_NOT_RETURNED where not asked for.
    """

    name: str
    error: int
    state: str
    members: tuple[Member, ...]
    operations: int = OPERATIONS_NOT_RETURNED
    unreadable: str = ""


def describe_members(names: Sequence[str]) -> Request[tuple[MembersReply, ...]]:
    """Classic groups with their members, of their coordinator."""
    return _classic(names, operations=False, since=0)


def group_operations(names: Sequence[str]) -> Request[tuple[MembersReply, ...]]:
    """The same with the principal's authorised operations (brokers from 2.3 on)."""
    return _classic(names, operations=True, since=3)


def _classic(
    names: Sequence[str], *, operations: bool, since: int
) -> Request[tuple[MembersReply, ...]]:
    def write(w: Writer, version: int) -> None:
        w.strings(names)
        if version >= 3:
            w.boolean(operations)
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[MembersReply, ...]:
        if version >= 1:
            r.int32()
        return tuple(r.array(lambda: _group(r, version)))

    return Request(DESCRIBE_GROUPS, write, read, since=since, aside=True)


def _group(r: Reader, version: int) -> MembersReply:
    error, name, state, protocol_type = r.int16(), r.string(), r.string(), r.string()
    r.string()
    unreadable = ""
    members: list[Member] = []
    for _ in range(r.count()):
        member_id = r.string()
        if version >= 4:
            r.optional_string()
        client_id, host = r.string(), r.string()
        r.blob()
        assignment = r.blob() or b""
        r.end_struct()
        assigned: tuple[TopicPartition, ...] = ()
        if protocol_type == CONSUMER_PROTOCOL:
            try:
                assigned = decode_assignment(assignment)
            except DecodeError:
                unreadable = member_id
        members.append(Member(member_id, client_id, _address(host), assigned))
    granted = r.int32() if version >= 3 else OPERATIONS_NOT_RETURNED
    r.end_struct()
    return MembersReply(name, error, state, tuple(members), granted, unreadable)


def decode_assignment(data: bytes) -> tuple[TopicPartition, ...]:
    """Partitions of an assignment as Kafka's `ConsumerProtocolAssignment` has it; sorted.

    No bytes: nothing is assigned yet. Every version begins with the same fields. Raises
    DecodeError.
    """
    if not data:
        return ()
    r = Reader(data, flexible=False)
    r.int16()
    topics = r.array(lambda: (r.string(), r.int32s()))
    return tuple(sorted((topic, partition) for topic, parts in topics for partition in parts))


def _address(host: str) -> str:
    """Java writes an address as `/10.0.0.5`, or as `name/10.0.0.5` where it knows a name."""
    return host.rpartition("/")[2]


def describe_consumer_members(names: Sequence[str]) -> Request[tuple[MembersReply, ...]]:
    """Groups of the newer consumer protocol (KIP-848) with their members, of their coordinator."""

    def write(w: Writer, version: int) -> None:
        w.strings(names)
        w.boolean(False)
        w.end_struct()

    def read(r: Reader, version: int) -> tuple[MembersReply, ...]:
        r.int32()
        return tuple(r.array(lambda: _consumer_group(r, version)))

    return Request(CONSUMER_GROUP_DESCRIBE, write, read, aside=True)


def _consumer_group(r: Reader, version: int) -> MembersReply:
    error = r.int16()
    r.optional_string()
    name, state = r.string(), r.string()
    r.int32()
    r.int32()
    r.string()
    members = tuple(r.array(lambda: _consumer_member(r, version)))
    granted = r.int32()
    r.end_struct()
    return MembersReply(name, error, state, members, granted)


def _consumer_member(r: Reader, version: int) -> Member:
    member_id = r.string()
    r.optional_string()
    r.optional_string()
    r.int32()
    client_id, host = r.string(), r.string()
    r.array(r.string)
    r.optional_string()
    assigned = _assignment(r)
    _assignment(r)
    if version >= 1:
        r.int8()
    r.end_struct()
    return Member(member_id, client_id, _address(host), assigned)


def _assignment(r: Reader) -> tuple[TopicPartition, ...]:
    topics = r.array(lambda: _assigned_topic(r))
    r.end_struct()
    return tuple(sorted(tp for topic in topics for tp in topic))


def _assigned_topic(r: Reader) -> list[TopicPartition]:
    r.take(16)
    topic = r.string()
    partitions = [(topic, partition) for partition in r.int32s()]
    r.end_struct()
    return partitions
