"""The engine's end of the socket, with a made-up flight: everything is encoded before anybody
connects, and sent at its pace whether or not it is read, so that feeding costs next to nothing.

Run as a process of its own: `python -m cockpit.cli.screenbench.feed FOLDER ROWS SHARE TICKS MS`.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from cockpit.cli.screenbench.load import Tide, ticks
from cockpit.engine.folders import SessionFolder
from cockpit.wire.frames import BEGIN, STREAM, frame, hello, json_bytes, past
from cockpit.wire.live import LiveEncoder

LEAD = 31
"""Ticks before the first that is sent: by then rows are in the order of their rates."""
MAX_UNREAD_BYTES = 32 * 1024 * 1024


def encoded(tide: Tide, count: int) -> tuple[bytes, list[bytes]]:
    """What somebody who joins is given first, and what comes with each tick after it."""
    encoder = LiveEncoder(1)
    found: list[bytes] = []
    lead = b""
    for number, moment in enumerate(ticks(tide)):
        for event in moment.inputs:
            encoder.observe(event)
        payloads = encoder.publish(moment.snapshot)
        if number == LEAD:
            head = frame(BEGIN, json_bytes(encoder.head.as_tree()))
            joining = encoder.joining()
            lead = head + b"".join(frame(STREAM[one.kind], one.content) for one in joining)
        elif number > LEAD:
            found.append(b"".join(frame(STREAM[one.kind], one.content) for one in payloads))
        if len(found) == count:
            return lead, found
    raise AssertionError("ticks go on for ever")


class Feed:
    """Serves each who connects the whole flight, from its beginning."""

    def __init__(self, lead: bytes, then: list[bytes], every_s: float) -> None:
        self._lead, self._then, self._every_s = lead, then, every_s

    async def client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Until the other end leaves."""
        del reader  # whoever looks on here asks for nothing
        loop = asyncio.get_running_loop()
        writer.write(hello(session="bench", engine="bench", seat="1") + past(()))
        writer.write(self._lead)
        begun_s = loop.time()
        for number, content in enumerate(self._then):
            await asyncio.sleep(begun_s + number * self._every_s - loop.time())
            if writer.is_closing() or writer.transport.get_write_buffer_size() > MAX_UNREAD_BYTES:
                break
            writer.write(content)
        writer.close()


async def serve(folder: SessionFolder, feed: Feed) -> None:
    """Until this process is ended."""
    socket = folder.path / "s"
    server = await asyncio.start_unix_server(feed.client, path=socket)
    socket.chmod(0o600)
    meta = {"plan": "bench", "pid": os.getpid(), "socket": str(socket)}
    folder.meta.write_text(json.dumps(meta))
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    async with server:
        await server.serve_forever()


def main(words: list[str]) -> None:
    """Encode, then serve."""
    path, rows, share, count, every_ms = words
    tide = Tide(int(rows), float(share), int(every_ms))
    feed = Feed(*encoded(tide, int(count)), int(every_ms) / 1_000)
    with suppress(KeyboardInterrupt):
        asyncio.run(serve(SessionFolder(Path(path)), feed))


if __name__ == "__main__":
    main(sys.argv[1:])
