"""What every soak keeps between its runs: where, and for which code it counts."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".soak"


def source_hash(*tests: str) -> str:
    """What has passed counts for the code that it passed with; `tests` are patterns of files of the
    flight tests that belong to it."""
    digest = hashlib.sha256()
    paths = sorted((ROOT / "cockpit").rglob("*.py"))
    for pattern in tests:
        paths += sorted((ROOT / "tests" / "flights").glob(pattern))
    for path in paths:
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]
