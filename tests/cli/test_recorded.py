"""Commands on recordings: report, tune, and a flight gone through once more."""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import stat
import sys
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.again import add_options, is_wanted, run_again
from cockpit.cli.export import TABLES
from cockpit.cli.main import main
from cockpit.cli.recordings import NoRecording, find_recording
from cockpit.engine.folders import SessionFolder
from cockpit.report.series import SERIES
from tests.recorded import PLAN, record

NAMES = ("20261121-020000-first-move", "20261122-020000-first-move")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with two sessions; the newer has no recording."""
    state = tmp_path_factory.mktemp("state")
    for name in NAMES:
        (state / "cockpit" / "sessions" / name).mkdir(parents=True)
    record(state / "cockpit" / "sessions" / NAMES[0] / "recording.ckrec", session=NAMES[0])
    return state


@pytest.fixture(autouse=True)
def at_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(home))


def again(*words: str) -> int:
    parser = argparse.ArgumentParser()
    add_options(parser)
    options = parser.parse_args(words)
    assert is_wanted(options)
    return run_again(find_recording(NAMES[0]), options)


def test_a_recording_is_found_by_name_beginning_folder_file_or_as_the_newest(home: Path) -> None:
    folder = home / "cockpit" / "sessions" / NAMES[0]
    for name in (None, NAMES[0], "20261121", str(folder), str(folder / "recording.ckrec")):
        assert find_recording(name).path == SessionFolder(folder).recording


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("2099", "no session is called 2099"),
        (NAMES[1], "has no recording"),
        ("./x", "no such file"),
    ],
)
def test_what_is_not_there_is_said(name: str, why: str) -> None:
    with pytest.raises(NoRecording, match=why):
        find_recording(name)


def test_what_is_no_recording_is_refused_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "notes.ckrec"
    for content in ("", "notes"):
        path.write_text(content)
        assert main(["report", str(path)]) == exits.REFUSED
        assert "no recording" in capsys.readouterr().err


def test_a_report_is_printed_or_written_in_the_format_of_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["report"]) == exits.COMPLETED
    assert capsys.readouterr().out.startswith("# Migration review: first-move")
    page = tmp_path / "review.html"
    assert main(["report", NAMES[0], "-o", str(page)]) == exits.COMPLETED
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(page.stat().st_mode) == 0o600
    first = page.read_bytes()
    assert main(["report", NAMES[0], "-o", str(page)]) == exits.COMPLETED
    assert page.read_bytes() == first
    assert main(["report", "--format", "json"]) == exits.COMPLETED
    capsys.readouterr()


def test_an_anonymised_report_keeps_its_names_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = tmp_path / "names.json"
    assert main(["report", "--anonymise", "--names", str(names)]) == exits.COMPLETED
    text = capsys.readouterr().out
    words = json.loads(names.read_text())
    assert words["ledger"].startswith("service-")
    assert "ledger" not in text
    assert "team-fin" not in text
    assert main(["report", "--names", str(names)]) == exits.USAGE


def test_a_session_goes_out_and_comes_back_as_the_same_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines, page, again_page = (tmp_path / name for name in ("x.jsonl", "1.html", "2.html"))
    assert main(["export", NAMES[0], "-o", str(lines)]) == exits.COMPLETED
    assert stat.S_IMODE(lines.stat().st_mode) == 0o600
    assert main(["report", NAMES[0], "-o", str(page)]) == exits.COMPLETED
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "elsewhere"))
    assert main(["import", str(lines)]) == exits.COMPLETED
    assert "imported-x" in capsys.readouterr().out
    assert main(["report", "-o", str(again_page)]) == exits.COMPLETED
    assert again_page.read_bytes() == page.read_bytes()
    assert main(["export", "-o", str(tmp_path / "y.jsonl")]) == exits.COMPLETED
    assert (tmp_path / "y.jsonl").read_bytes() == lines.read_bytes()


def test_what_cannot_be_imported_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    path = tmp_path / "bad.jsonl"
    path.write_text('{"kind":"recording","schema":"cockpit recording","schema_version":1}\n{}\n')
    assert main(["import", str(path)]) == exits.FAILED
    assert "line 2" in capsys.readouterr().err
    assert not list((tmp_path / "state" / "cockpit" / "sessions").iterdir())
    assert main(["import", str(tmp_path / "none.jsonl")]) == exits.FAILED


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_exported_as_csv(table: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", NAMES[0], "--table", table]) == exits.COMPLETED
    text = capsys.readouterr().out
    rows = list(csv.reader(io.StringIO(text, newline="")))
    assert tuple(rows[0]) == SERIES[table].columns
    assert len(rows) > 10
    assert {len(row) for row in rows} == {len(rows[0])}


def test_tolerances_are_proposed_with_how_much_was_seen(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tune", NAMES[0]]) == exits.COMPLETED
    text = capsys.readouterr().out
    assert "waves.readers.gates.0  replication_lag  limit 500 records" in text
    assert "samples over" in text
    assert main(["tune", NAMES[0], "--json"]) == exits.COMPLETED
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["path"] for row in rows} > {"waves.readers.gates.0"}
    assert main(["tune", "2099"]) == exits.REFUSED


@pytest.mark.parametrize("words", [("report", NAMES[0]), ("tune", NAMES[0])])
def test_a_terminal_is_told_how_far_it_is_and_nobody_else(
    words: tuple[str, ...], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main([*words]) == exits.COMPLETED
    assert "%" not in capsys.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert main([*words]) == exits.COMPLETED
    told = capsys.readouterr().err.split("\r")
    shares = [int(one.rpartition(": ")[2].removesuffix(" %")) for one in told[1:-1]]
    assert shares == sorted(set(shares))
    assert shares[-1] == 100
    assert told[-1] == "\x1b[K"


def test_verify_says_how_much_was_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    assert again("--verify") == exits.COMPLETED
    assert "0 differ" in capsys.readouterr().out
    assert again("--verify", "--json") == exits.COMPLETED
    told = json.loads(capsys.readouterr().out)
    assert told["differences"] == 0
    assert told["frames"] == told["exact"] > 50


def test_one_value_is_tried_by_its_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert again("--set", "waves.readers.gates.0.max=1") == exits.COMPLETED
    text = capsys.readouterr().out
    assert "advance waves.readers: was accepted, would be refused" in text
    assert "would have been otherwise: 1 of advance" in text
    assert again("--set", "waves.readers.gates.0.max=499") == exits.COMPLETED
    assert capsys.readouterr().out == "nothing would have been decided otherwise\n"


def test_another_plan_is_tried(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(PLAN.replace("max: 500", "max: 1"))
    assert again("--plan", str(other), "--json") == exits.COMPLETED
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["path"] for row in rows if row["what"] == "advance"} == {
        "waves.readers",
        "waves.writers",
    }


@pytest.mark.parametrize(
    ("words", "code", "why"),
    [
        (("--set", "waves.raeders.gates.0.max=1"), exits.USAGE, "did you mean readers"),
        (("--set", "waves.readers.gates.0.max=much"), exits.USAGE, "much"),
        (("--plan", "/nowhere.yaml"), exits.USAGE, "nowhere"),
    ],
)
def test_what_cannot_be_tried_is_refused(
    words: tuple[str, ...], code: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert again(*words) == code
    assert why in capsys.readouterr().err


def test_a_life_of_another_version_cannot_be_worked_out_and_that_is_no_success(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "recording.ckrec"
    shutil.copy(find_recording(NAMES[0]).path, path)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 50])
    parser = argparse.ArgumentParser()
    add_options(parser)
    code = run_again(find_recording(str(path)), parser.parse_args(["--verify"]))
    assert code in (exits.UNKNOWN, exits.FAILED)
    capsys.readouterr()
