"""CommitOffsets: a group's place, set while the group is empty.

The cluster itself refuses while the group has members; nothing here works around that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cockpit.core.actions import CommitOffsets, Finding
from cockpit.core.observe import TopicPartition, partition_text
from cockpit.core.plan import Side
from cockpit.kafka.client import Client
from cockpit.kafka.effects.old_commits import OldPlaces, read_old, write_old
from cockpit.kafka.effects.outcome import changing
from cockpit.kafka.errors import GROUP_ID_NOT_FOUND, code_error, code_name
from cockpit.kafka.protocol.commits import (
    OFFSET_FETCH,
    GroupCommits,
    PartitionErrors,
    commit,
    delete_commits,
    fetch_commits,
)
from cockpit.kafka.protocol.groups import find_coordinators
from cockpit.kafka.text import one_line
from cockpit.ports import OutcomeUnknownError, PortError

METADATA: Final = "cockpit"
HAS_MEMBERS: Final = frozenset({22, 25, 27, 68, 86})
"""What a coordinator answers to nobody's commit while the group is alive."""


class OffsetCommits:
    """Commits on either cluster."""

    def __init__(self, *, source: Client, target: Client) -> None:
        self._clients: Mapping[Side, Client] = {"source": source, "target": target}

    async def check(self, action: CommitOffsets) -> Finding:
        """Whether the commits are as wanted. Raises PortError."""
        previous = (await self._read(action)).offsets
        wrong = [(tp, want) for tp, want in action.offsets if previous[tp] != want]
        if not wrong:
            return Finding(True, one_line(f"{len(previous)} offsets of {action.group} as wanted"))
        (topic, partition), want = wrong[0]
        has = previous[topic, partition]
        return Finding(
            False,
            one_line(
                f"{len(wrong)} offsets of {action.group} differ:"
                f" {topic}/{partition} is {_text(has)}, wanted {_text(want)}"
            ),
            _before(previous),
        )

    async def do(self, action: CommitOffsets) -> Mapping[str, Any]:
        """Commit and delete. Raises PortError or OutcomeUnknownError."""
        places = await self._read(action)
        previous = places.offsets
        wanted = [(tp, offset) for tp, offset in action.offsets if offset is not None]
        gone = [tp for tp, offset in action.offsets if offset is None and previous[tp] is not None]
        client = self._clients[action.side]
        if gone and places.old is not None:
            raise PortError("unsupported", "brokers before 0.9 forget no commit")
        if wanted:
            with changing():
                errors = await places.commit(client, action.group, wanted)
            _raise_for(action.group, errors, len(wanted))
        if gone:
            try:
                await self._delete(client, places.node, action.group, gone)
            except PortError as error:
                if wanted:
                    why = f"committed, but not deleted: {error.reason}"
                    raise OutcomeUnknownError(one_line(why)) from error
                raise
        return _before(previous)

    async def _delete(
        self, client: Client, node: int, group: str, partitions: list[TopicPartition]
    ) -> None:
        with changing():
            error, errors = await client.call(node, delete_commits(group, partitions))
        if error and error != GROUP_ID_NOT_FOUND:
            raise _refusal(group, error)
        _raise_for(group, errors, len(partitions))

    async def _read(self, action: CommitOffsets) -> _Places:
        """Where the group's commits are, and those of the action's partitions."""
        client = self._clients[action.side]
        if not client.has_met():
            await client.brokers()
        if client.lacks(OFFSET_FETCH.key, OFFSET_FETCH.lowest):
            asked = [tp for tp, _ in action.offsets]
            old = await read_old(client, action.group, asked)
            return _Places({tp: old.offsets.get(tp) for tp in asked}, old=old)
        node = await _coordinator(client, action.group)
        (found,) = await client.call(node, fetch_commits([action.group], stable=True))
        _raise_for_group(found)
        committed = dict(zip(found.keys, found.offsets, strict=True))
        return _Places({tp: committed.get(tp) for tp, _ in action.offsets}, node)


@dataclass(frozen=True, slots=True)
class _Places:
    """A group's commits, and where new ones go: to its coordinator, or as old brokers keep them."""

    offsets: Mapping[TopicPartition, int | None]
    node: int = -1
    old: OldPlaces | None = None

    async def commit(
        self, client: Client, group: str, wanted: Sequence[tuple[TopicPartition, int]]
    ) -> PartitionErrors:
        """Raises PortError."""
        if self.old is not None:
            return await write_old(client, group, self.old, wanted, METADATA)
        return await client.call(self.node, commit(group, wanted, METADATA))


async def _coordinator(client: Client, group: str) -> int:
    (found,) = await client.ask_any(find_coordinators([group]))
    if found.error:
        raise code_error(found.error, f"coordinator of {group}")
    return found.node


def _raise_for_group(found: GroupCommits) -> None:
    if found.error and found.error != GROUP_ID_NOT_FOUND:
        raise code_error(found.error, f"commits of {found.group}")
    for (topic, partition), code in found.failed:
        raise code_error(code, f"commit of {found.group} for {topic}/{partition}")


def _raise_for(group: str, errors: PartitionErrors, count: int) -> None:
    failed = [(tp, code) for tp, code in errors if code]
    if not failed and len(errors) == count:
        return
    if not failed:
        raise OutcomeUnknownError(one_line(f"{group}: {len(errors)} answers for {count} offsets"))
    (topic, partition), code = failed[0]
    if len(failed) == len(errors) == count:
        raise _refusal(group, code)
    raise OutcomeUnknownError(
        one_line(f"{group}: done for some partitions only; {topic}/{partition}: {code_name(code)}")
    )


def _refusal(group: str, code: int) -> PortError:
    if code in HAS_MEMBERS:
        return PortError("refused", one_line(f"group {group} still has members ({code})"))
    return code_error(code, f"commit for {group}")


def _before(previous: Mapping[TopicPartition, int | None]) -> Mapping[str, Any]:
    return {"previous": {partition_text(tp): offset for tp, offset in sorted(previous.items())}}


def _text(offset: int | None) -> str:
    return "nothing" if offset is None else str(offset)
