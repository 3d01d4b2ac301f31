"""Somebody who looks on over the socket, and what the recording must have of all that was shown."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from cockpit.core.snapshot import Snapshot
from cockpit.engine.folders import socket_path
from cockpit.engine.remote import RemoteSession
from cockpit.replay.rerun import Verified, digest_tree, verify
from cockpit.report.build import report
from cockpit.report.html import html
from cockpit.report.reading import material
from cockpit.wire.recording import Reader
from cockpit.wire.values import WireError


def digest(snapshot: Snapshot) -> str:
    """Equal digests are equal snapshots, in every part."""
    return hashlib.sha256(repr(digest_tree(snapshot)).encode()).hexdigest()


class Witness:
    """Keeps what the newest engine of a state folder shows, while it flies."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, name="witness")
        self.seen: dict[tuple[str, int], Snapshot] = {}
        """By session and sequence number."""

    def begin(self) -> None:
        """Look on from now."""
        self._thread.start()

    def end(self) -> None:
        """Look away."""
        self._over.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            for session in (self._state / "cockpit" / "sessions").glob("*"):
                with contextlib.suppress(OSError, WireError):
                    asyncio.run(self._follow(self._socket(session.name)))

    def _socket(self, session: str) -> Path:
        """As the engine names it: beside the state, or elsewhere when that name grows too long."""
        return socket_path({"XDG_RUNTIME_DIR": str(self._state)}, session)

    async def _follow(self, socket: Path) -> None:
        session = await RemoteSession.connect(socket)
        try:
            async for snapshot in session.snapshots():
                self.seen[snapshot.status.session, snapshot.seq] = snapshot
                if self._over.is_set():
                    return
        finally:
            await session.close()


@contextlib.contextmanager
def witness(state: Path) -> Iterator[Witness]:
    """A witness of all flights in a state folder meanwhile."""
    looking = Witness(state)
    looking.begin()
    try:
        yield looking
    finally:
        looking.end()


def assert_recorded(state: Path, seen: Witness, *, moments: int = 100) -> None:
    """Each recording of a state folder is whole: what was shown is in it, every verdict comes out
    the same again, and its report is the same twice and quick."""
    compared = 0
    for path in sorted((state / "cockpit" / "sessions").glob("*/recording.ckrec")):
        reader = Reader(path.read_bytes())
        assert not reader.damages()
        assert not reader.gaps()
        by_seq = {}
        for frame in reader.walk():
            snapshot = frame.snapshot()
            by_seq[snapshot.status.session, snapshot.seq] = digest(snapshot)
        for key, snapshot in seen.seen.items():
            if key[0] == path.parent.name:
                assert by_seq[key] == digest(snapshot), key
                compared += 1
        found = Verified()
        assert list(verify(reader, found)) == []
        assert found.frames == found.exact == len(by_seq)
        begun_s = time.monotonic()  # a test's own watch
        page = html(report(material(reader)))
        assert time.monotonic() - begun_s < 60  # as above
        assert html(report(material(reader))) == page
    assert compared >= moments, f"looked on at {len(seen.seen)} moments, {compared} are recorded"
