"""Somebody who looks on over the socket, and what the recording must have of all that was shown."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from cockpit.core.snapshot import Snapshot
from cockpit.engine.folders import socket_path
from cockpit.engine.remote import RemoteSession
from cockpit.replay.rerun import Verified, digest_tree, verify
from cockpit.report.html import html
from cockpit.report.machine import as_json
from cockpit.wire.recording import Reader
from cockpit.wire.values import WireError
from tests.replay.screens import assert_same_screen
from tests.report.questions import assert_answered
from tests.report.raw import Raw
from tests.report.recount import assert_recounted
from tests.report.whole import whole_report

SIZE = (160, 45)
"""A screen with all panes."""


def digest(snapshot: Snapshot) -> str:
    """Equal digests are equal snapshots, in every part."""
    tree: Any = digest_tree(snapshot)
    # equal sets may list their members in another order
    *rest, columns = tree
    columns = [sorted(one) if isinstance(one, frozenset) else one for one in columns]
    return hashlib.sha256(repr([*rest, columns]).encode()).hexdigest()


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


def assert_recorded(
    state: Path, seen: Witness, *, moments: int = 100, recounted: bool = False
) -> None:
    """Each recording of a state folder is whole: what was shown is in it, and a replay shows so
    many moments of it as they were shown; every verdict comes out the same again; its report is
    the same twice, and quick. `recounted`: it answers what a review asks, with the recording's own
    numbers."""
    compared = 0
    shown: dict[Path, list[Snapshot]] = {}
    for path in sorted((state / "cockpit" / "sessions").glob("*/recording.ckrec")):
        reader = Reader(path.read_bytes())
        assert not reader.damages()
        assert not reader.gaps()
        raw = Raw(reader)
        by_seq = {one.seq: digest(one) for _, one in raw.frames}
        newest = {one.at_ms: one.seq for _, one in raw.frames}
        mine = [one for key, one in sorted(seen.seen.items()) if key[0] == path.parent.name]
        for snapshot in mine:
            assert by_seq[snapshot.seq] == digest(snapshot), (path, snapshot.seq)
        compared += len(mine)
        # of several snapshots of one millisecond a replay shows the newest
        shown[path] = [one for one in mine if newest[one.at_ms] == one.seq]
        found = Verified()
        assert list(verify(reader, found)) == []
        assert found.frames == found.exact == len(by_seq)
        assert_reported(raw, recounted=recounted)
    assert compared >= moments, f"looked on at {len(seen.seen)} moments, {compared} are recorded"
    assert_replayed(shown, moments)


def assert_reported(raw: Raw, *, recounted: bool) -> None:
    """A recording's report is the same bytes twice; `recounted`: and has the recording's own
    numbers, and answers."""
    begun_s = time.monotonic()  # a test's own watch
    document = whole_report(raw.reader)
    page = html(document)
    assert time.monotonic() - begun_s < 60  # as above
    assert html(whole_report(raw.reader)) == page
    content = json.loads(as_json(document))
    if not recounted:
        return
    assert assert_recounted(raw, content) >= 100
    assert_answered(raw, content)


def assert_replayed(shown: Mapping[Path, Sequence[Snapshot]], moments: int) -> None:
    """So many moments, drawn evenly from all recordings, look in a replay as they looked."""
    # the first of each is where both begin, and is not compared
    known = [(path, one) for path, snapshots in shown.items() for one in snapshots[1:]]
    drawn = [known[number * len(known) // moments] for number in range(moments)]
    compared = 0
    for path, snapshots in shown.items():
        mine = [one for where, one in drawn if where == path]
        compared += assert_same_screen(path, [snapshots[0], *mine], SIZE)
    assert compared == moments, f"{compared} of {len(known)} moments were compared"
