"""`cockpit keys`: the keys as they are for this user."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli.main import main
from cockpit.tui.keys import LIVE
from cockpit.tui.playkeys import REPLAY


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's folder."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "cockpit"
    folder.mkdir()
    return folder


def test_every_key_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["keys"]) == 0
    out = capsys.readouterr().out
    for key in LIVE.keys:
        assert key.id in out
    assert main(["keys", "--replay", "--json"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["action"] for row in rows] == [key.id for key in REPLAY.keys]


def test_a_moved_key_is_marked(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config / "keys.yaml").write_text("sort: o\n")
    assert main(["keys", "--json"]) == 0
    rows = {row["action"]: row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert rows["sort"]["keys"] == ["o"]
    assert rows["sort"]["moved"]
    assert not rows["filter"]["moved"]
    assert rows["advance"]["fixed"]


def test_mistakes_are_named(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config / "keys.yaml").write_text("# mine\nadvance: enter\nsort: \x1b[2J\n")
    assert main(["keys"]) == 2
    (config / "keys.yaml").write_text("# mine\nadvance: enter\n")
    assert main(["keys"]) == 2
    said = capsys.readouterr()
    assert "keys.yaml line 2: advance stays on A" in said.err
    assert "\x1b" not in said.err
