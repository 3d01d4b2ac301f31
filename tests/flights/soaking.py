"""What every soak keeps between its runs: where, and for which code it counts."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Final

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".soak"
REAL: Final = ("core", "engine", "kafka", "plan", "wire", "ports.py", "taskgroups.py", "lab", "cli")
"""What can change a flight on real clusters."""
SIMULATED: Final = ("core", "engine", "sim", "plan", "wire", "ports.py", "cli")
"""What can change a simulated one."""


def source_hash(*tests: str, rooms: tuple[str, ...] = REAL) -> str:
    """What has passed counts for the code that it passed with: these rooms, and `tests`, patterns
    of files of the flight tests that belong to it."""
    digest = hashlib.sha256()
    paths: list[Path] = []
    for room in rooms:
        path = ROOT / "cockpit" / room
        paths += [path] if path.is_file() else sorted(path.rglob("*.py"))
    for pattern in tests:
        paths += sorted((ROOT / "tests" / "flights").glob(pattern))
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def keep(file: Path, content: Any) -> None:
    """As JSON, instead of what was there; whole also if this is cut off."""
    file.parent.mkdir(exist_ok=True)
    half = file.with_suffix(".half")
    half.write_text(json.dumps(content, indent=1))
    half.replace(file)
