"""Whoever looks on keeps heads of the journal, and each proves it afterwards."""

from __future__ import annotations

from pathlib import Path

from cockpit.engine.chain import examine, read_head
from tests.flights.simulate import fly


def test_every_head_that_a_screen_has_shown_is_one_of_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    flown = fly(journal=path)
    heads = list(dict.fromkeys(snapshot.head for snapshot in flown.snapshots))
    assert len(heads) > 50
    lines = path.read_bytes().splitlines(keepends=True)
    found = examine(lines, map(read_head, heads))
    assert (found.breaks, found.kept) == ((), len(heads))
    assert str(found.head) == heads[-1]  # the last thing shown is the last thing written
    cut = examine(lines[:-1], map(read_head, heads))
    assert [one.line for one in cut.breaks] == [0]


def test_without_a_journal_there_is_none(tmp_path: Path) -> None:
    assert {snapshot.head for snapshot in fly(seed=2).snapshots} == {""}
