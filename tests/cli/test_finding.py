"""Which session is meant by a name: one rule for every command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli import exits, launch
from cockpit.cli.main import main
from cockpit.cli.underway import Flight, find_running
from cockpit.engine.folders import SessionFolder
from cockpit.engine.journal import Journal

DAY = "20260101"
FIRST, SECOND = f"{DAY}-000000-lab", f"{DAY}-000000-lab-1"
META = {"plan": "lab", "plan_path": "/plans/lab.yaml", "socket": "/run/lab.sock"}
STATE = {"waves": [{"name": "readers", "word": "running", "back": False, "steps": [{"begun": 1}]}]}


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two that were left half-way; the second took its name from the first."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = tmp_path / "cockpit" / "sessions"
    for name in (FIRST, SECOND):
        session = SessionFolder(folder / name)
        session.path.mkdir(parents=True)
        session.meta.write_text(json.dumps(META))
        journal = Journal(session.journal)
        journal.append("flight_started", 1, {})
        journal.append("state", 2, {"state": STATE})
        journal.close()
    return folder


def flight(sessions: Path, name: str) -> Flight:
    return Flight(name, Path("/run/lab.sock"), folder=SessionFolder(sessions / name))


def both_fly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launch, "is_running", lambda _folder: True)


@pytest.mark.parametrize("name", [FIRST, SECOND])
def test_a_whole_name_is_that_session_though_another_one_begins_with_it(
    sessions: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_fly(monkeypatch)
    assert find_running(name) == flight(sessions, name)


def test_a_beginning_that_several_flights_have_is_nobodys(
    sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_fly(monkeypatch)
    assert find_running(DAY) == f"2 sessions begin with {DAY}: {FIRST}, {SECOND}"
    names = f"several flights are under way, name one: {FIRST}, {SECOND}"
    assert find_running(None) == names
    assert find_running("2027") == "no running session is called 2027"


def test_what_flies_is_found_by_a_beginning_that_others_have_too(
    sessions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(launch, "is_running", lambda folder: folder.id == SECOND)
    assert find_running(DAY) == flight(sessions, SECOND)
    monkeypatch.setattr(launch, "is_running", lambda _folder: False)
    assert find_running(None) == "no flight is under way"


@pytest.mark.parametrize(
    ("name", "why"),
    [
        (DAY, f"2 sessions begin with {DAY}: {FIRST}, {SECOND}"),
        ("2027", "no session 2027"),
    ],
)
def test_a_flight_is_taken_over_by_a_name_that_means_it(
    sessions: Path, name: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["resume", name, "--headless"]) == exits.REFUSED
    assert why in capsys.readouterr().err
