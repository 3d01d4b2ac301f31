"""What somebody asks for in vain over and over: told at a pace, counted, and as if it had not come.

Simulated flights; the socket and its frames are real.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cockpit.core.crew import People
from cockpit.core.intents import AddNote, Arm, Attach, Beat, Intent, Pause, Point
from cockpit.core.snapshot import LogLine, Snapshot
from cockpit.engine import server
from cockpit.engine.folders import this_user
from cockpit.engine.intake import MAX_ASKED_CHARS
from cockpit.engine.journal import Journal, read_journal
from cockpit.engine.loop import Engine
from cockpit.engine.paced import SUM_EVERY_MS, Paced
from cockpit.engine.remote import RemoteSession
from cockpit.secrecy import SECRETS
from cockpit.sim.demo import demo_plan
from cockpit.wire.frames import encode_intent, past
from tests.canaries import PEM
from tests.engine.test_socket import flight

ME = this_user()


def test_so_many_at_once_then_one_now_and_then_and_the_rest_is_counted() -> None:
    paced = Paced(at_once=3, every_ms=1_000)
    assert [paced.may_tell("eva", 0) for _ in range(5)] == [True] * 3 + [False] * 2
    assert paced.may_tell("ana", 0), "another one's flood is not hers"
    assert [paced.may_tell("eva", 1_000) for _ in range(2)] == [True, False]
    assert list(paced.sums(SUM_EVERY_MS - 1)) == []
    assert list(paced.sums(SUM_EVERY_MS)) == [("eva", 3)]
    assert list(paced.sums(2 * SUM_EVERY_MS)) == [], "told once"
    assert [paced.may_tell("eva", 10**9) for _ in range(4)] == [True] * 3 + [False]
    assert list(paced.sums()) == [("eva", 1)], "whatever the time, at the end"


def test_a_clock_that_goes_back_gives_nothing() -> None:
    paced = Paced(at_once=1, every_ms=1_000)
    assert paced.may_tell("eva", 10_000)
    assert not paced.may_tell("eva", 0)
    assert not paced.may_tell("eva", 10_000)


@pytest.fixture
def only_looks_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs these tests is an observer in the plan."""
    plan = replace(demo_plan(), people=People({ME: ("observer",), "kim": ("driver",)}))
    monkeypatch.setattr("tests.engine.test_socket.demo_plan", lambda: plan)


async def heard(session: RemoteSession, kind: str, number: int) -> list[dict[str, Any]]:
    """So many events of a kind."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(15):
        while len(found) < number:
            news = await session.news()
            assert news is not None
            found += [dict(event) for event in news[0] if event["kind"] == kind]
    return found


@pytest.mark.usefixtures("only_looks_on")
async def test_who_floods_is_told_each_time_and_everybody_else_a_number(tmp_path: Path) -> None:
    path, kept = tmp_path / "s.sock", tmp_path / "journal.jsonl"
    async with flight(path, Journal(kept)):
        eva, other = await RemoteSession.connect(path), await RemoteSession.connect(path)
        for _ in range(45):
            await eva.submit(Arm("advance", ME))
        mine = await heard(eva, "refused", 45)
        (total,) = await heard(other, "held_back", 1)
        entries = list(read_journal(kept))
        await eva.close()
        await other.close()
    assert all((one["by"], one["verb"]) == (ME, "advance") for one in mine)
    assert all("you look on" in one["why"] for one in mine)
    told = [entry for entry in entries if entry["kind"] == "refused"]
    assert 20 <= len(told) < 25
    assert sum(entry["kind"] == "asked" for entry in entries) == len(told)
    assert total["text"] == f"and {45 - len(told)} more refused of {ME}"
    assert total["count"] == 45 - len(told)


@pytest.mark.usefixtures("only_looks_on")
async def test_what_was_held_back_last_is_told_when_the_engine_stops(tmp_path: Path) -> None:
    path, kept = tmp_path / "s.sock", tmp_path / "journal.jsonl"
    async with flight(path, Journal(kept)):
        eva = await RemoteSession.connect(path)
        for _ in range(45):
            await eva.submit(Arm("advance", ME))
        await heard(eva, "refused", 45)
        await eva.close()
    entries = list(read_journal(kept))
    told = sum(entry["kind"] == "refused" for entry in entries)
    assert told + sum(e["count"] for e in entries if e["kind"] == "held_back") == 45


def quiet(engine: Engine) -> list[Snapshot]:
    """Every snapshot that is shown from now on."""
    shown: list[Snapshot] = []
    offer = engine.fanout.offer

    def offered(snapshot: Snapshot) -> None:
        shown.append(snapshot)
        offer(snapshot)

    engine.fanout.offer = offered  # type: ignore[method-assign]
    return shown


@pytest.mark.parametrize(
    "intent", [Arm("advance", ME), Beat(ME), Point("lag", "orders/0", ME)], ids=str
)
@pytest.mark.usefixtures("only_looks_on")
async def test_what_nothing_comes_of_is_not_shown_again_and_again(
    tmp_path: Path, intent: Intent
) -> None:
    kept = tmp_path / "journal.jsonl"
    async with flight(tmp_path / "s.sock", Journal(kept)) as engine:
        await engine.submit(Attach(ME), "1")
        await asyncio.sleep(0.2)
        shown, begun_ms, before = quiet(engine), engine.state.at_ms, kept.stat().st_size
        for _ in range(500):
            await engine.submit(intent, "1")
            await asyncio.sleep(0)
        await asyncio.sleep(0.2)
        ticks = (engine.state.at_ms - begun_ms) // 1_000
        assert len(shown) <= ticks + 30
        assert kept.stat().st_size - before < 25_000


async def test_what_comes_in_together_is_shown_once_and_all_of_it_counts(tmp_path: Path) -> None:
    async with flight(tmp_path / "s.sock") as engine:
        await asyncio.sleep(0.2)
        shown = quiet(engine)
        before = engine.state.told
        for number in range(50):
            await engine.submit(AddNote(f"note {number}", ME))
        await asyncio.sleep(0.1)
        assert engine.state.told >= before + 50
        assert len(shown) < 10


@pytest.mark.usefixtures("only_looks_on")
async def test_many_connections_of_one_user_bring_no_more_than_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0
    submit = Engine.submit

    async def counted(self: Engine, intent: Intent, seat: str = "") -> None:
        nonlocal taken
        taken += isinstance(intent, Pause)
        await submit(self, intent, seat)

    monkeypatch.setattr(Engine, "submit", counted)
    async with flight(tmp_path / "s.sock"):
        begun = time.monotonic()
        writers = []
        for _ in range(10):
            _, writer = await asyncio.open_unix_connection(tmp_path / "s.sock")
            writer.write(encode_intent(Pause(ME)) * 200)
            writers.append(writer)
        await asyncio.sleep(2)
        took_s = time.monotonic() - begun
        for writer in writers:
            writer.transport.abort()
        await asyncio.sleep(0.5)  # until the server has seen that they are gone
    assert server.BURST <= taken <= server.BURST + server.PER_SECOND * took_s + 1


async def test_who_connects_over_and_over_is_greeted_at_a_pace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each greeting has the whole log: nobody's coming and going may cost the others theirs."""
    came_s: list[float] = []

    def counted(lines: Sequence[LogLine]) -> bytes:
        came_s.append(time.monotonic())
        return past(lines)

    monkeypatch.setattr("cockpit.engine.server.past", counted)
    wanted = int(server.ARRIVALS) + 10
    async with flight(tmp_path / "s.sock"):
        begun_s = time.monotonic()
        for _ in range(wanted):
            reader, writer = await asyncio.open_unix_connection(tmp_path / "s.sock")
            await reader.read(1)
            writer.transport.abort()
        await asyncio.sleep(0.5)
    assert len(came_s) == wanted, "everybody has his turn"
    assert came_s[-1] - begun_s >= (10 - 1) / server.ARRIVALS_PER_SECOND


async def test_a_text_that_is_too_long_is_cut_and_no_secret_is_cut_in_two(tmp_path: Path) -> None:
    """Half a secret would not be found any more."""
    SECRETS.add(PEM)
    SECRETS.add("hunter2Zebra")
    kept = tmp_path / "journal.jsonl"
    texts = ["x" * 60_000, *("y" * (MAX_ASKED_CHARS - at) + "hunter2Zebra" * 9 for at in range(13))]
    texts += ["z" * at + PEM for at in (0, 300, MAX_ASKED_CHARS - 40, MAX_ASKED_CHARS)]
    async with flight(tmp_path / "s.sock", Journal(kept)):
        session = await RemoteSession.connect(tmp_path / "s.sock", drive=ME)
        for text in texts:
            await session.submit(AddNote(text, ME))
        await heard(session, "note", len(texts))
        await session.close()
    said = [e["text"] for e in read_journal(kept) if e["kind"] == "asked" and "text" in e]
    assert len(said) == len(texts)
    assert said[0] == "x" * MAX_ASKED_CHARS + "\u2026"
    for text in said:
        assert len(text) <= MAX_ASKED_CHARS + 100
        assert "hunt" not in text
        assert not any(line[:8] in text for line in PEM.splitlines()[1:-1])
