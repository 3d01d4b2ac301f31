"""What a flight was told at its launch outlives an engine that died before its first record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.cli.engine import _take_over
from cockpit.cli.sharing import why_not_resume
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


OTHER = {"host": "b", "safe_at_ms": 5_000}


@pytest.mark.parametrize(
    ("entries", "now_ms", "why"),
    [
        ([], 0, ""),
        ([("taken_over", {"by": "b", "text": "taken over by b"})], 0, "taken over by b"),
        ([("taken_over", {"by": "", "text": "by nobody knows whom"})], 0, ""),
        ([("took_over", OTHER)], 4_999, "may be under way until 1970-01-01 00:00:05Z"),
        ([("took_over", OTHER)], 5_000, ""),
        ([("taken_over", {"by": "b"}), ("took_over", OTHER)], 6_000, ""),
    ],
)
def test_an_engine_does_not_go_on_with_what_another_host_has_or_may_still_do(
    entries: list[tuple[str, dict[str, object]]], now_ms: int, why: str
) -> None:
    said = why_not_resume([{"kind": kind, **data} for kind, data in entries], now_ms)
    assert (why in said) if why else said == ""
