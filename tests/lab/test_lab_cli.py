"""`cockpit lab` on a machine where it cannot work, or has nothing to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli.main import main
from cockpit.lab.state import STATE_FILE


def test_a_folder_without_a_lab_is_down(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["lab", "status", "--json", "--folder", str(tmp_path / "x")]) == 0
    body = json.loads(capsys.readouterr().out)
    assert body["state"] == "down"
    assert body["folder"] == str(tmp_path / "x")
    assert body["bootstrap"] == {"source": None, "target": None}
    assert body["pids"] == {}
    assert not (tmp_path / "x").exists()


def test_down_without_a_lab_has_nothing_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lab", "down", "--folder", str(tmp_path / "x")]) == 0
    assert "nothing of this lab was running" in capsys.readouterr().out
    assert main(["lab", "down", "--json", "--folder", str(tmp_path / "x")]) == 0
    assert json.loads(capsys.readouterr().out) == {"stopped": []}


def test_a_folder_with_somebody_elses_files_is_not_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("years of work")
    assert main(["lab", "up", "--folder", str(tmp_path)]) == 4
    assert "is not empty and not a lab's folder" in capsys.readouterr().err
    assert (tmp_path / "data" / "thesis.txt").read_text() == "years of work"


def test_missing_java_and_maven_are_named_and_nothing_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    assert main(["lab", "up", "--folder", str(tmp_path / "lab")]) == 4
    said = capsys.readouterr().err
    assert "Java 17 or newer" in said
    assert "Maven" in said
    assert "Traceback" not in said
    assert not (tmp_path / "lab" / STATE_FILE).exists()


def test_a_damaged_record_is_said_and_not_guessed_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / STATE_FILE).write_text("{")
    for verb in ("status", "down", "up"):
        assert main(["lab", verb, "--folder", str(tmp_path)]) == 4
        assert "is not a lab's record" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["lab"], ["lab", "sideways"], ["lab", "up", "--fast"]])
def test_words_that_are_not_understood_are_a_usage_error(words: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
