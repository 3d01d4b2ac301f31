"""Topics of every kind on two real clusters, mirrored, and logs read whole by another reader."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from tests.kafka.real import library_options, producer_as

if TYPE_CHECKING:
    from cockpit.core.plan import Side
    from cockpit.lab.looking import Status

PARTITIONS = 2
SIZE = 160
START_MS = int(time.time() * 1000) - 3_600_000


Row = tuple[bytes | None, bytes | None, list[tuple[str, bytes | None]], int]
"""Key, value, headers and time."""


@dataclass(frozen=True)
class Kind:
    """What one topic holds, and how sure answers about it must be."""

    name: str
    rows: Callable[[], list[Row]]
    exact: float
    """Least share of EXACT among the answers."""
    codec: str | None = None
    in_transactions: bool = False
    """Written in transactions of all lengths, of which every third is aborted."""
    by_hand: bool = False
    """The test itself is its mirror, not MirrorMaker."""
    committed: bool = False
    """Its mirror leaves out aborted records."""
    config: tuple[tuple[str, str], ...] = ()
    target_config: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Seen:
    """A record as another reader sees it."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    time_ms: int


def plain() -> list[Row]:
    """Keyed records, each with its own value."""
    return [
        (b"key-%d" % (i % 17), b"value-%d" % i + b"x" * 40, [], START_MS + i * 3)
        for i in range(SIZE)
    ]


def bare() -> list[Row]:
    """Null keys, null values, empty ones, headers of every sort."""
    rows: list[Row] = []
    for i in range(SIZE):
        key = (None, b"", b"k%d" % i)[i % 3]
        value = (b"v%d" % i, None, b"")[i % 3 if i % 9 else 0]
        headers = [("n", b"%d" % i), ("n", b"%d" % i), ("void", None), ("e", b"")][: i % 5]
        rows.append((key, value, headers, START_MS + i * 2))
    return rows


def equal() -> list[Row]:
    """Runs of records equal in everything, time included."""
    return [(b"k", b"v%d" % (i // 4 % 3), [], START_MS + i // 5) for i in range(SIZE)]


def disordered() -> list[Row]:
    """Times that run backwards as well, and one from far ahead."""
    times = [START_MS + (i * 7919) % 5_000 for i in range(SIZE)]
    times[5] = START_MS + 3_000_000
    return [(b"k%d" % (i % 5), b"v%d" % i, [], t) for i, t in enumerate(times)]


def compacted() -> list[Row]:
    """Few keys, written again and again, some deleted."""
    return [
        (b"k%d" % (i * i % 23), None if i % 29 == 0 else b"c%d" % i, [], START_MS + i)
        for i in range(SIZE)
    ]


async def finish(lab: Status, kind: Kind, topic: str) -> None:
    """One record much younger than the others: it begins a new segment, and a cleaner takes no
    other than old ones."""
    row: Row = (b"end", b"end", [], START_MS + 600_000)
    for side in ("source", "target") if kind.by_hand else ("source",):
        async with producer_as(lab, "admin", side=side) as producer:
            await _send(producer, topic, [row])


async def fill(lab: Status, kind: Kind, topic: str) -> None:
    """Write a topic of this kind on the source."""
    options: dict[str, Any] = {"compression_type": kind.codec, "linger_ms": 5}
    if kind.in_transactions:
        options["transactional_id"] = topic
    async with producer_as(lab, "admin", **options) as producer:
        rows = kind.rows()
        if not kind.in_transactions:
            await _send(producer, topic, rows)
            return
        at = 0
        for number in range(100):
            await producer.begin_transaction()
            await _send(producer, topic, rows[at : at + 1 + number % 6])
            at += 1 + number % 6
            await (
                producer.abort_transaction() if number % 3 == 2 else producer.commit_transaction()
            )
            if at >= len(rows):
                return


async def _send(producer: Any, topic: str, rows: Iterable[Row]) -> None:
    for key, value, headers, time_ms in rows:
        for partition in range(PARTITIONS):
            await producer.send(
                topic,
                value,
                key,
                partition=partition,
                timestamp_ms=time_ms,
                headers=headers or None,
            )
    await producer.flush()


@dataclass(frozen=True)
class Whole:
    """A log read whole, and where it ended."""

    records: tuple[Seen, ...]
    end: int


async def read_all(
    lab: Status, side: Side, topics: Iterable[str], *, committed: bool
) -> dict[tuple[str, int], Whole]:
    """Every record that a consumer of this kind reads of these topics."""
    consumer = AIOKafkaConsumer(
        isolation_level="read_committed" if committed else "read_uncommitted",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        **library_options(lab, side, "admin"),
    )
    await consumer.start()
    try:
        tps = [TopicPartition(topic, p) for topic in topics for p in range(PARTITIONS)]
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        await consumer.seek_to_beginning(*tps)
        found: dict[TopicPartition, list[Seen]] = {tp: [] for tp in tps}
        for tp in tps:
            while await consumer.position(tp) < ends[tp]:
                for part, records in (await consumer.getmany(timeout_ms=100)).items():
                    found[part].extend(
                        Seen(
                            r.offset,
                            r.key,
                            r.value,
                            tuple(tuple(h) for h in r.headers),
                            r.timestamp,
                        )
                        for r in records
                        if r.offset < ends[part]
                    )
        return {(tp.topic, tp.partition): Whole(tuple(found[tp]), ends[tp]) for tp in tps}
    finally:
        await consumer.stop()


async def copy(lab: Status, kind: Kind, topic: str, runs: list[tuple[int, int]]) -> None:
    """Be the mirror: append these runs of the source's records to the target.

    One that reads committed records writes them in transactions, as MirrorMaker does with
    exactly-once on.
    """
    logs = await read_all(lab, "source", [topic], committed=kind.committed)
    rows: list[Row] = [(r.key, r.value, list(r.headers), r.time_ms) for r in logs[topic, 0].records]
    options: dict[str, Any] = {"transactional_id": f"m-{topic}"} if kind.committed else {}
    async with producer_as(lab, "admin", side="target", **options) as producer:
        for begin, end in runs:
            if not kind.committed:
                await _send(producer, topic, rows[begin:end])
                continue
            for at in range(begin, min(end, len(rows)), 12):
                await producer.begin_transaction()
                await _send(producer, topic, rows[at : at + 12])
                await producer.commit_transaction()


async def create(lab: Status, side: Side, topics: dict[str, dict[str, str]]) -> None:
    """Topics with these configs."""
    admin = AIOKafkaAdminClient(**library_options(lab, side, "admin"))
    await admin.start()
    try:
        await admin.create_topics(
            [NewTopic(name, PARTITIONS, 1, topic_configs=c) for name, c in topics.items()]
        )
    finally:
        await admin.close()


async def drop(lab: Status, side: Side, names: list[str]) -> None:
    """Delete those of these topics that are there."""
    admin = AIOKafkaAdminClient(**library_options(lab, side, "admin"))
    await admin.start()
    try:
        there = set(await admin.list_topics())
        await admin.delete_topics([name for name in names if name in there])
    finally:
        await admin.close()


async def expire(lab: Status, side: Side, topic: str, before: int) -> None:
    """Delete the records below an offset, as retention does."""
    admin = AIOKafkaAdminClient(**library_options(lab, side, "admin"))
    await admin.start()
    try:
        await admin.delete_records(
            {TopicPartition(topic, p): RecordsToDelete(before) for p in range(PARTITIONS)}
        )
    finally:
        await admin.close()


_CLEANED = (
    ("cleanup.policy", "compact"),
    ("segment.ms", "500"),
    ("min.cleanable.dirty.ratio", "0.0"),
    ("max.compaction.lag.ms", "500"),
    ("delete.retention.ms", "100"),
)

KINDS: tuple[Kind, ...] = (
    Kind("plain", plain, 1.0),
    Kind("gzip", plain, 1.0, codec="gzip"),
    Kind("snappy", plain, 1.0, codec="snappy"),
    Kind("lz4", plain, 1.0, codec="lz4"),
    Kind("zstd", plain, 1.0, codec="zstd"),
    Kind("bare", bare, 1.0),
    Kind("equal", equal, 0.9),
    Kind("disordered", disordered, 1.0),
    Kind("transactional", plain, 1.0, in_transactions=True),
    Kind("compacted", compacted, 0.9, config=_CLEANED),
    Kind("cleaned-here", compacted, 0.0, by_hand=True, config=_CLEANED),
    Kind("cleaned-there", compacted, 0.9, by_hand=True, target_config=_CLEANED),
    Kind("stamped", plain, 1.0, target_config=(("message.timestamp.type", "LogAppendTime"),)),
    Kind("old-gone", plain, 0.5),
    Kind("copies-gone", plain, 0.9),
    Kind("exactly-once", plain, 1.0, in_transactions=True, by_hand=True, committed=True),
    Kind("replayed", plain, 1.0, by_hand=True),
    Kind("twice", plain, 1.0, by_hand=True),
    Kind("behind", plain, 0.3, by_hand=True),
)

RUNS: dict[str, list[tuple[int, int]]] = {
    "exactly-once": [(0, SIZE)],
    "cleaned-here": [(0, SIZE)],
    "cleaned-there": [(0, SIZE)],
    "replayed": [(0, 100), (70, 130), (125, SIZE)],
    "twice": [(0, SIZE), (0, SIZE)],
    "behind": [(0, SIZE // 2)],
}
