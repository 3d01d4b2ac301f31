"""`cockpit verify`: what it says of good and of changed journals, and what it ends with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.main import main
from cockpit.engine.folders import SessionFolder
from cockpit.engine.journal import Journal

NAME = "20260101-000000-first-move"


@pytest.fixture
def journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    folder = SessionFolder(tmp_path / "cockpit" / "sessions" / NAME)
    folder.path.mkdir(parents=True)
    written = Journal(folder.journal)
    for number in range(10):
        written.append("note", number, {"text": f"line {number}"})
    written.close()
    return folder.journal


def head(journal: Path, number: int) -> str:
    return f"{number}:{json.loads(journal.read_bytes().splitlines()[number - 1])['hash']}"


def test_a_good_journal_is_whole_by_name_folder_and_file(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in (NAME, NAME[:8], str(journal.parent), str(journal)):
        assert main(["verify", name, "--head", head(journal, 10)]) == exits.COMPLETED
        out = capsys.readouterr()
        assert "10 entries, each as it was written" in out.out
        assert "1 kept head found" in out.out
        assert out.err == ""


def test_without_a_kept_head_it_says_what_it_cannot_see(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept = head(journal, 10)
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:6]))
    assert main(["verify", NAME]) == exits.COMPLETED
    assert "would look the same" in capsys.readouterr().out
    assert main(["verify", NAME, "--head", kept]) == exits.CHANGED
    assert "ends with entry 6" in capsys.readouterr().err


def test_a_changed_line_is_named_and_has_a_code_of_its_own(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.write_bytes(journal.read_bytes().replace(b"line 4", b"line \x1b", 1))
    assert main(["verify", NAME]) == exits.CHANGED == 9
    out = capsys.readouterr()
    assert f"{journal}:5: " in out.err
    assert "CHANGED" in out.out
    assert main(["verify", NAME, "--json"]) == exits.CHANGED
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["exit_code"]) == ("changed", 9)
    assert [one["line"] for one in told["breaks"]] == [5]


def test_a_torn_last_line_has_another_code(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.write_bytes(journal.read_bytes()[:-3])
    assert main(["verify", NAME, "--json"]) == exits.TORN == 10
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["entries"], told["torn"]["line"]) == ("torn", 9, 10)


def test_what_is_not_there_is_refused(journal: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "2099"]) == exits.REFUSED
    assert main(["verify", str(journal.parent / "elsewhere.jsonl")]) == exits.REFUSED
    with pytest.raises(SystemExit) as usage:
        main(["verify", NAME, "--head", "12:abc"])
    assert usage.value.code == exits.USAGE
    assert "SEQ:HASH" in capsys.readouterr().err


def test_many_breaks_are_counted_and_not_all_told(
    journal: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal.write_bytes(b"nonsense\n" * 50)
    assert main(["verify", NAME]) == exits.CHANGED
    out = capsys.readouterr()
    assert "... and 30 more" in out.err
    assert "50 breaks" in out.out
