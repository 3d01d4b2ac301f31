"""What a command loads is what it needs: proved in fresh interpreters by reading `sys.modules`."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = ("textual", "rich", "aiokafka", "httpx", "plotext", "numpy", "yaml")


def loaded(code: str) -> set[str]:
    """Top-level modules after running `code`."""
    program = f"{code}\nimport sys\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("from cockpit.cli.main import build_parser; build_parser('')", set()),
        ("import cockpit.core.machine", {"numpy"}),
        ("import cockpit.ports", {"numpy"}),
        ("import cockpit.engine.loop, cockpit.engine.server, cockpit.engine.remote", {"numpy"}),
        ("import cockpit.plan", {"yaml"}),
        ("import cockpit.sim.factory", {"numpy"}),
        ("import cockpit.tui.app, cockpit.tui.run, cockpit.cli.attach", {"textual", "rich"}),
        ("import cockpit.tui.screens.board", {"numpy", "textual", "rich"}),
        ("import cockpit.kafka.factory", {"numpy", "aiokafka", "httpx"}),
        ("import cockpit.cli.check", {"yaml"}),
        ("import cockpit.cli.replay, cockpit.replay.session", {"numpy"}),
        ("import cockpit.replay.recorded", {"numpy"}),
    ],
)
def test_nothing_heavy_is_loaded_that_is_not_needed(code: str, allowed: set[str]) -> None:
    heavy = loaded(code) & set(HEAVY)
    if "httpx" in allowed:
        heavy -= {"rich"}  # httpx loads it for its own command line when it is installed
    assert heavy <= allowed
