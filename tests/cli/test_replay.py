"""`cockpit replay`: what it opens, what it refuses, and the whole of it on a terminal."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.main import build_parser
from cockpit.cli.replay import open_replay
from cockpit.replay.session import PlayOptions, ReplaySession
from cockpit.wire.records import START
from tests import recorded as flights
from tests.cli.test_commands import cockpit
from tests.tui.test_run import on_a_terminal, read_until, wait_gone

PROGRAM = "import sys; from cockpit.cli.main import main; sys.exit(main({arguments!r}))"


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("session") / "recording.ckrec"
    flights.record(path)
    return path


def test_speeds_are_those_of_the_keys() -> None:
    parser = build_parser("replay")
    assert parser.parse_args(["replay", "s", "--speed", "16x"]).speed == 16.0
    assert parser.parse_args(["replay", "--speed", "0.25"]).speed == 0.25
    for wrong in ("3", "nan", "-1", "1e1"):
        with pytest.raises(SystemExit):
            parser.parse_args(["replay", "s", "--speed", wrong])


def test_a_time_that_it_does_not_have_is_a_mistake_of_usage(
    flown: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert open_replay(flown, PlayOptions(start="12:00")) == exits.USAGE
    assert "--at: not in this recording: it has 2026-01-05" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"no recording at all"])
def test_a_file_that_is_no_recording_is_refused(
    tmp_path: Path, content: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_bytes(content)
    assert open_replay(tmp_path / "x", PlayOptions()) == exits.REFUSED
    assert "no recording" in capsys.readouterr().err


def test_a_recording_without_a_snapshot_is_refused(
    flown: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x").write_bytes(flown.read_bytes()[: len(START)])
    assert open_replay(tmp_path / "x", PlayOptions()) == exits.REFUSED
    assert "nothing is recorded yet" in capsys.readouterr().err


async def test_bookmarks_go_beside_it(flown: Path) -> None:
    session = open_replay(flown, PlayOptions(plays=False))
    assert isinstance(session, ReplaySession)
    assert "kept beside" in session.press("bookmark", "x")
    await session.close()
    assert flown.with_name("bookmarks.jsonl").stat().st_mode & 0o777 == 0o600


def test_without_a_terminal_it_says_what_it_needs(flown: Path, tmp_path: Path) -> None:
    done = cockpit("replay", str(flown), state=tmp_path)
    assert done.returncode == exits.USAGE
    assert "no terminal on standard input" in done.stderr
    assert "--headless" not in done.stderr


def test_no_session_is_refused(tmp_path: Path) -> None:
    done = cockpit("replay", "nothing-like-it", state=tmp_path)
    assert done.returncode == exits.REFUSED
    assert "nothing-like-it" in done.stderr


def test_on_a_terminal_it_plays_and_leaves_with_one_key(flown: Path) -> None:
    arguments = ["replay", str(flown), "--paused", "--at", "end"]
    with on_a_terminal(PROGRAM.format(arguments=arguments)) as (pid, master):
        read_until(master, b" END ")
        os.write(master, b"A")
        read_until(master, b"this is a recording")
        os.write(master, b"\x03")
        left = read_until(master, b"REPLAY 2026-01-05")
        assert b"\x1b[?1049l" in left, "the terminal is restored"
        assert wait_gone(pid) == 0
