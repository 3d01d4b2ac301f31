"""A broker that only says what observing asks for, at sizes that a real one would not bear here.

A process of its own, so that its CPU is not ours. Its offsets grow by one from answer to answer;
nothing else ever changes, unless it is told to answer errors. Never keeps anything.
"""

from __future__ import annotations

import argparse
import asyncio
import struct
import sys
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from cockpit.kafka.protocol.codec import Writer

LIST_OFFSETS, METADATA, OFFSET_FETCH, FIND, DESCRIBE, LIST_GROUPS, VERSIONS = (
    2,
    3,
    9,
    10,
    15,
    16,
    18,
)
SPOKEN = {LIST_OFFSETS: 7, METADATA: 9, OFFSET_FETCH: 8, FIND: 4, DESCRIBE: 5, LIST_GROUPS: 4}
"""The one version of each API that is spoken here; all of them flexible."""
NOT_LEADER, NOT_COORDINATOR = 6, 16
EARLIEST = struct.pack(">q", -2)
"""The timestamp that asks for log starts: those are 0 and stay it."""


class Synthetic:
    """Replies of one size, made once."""

    def __init__(self, *, topics: int, partitions: int, groups: int, failing: bool) -> None:
        self._topics = [f"topic-{n:05d}" for n in range(topics)]
        self._groups = [f"group-{n:05d}" for n in range(groups)]
        self._partitions = partitions
        self._failing = failing
        self._asked = 0
        self._made: dict[int, tuple[bytearray, NDArray[np.int64]]] = {}
        self.port = 0

    def reply(self, key: int, request: bytes) -> bytes:
        """The body of an answer."""
        match key:
            case 2 if EARLIEST in request:
                return self._list_offsets()[0]
            case 2:
                return self._moving(key, self._list_offsets)
            case 9:
                return self._moving(key, self._offset_fetch)
            case 3:
                return self._metadata(topics=request[:1] != b"\1")
            case 10:
                return self._find()
            case 15:
                return self._describe()
            case 16:
                return self._list_groups()
            case _:
                raise ValueError(f"API {key} is not spoken here")

    def _moving(self, key: int, make: Callable[[], tuple[bytes, list[int]]]) -> bytes:
        """A reply whose offsets are all one higher than in the last."""
        if key not in self._made:
            body, at = make()
            columns = np.array(at, dtype=np.int64)[:, None] + np.arange(8)
            self._made[key] = bytearray(body), columns
        frame, columns = self._made[key]
        self._asked += 1
        value = np.frombuffer(struct.pack(">q", 1_000 + self._asked), np.uint8)
        np.frombuffer(frame, np.uint8)[columns] = value
        return bytes(frame)

    def _list_offsets(self) -> tuple[bytes, list[int]]:
        entry = struct.Struct(">ihqqix")
        code = NOT_LEADER if self._failing else 0
        rows = b"".join(entry.pack(p, code, -1, 0, 0) for p in range(self._partitions))
        return self._columns(self._topics, rows, first=14, stride=entry.size)

    def _offset_fetch(self) -> tuple[bytes, list[int]]:
        entry = struct.Struct(">iqibhx")
        rows = b"".join(entry.pack(p, 0, -1, 1, 0) for p in range(self._partitions))
        tail = struct.pack(">hx", NOT_COORDINATOR if self._failing else 0)

        def topics(number: int) -> bytes:
            w = Writer(flexible=True)
            w.count(1)
            w.string(self._topics[number % len(self._topics)])
            w.count(self._partitions)
            return w.done()

        parts, at, size = self._head(len(self._groups))
        for number, name in enumerate(self._groups):
            w = Writer(flexible=True)
            w.string(name)
            w.raw(topics(number))
            head = w.done()
            first = size + len(head) + 4
            at += [first + i * entry.size for i in range(self._partitions)]
            parts += [head, rows, b"\0", tail]
            size += len(head) + len(rows) + 1 + len(tail)
        return b"".join([*parts, b"\0"]), at

    def _head(self, count: int) -> tuple[list[bytes], list[int], int]:
        w = Writer(flexible=True)
        w.int32(0)
        w.count(count)
        return [w.done()], [], len(w.done())

    def _columns(
        self, names: list[str], rows: bytes, *, first: int, stride: int
    ) -> tuple[bytes, list[int]]:
        parts, at, size = self._head(len(names))
        for name in names:
            w = Writer(flexible=True)
            w.string(name)
            w.count(self._partitions)
            head = w.done()
            begin = size + len(head) + first
            at += [begin + i * stride for i in range(self._partitions)]
            parts += [head, rows, b"\0"]
            size += len(head) + len(rows) + 1
        return b"".join([*parts, b"\0"]), at

    def _metadata(self, *, topics: bool) -> bytes:
        partition = struct.Struct(">hiiibibibx")
        rows = b"".join(partition.pack(0, p, 1, 0, 2, 1, 2, 1, 1) for p in range(self._partitions))
        w = Writer(flexible=True)
        w.int32(0)
        w.count(1)
        w.int32(1)
        w.string("127.0.0.1")
        w.int32(self.port)
        w.string(None)
        w.end_struct()
        w.string("synthetic")
        w.int32(1)
        names = self._topics if topics else []
        w.count(len(names))
        for name in names:
            w.int16(0)
            w.string(name)
            w.boolean(False)
            w.count(self._partitions)
            w.raw(rows)
            w.int32(-(2**31))
            w.end_struct()
        w.int32(-(2**31))
        w.end_struct()
        return w.done()

    def _find(self) -> bytes:
        w = Writer(flexible=True)
        w.int32(0)
        w.count(0)
        w.end_struct()
        return w.done()

    def _list_groups(self) -> bytes:
        w = Writer(flexible=True)
        w.int32(0)
        w.int16(0)
        w.count(len(self._groups))
        for name in self._groups:
            w.string(name)
            w.string("consumer")
            w.string("Empty")
            w.end_struct()
        w.end_struct()
        return w.done()

    def _describe(self) -> bytes:
        w = Writer(flexible=True)
        w.int32(0)
        w.count(len(self._groups))
        for name in self._groups:
            w.int16(0)
            w.string(name)
            w.string("Empty")
            w.string("consumer")
            w.string("")
            w.count(0)
            w.int32(-(2**31))
            w.end_struct()
        w.end_struct()
        return w.done()

    def versions(self) -> bytes:
        """ApiVersions, in its first version."""
        spans = {VERSIONS: 0, **SPOKEN}
        body = struct.pack(">hi", 0, len(spans))
        return body + b"".join(struct.pack(">hhh", key, v, v) for key, v in spans.items())


async def _serve(
    broker: Synthetic, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        while True:
            (size,) = struct.unpack(">i", await reader.readexactly(4))
            frame = await reader.readexactly(size)
            key, _, correlation, size = struct.unpack_from(">hhih", frame)
            request = frame[10 + max(size, 0) + 1 :]
            body = broker.versions() if key == VERSIONS else b"\0" + broker.reply(key, request)
            writer.write(struct.pack(">ii", len(body) + 4, correlation) + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _run(broker: Synthetic) -> None:
    writers: list[asyncio.StreamWriter] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        await _serve(broker, reader, writer)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, limit=2**24)
    broker.port = listener.sockets[0].getsockname()[1]
    sys.stdout.write(f"{broker.port}\n")
    sys.stdout.flush()
    # Whoever started us holds our standard input: when it goes, so do we.
    await asyncio.to_thread(sys.stdin.read)
    listener.close()
    for writer in writers:
        writer.close()
    await asyncio.sleep(0.1)


def main() -> None:
    """Serve until standard input ends; prints the port."""
    parser = argparse.ArgumentParser()
    for name in ("topics", "partitions", "groups"):
        parser.add_argument(f"--{name}", type=int, required=True)
    parser.add_argument("--failing", action="store_true")
    options = parser.parse_args()
    broker = Synthetic(
        topics=options.topics,
        partitions=options.partitions,
        groups=options.groups,
        failing=options.failing,
    )
    asyncio.run(_run(broker))


if __name__ == "__main__":
    main()
