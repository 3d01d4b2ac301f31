"""What a crash of the engine leaves of who drives and who has said no, by journals on a disk.

A veto stands, a token is not given twice, and nobody drives until somebody asks for it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.cli.acting import Order, act
from cockpit.core.crew import People
from cockpit.core.durable import restore
from cockpit.core.flight import FlightState, begin
from cockpit.core.plan import Plan
from cockpit.core.project import project
from cockpit.engine import server
from cockpit.engine.journal import Journal
from cockpit.engine.loop import Engine, Ports
from cockpit.engine.recovery import left_behind
from cockpit.engine.server import Server
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import connect_sim
from cockpit.sim.loop import RealtimeClock
from tests.engine.callers import Called

PEOPLE = People({"ana": ("driver",), "ben": ("driver",), "cleo": ("commander",)}, lease_ms=10_000)
PLAN: Plan = replace(demo_plan(), people=PEOPLE)


class Life:
    """One engine on a flight, and people who ask it for something."""

    def __init__(self, engine: Engine, socket: Path, names: list[str], journal: Path) -> None:
        self.engine, self._socket, self._names, self._journal = engine, socket, names, journal

    async def asks(self, user: str, verb: str, **given: str) -> str:
        """Why it was refused; empty: it was done."""
        self._names.append(user)
        return (await act(self._socket, Order(verb, user, **given), lambda _line: None)).why

    async def until_open(self, verb: str) -> None:
        """Wait until a verb is open to whoever drives."""
        while not project(self.engine.state, 1).action(verb).enabled:  # noqa: ASYNC110  # no word of it
            await asyncio.sleep(0.02)

    def dies(self, into: Path) -> Path:
        """What is on the disk at this moment, as another engine would find it."""
        into.write_bytes(self._journal.read_bytes())
        return into


@contextlib.asynccontextmanager
async def life(folder: Path, journal: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Life]:
    """An engine that begins the flight, or goes on with what a journal has left of it."""
    names: list[str] = []
    monkeypatch.setattr(server, "Names", lambda: Called(names))
    clock = RealtimeClock(10)
    world = connect_sim(PLAN, clock, demo_world(1))
    ports = Ports(
        world.source, world.target, world.replication, world.signals, world.effector, clock
    )
    opened, state, left = continued(journal, clock.now_ms())
    engine = Engine(state, ports, opened, takes_over=left)
    socket = folder / f"{journal.stem}.sock"
    async with (
        asyncio.timeout(30),
        Server(engine, socket, "test").serving(),
        asyncio.TaskGroup() as group,
    ):
        task = group.create_task(engine.run(), name="engine")
        yield Life(engine, socket, names, journal)
        task.cancel()
    opened.close()


def continued(path: Path, at_ms: int) -> tuple[Journal, FlightState, bool]:
    """A journal to go on with, and where."""
    path.touch(0o600)
    state, left = found_in(path, at_ms)
    return Journal.reopened(path)[0], state, left


def found_in(journal: Path, at_ms: int) -> tuple[FlightState, bool]:
    """Where an engine begins that finds this journal, and whether it goes on with a flight."""
    opened, entries = Journal.reopened(journal)
    opened.close()
    left = left_behind(entries)
    if left is None or not left.record:
        return begin(PLAN, session="s", simulated=True, at_ms=at_ms), left is not None
    state = restore(
        PLAN,
        left.record,
        left.intents,
        intended=left.intended,
        session="s",
        simulated=True,
        at_ms=at_ms,
    )
    return state, True


@pytest.mark.parametrize("under_way", [False, True])
async def test_a_veto_and_the_token_outlive_the_engine_and_the_lease_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, under_way: bool
) -> None:
    async with life(tmp_path, tmp_path / "first.jsonl", monkeypatch) as first:
        assert await first.asks("ana", "drive") == ""
        if under_way:
            await first.until_open("advance")
            name = first.engine.state.wave().wave.name
            assert await first.asks("ana", "advance", confirm=name) == ""
        assert await first.asks("cleo", "veto", text="payments are down") == ""
        token = first.engine.state.crew.token
        left = first.dies(tmp_path / "second.jsonl")
    async with life(tmp_path, left, monkeypatch) as second:
        crew = second.engine.state.crew
        assert (crew.lease, crew.seats, crew.token) == (None, (), token)
        why = "cleo has vetoed going forward: payments are down"
        if under_way:
            assert second.engine.state.wave().word == "holding"
        assert await second.asks("ben", "advance", confirm="readers") == why
        assert second.engine.state.crew.token == token + 1
        assert await second.asks("ana", "lift") == "ana is no commander in the plan"
        if under_way:  # going back is open under a veto
            await second.until_open("rollback")
        assert await second.asks("cleo", "lift") == ""
        assert second.engine.state.crew.veto is None
        third = second.dies(tmp_path / "third.jsonl")
    state, goes_on = found_in(third, at_ms=10**13)
    assert goes_on
    assert state.crew.veto is None
    assert state.crew.token == token + 1


async def test_wherever_the_journal_ends_a_veto_that_was_told_stands_and_no_token_comes_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with life(tmp_path, tmp_path / "whole.jsonl", monkeypatch) as only:
        for _ in range(2):
            assert await only.asks("ana", "drive") == ""
            assert await only.asks("cleo", "veto", text="payments are down") == ""
            assert await only.asks("cleo", "lift") == ""
        left = only.dies(tmp_path / "left.jsonl")
    lines = left.read_bytes().splitlines(keepends=True)
    kinds = [json.loads(line)["kind"] for line in lines]
    assert kinds.count("vetoed") == kinds.count("veto_lifted") == 2
    vetoed, token, told = False, 0, []
    for number, line in enumerate(lines):
        entry = json.loads(line)
        vetoed = {"vetoed": True, "veto_lifted": False}.get(entry["kind"], vetoed)
        token = entry["token"] if entry["kind"] == "drives" else token
        if entry["kind"] not in ("vetoed", "veto_lifted", "drives"):
            continue
        cut = tmp_path / f"{number}.jsonl"
        cut.write_bytes(b"".join(lines[: number + 1]))
        state, _ = found_in(cut, at_ms=10**13)
        assert (state.crew.veto is not None) == vetoed, entry
        assert state.crew.token >= token, entry
        told.append(entry["kind"])
    assert len(told) == 6
