"""A link that stands still: the screen goes on, holds no more than before, and is whole again."""

from __future__ import annotations

import asyncio
import os
import re
import select
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path

import pyte
import pytest

from cockpit.cli.wiring import engine_ports
from cockpit.core.flight import begin
from cockpit.engine.loop import Engine
from cockpit.engine.remote import RemoteSession
from cockpit.engine.server import Server
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import connect_sim
from cockpit.sim.loop import RealtimeClock
from tests.tui.test_run import on_a_terminal, read_until, wait_gone

PROGRAM = """
import asyncio, resource, sys
from cockpit.tui.run import show_screen
from tests.tui import fixtures
from tests.tui.sessions import AnsweringSession

async def feed(session):
    base, n = fixtures.large(), 0
    while True:
        n += 1
        at_ms = base.at_ms + n * 1000
        table = fixtures.replace(
            base.partitions, lag=base.partitions.lag + n % 97 * 12_345_679,
            source_at_ms=at_ms, target_at_ms=at_ms, mirror_at_ms=at_ms,
        )
        session.play(fixtures.later(base, n * 1000, partitions=table, feeds=()))
        await asyncio.sleep(0.05)

async def beat():
    loop, worst = asyncio.get_running_loop(), 0.0
    last = loop.time()
    while True:
        await asyncio.sleep(0.05)
        now = loop.time()
        worst, last = max(worst, now - last), now
        kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with open(OUT, "w") as out:
            out.write(f"{now} {worst} {kb}")

async def main():
    session = AnsweringSession(fixtures.large())
    tasks = [asyncio.ensure_future(feed(session)), asyncio.ensure_future(beat())]
    result = await show_screen(session, user="ana", remote=REMOTE)
    for task in tasks:
        task.cancel()
    print(f"LEFT {result.reason}", flush=True)

asyncio.run(main())
"""


def told(out: Path) -> tuple[float, float, int]:
    """The loop's own time at its last beat, its longest gap, and the most memory it had."""
    end = time.perf_counter() + 5
    while time.perf_counter() < end:
        words = out.read_text().split()
        if len(words) == 3:
            return float(words[0]), float(words[1]), int(words[2])
    raise AssertionError("no beat")


def assert_goes_on(out: Path, stall_s: float) -> None:
    """Read nothing for so long: the program's loop goes on to the end, and keeps nothing."""
    before = told(out)
    time.sleep(stall_s)
    after = told(out)
    assert after[0] - before[0] > stall_s - 1, "the loop went on to the end"
    assert after[1] < 1, f"it stood still for {after[1]:.1f} s"
    assert after[2] - before[2] < 4_000, f"{before[2]} kB became {after[2]} kB"


def drain(master: int, seconds: float) -> bytes:
    """Everything that comes in so many seconds."""
    data, end = b"", time.perf_counter() + seconds
    while (left := end - time.perf_counter()) > 0:
        if select.select([master], [], [], left)[0]:
            data += os.read(master, 65_536)
    return data


def shown_of(stream: bytes) -> str:
    """What a terminal of 160x50 shows that has drawn all of it."""
    shown = pyte.Screen(160, 50)
    # pyte takes these of Textual's own for others: a keyboard's mode, synchronised frames
    pyte.ByteStream(shown).feed(re.sub(rb"\x1b\[[<>=?][0-9;$]*[a-z]", b"", stream))
    return "\n".join(shown.display)


@pytest.mark.parametrize(
    ("stall_s", "remote"), [(4, False), pytest.param(30, True, marks=pytest.mark.soak)]
)
def test_while_nobody_reads_the_loop_goes_on_and_nothing_piles_up(
    tmp_path: Path, stall_s: float, remote: bool
) -> None:
    out = tmp_path / "beat"
    program = f"OUT, REMOTE = {str(out)!r}, {remote}" + PROGRAM
    with on_a_terminal(program, columns=160, rows=50) as (pid, master):
        seen = read_until(master, b"WRITES")
        os.write(master, b"2")
        seen += drain(master, 2)
        assert_goes_on(out, stall_s)
        first = drain(master, 3)
        assert len(first) < 300_000, "what was not seen was not kept"
        text = shown_of(seen + first)
        assert "WRITES:" in text
        assert re.search(r"orders.* !", text), "nothing of the picture is missing"
        os.write(master, b"qq")
        time.sleep(0.5)
        os.write(master, b"y")
        read_until(master, b"LEFT quit")
        assert wait_gone(pid) == 0


ATTACHED = """
import asyncio, sys
from pathlib import Path
from cockpit.engine.remote import RemoteSession
from cockpit.tui.run import show_screen

async def main():
    session = await RemoteSession.connect(Path(SOCKET))
    await show_screen(session, user="ana")

asyncio.run(main())
"""


@asynccontextmanager
async def an_engine() -> AsyncIterator[Path]:
    """An engine that flies the demonstration, ten times as fast; where it listens."""
    clock, plan = RealtimeClock(10), demo_plan()
    world = connect_sim(plan, clock, demo_world(1))
    state = begin(plan, session="s", simulated=True, at_ms=clock.now_ms())
    engine = Engine(state, engine_ports(world, clock), None)
    path = Path(f"/tmp/cockpit-{os.getpid()}.sock")
    async with Server(engine, path, "s").serving(), asyncio.TaskGroup() as group:
        flying = group.create_task(engine.run(), name="engine")
        yield path
        flying.cancel()


async def assert_not_noticed(path: Path, master: int, stall_s: float) -> None:
    """Nobody reads the terminal: somebody else gets news as before, and it is drawn anew then."""
    seen = await asyncio.to_thread(read_until, master, b"WRITES", 60)
    loop = asyncio.get_running_loop()
    other = await RemoteSession.connect(path)
    came: list[tuple[float, int]] = []
    begun = loop.time()
    async for snapshot in other.snapshots():
        came.append((loop.time(), snapshot.at_ms))
        if loop.time() - begun > stall_s:
            break
    await other.close()
    assert max(b - a for (a, _), (b, _) in pairwise(came)) < 1
    seen += await asyncio.to_thread(drain, master, 5)
    text = shown_of(seen)
    assert "WRITES:" in text, "whole, and connected still"
    assert "NO NEWS" not in text
    newest = time.strftime("%H:%M", time.gmtime(came[-1][1] / 1_000))
    assert f"{newest}:" in text, "and of now"


@pytest.mark.soak
async def test_an_engine_and_its_other_watchers_do_not_notice_a_screen_that_stands_still() -> None:
    async with an_engine() as path:
        program = f"SOCKET = {str(path)!r}" + ATTACHED
        with on_a_terminal(program, columns=160, rows=50) as (_, master):
            await assert_not_noticed(path, master, 30)


def test_a_terminal_that_takes_nothing_does_not_keep_anybody_from_leaving(tmp_path: Path) -> None:
    program = f"OUT, REMOTE = {str(tmp_path / 'beat')!r}, False" + PROGRAM
    program = program.replace('print(f"LEFT', 'open(OUT, "w").write(f"LEFT').replace(
        ", flush=True", ""
    )
    with on_a_terminal(program, columns=160, rows=50) as (pid, master):
        read_until(master, b"WRITES")
        os.write(master, b"2")
        time.sleep(3)  # reads nothing
        os.write(master, b"qq")
        time.sleep(0.5)
        os.write(master, b"y")
        end = time.perf_counter() + 10
        while "LEFT" not in (tmp_path / "beat").read_text():
            assert time.perf_counter() < end
            time.sleep(0.05)
        assert (tmp_path / "beat").read_text() == "LEFT quit"
        del pid
