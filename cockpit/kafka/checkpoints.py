"""MirrorMaker's checkpoints topic on the target, read from its start and then followed.

Shows what MirrorMaker wrote there for a group; whether it is right, others find out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from cockpit.core.observe import TopicPartition
from cockpit.core.survey import Checkpoint, CheckpointsSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.following import StateTopic
from cockpit.kafka.protocol.codec import DecodeError, Reader
from cockpit.kafka.protocol.fetch import Record
from cockpit.ports import Clock

_NAME: Final = re.compile(r"(?P<alias>.+?)(?P<separator>[._-]+)checkpoints(?P=separator)internal")
_VERSION: Final = 0

Key = tuple[str, TopicPartition]


class CheckpointsReader:
    """Reads CheckpointsSurveys."""

    def __init__(self, clock: Clock, target: Client) -> None:
        self._clock = clock
        self._checkpoints: dict[Key, Checkpoint] = {}
        self._topic = StateTopic(
            "checkpoints",
            (target,),
            "on the target",
            source_alias,
            take=self._take,
            forget=self._checkpoints.clear,
        )

    async def read(self, aliases: Iterable[str] = ()) -> CheckpointsSurvey:
        """Everything up to now, or a large part of it with `read_to_end` False.

        `aliases` are the mirror's names of the clusters; they decide between several topics.
        Raises PortError.
        """
        asked_at_ms = self._clock.now_ms()
        at_end = await self._topic.follow(aliases)
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


def source_alias(topic: str) -> str | None:
    """The source's alias in the name of a checkpoints topic, None: it is no such name.

    It is `<alias>.checkpoints.internal`, with the separator that the mirror's policy has.
    """
    match = _NAME.fullmatch(topic)
    return match["alias"] if match else None


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
