"""Bytes on the disks of every broker: StorageSurvey.

A broker that does not answer is unknown and never counted as empty.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.observe import TopicPartition, Unknown
from cockpit.core.plan import Side
from cockpit.core.survey import LogDir, StorageSurvey
from cockpit.kafka.client import Client
from cockpit.kafka.errors import code_error, code_name
from cockpit.kafka.protocol.storage import (
    NOT_TOLD,
    LogDirReply,
    LogDirsReply,
    describe_log_dirs,
)
from cockpit.kafka.surveys.age import plain, too_old
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

_TOO_OLD: Final = too_old("1.0", "does not tell the sizes of its logs")
_NO_DIRS: Final = "no log directory answered: the right to describe the cluster is missing"


async def read_storage(side: Side, client: Client, clock: Clock) -> StorageSurvey:
    """One survey. Raises PortError when no broker answers."""
    asked_at_ms = clock.now_ms()
    nodes = await client.brokers()
    answers, failures = await client.ask_each({node: describe_log_dirs() for node in nodes})
    sizes: dict[TopicPartition, int] = {}
    dirs: list[LogDir] = []
    for node, reply in sorted(answers.items()):
        refusal = _refusal(reply)
        if refusal is not None:
            failures[node] = refusal
            continue
        for found in reply.dirs:
            dirs.append(_dir(node, found))
            _add(sizes, found)
    if failures and not dirs:
        raise plain(failures[min(failures)], _TOO_OLD)
    unknown = {node: plain(error, _TOO_OLD).reason for node, error in failures.items()}
    return StorageSurvey(side, asked_at_ms, clock.now_ms(), sizes, tuple(dirs), unknown)


def _refusal(reply: LogDirsReply) -> PortError | None:
    if reply.error:
        return code_error(reply.error, "log directories")
    # Every broker has a directory: brokers before 3.2 leave them out instead of refusing.
    return None if reply.dirs else PortError("refused", _NO_DIRS)


def _add(sizes: dict[TopicPartition, int], found: LogDirReply) -> None:
    for replica in found.replicas:
        if not replica.future:
            tp = (replica.topic, replica.partition)
            sizes[tp] = max(sizes.get(tp, 0), replica.size_bytes)


def _dir(node: int, found: LogDirReply) -> LogDir:
    error = code_name(found.error) if found.error else ""

    def told(size_bytes: int) -> int | Unknown:
        if size_bytes != NOT_TOLD:
            return size_bytes
        return Unknown(error or too_old("3.3", "does not tell the size of a volume"))

    path = one_line(found.path)
    return LogDir(node, path, told(found.total_bytes), told(found.usable_bytes), error)
