"""A recording that is written anew part by part has every life of the one before."""

from __future__ import annotations

from pathlib import Path

from cockpit.replay.compact import check_same, compacted
from cockpit.wire.jsonl import export_lines, import_lines
from cockpit.wire.recording import Reader
from tests.recorded import record
from tests.wire.tapes import recording, taped
from tests.wire.taping import flown


def test_every_life_is_there_after_compaction() -> None:
    before = Reader(taped(lives=3))
    after = Reader(b"".join(compacted(before)))
    check_same(before, after)
    assert [life.frames for life in after.lives] == [life.frames for life in before.lives]
    assert after.contents.unindexed == len(after.contents.entries)


def test_every_life_is_there_after_export_and_import(tmp_path: Path) -> None:
    (life,) = record(tmp_path / "recording.ckrec").reader().lives
    before = Reader(recording(flown(demo_faults=True), lives=3, head=life.head))
    after = Reader(b"".join(import_lines(export_lines(before))))
    check_same(before, after)
    assert [life.head for life in after.lives] == [life.head for life in before.lives]
