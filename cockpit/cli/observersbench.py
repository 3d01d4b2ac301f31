"""What twenty who look on cost an engine, and how long a key takes to all their screens.

The engine's end of the sockets is real, and so are the bytes; the load is generated, the flight of
the second figure is simulated.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final

from cockpit.cli.figures import Figure
from cockpit.cli.recordload import Load, drawn
from cockpit.core.flight import begin
from cockpit.core.intents import AddNote
from cockpit.engine.broadcast import Broadcast, Viewer
from cockpit.engine.fanout import Fanout
from cockpit.engine.folders import this_user
from cockpit.engine.loop import Engine, Ports
from cockpit.engine.remote import RemoteSession
from cockpit.engine.server import Server
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import connect_sim
from cockpit.sim.loop import RealtimeClock

OBSERVERS: Final = 20
PARTITIONS: Final = 10_000
RECORDS_PER_S: Final = 50_000
TICKS: Final = 60
KEYS: Final = 30
DRAIN: Final = """
import os, select, sys
open_ones = [int(word) for word in sys.argv[1:]]
while open_ones:
    for one in select.select(open_ones, [], [])[0]:
        if not os.read(one, 1 << 20):
            open_ones.remove(one)
"""
"""Reads what comes and throws it away, in a process of its own: that cost is not the engine's."""


def observer_figures() -> Iterator[Figure]:
    """Both; the first is a share of one core at a snapshot a second."""
    alone, watched = asyncio.run(_cpu_ms(0)), asyncio.run(_cpu_ms(OBSERVERS))
    name = f"socket_{OBSERVERS}_observers_10k_partitions"
    yield Figure(name, (watched - alone) / 10, "% of a core", 25)
    took = asyncio.run(_key_ms())
    yield Figure(f"socket_key_to_{OBSERVERS}_screens_median", statistics.median(took), "ms")
    yield Figure(f"socket_key_to_{OBSERVERS}_screens_worst", max(took), "ms", 250)


async def _cpu_ms(observers: int) -> float:
    """CPU of this process for a tick, in the mean."""
    load = drawn(Load(PARTITIONS, RECORDS_PER_S))
    moments = [next(load) for _ in range(TICKS)]
    fanout = Fanout()
    broadcast = Broadcast(fanout)
    async with contextlib.AsyncExitStack() as stack:
        pairs = [socket.socketpair() for _ in range(observers)]
        drains = _drained([theirs for _, theirs in pairs])
        stack.callback(drains.wait)
        async with asyncio.TaskGroup() as group:
            running = group.create_task(broadcast.run(), name="broadcast")
            for ours, _ in pairs:
                _, writer = await asyncio.open_connection(sock=ours)
                group.create_task(_send(broadcast.join(), writer), name="send")
            await asyncio.sleep(0)
            began = time.process_time()
            for moment in moments:
                for event in moment.inputs:
                    fanout.observe(event)
                fanout.offer(moment.snapshot)
                await asyncio.sleep(0.005)
            used = time.process_time() - began
            fanout.close()
            await running
    return used / TICKS * 1_000


def _drained(ends: list[socket.socket]) -> subprocess.Popen[bytes]:
    numbers = [end.fileno() for end in ends]
    command = [sys.executable, "-c", DRAIN, *map(str, numbers)]
    found = subprocess.Popen(command, pass_fds=numbers)  # noqa: S603  # ourselves
    for end in ends:
        end.close()
    return found


async def _send(viewer: Viewer, writer: asyncio.StreamWriter) -> None:
    """As the engine's server does."""
    while (frames := await viewer.frames()) is not None:
        writer.writelines(frames)
        await writer.drain()
    writer.close()


@contextlib.asynccontextmanager
async def _flight(path: Path) -> AsyncIterator[None]:
    clock, plan = RealtimeClock(1), demo_plan()
    world = connect_sim(plan, clock, demo_world(1))
    ports = Ports(
        world.source, world.target, world.replication, world.signals, world.effector, clock
    )
    state = begin(plan, session="bench", simulated=True, at_ms=clock.now_ms())
    engine = Engine(state, ports, None)
    async with Server(engine, path, "bench").serving(), asyncio.TaskGroup() as group:
        task = group.create_task(engine.run(), name="engine")
        yield
        task.cancel()


async def _key_ms() -> list[float]:
    """Of each key, from the driver's hand until the last of all screens was told."""
    with tempfile.TemporaryDirectory(prefix="cockpit-bench-") as folder:
        path = Path(folder) / "s.sock"
        async with _flight(path):
            driver = await RemoteSession.connect(path, drive=this_user())
            others = [await RemoteSession.connect(path) for _ in range(OBSERVERS - 1)]
            found = []
            for number in range(KEYS):
                text = f"key {number}"
                began = time.perf_counter()
                await driver.submit(AddNote(text, this_user()))
                async with asyncio.TaskGroup() as group:
                    for one in (driver, *others):
                        group.create_task(_told(one, text), name="told")
                found.append((time.perf_counter() - began) * 1_000)
            for one in (driver, *others):
                await one.close()
            return found


async def _told(session: RemoteSession, text: str) -> None:
    while (news := await session.news()) is not None:
        if any(str(event.get("text", "")).endswith(text) for event in news[0]):
            return
    raise ConnectionError("the engine is gone")
