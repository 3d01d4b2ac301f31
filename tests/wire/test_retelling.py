"""A recording that is written anew part by part has every life of the one before."""

from __future__ import annotations

from cockpit.replay.compact import check_same, compacted
from cockpit.wire.jsonl import export_lines, import_lines
from cockpit.wire.recording import Reader
from tests.wire.tapes import taped


def test_every_life_is_there_after_compaction() -> None:
    before = Reader(taped(lives=3))
    after = Reader(b"".join(compacted(before)))
    check_same(before, after)
    assert [life.frames for life in after.lives] == [life.frames for life in before.lives]
    assert after.contents.unindexed == len(after.contents.entries)


def test_every_life_is_there_after_export_and_import() -> None:
    before = Reader(taped(lives=3))
    after = Reader(b"".join(import_lines(export_lines(before))))
    check_same(before, after)
    assert [life.head for life in after.lives] == [life.head for life in before.lives]
