"""An observer who sends whatever he likes: nothing comes of it but the end of his connection, and
numbers. Nobody else notices."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import random
import socket
import struct
import time
import typing
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final

import pytest

from cockpit.core.crew import People
from cockpit.core.flight import Command, Event, FlightState, Tell
from cockpit.core.intents import AddNote, Drive, Intent
from cockpit.core.machine import step
from cockpit.engine import server
from cockpit.engine.folders import this_user
from cockpit.engine.journal import Journal, read_journal
from cockpit.engine.loop import Engine
from cockpit.engine.names import Names
from cockpit.engine.remote import RemoteSession
from cockpit.sim.demo import demo_plan
from cockpit.sim.loop import EPOCH_MS
from cockpit.wire.frames import _INTENTS, INTENT, KINDS, frame
from tests.engine.test_socket import flight

FRAMES: Final = 10_000
EACH: Final = 100
"""So many to a connection, at most: many end it sooner."""
PER_SECOND: Final = 1_000.0
"""Twenty times what the server takes from anybody: else it would take minutes."""
KIM: Final = "kim"
WORDS: Final = (
    *("arm", "confirm", "disarm", "pause", "note", "end", "beat", "drive", "offer", "accept"),
    *("release", "veto", "lift", "answer", "attach", "detach", "Arm", "", "\x00", "finished"),
)
NAMES: Final = sorted(
    {each.name for kind in typing.get_args(Intent) for each in fields(kind)} | {"intent", "seat"}
)


def any_value(dice: random.Random, engine: Engine) -> Any:
    """Something that a field might hold, now and then what is right."""
    armed = engine.state.armed
    return dice.choice(
        [
            *("advance", "rollback", "readers", this_user(), "kim", "", "\x1b[2J", "x" * 3_000),
            "" if armed is None else armed.token,
            *(None, True, 0, -1, 2**70, 1.5, [], {}, [[[]]]),
        ]
    )


def understood(dice: random.Random, engine: Engine) -> bytes:
    """An intent that can be read, with whatever in it."""
    kind = dice.choice(sorted(_INTENTS))
    texts = ["readers", this_user(), "kim", "", "\x1b[2J", "x" * 3_000]
    if engine.state.armed is not None:
        texts.append(engine.state.armed.token)
    content: dict[str, Any] = {"intent": kind}
    for each in fields(_INTENTS[kind]):
        content[each.name] = dice.random() < 0.5 if each.type == "bool" else dice.choice(texts)
    if kind == "arm":
        content["verb"] = dice.choice(["advance", "rollback", "recover"])
    return frame(INTENT, json.dumps(content).encode())


def any_frame(dice: random.Random, engine: Engine) -> bytes:
    """Mostly what can be read; else half right, cut or plain noise."""
    content = {"intent": dice.choice(WORDS)}
    content |= {name: any_value(dice, engine) for name in dice.sample(NAMES, dice.randrange(6))}
    whole = frame(INTENT, json.dumps(content).encode())
    match dice.randrange(200):
        case 0:
            return dice.randbytes(dice.randrange(1, 200))
        case 1:
            return whole[: dice.randrange(len(whole))]
        case 2:
            return struct.pack(">IB", dice.randrange(2**32), dice.randrange(256)) + whole
        case 3:
            return frame(dice.choice(KINDS), json.dumps(content).encode())
        case 4:
            return frame(INTENT, json.dumps(any_value(dice, engine)).encode())
        case 5:
            return whole
        case _:
            return understood(dice, engine)


async def one_connection(path: Path, dice: random.Random, engine: Engine) -> int:
    """How many frames were sent before the engine had enough."""
    reader, writer = await asyncio.open_unix_connection(path)
    sent = 0
    with contextlib.suppress(ConnectionError):
        for _ in range(EACH):
            writer.write(any_frame(dice, engine))
            await writer.drain()
            sent += 1
            if reader.at_eof():
                break
        if dice.random() < 0.8:  # else it is gone without a word
            writer.write_eof()
            while await reader.read(1 << 20):
                pass
    writer.transport.abort()
    return sent


async def driver(path: Path) -> RemoteSession:
    """Somebody else's connection: by its own address the server knows it from the others."""
    ours = socket.socket(socket.AF_UNIX)
    ours.setblocking(False)
    ours.bind("\0" + f"{KIM}-{path}"[-100:])
    await asyncio.get_running_loop().sock_connect(ours, str(path))
    session = RemoteSession(*await asyncio.open_unix_connection(sock=ours), "s")
    await session.submit(Drive(KIM))
    return session


async def until_told(session: RemoteSession, text: str) -> None:
    """Until an event of a note has come."""
    while (news := await session.news()) is not None:
        if any(event["kind"] == "note" and text in event["text"] for event in news[0]):
            return
    raise AssertionError("the engine is gone")


def had_s() -> float:
    """A clock that stands still while this process is ready to run and others have the machine."""
    waited_ns = int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    return time.monotonic() - waited_ns / 1e9


@dataclass
class Keys:
    """What a driver does meanwhile, and how long each key took until he saw what came of it."""

    took_s: list[float] = field(default_factory=list)

    async def press(self, session: RemoteSession) -> None:
        """One key after another, for ever."""
        for number in itertools.count():
            begun_s = had_s()
            await session.submit(AddNote(f"key number {number}.", KIM))
            await until_told(session, f"key number {number}.")
            self.took_s.append(had_s() - begun_s)
            await asyncio.sleep(0.02)


@dataclass
class Refusals:
    """How many there were, taken from the core itself."""

    made: int = 0

    def watch(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Count from now on."""

        def counted(state: FlightState, event: Event) -> tuple[FlightState, tuple[Command, ...]]:
            after, commands = step(state, event)
            self.made += sum(isinstance(c, Tell) and c.kind == "refused" for c in commands)
            return after, commands

        monkeypatch.setattr("cockpit.engine.loop.step", counted)


def known(path: Path) -> tuple[int, int]:
    """How many refusals a journal has in words, and how many as a number."""
    entries = list(read_journal(path))
    told = sum(entry["kind"] == "refused" for entry in entries)
    return told, sum(
        e["count"] for e in entries if e["kind"] == "held_back" and e["of"] == "refused"
    )


@pytest.mark.timeout(300)
async def test_ten_thousand_frames_of_an_observer_achieve_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PER_SECOND", PER_SECOND)
    monkeypatch.setattr(server, "ARRIVALS_PER_SECOND", PER_SECOND)
    monkeypatch.setattr("tests.engine.test_socket.WITHIN_S", 240)
    people = People({this_user(): ("observer",), KIM: ("driver", "commander")})
    plan = replace(demo_plan(), people=people)
    monkeypatch.setattr("tests.engine.test_socket.demo_plan", lambda: plan)
    users = {os.getuid(): this_user(), os.getuid() + 1: KIM}
    monkeypatch.setattr(server, "peer_uid", lambda one: os.getuid() + bool(one.getpeername()))
    monkeypatch.setattr(server, "Names", lambda: Names(users.__getitem__))
    refusals, keys, dice = Refusals(), Keys(), random.Random(7)
    refusals.watch(monkeypatch)
    path, kept = tmp_path / "s.sock", tmp_path / "journal.jsonl"
    async with flight(path, Journal(kept)) as engine, asyncio.TaskGroup() as group:
        kim = await driver(path)
        pressing = group.create_task(keys.press(kim), name="keys")
        sent = 0
        while sent < FRAMES:
            # what noise makes of itself ends a connection at once: several at a time
            sent += sum(
                await asyncio.gather(*(one_connection(path, dice, engine) for _ in range(10)))
            )
        pressing.cancel()
        before = engine.state.at_ms
        for _ in range(400):
            await asyncio.sleep(0.05)
            if engine.state.at_ms > before + 1_000 and sum(known(kept)) == refusals.made:
                break
        await kim.close()
        state = engine.state
        assert state.at_ms > before, "the engine has stopped"
        assert state.crew.lease is not None
        assert state.crew.lease.user == KIM
        assert state.crew.veto is None
        assert state.armed is None
        assert not state.paused
        assert not state.outcome
        assert state.waves[0].word == "ready"
        assert state.next_action == 1
    assert refusals.made > FRAMES / 20, "hardly anything was understood"
    told, counted = known(kept)
    assert told + counted == refusals.made, "some were lost"
    minutes = (state.at_ms - EPOCH_MS) / 60_000
    assert told <= 21 + 4 * minutes
    assert kept.stat().st_size < 40_000 + 4_000 * len(keys.took_s) + 10_000 * minutes
    assert len(keys.took_s) > 10, "hardly a key was pressed"
    assert max(keys.took_s) < 0.25
