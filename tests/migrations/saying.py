"""One command of the cockpit, as a script would give it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.flights.real import environment

WITHIN_S = 300.0


def says(state: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Its answer. `state`: where its sessions are."""
    return subprocess.run(
        [sys.executable, "-m", "cockpit", *words],
        capture_output=True,
        text=True,
        env=environment(state),
        check=False,
        timeout=WITHIN_S,
    )
