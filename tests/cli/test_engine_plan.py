"""An engine reads its session's plan: before a flight by today's rules, after that as flown."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from cockpit.cli import exits
from cockpit.engine.folders import SessionFolder
from tests.plan.given import SAMPLES

BROKEN = SAMPLES / "broken" / "downstream-first.yaml"


def session(folder: Path) -> str:
    """A session of a plan that is refused today; it has no journal yet."""
    folder.mkdir()
    found = SessionFolder(folder)
    found.plan.write_text(BROKEN.read_text())
    found.meta.write_text(json.dumps({"plan": "broken", "plan_path": str(BROKEN)}))
    return str(folder)


def answer(tmp_path: Path, *options: str) -> str:
    """What the engine says instead of flying."""
    state = {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_RUNTIME_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "cockpit", "engine", session(tmp_path / "s"), *options],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, **state},
        check=False,
    )
    assert done.returncode != exits.COMPLETED
    assert "Traceback" not in done.stderr
    return "; ".join(json.loads(done.stdout)["problems"])


def test_a_plan_that_is_refused_does_not_begin_and_the_engine_says_why(tmp_path: Path) -> None:
    assert "ledger still reads it on the source" in answer(tmp_path)


def test_a_flight_that_has_begun_is_not_kept_from_going_on_by_its_plan(tmp_path: Path) -> None:
    said = answer(tmp_path, "--resume")
    assert "journal" in said
    assert "ledger" not in said
