"""The driver's lease over real sockets: what renews it, and what becomes of who reads nothing."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from cockpit.core.crew import Crew, Lease, People
from cockpit.core.intents import AddNote, Beat, Drive, Pause
from cockpit.engine import server
from cockpit.engine.loop import Engine
from cockpit.engine.remote import RemoteSession
from cockpit.sim.demo import demo_plan
from tests.engine import test_socket
from tests.engine.callers import Called

LEASE_MS = 10_000
"""A second of life: the flight is ten times as fast."""
PEOPLE = People({"ana": ("driver",), "ben": ("driver",), "eva": ("observer",)}, lease_ms=LEASE_MS)


class Room:
    """A flight, and people whom the kernel would tell apart."""

    def __init__(self, socket: Path, engine: Engine, names: list[str]) -> None:
        self.socket, self.engine, self._names = socket, engine, names
        self.sessions: list[RemoteSession] = []

    @property
    def crew(self) -> Crew:
        """Who is there now."""
        return self.engine.state.crew

    @property
    def lease(self) -> Lease:
        """Of whoever drives."""
        assert self.crew.lease is not None
        return self.crew.lease

    async def comes(self, user: str, *, drives: bool = False) -> RemoteSession:
        """Somebody's screen."""
        self._names.append(user)
        session = await RemoteSession.connect(self.socket, drive=user if drives else "")
        self.sessions.append(session)
        await self.until(lambda: any(one.user == user for one in self.crew.seats))
        if drives:
            await self.until(lambda: self.lease.user == user)
        return session

    async def reads_nothing(self, user: str, *, drives: bool) -> None:
        """Somebody whose link takes nothing in any more."""
        session = await self.comes(user, drives=drives)
        session._reader._transport.pause_reading()  # type: ignore[attr-defined]
        seat = self.crew.seats[-1].id
        text = "x" * 500
        while self.crew.seat(seat) is not None:  # until what waits for it is too much, and old
            for _ in range(20):
                await self.engine.submit(AddNote(text, "ana"))
            await asyncio.sleep(0.05)

    async def until(self, so: Callable[[], bool], within_s: float = 10) -> None:
        """Wait until something is so."""
        async with asyncio.timeout(within_s):
            while not so():  # noqa: ASYNC110  # the engine tells it no other way
                await asyncio.sleep(0.02)


Opens = Callable[[], AbstractAsyncContextManager[Room]]


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who reads nothing is cut off after half a second."""
    monkeypatch.setattr(server, "STALLED_MS", 500)


@pytest.fixture
def opens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Opens:
    names: list[str] = []
    plan = replace(demo_plan(), people=PEOPLE)
    monkeypatch.setattr(test_socket, "demo_plan", lambda: plan)
    monkeypatch.setattr(server, "Names", lambda: Called(names))

    @contextlib.asynccontextmanager
    async def opened() -> AsyncIterator[Room]:
        async with test_socket.flight(tmp_path / "s.sock") as engine:
            room = Room(tmp_path / "s.sock", engine, names)
            try:
                yield room
            finally:
                for session in room.sessions:
                    session._writer.transport.abort()

    return opened


def renewed(room: Room, before_ms: int) -> bool:
    """Whether the lease has begun anew since."""
    return room.lease.until_ms > before_ms


async def looks_on(session: RemoteSession) -> None:
    """A screen that draws all that comes, until it is cancelled."""
    async for _ in session.snapshots():
        pass


@contextlib.asynccontextmanager
async def drawn(*sessions: RemoteSession) -> AsyncIterator[None]:
    """Their screens work meanwhile."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(looks_on(one)) for one in sessions]
        yield
        for task in tasks:
            task.cancel()


async def test_a_screen_that_draws_all_and_has_nobody_before_it_keeps_no_lease(
    opens: Opens,
) -> None:
    async with opens() as room:
        ana, ben = await room.comes("ana", drives=True), await room.comes("ben")
        async with drawn(ana, ben):
            await room.until(lambda: room.engine.state.at_ms > room.lease.until_ms)
            assert room.crew.drives(ana.seat)
            await ben.submit(Drive("ben", "ana", "her lid is closed"))
            await room.until(lambda: room.lease.user == "ben")
            await ana.submit(Pause("ana"))  # who may drive may stop it, from any seat
            await room.until(lambda: room.engine.state.paused)
            assert room.lease.user == "ben"


async def test_a_key_now_and_then_keeps_it(opens: Opens) -> None:
    async with opens() as room:
        ana, ben = await room.comes("ana", drives=True), await room.comes("ben")
        async with drawn(ana, ben):
            for _ in range(6):
                await asyncio.sleep(0.4)
                await ana.submit(Beat("ana"))
                await ben.submit(Drive("ben", "ana", "mine"))
            assert room.crew.drives(ana.seat)
            assert room.crew.token == 1


@pytest.mark.usefixtures("fast")
async def test_a_driver_who_reads_nothing_is_cut_off_and_may_be_relieved(opens: Opens) -> None:
    async with opens() as room:
        ben = await room.comes("ben")
        async with drawn(ben):
            await room.reads_nothing("ana", drives=True)
            assert (room.lease.user, room.lease.seat) == ("ana", "")
            await room.until(lambda: room.engine.state.at_ms > room.lease.until_ms)
            await ben.submit(Drive("ben", "ana", "her link is dead"))
            await room.until(lambda: room.lease.user == "ben")


@pytest.mark.usefixtures("fast")
async def test_a_viewer_who_reads_nothing_for_longer_than_the_lease_holds_nobody_back(
    opens: Opens,
) -> None:
    async with opens() as room:
        ana = await room.comes("ana", drives=True)
        stalled = asyncio.ensure_future(room.reads_nothing("eva", drives=False))
        async with drawn(ana):
            begun_ms, beside = room.engine.state.at_ms, 0
            while room.engine.state.at_ms < begun_ms + 2 * LEASE_MS or not stalled.done():
                await asyncio.sleep(0.2)  # of two within a second of the flight one counts
                before_ms = room.lease.until_ms
                await ana.submit(Beat("ana"))
                await room.until(partial(renewed, room, before_ms))
                beside += not stalled.done()
        await stalled
        assert beside > 1  # renewed while the other one still kept the service waiting
        assert room.crew.drives(ana.seat)
        assert [one.user for one in room.crew.seats] == ["ana"]
