"""MirrorMaker's checkpoints topic on the target, read from its start and then followed.

Shows what MirrorMaker wrote there for a group; whether it is right, others find out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from cockpit.core.mirrorsurvey import Checkpoint, CheckpointsSurvey
from cockpit.core.observe import TopicPartition
from cockpit.core.rights import MirrorNames
from cockpit.kafka.client import Client
from cockpit.kafka.following import StateTopic
from cockpit.kafka.protocol.codec import DecodeError, Reader
from cockpit.kafka.protocol.fetch import Record
from cockpit.ports import Clock

_VERSION: Final = 0

Key = tuple[str, TopicPartition]


class CheckpointsReader:
    """Reads CheckpointsSurveys."""

    def __init__(self, clock: Clock, target: Client) -> None:
        self._clock = clock
        self._checkpoints: dict[Key, Checkpoint] = {}
        self._target = target
        self._topic = StateTopic("checkpoints", take=self._take, forget=self._checkpoints.clear)

    async def read(self, names: MirrorNames) -> CheckpointsSurvey:
        """Everything up to now, or a large part of it with `read_to_end` False.

        Raises PortError.
        """
        asked_at_ms = self._clock.now_ms()
        topic = names.checkpoints_topic()
        at_end = await self._topic.follow(self._target, topic, "on the target")
        return CheckpointsSurvey(
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            checkpoints=dict(self._checkpoints),
            read_to_end=at_end,
        )

    def _take(self, records: Sequence[Record]) -> None:
        for key, checkpoint in [decode_checkpoint(r) for r in records if r.key is not None]:
            if checkpoint is None:
                self._checkpoints.pop(key, None)
            else:
                self._checkpoints[key] = checkpoint


def decode_checkpoint(record: Record) -> tuple[Key, Checkpoint | None]:
    """Group and target partition of a checkpoint, and what it says; None for a tombstone.

    The key is group and topic, each with an int16 length, and an int32 partition; the value an
    int16 version, two int64 and a string with metadata (Kafka's `Checkpoint`). Raises DecodeError.
    """
    key = Reader(record.key or b"", flexible=False)
    group, topic, partition = key.string(), key.string(), key.int32()
    name = (group, (topic, partition))
    if record.value is None:
        return name, None
    value = Reader(record.value, flexible=False)
    version = value.int16()
    if version != _VERSION:
        raise DecodeError(f"checkpoint of version {version}")
    return name, Checkpoint(value.int64(), value.int64(), record.timestamp_ms)
