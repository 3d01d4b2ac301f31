"""The engine's socket: private, tolerant of nonsense, and of screens that come and go.

The flight behind it is simulated; the socket, the kernel and the bytes are real.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cockpit.core.flight import begin
from cockpit.core.intents import AddNote, Arm, Confirm, End, Pause
from cockpit.core.snapshot import Snapshot
from cockpit.engine.folders import this_user
from cockpit.engine.journal import Journal
from cockpit.engine.loop import Engine, Ports
from cockpit.engine.remote import RemoteSession
from cockpit.engine.server import Server
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import connect_sim
from cockpit.sim.loop import RealtimeClock
from cockpit.wire.frames import INTENT, frame

WITHIN_S = 20


@contextlib.asynccontextmanager
async def flight(socket: Path, journal: Journal | None = None) -> AsyncIterator[Engine]:
    """A simulated flight, ten times as fast as life, behind a real socket."""
    clock = RealtimeClock(10)
    plan = demo_plan()
    world = connect_sim(plan, clock, demo_world(1))
    ports = Ports(
        world.source, world.target, world.replication, world.signals, world.effector, clock
    )
    state = begin(plan, session=socket.stem, simulated=True, at_ms=clock.now_ms())
    engine = Engine(state, ports, journal)
    async with (
        asyncio.timeout(WITHIN_S),
        Server(engine, socket, "test").serving(),
        asyncio.TaskGroup() as group,
    ):
        task = group.create_task(engine.run(), name="engine")
        yield engine
        task.cancel()


async def until(session: RemoteSession, wanted: str) -> Snapshot:
    """The first snapshot whose log has this text."""
    async for snapshot in session.snapshots():
        if any(wanted in line.text for line in snapshot.log):
            return snapshot
    raise AssertionError(f"the engine went away before {wanted!r}")


async def test_the_socket_is_private_and_goes_away_with_the_flight(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket):
        assert socket.stat().st_mode & 0o777 == 0o600
    assert not socket.exists()


async def test_a_screen_sees_the_flight_and_its_own_key(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket):
        session = await RemoteSession.connect(socket, drive=this_user())
        await session.submit(Pause("somebody else"))
        snapshot = await until(session, "paused by")
        assert snapshot.status.paused
        # the kernel says who it was, whatever the frame said
        assert any(f"paused by {this_user()}" in line.text for line in snapshot.log)
        assert session.session == "s"
        await session.close()


async def test_losing_a_screen_changes_nothing_and_the_next_one_sees_all(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        first = await RemoteSession.connect(socket, drive=this_user())
        await first.submit(AddNote("before the line dropped", "ana"))
        await until(first, "before the line dropped")
        first._writer.transport.abort()
        second = await RemoteSession.connect(socket)
        snapshot = await until(second, "before the line dropped")
        assert snapshot.status.outcome == ""
        assert engine.state.outcome == ""
        await second.close()


@pytest.mark.parametrize("nonsense", [b"\xff" * 64, frame(INTENT, b"{}"), frame(INTENT, b"\x00")])
async def test_nonsense_ends_that_connection_only(tmp_path: Path, nonsense: bytes) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        reader, writer = await asyncio.open_unix_connection(socket)
        writer.write(nonsense)
        await writer.drain()
        while await reader.read(1 << 20):
            pass
        writer.close()
        session = await RemoteSession.connect(socket, drive=this_user())
        await session.submit(AddNote("still here", "ana"))
        snapshot = await until(session, "still here")
        assert snapshot.status.outcome == ""
        assert engine.state.outcome == ""
        await session.close()


async def test_keys_through_the_socket_are_armed_confirmed_and_acted_on(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        session = await RemoteSession.connect(socket, drive=this_user())
        user = this_user()
        asked = False
        async for snapshot in session.snapshots():
            if snapshot.waves[0].word == "running":
                break
            armed = snapshot.armed
            if armed is not None and snapshot.at_ms >= armed.confirm_from_ms:
                await session.submit(Confirm(armed.token, user))
            elif armed is None and snapshot.action("advance").enabled and not asked:
                asked = True
                await session.submit(Arm("advance", user))
        assert engine.state.waves[0].word == "running"
        await session.submit(End(user))
        await until(session, "end refused")
        await session.close()


def test_the_runtime_folder_is_ours_alone(tmp_path: Path) -> None:
    from cockpit.engine.folders import FolderError, private_folder, runtime_home

    folder = runtime_home({"XDG_RUNTIME_DIR": str(tmp_path)})
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o755)
    private_folder(folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    (tmp_path / "link").symlink_to(folder)
    with pytest.raises(FolderError):
        private_folder(tmp_path / "link")
    assert os.getuid() == folder.stat().st_uid


def test_a_runtime_folder_with_a_long_name_is_passed_over(tmp_path: Path) -> None:
    from cockpit.engine.folders import socket_path

    deep = tmp_path / ("x" * 90)
    deep.mkdir()
    path = socket_path({"XDG_RUNTIME_DIR": str(deep)}, "20260101-000000-payments-week")
    assert len(str(path)) <= 100
    assert path.parent.stat().st_mode & 0o777 == 0o700
