"""SeekPlaces: where the target's partitions begin or end, or have their first record since a time.

Asks with ListOffsets and changes nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, assert_never

from cockpit.core.actions import SeekPlaces
from cockpit.core.observe import TopicPartition, partition_text
from cockpit.kafka.client import Client
from cockpit.kafka.effects.offsets import lay_out, offsets_of
from cockpit.kafka.protocol.offsets import EARLIEST, LATEST
from cockpit.kafka.since import since
from cockpit.kafka.text import one_line
from cockpit.ports import PortError


class PlaceSeek:
    """Looks places up on the target."""

    def __init__(self, target: Client) -> None:
        self._target = target

    async def do(self, action: SeekPlaces) -> Mapping[str, Any]:
        """The offsets of all partitions. Raises PortError where one is not answered in time."""
        try:
            async with asyncio.timeout(action.within_ms / 1000):
                found = await self._ask(action)
        except TimeoutError as error:
            reason = f"offsets of {action.group} not answered within {action.within_ms / 1000:g} s"
            raise PortError("slow", one_line(reason)) from error
        return {"sought": {partition_text(name): found[name] for name in action.partitions}}

    async def _ask(self, action: SeekPlaces) -> Mapping[TopicPartition, int]:
        topics = sorted({topic for topic, _ in action.partitions})
        layout = await lay_out(self._target, topics)
        for name in action.partitions:
            if name not in layout.leader:
                raise PortError("protocol", one_line(f"no {partition_text(name)} on the target"))
        match action.at:
            case "earliest":
                return await offsets_of(self._target, layout, EARLIEST)
            case "latest":
                return await offsets_of(self._target, layout, LATEST)
            case "timestamp":
                assert action.at_ms is not None
                return await since(self._target, layout, action.partitions, action.at_ms)
            case _:
                assert_never(action.at)
