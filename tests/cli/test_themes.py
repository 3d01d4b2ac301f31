"""`cockpit themes`: every theme in a line, every mistake by its line, one theme as a file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.main import main
from cockpit.tui.themes import SHIPPED, shipped_folder

Output = pytest.CaptureFixture[str]
Hostile = "a\x1b]0;x\x07b"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a user's themes, on a terminal of many colours."""
    for name in ("NO_COLOR", "COCKPIT_THEME", "TEXTUAL_COLOR_SYSTEM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "cockpit" / "themes"
    folder.mkdir(parents=True)
    return folder


def test_the_shipped_themes_are_listed_with_their_contrast(folder: Path, capsys: Output) -> None:
    assert main(["themes"]) == exits.COMPLETED
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert [line[2:].split()[0] for line in lines[:-1]] == list(SHIPPED)
    assert lines[0].startswith("* dark ")
    assert sum(line.startswith("*") for line in lines[:-1]) == 1
    assert str(folder) in lines[-1]
    assert "hard to read" not in out
    assert "cannot be used" not in out


def test_a_user_s_themes_are_listed_with_what_is_wrong_with_them(
    folder: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "faint.yaml").write_text('like: dark\nstyles: {good: "#303030"}\n')
    (folder / "torn.yaml").write_text("like: dark\nstyles:\n  good: #fff\n  bed: red\n")
    (folder / f"{Hostile}.yaml").write_text("7")
    monkeypatch.setenv("COCKPIT_THEME", "torn")
    assert main(["themes"]) == exits.COMPLETED
    told = capsys.readouterr()
    assert "hard to read: good on " in told.out
    assert f"cannot be used: {folder / 'torn.yaml'}" in told.out
    assert "\n    line 3: styles.good is empty" in told.out
    assert "\n    line 4: styles: unknown 'bed'" in told.out
    assert "* dark" in told.out
    assert told.err.startswith("theme dark is used: torn.yaml line 3: ")
    assert "\x1b" not in told.out

    assert main(["themes", "--json"]) == exits.COMPLETED
    every = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    by_name = {one["name"]: one for one in every}
    assert by_name["dark"]["used"] is True
    assert by_name["dark"]["contrast"] >= 4.5
    assert by_name["mono"]["contrast"] is None
    assert by_name["faint"]["legible"] is False
    assert by_name["faint"]["own"] is True
    assert [one["line"] for one in by_name["torn"]["mistakes"]] == [3, 4]


def test_one_theme_is_printed_as_its_file_or_with_its_mistakes(
    folder: Path, capsys: Output
) -> None:
    shipped = shipped_folder()
    assert shipped is not None
    assert main(["themes", "light"]) == exits.COMPLETED
    printed = capsys.readouterr().out
    assert printed == (shipped / "light.yaml").read_text()
    (folder / "mine.yaml").write_text(printed)
    assert main(["themes", "mine"]) == exits.COMPLETED
    (folder / "mine.yaml").write_text(printed + "  more: red\n")
    capsys.readouterr()
    assert main(["themes", "mine"]) == exits.FAILED
    told = capsys.readouterr()
    assert (told.out, "unknown 'more'" in told.err) == ("", True)
    assert main(["themes", "nope"]) == exits.USAGE
    assert "there is no theme 'nope' (there are: dark, light" in capsys.readouterr().err
