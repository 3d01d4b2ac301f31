"""Carries groups' committed offsets over as they are: a part of the link's stand-in.

Leaves alone groups that are excluded, and topics that are promoted. A group with members on the
target refuses it, and that is as it should be.
"""

from __future__ import annotations

import asyncio
import time
from typing import Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from aiokafka.protocol.admin import ListGroupsRequest
from aiokafka.protocol.commit import OffsetCommitRequest, OffsetFetchRequest

from cockpit.lab.linkcopy import ask
from cockpit.lab.linkstate import LinkState

EVERY_S: Final = 1.0


class GroupSync:
    """Source to target, every second."""

    def __init__(
        self, state: LinkState, source: AIOKafkaClient, target: AIOKafkaClient, prefix: str
    ) -> None:
        """`prefix`: of the names of the groups that are carried over."""
        self._state = state
        self._source = source
        self._target = target
        self._prefix = prefix
        self._turn = asyncio.Lock()

    async def run(self) -> None:
        """Carry over for ever, whatever happens."""
        while True:
            try:
                async with self._turn:
                    await self._round()
            except (KafkaError, OSError, TimeoutError):
                pass  # the next round tries again; how old the last good one is, the status tells
            await asyncio.sleep(EVERY_S)

    async def exclude(self, group: str, *, excluded: bool) -> None:
        """From the return of this on a group is left alone, or carried over again."""
        async with self._turn:
            (self._state.excluded.add if excluded else self._state.excluded.discard)(group)
            self._state.save()

    async def _round(self) -> None:
        copied = {topic.name: sorted(topic.partitions) for topic in self._state.copied()}
        for name, _kind in (await ask(self._source, ListGroupsRequest())).groups if copied else ():
            if name.startswith(self._prefix) and name not in self._state.excluded:
                await self._carry(name, copied)
        self._state.synced_at_ms = time.time_ns() // 1_000_000

    async def _carry(self, group: str, copied: dict[str, list[int]]) -> None:
        wanted = list(copied.items())
        rows = []
        for topic, entries in (await ask(self._source, OffsetFetchRequest(group, wanted))).topics:
            commits = [(e[0], e[1], e[2] or "") for e in entries if e[1] >= 0 and not e[3]]
            if commits:
                rows.append((topic, commits))
        if rows:
            # Generation -1 and no member: taken only while the group has no members.
            await ask(self._target, OffsetCommitRequest(group, -1, "", -1, rows))
