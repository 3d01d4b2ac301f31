"""`cockpit replay`: options that do not go together, and what is no tolerance."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.main import main
from cockpit.cli.recordings import find_recording
from cockpit.cli.replay import is_flown
from cockpit.engine.folders import SessionFolder
from tests.recorded import record


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("flown") / "recording.ckrec"
    record(path)
    return str(path)


@pytest.mark.parametrize(
    ("words", "names"),
    [
        (["--verify", "--set", "x=1"], ["--verify", "--set"]),
        (["--verify", "--plan", "/nowhere.yaml"], ["--verify", "--plan"]),
        (["--json"], ["--json", "--verify", "--plan", "--set"]),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    flown: str, words: list[str], names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", flown, *words]) == exits.USAGE
    done = capsys.readouterr()
    assert done.out == ""
    assert all(name in done.err for name in names)


@pytest.mark.parametrize(
    "assignment",
    ["services.0.owner=zz", "name=zz", "waves.readers.rollback.on_trigger=pause",
     "signals.checkout-errors.path=errors.other"],
)  # fmt: skip
def test_what_is_no_tolerance_is_refused(
    flown: str, assignment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", flown, "--set", assignment]) == exits.USAGE
    done = capsys.readouterr()
    assert done.out == ""
    assert f"not a tolerance: {assignment}" in done.err


def test_of_several_the_one_that_is_none_is_named(
    flown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--set", "waves.readers.gates.0.max=1", "--set", "name=zz"]
    assert main(["replay", flown, *words]) == exits.USAGE
    assert "not a tolerance: name=zz -" in capsys.readouterr().err


@pytest.mark.parametrize(
    "assignment",
    ["waves.readers.gates.0.max=1", "waves.readers.rollback.triggers.0.max=1",
     "waves.readers.rollback.triggers.0.for=9s"],
)  # fmt: skip
def test_a_tolerance_is_tried(
    flown: str, assignment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["replay", flown, "--set", assignment]) == exits.COMPLETED
    assert "otherwise" in capsys.readouterr().out


def test_a_running_session_is_known_behind_a_link_to_its_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    folder = real / "cockpit" / "sessions" / "20261121-020000-week"
    folder.mkdir(parents=True)
    link.symlink_to(real)
    (folder / "recording.ckrec").touch()
    (folder / "socket").touch()
    monkeypatch.setenv("XDG_STATE_HOME", str(link))
    named = find_recording(None).path.parent
    assert named.is_relative_to(link)
    assert not is_flown(named)
    command = [sys.executable, "-c", "print(flush=True); input()", str(named)]
    # a process that is known by its folder, as an engine is
    engine = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert engine.stdout is not None
    engine.stdout.readline()
    try:
        meta = {"pid": engine.pid, "socket": str(folder / "socket")}
        SessionFolder(folder).meta.write_text(json.dumps(meta))
        assert is_flown(named)
        assert is_flown(folder)
        monkeypatch.chdir(folder.parent)
        assert is_flown(Path(folder.name))
    finally:
        engine.communicate(b"\n")
    assert not is_flown(named)
