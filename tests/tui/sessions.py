"""Sessions without an engine: one that plays given snapshots, one that also answers a little."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from cockpit.core.intents import Arm, Confirm, Disarm, Intent, Pause
from cockpit.core.snapshot import LogLine, Snapshot
from tests.tui import fixtures


class PlayedSession:
    """A Session that plays the snapshots it is given and keeps the intents it gets."""

    seat = ""
    past: Sequence[LogLine] = ()

    def __init__(self, *snapshots: Snapshot, refuse: str = "") -> None:
        self.intents: list[Intent] = []
        self.closed = False
        self.refuse = refuse
        self._queue: asyncio.Queue[Snapshot | None] = asyncio.Queue()
        for one in snapshots:
            self._queue.put_nowait(one)

    def play(self, one: Snapshot) -> None:
        """The next snapshot."""
        self._queue.put_nowait(one)

    def end(self) -> None:
        """No more will come."""
        self._queue.put_nowait(None)

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """Until `end`."""
        while (one := await self._queue.get()) is not None:
            yield one

    async def submit(self, intent: Intent) -> None:
        """Keep it."""
        if self.refuse:
            raise ConnectionError(self.refuse)
        self.intents.append(intent)

    async def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class AnsweringSession(PlayedSession):
    """Arms, disarms and pauses like an engine would, so that dialogs open and close."""

    def __init__(self, base: Snapshot) -> None:
        super().__init__(base)
        self._now = replace(base, actions=fixtures.actions())

    async def submit(self, intent: Intent) -> None:
        """Keep the intent and play what follows from it."""
        await super().submit(intent)
        now = fixtures.later(self._now, 50, armed=None)
        match intent:
            case Arm(verb=verb, by=by):
                now = replace(now, armed=fixtures.armed_view(verb, by, at_ms=now.at_ms))
            case Pause():
                now = replace(now, status=replace(now.status, paused=True))
            case Confirm() | Disarm():
                pass
            case _:
                return
        self._now = now
        self.play(now)
