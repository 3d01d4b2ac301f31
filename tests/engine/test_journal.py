"""The journal: on disk before it is believed, and every change of it is found."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from cockpit.engine.journal import FIRST_HASH, Journal, JournalError, read_journal


def written(path: Path, count: int = 5) -> Journal:
    journal = Journal(path)
    for number in range(count):
        journal.append("note", number, {"text": f"line {number}"})
    return journal


def test_entries_come_back_in_order_and_chained(tmp_path: Path) -> None:
    journal = written(tmp_path / "journal.jsonl")
    entries = list(read_journal(tmp_path / "journal.jsonl"))
    assert [entry["seq"] for entry in entries] == [1, 2, 3, 4, 5]
    assert entries[0]["prev"] == FIRST_HASH
    assert entries[-1]["hash"] == journal.head


def test_the_file_is_private_from_its_first_byte_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(JournalError):
        Journal(path)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "journal.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(JournalError):
        Journal(tmp_path / "journal.jsonl")


def test_cut_at_any_byte_the_whole_entries_before_come_back(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path)
    data = path.read_bytes()
    cut = tmp_path / "cut.jsonl"
    for length in range(len(data)):
        cut.write_bytes(data[:length])
        assert len(list(read_journal(cut))) == data[:length].count(b"\n")


def test_any_changed_dropped_or_swapped_line_is_found(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path)
    lines = path.read_bytes().splitlines(keepends=True)
    changed = [*lines]
    entry = json.loads(changed[2])
    entry["text"] = "another"
    changed[2] = json.dumps(entry, sort_keys=True).encode() + b"\n"
    for tampered in (changed, lines[:1] + lines[2:], [lines[0], lines[2], lines[1], *lines[3:]]):
        path.write_bytes(b"".join(tampered))
        with pytest.raises(JournalError):
            list(read_journal(path))


def test_every_flipped_byte_is_found(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    written(path, 2)
    data = bytearray(path.read_bytes())
    for index in range(len(data)):
        if data[index] == 0x0A:
            continue
        data[index] ^= 0x01
        path.write_bytes(data)
        try:
            entries = list(read_journal(path))
        except (JournalError, UnicodeDecodeError):
            entries = []
        assert len(entries) < 2
        data[index] ^= 0x01


def test_a_disk_that_cannot_take_it_is_an_error_not_a_silence(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    os.close(journal._file)
    with pytest.raises(JournalError):
        journal.append("note", 0, {})
