"""What a flight was told at its launch outlives an engine that died before its first record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli.engine import _take_over
from cockpit.core.beginning import begun
from cockpit.engine.folders import SessionFolder
from cockpit.engine.journal import Journal
from tests.core.build import two_wave_plan


@pytest.mark.parametrize(("first", "current"), [("writers", 1), ("", 0)])
def test_a_flight_without_a_record_begins_where_it_was_told_to(
    tmp_path: Path, first: str, current: int
) -> None:
    folder = SessionFolder(tmp_path)
    folder.meta.write_text(json.dumps({"first": first}))
    journal = Journal(folder.journal)
    journal.append("flight_started", 1, {})
    journal.close()
    beginning, journal = _take_over(folder, "")
    journal.close()
    state = begun(two_wave_plan(), beginning)
    assert state.current == current
    assert [wave.word for wave in state.waves][:current] == ["done"] * current
