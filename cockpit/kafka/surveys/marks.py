"""Commits of the plan's groups on the target with the mark that the cockpit leaves on its own.

Never decides who made a commit: the mirror copies marks. A group without commits has an empty
entry.
"""

from __future__ import annotations

from collections.abc import Iterable

from cockpit.core.mirrorsurvey import CommitMark, MarksSurvey
from cockpit.core.observe import TopicPartition
from cockpit.kafka.client import Client
from cockpit.kafka.effects.commits import METADATA
from cockpit.kafka.errors import GROUP_ID_NOT_FOUND, code_name
from cockpit.kafka.protocol.codec import Reader
from cockpit.kafka.protocol.commits import MANY_GROUPS_SINCE, OFFSET_FETCH, fetch_commits
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.roster import read_roster
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

Marks = tuple[int, dict[TopicPartition, CommitMark]]
"""A group's error code, and its commits."""


async def read_marks(client: Client, clock: Clock, groups: Iterable[str]) -> MarksSurvey:
    """One survey. Raises PortError when no broker lists its groups."""
    asked_at_ms = clock.now_ms()
    wanted = frozenset(groups)
    roster = await read_roster(client, wanted, {}, others=False, asked_at_ms=asked_at_ms)
    found: dict[str, dict[TopicPartition, CommitMark]] = {}
    unknown: dict[str, str] = {}
    for name, node in sorted(roster.node.items()):
        if name not in wanted:
            continue
        try:
            error, marks = await client.call(node, fetch_marks(name))
        except PortError as failure:
            unknown[name] = one_line(failure.reason)
            continue
        if error in (0, GROUP_ID_NOT_FOUND):
            found[name] = marks
        else:
            unknown[name] = code_name(error)
    return MarksSurvey(asked_at_ms, clock.now_ms(), found, unknown)


def fetch_marks(group: str) -> Request[Marks]:
    """All commits of a group with their metadata: OffsetFetch, which others read without."""

    def read(r: Reader, version: int) -> Marks:
        r.skip(4 if version >= 3 else 0)
        if version < MANY_GROUPS_SINCE:
            return _group(r, version)
        found: Marks = (0, {})
        for _ in range(r.count()):
            r.string()
            found = _group(r, version)
        return found

    return Request(OFFSET_FETCH, fetch_commits([group]).write, read)


def _group(r: Reader, version: int) -> Marks:
    marks: dict[TopicPartition, CommitMark] = {}
    for _ in range(r.count()):
        topic = r.string()
        for _ in range(r.count()):
            partition, offset = r.int32(), r.int64()
            r.skip(4 if version >= 5 else 0)
            ours = r.optional_string() == METADATA
            if not r.int16() and offset >= 0:
                marks[topic, partition] = CommitMark(offset, ours)
            r.end_struct()
        r.end_struct()
    error = r.int16() if version >= 2 else 0
    r.end_struct()
    return error, marks
