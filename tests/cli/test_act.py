"""`cockpit act`: each verb over a real socket to an engine on a simulated flight."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.acting import Answered, Order, act
from cockpit.cli.main import main
from cockpit.cli.underway import Flight
from cockpit.core.crew import LEASE_MS
from cockpit.core.flight import Tell
from cockpit.core.observe import Failure
from cockpit.core.snapshot import Snapshot
from cockpit.engine import server
from cockpit.engine.folders import this_user
from cockpit.engine.remote import RemoteSession
from cockpit.wire.frames import HELLO, frame, hello
from tests.engine.test_socket import flight


async def asked(socket: Path, verb: str, **given: str) -> Answered:
    told: list[str] = []
    return await act(socket, Order(verb, this_user(), **given), told.append)


async def seen_when(socket: Path, verb: str) -> Snapshot:
    """The flight once a verb is open."""
    watching = await RemoteSession.connect(socket)
    try:
        async for snapshot in watching.snapshots():
            if snapshot.action(verb).enabled:
                return snapshot
    finally:
        await watching.close()
    raise AssertionError("the engine went away")


async def asked_until_it_stands(socket: Path, wave: str) -> Answered:
    """Advance, and again where something had changed since it was shown: as a person would."""
    answered = await asked(socket, "advance", confirm=wave, wave=wave)
    for _ in range(5):
        if "changed" not in answered.why:
            break
        await seen_when(socket, "advance")
        answered = await asked(socket, "advance", confirm=wave, wave=wave)
    return answered


async def test_a_wave_begins_once_its_name_is_given_and_not_for_another(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        early = await asked(socket, "advance", confirm="readers")
        assert early.code == exits.GATE_NOT_MET
        assert early.why.startswith("gate ")
        name = (await seen_when(socket, "advance")).status.wave
        other = await asked(socket, "advance", confirm=name, wave="another")
        assert other == Answered(exits.REFUSED, f"it is wave {name}'s turn, not another's")
        assert engine.state.armed is None
        assert await asked_until_it_stands(socket, name) == Answered()
        assert engine.state.wave().word == "running"


async def test_a_gate_that_fails_while_it_is_armed_is_told_as_a_gate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.core.arming.CONFIRM_AFTER_MS", 10_000)  # time for it to fail
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        name = (await seen_when(socket, "advance")).status.wave
        ordered = asyncio.ensure_future(asked(socket, "advance", confirm=name))
        while engine.state.armed is None:  # noqa: ASYNC110  # the engine tells it no other way
            await asyncio.sleep(0.01)
        # what the gates have seen so far is gone: none of them can pass for a while
        engine.state = replace(engine.state, histories={})
        found = await ordered
        assert found.code == exits.GATE_NOT_MET, found.why
        assert found.why.startswith("gate ")
        assert engine.state.wave().word == "ready"


async def test_who_is_not_let_in_is_refused_and_nothing_is_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_OF_ONE", 0)
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        found = await asked(socket, "pause")
        assert found.code == exits.REFUSED
        assert found.why.startswith("the engine does not let you in: ")
        assert not engine.state.paused


async def test_an_engine_of_another_protocol_is_asked_nothing(tmp_path: Path) -> None:
    socket, got = tmp_path / "s.sock", []

    async def other(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(frame(HELLO, b'{"protocol": 999, "session": "s"}'))
        got.append(await reader.read())
        writer.close()

    async with await asyncio.start_unix_server(other, path=socket):
        found = await asked(socket, "pause")
        assert found.code == exits.REFUSED
        assert "the engine speaks protocol 999" in found.why
        await asyncio.sleep(0.05)
    assert got == [b""]


async def test_who_drives_from_a_script_is_told_until_when_and_renews_it_by_another(
    tmp_path: Path,
) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        begun_ms = engine.state.at_ms
        first = await asked(socket, "drive")
        assert first.code == exits.COMPLETED
        assert first.until_ms is not None
        assert LEASE_MS <= first.until_ms - begun_ms < LEASE_MS + 20_000
        await asyncio.sleep(0.1)  # a second of the flight
        again = await asked(socket, "drive")
        assert again.until_ms is not None
        assert again.until_ms > first.until_ms
        assert engine.state.crew.lease is not None
        assert engine.state.crew.lease.until_ms == again.until_ms


def test_how_long_the_controls_stay_is_said_in_words_in_json_and_in_the_help(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    drives = Answered(until_ms=1_767_312_000_000)
    monkeypatch.setattr("cockpit.cli.act.find_running", lambda _name: Flight("s", Path("s")))
    monkeypatch.setattr("cockpit.cli.act._answered", lambda _found, _options: drives)
    assert main(["act", "drive"]) == exits.COMPLETED
    words = "before 2026-01-02 00:00:00Z: drive again renews that"
    assert capsys.readouterr().out == f"drive: done; nobody else may take the controls {words}\n"
    assert main(["act", "drive", "--json"]) == exits.COMPLETED
    assert json.loads(capsys.readouterr().out)["until_ms"] == 1_767_312_000_000
    with pytest.raises(SystemExit):
        main(["act", "--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert "does so for one lease (the plan's, 60 s unless it says another)" in told


async def test_what_stops_writes_and_vetoes_needs_no_name(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        assert await asked(socket, "pause") == Answered()
        assert engine.state.paused
        assert await asked(socket, "note", text="seen") == Answered()
        assert await asked(socket, "veto", text="payments are down") == Answered()
        refused = await asked(socket, "advance", confirm="readers")
        words = f"{this_user()} has vetoed going forward: payments are down"
        assert refused == Answered(exits.REFUSED, words)
        assert await asked(socket, "lift") == Answered()
        assert engine.state.crew.veto is None


async def test_the_controls_change_hands_by_words(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket):
        screen = await RemoteSession.connect(socket, drive=this_user())
        assert (await asked(socket, "offer", to="nobody-here")).why == "nobody-here is not here"
        assert await asked(socket, "offer", to=this_user()) == Answered()
        async for snapshot in screen.snapshots():
            if snapshot.crew.offered_to == this_user() and snapshot.crew.seat == screen.seat:
                break
        else:
            pytest.fail("the offer went with the connection that made it")
        wave = snapshot.status.wave
        assert (await asked(socket, "accept", confirm="?")).why.startswith("read back the wave's")
        assert (await asked(socket, "accept", confirm=wave)).code == exits.COMPLETED
        await screen.close()


@pytest.mark.parametrize(
    ("verb", "why"),
    [
        ("go", "nobody asks for a go"),
        ("no-go", "nobody asks for a go"),
        ("confirm", "gate "),
        ("rollback", "nothing of this wave has been done"),
        ("recover", ""),
    ],
)
async def test_what_is_not_open_is_refused_and_says_why(
    tmp_path: Path, verb: str, why: str
) -> None:
    async with flight(tmp_path / "s.sock") as engine:
        found = await asked(tmp_path / "s.sock", verb, confirm="readers")
        assert found.code in (exits.REFUSED, exits.GATE_NOT_MET)
        assert found.why.startswith(why)
        assert engine.state.armed is None


async def test_a_confirmation_answers_a_question_and_begins_no_wave(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        name = (await seen_when(socket, "advance")).status.wave
        found = await asked(socket, "confirm", confirm=name)
        assert found == Answered(exits.REFUSED, "no step asks anybody anything")
        assert engine.state.wave().word == "ready"


async def test_an_abort_takes_the_wave_back_and_ends_the_flight(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        name = (await seen_when(socket, "advance")).status.wave
        assert await asked(socket, "advance", confirm=name) == Answered()
        await seen_when(socket, "rollback")
        assert await asked(socket, "abort", confirm=name) == Answered()
        assert engine.state.outcome == "rolled_back"
        assert engine.state.waves[0].word == "rolled back"


async def test_an_engine_that_goes_away_leaves_the_outcome_unknown(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"

    async def gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(hello(session="s", engine="test", seat="1"))
        await reader.read(1)
        writer.close()

    server = await asyncio.start_unix_server(gone, path=socket)
    async with server:
        assert (await asked(socket, "pause")).code == exits.UNKNOWN


def test_a_script_is_told_in_json_and_a_person_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert main(["act", "pause", "--json", "--session", "none"]) == exits.REFUSED
    assert json.loads(capsys.readouterr().out) == {
        "verb": "pause",
        "session": "",
        "outcome": "refused",
        "code": exits.REFUSED,
        "why": "no running session is called none",
    }
    assert main(["act", "note"]) == exits.USAGE
    assert capsys.readouterr().err == "note needs --text\n"


async def test_an_alarm_is_acknowledged_by_its_subject(tmp_path: Path) -> None:
    socket = tmp_path / "s.sock"
    async with flight(socket) as engine:
        none = await asked(socket, "ack", text="webhook")
        assert none == Answered(exits.REFUSED, "there is no alarm about webhook now")
        now_ms = engine.state.at_ms
        failure = Failure("webhook", now_ms, now_ms, "unreachable", "down")
        engine.hear(failure, Tell("webhook_failing", "down", "warn"))
        watching = await RemoteSession.connect(socket)
        async for snapshot in watching.snapshots():
            if any(alarm.subject == "webhook" for alarm in snapshot.alarms):
                break
        await watching.close()
        assert await asked(socket, "ack", text="webhook") == Answered()
        (alarm,) = [one for one in engine.state.watch.alarms if one.subject == "webhook"]
        assert alarm.seen_by == this_user()
