"""First offsets since a time: where a group goes on that resumes at a timestamp.

Asks with ListOffsets and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cockpit.core.observe import TopicPartition, partition_text
from cockpit.core.plan import Plan
from cockpit.kafka.client import Client
from cockpit.kafka.effects.offsets import Layout, lay_out, offsets_at, offsets_of
from cockpit.kafka.protocol.offsets import LATEST
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

EVERY_MS: Final = 2_000


async def since(
    client: Client, layout: Layout, names: Sequence[TopicPartition], at_ms: int
) -> dict[TopicPartition, int]:
    """The first offset of each partition with a record of this time or a later one; the end where
    there is none. Raises PortError."""
    # The ends first: a record that arrives in between is read, never skipped.
    ends = await offsets_of(client, layout, LATEST)
    found = await offsets_at(client, layout, dict.fromkeys(names, at_ms))
    offsets: dict[TopicPartition, int] = {}
    for name in names:
        if name not in found:
            raise PortError("protocol", one_line(f"{partition_text(name)}: no offset answered"))
        offsets[name] = found[name] if found[name] >= 0 else ends[name]
    return offsets


class TimeSeeks:
    """Looks up on the target, now and then, what groups that resume at a timestamp would get."""

    def __init__(self, plan: Plan, clock: Clock, target: Client) -> None:
        self._services = [s for s in plan.services if s.resume == "timestamp" and s.group]
        self._clock = clock
        self._target = target
        self._found: dict[tuple[str, TopicPartition], int] = {}
        self._at_ms = 0

    async def read(self) -> Mapping[tuple[str, TopicPartition], int]:
        """By group and partition; nothing of a group that could not be looked up. Never raises
        PortError."""
        now_ms = self._clock.now_ms()
        if not self._services or now_ms - self._at_ms < EVERY_MS:
            return self._found
        self._at_ms, self._found = now_ms, {}
        for service in self._services:
            assert service.group is not None
            assert service.offsets is not None
            assert service.offsets.at_ms is not None
            try:
                layout = await lay_out(self._target, sorted(set(service.consumes)))
                names = tuple(layout.leader)
                offsets = await since(self._target, layout, names, service.offsets.at_ms)
            except PortError:
                continue
            self._found |= {(service.group, name): offset for name, offset in offsets.items()}
        return self._found
