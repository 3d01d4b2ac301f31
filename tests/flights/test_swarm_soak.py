"""The long run over the swarm's seeds: how many, for which code, and how it is stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flights import swarm_soak
from tests.flights.soaking import ROOT
from tests.flights.swarm_soak import CHUNK, Tally, soak, to_fly

SCRIPT = """
import sys
from pathlib import Path
from tests.flights import swarm_soak
swarm_soak.FILE, swarm_soak.CHUNK = Path(sys.argv[1]), 1
sys.exit(swarm_soak.soak(int(sys.argv[2])))
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this run keeps what has flown."""
    found = tmp_path / "swarm.json"
    monkeypatch.setattr(swarm_soak, "FILE", found)
    monkeypatch.setattr(swarm_soak, "_code", lambda: "new")
    return found


def keep(file: Path, code: str, done: dict[int, int], *broken: int) -> None:
    tally = Tally(seeds=sum(done.values()), failures={str(seed): "I1: torn" for seed in broken})
    file.write_text(json.dumps({"code": code, "done": done, "tally": tally.plain()}))


def test_just_as_many_seeds_fly_as_were_asked_for() -> None:
    assert to_fly(70, {}) == [range(CHUNK), range(CHUNK, 70)]
    assert to_fly(3, {}) == [range(3)]


def test_what_has_flown_is_not_flown_again_nor_what_is_left_of_its_chunk_forgotten() -> None:
    assert to_fly(120, {0: CHUNK, 1: 20}) == [range(70, 100), range(100, 120)]
    assert to_fly(70, {0: CHUNK, 1: 20}) == []


def test_seeds_of_other_code_are_told_and_put_aside(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(file, "old", {0: 50, 1: 20})
    assert soak(0) == 0
    assert "kept 70 seeds of other code old, put aside as swarm-old.json" in capsys.readouterr().out
    assert json.loads(file.with_name("swarm-old.json").read_text())["tally"]["seeds"] == 70


def test_the_last_line_says_how_many_with_which_code_and_what_is_broken(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(file, "new", {0: 50})
    assert soak(50) == 0
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "50 seeds flown with code new: 0 violations"
    keep(file, "new", {0: 50}, 17, 4)
    assert soak(50) == 1
    last = capsys.readouterr().out.splitlines()[-1]
    assert last == "50 seeds flown with code new: 2 violations, in seeds 4, 17"


@pytest.mark.soak
def test_ctrl_c_keeps_what_has_flown_and_ends_in_two_sentences(tmp_path: Path) -> None:
    flying = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path / "swarm.json"), "100000"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        start_new_session=True,
    )
    assert flying.stdout is not None
    assert flying.stdout.readline() == "swarm: 0 seeds kept, 100000 to fly\n"
    flying.stdout.readline()  # the first seed has flown: everybody is at work
    os.killpg(flying.pid, signal.SIGINT)
    try:
        told, failed = flying.communicate(timeout=120)
    except subprocess.TimeoutExpired:
        os.killpg(flying.pid, signal.SIGKILL)
        flying.communicate()
        raise
    assert failed == ""
    assert "are left: the same command goes on with them" in told
    assert "seeds flown with code" in told.splitlines()[-1]
    assert flying.returncode == swarm_soak.STOPPED
