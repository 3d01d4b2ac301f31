"""An observer who sends whatever he likes: nothing comes of it but the end of his connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import struct
import typing
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, Final

import pytest

from cockpit.core.crew import People
from cockpit.core.intents import Intent
from cockpit.engine import server
from cockpit.engine.folders import this_user
from cockpit.engine.loop import Engine
from cockpit.engine.remote import RemoteSession
from cockpit.sim.demo import demo_plan
from cockpit.wire.frames import _INTENTS, INTENT, KINDS, frame
from tests.engine.test_socket import flight

FRAMES: Final = 10_000
EACH: Final = 100
"""So many to a connection, at most: many end it sooner."""
WORDS: Final = (
    *("arm", "confirm", "disarm", "pause", "note", "end", "beat", "drive", "offer", "accept"),
    *("release", "veto", "lift", "answer", "attach", "detach", "Arm", "", "\x00", "finished"),
)
NAMES: Final = sorted(
    {field.name for kind in typing.get_args(Intent) for field in fields(kind)} | {"intent", "seat"}
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
    for field in fields(_INTENTS[kind]):
        content[field.name] = dice.random() < 0.5 if field.type == "bool" else dice.choice(texts)
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


async def one_connection(socket: Path, dice: random.Random, engine: Engine) -> int:
    """How many frames were sent before the engine had enough."""
    reader, writer = await asyncio.open_unix_connection(socket)
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


@pytest.mark.timeout(300)
async def test_ten_thousand_frames_of_an_observer_achieve_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "PER_SECOND", 1e9)  # else it would take minutes
    monkeypatch.setattr("tests.engine.test_socket.WITHIN_S", 240)
    people = People({this_user(): ("observer",), "kim": ("driver", "commander")})
    plan = replace(demo_plan(), people=people)
    monkeypatch.setattr("tests.engine.test_socket.demo_plan", lambda: plan)
    dice = random.Random(7)
    async with flight(tmp_path / "s.sock") as engine:
        looking = await RemoteSession.connect(tmp_path / "s.sock")
        refused = sent = 0
        while sent < FRAMES:
            # what noise makes of itself ends a connection at once: several at a time
            sent += sum(
                await asyncio.gather(
                    *(one_connection(tmp_path / "s.sock", dice, engine) for _ in range(10))
                )
            )
            events, _ = await looking.news() or ([], None)
            refused += sum(event["kind"] == "refused" for event in events)
        before = engine.state.at_ms
        for _ in range(200):
            await asyncio.sleep(0.05)
            if engine.state.at_ms > before + 1_000:
                break
        await looking.close()
        state = engine.state
        assert state.at_ms > before, "the engine has stopped"
        assert state.crew.lease is None
        assert state.crew.veto is None
        assert state.armed is None
        assert not state.paused
        assert not state.outcome
        assert state.waves[0].word == "ready"
        assert state.next_action == 1
        assert refused > FRAMES / 20, "hardly anything was understood"
