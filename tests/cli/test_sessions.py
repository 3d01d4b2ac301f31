"""Sessions listed, pruned and compacted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.main import main
from cockpit.engine.folders import SessionFolder, session_lock
from cockpit.engine.journal import Journal
from cockpit.wire.recording import Reader
from tests.recorded import record

OLD, HALF, NEW = "20260101-000000-old", "20260102-000000-half", "20260103-000000-new"


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An ended session, one left half-way, and a newer one that never began."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    home = tmp_path / "cockpit" / "sessions"
    for name in (OLD, HALF, NEW):
        (home / name).mkdir(parents=True)
        journal = Journal(SessionFolder(home / name).journal)
        plan = {"plan": "first-move", "waves": ["readers", "writers"]}
        journal.append("flight_started", 1_000, plan)
        wave = {"name": "readers", "word": "done", "steps": [{"begun": True}], "back": False}
        if name == HALF:
            wave["word"] = "running"
        if name != NEW:
            journal.append("state", 2_000, {"state": {"current": "readers", "waves": [wave]}})
        if name == OLD:
            journal.append("flight_ended", 61_000, {"outcome": "completed"})
        journal.close()
    return home


def listed(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    capsys.readouterr()
    assert main(["sessions", "--json"]) == exits.COMPLETED
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return {row["session"]: row for row in rows}


def test_each_is_listed_with_size_span_waves_and_outcome(
    sessions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = listed(capsys)
    assert list(found) == [OLD, HALF, NEW]
    old = found[OLD]
    assert (old["from_ms"], old["to_ms"], old["outcome"]) == (1_000, 61_000, "completed")
    assert old["waves"] == {"readers": "done", "writers": "pending"}
    assert old["size_bytes"] == sum(p.stat().st_size for p in (sessions / OLD).iterdir())
    assert "half-way in wave readers" in str(found[HALF]["left"])
    assert found[NEW]["waves"] == {"readers": "pending", "writers": "pending"}
    assert main(["sessions"]) == exits.COMPLETED
    line = capsys.readouterr().out.splitlines()[0]
    assert "completed  1 of 2 waves done  1 min 00 s" in line


def test_an_imported_session_is_listed_by_its_recording(
    sessions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (sessions / OLD / "journal.jsonl").unlink()
    shown = record(SessionFolder(sessions / OLD).recording).shown
    old = listed(capsys)[OLD]
    assert old["waves"] == {"readers": "done", "writers": "done"}
    assert old["outcome"] == "completed"
    assert old["to_ms"] == shown[-1].at_ms


def test_pruning_says_first_what_would_go_and_keeps_what_somebody_needs(
    sessions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sessions", "prune", "--keep", "1"]) == exits.COMPLETED
    text = capsys.readouterr().out
    assert f"would go  {OLD}" in text
    assert f"kept     {HALF}: left half-way" in text
    assert NEW not in text
    assert (sessions / OLD).exists()
    assert main(["sessions", "prune", "--keep", "1", "--yes"]) == exits.COMPLETED
    assert sorted(path.name for path in sessions.iterdir()) == [HALF, NEW]


def test_only_what_is_old_enough_goes(sessions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sessions", "prune", "--keep", "0", "--older-than", "36500d"]) == exits.COMPLETED
    assert "not as old as that" in capsys.readouterr().out
    assert main(["sessions", "prune", "--keep", "-1"]) == exits.USAGE
    assert len(list(sessions.iterdir())) == 3


def test_a_recording_is_made_smaller_and_stays_the_same_session(
    sessions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = SessionFolder(sessions / OLD).recording
    shown = record(path).shown
    before = path.stat().st_size
    assert main(["sessions", "compact", OLD]) == exits.COMPLETED
    assert "MB, now" in capsys.readouterr().out
    assert path.stat().st_size <= before
    reader = Reader(path.read_bytes())
    assert [frame.snapshot().seq for frame in reader.walk()] == [one.seq for one in shown]
    assert sorted(p.name for p in path.parent.iterdir()) == ["journal.jsonl", "recording.ckrec"]


def test_a_damaged_recording_is_left_as_it_is(
    sessions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = SessionFolder(sessions / OLD).recording
    record(path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))
    assert main(["sessions", "compact", OLD, "nobody"]) == exits.FAILED
    text = capsys.readouterr().err
    assert "damaged" in text
    assert "no session is called nobody" in text
    assert path.read_bytes() == bytes(data)


def test_a_session_that_an_engine_holds_is_neither_pruned_nor_compacted(
    sessions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record(sessions / OLD / "recording.ckrec")
    before = (sessions / OLD / "recording.ckrec").read_bytes()
    held = session_lock(SessionFolder(sessions / OLD))  # its socket is gone, as after a logout
    try:
        assert main(["sessions", "prune", "--keep", "2", "--yes"]) == exits.COMPLETED
        assert "an engine is at work on it" in capsys.readouterr().out
        assert main(["sessions", "compact", OLD]) == exits.FAILED
        assert "is flown" in capsys.readouterr().err
        assert (sessions / OLD / "recording.ckrec").read_bytes() == before
    finally:
        os.close(held)
    assert main(["sessions", "prune", "--keep", "2", "--yes"]) == exits.COMPLETED
    assert not (sessions / OLD).exists()


def test_what_is_no_session_is_not_touched(
    sessions: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "thesis.txt").write_text("years")
    (sessions / "00-notes").mkdir()
    (sessions / "00-notes" / "n.txt").write_text("mine")
    (sessions / "20200101-000000-link").symlink_to(precious)
    (sessions / OLD / "mine.txt").write_text("kept")
    assert main(["sessions", "prune", "--keep", "2", "--yes"]) == exits.COMPLETED
    assert "what is not a session's is left: mine.txt" in capsys.readouterr().out
    assert (precious / "thesis.txt").read_text() == "years"
    assert (sessions / "00-notes" / "n.txt").read_text() == "mine"
    assert [path.name for path in (sessions / OLD).iterdir()] == ["mine.txt"]


def test_a_pipe_in_the_place_of_a_file_does_not_hang(
    sessions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("journal.jsonl", "session.json"):
        (sessions / NEW / name).unlink(missing_ok=True)
        os.mkfifo(sessions / NEW / name)
    (sessions / OLD / "session.json").write_text("[" * 100_000)
    assert listed(capsys)[NEW]["left"] == "journal not believed: it is no file"


def test_a_name_that_begins_several_is_refused_where_something_is_changed(
    sessions: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sessions", "compact", "2026"]) == exits.FAILED
    assert "3 sessions begin with 2026" in capsys.readouterr().err


def test_verbs_speak_json_too(sessions: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record(sessions / OLD / "recording.ckrec")
    for words in (["--json", "compact", OLD], ["compact", OLD, "--json"]):
        assert main(["sessions", *words]) == exits.COMPLETED
        told = json.loads(capsys.readouterr().out)
        assert told["session"] == OLD
        assert told["after_bytes"] <= told["before_bytes"]
    assert main(["sessions", "prune", "--keep", "1", "--json"]) == exits.COMPLETED
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["session"], row["what"]) for row in rows] == [(OLD, "would_go"), (HALF, "kept")]
    assert "half-way" in rows[1]["why_kept"]
