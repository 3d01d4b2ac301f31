"""What soaks keep: for which code it counts, and that a page tells what was flown and no more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.flights import crashes
from tests.flights.crash_table import table
from tests.flights.crashes import ALL_BACK, keep_cells, passed_cells
from tests.flights.soaking import REAL, ROOT, SIMULATED, source_hash


def test_every_room_counts_or_cannot_change_a_flight() -> None:
    folders = (p for p in (ROOT / "cockpit").iterdir() if p.is_dir())
    rooms = {folder.name for folder in folders if folder.name != "__pycache__"}
    assert rooms - {*REAL, *SIMULATED} == {"tui", "replay", "report", "notify"}
    assert source_hash() != source_hash(rooms=SIMULATED) != source_hash("crashes.py")


def test_a_page_shows_what_was_flown_with_whichever_code_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crashes, "FILE", tmp_path / "crashes.json")
    first, second = (str(cell) for cell in ALL_BACK[:2])
    monkeypatch.setattr(crashes, "source_hash", lambda: "old")
    keep_cells({first: 20})
    monkeypatch.setattr(crashes, "source_hash", lambda: "new")
    keep_cells({second: 30})
    assert set(passed_cells()) == {second}
    lines = table().splitlines()
    assert lines[2].startswith("| stop | kill term - - - | - - - - - |")
    assert f"2 of {len(ALL_BACK)}." in lines
    assert any(line.startswith("With code `old`: 1, 20 s") for line in lines)
