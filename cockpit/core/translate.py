"""MirrorMaker's own translation of a source offset to a target offset, slot by slot.

Never claims more than MirrorMaker does: between two syncs nobody knows which source records were
written, so only "one past the sync" is certain.

The algorithm is that of `OffsetSyncStore` in Kafka Connect's mirror module, 3.5.2 to 4.3.1. For
each source partition 64 slots of (source offset, target offset) are kept, the newest in slot 0,
ever sparser towards the oldest, so that precision falls with the distance from the end of the log:

    B  slot i at most 2**j - 2**i offsets beyond slot j, for i < j
    C  slot i at least 2**max(i - 2, 0) offsets beyond slot j, for distinct i < j
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.core.observe import TopicPartition, Unknown

Sync = tuple[int, int]
"""A source offset, and the target offset of the same record."""

SLOTS: Final = 64


def translate(slots: tuple[Sync, ...], source_offset: int) -> int | Unknown:
    """The target offset that MirrorMaker gives for a committed source offset.

    `slots` are newest first, as `OffsetSyncStore.slots` returns them. Unknown where MirrorMaker
    writes no checkpoint: before the first sync, and below the oldest one that it kept.
    """
    for source, target in slots:
        if source == source_offset:
            return target
        if source < source_offset:
            return target + 1
    if not slots:
        return Unknown("the mirror has written no offset sync for this partition")
    return Unknown(f"offset {source_offset} is before the mirror's oldest kept sync")


class OffsetSyncStore:
    """Syncs of every source partition, kept the way MirrorMaker keeps them.

    `must_read_to_end` is MirrorMaker's state when it could not read its own checkpoints back: of
    the syncs that it finds at start, it then keeps only the last one of each partition.
    """

    __slots__ = ("_by_partition", "_must_read_to_end", "_reading_history")

    def __init__(self, *, must_read_to_end: bool = False) -> None:
        self._by_partition: dict[TopicPartition, list[Sync]] = {}
        self._must_read_to_end = must_read_to_end
        self._reading_history = True

    def put(self, partition: TopicPartition, source_offset: int, target_offset: int) -> None:
        """Take the next sync of the topic, in the topic's order."""
        new = (source_offset, target_offset)
        slots = self._by_partition.get(partition)
        if slots is None:
            self._by_partition[partition] = [new] * SLOTS
        elif source_offset < slots[0][0] or (self._reading_history and self._must_read_to_end):
            slots[:] = [new] * SLOTS
        else:
            _insert(slots, new)

    def reached_end(self) -> None:
        """The history that was there at start has been read."""
        self._reading_history = False

    def clear(self) -> None:
        """Forget everything: the topic was deleted and made again."""
        self._by_partition.clear()
        self._reading_history = True

    def slots(self) -> Mapping[TopicPartition, tuple[Sync, ...]]:
        """For each source partition its distinct syncs, newest first."""
        return {tp: tuple(dict.fromkeys(slots)) for tp, slots in self._by_partition.items()}

    def translate(self, partition: TopicPartition, source_offset: int) -> int | Unknown:
        """`translate` of this module over the syncs of one partition."""
        return translate(tuple(self._by_partition.get(partition, ())), source_offset)


def _near_enough(newer: Sync, older: Sync, i: int, j: int) -> bool:
    """Invariant B for slots i < j."""
    return newer[0] <= older[0] + (1 << j) - (1 << i)


def _far_enough(newer: Sync, older: Sync, i: int) -> bool:
    """Invariant C for slot i and an older slot."""
    return newer[0] >= older[0] + (1 << max(i - 2, 0))


def _insert(slots: list[Sync], new: Sync) -> None:
    """Put the newest sync into slot 0 and push older ones outwards until the invariants hold."""
    before = slots.copy()
    slots[0] = replacement = new
    read = 0
    for current in range(1, SLOTS):
        previous = current - 1
        while True:
            old = before[read]
            far = _far_enough(slots[previous], old, previous)
            promoted = (
                _near_enough(slots[previous], old, previous, current)
                and far
                and (current == SLOTS - 1 or _far_enough(old, slots[current + 1], current))
            )
            skipped = old == before[min(read + 1, SLOTS - 1)] or not far
            if promoted:
                replacement = old
            if promoted or skipped:
                read += 1
            if not skipped or read >= current:
                break
        if _near_enough(slots[previous], slots[current], previous, current):
            return
        slots[current] = replacement
