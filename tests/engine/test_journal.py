"""The journal: on disk before it is believed, and every change of it is found."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from cockpit.engine.chain import FIRST_HASH
from cockpit.engine.journal import Journal, JournalError, read_journal


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


@contextmanager
def failing(patch: pytest.MonkeyPatch, *calls: str) -> Iterator[None]:
    """A full disk: of what is written half arrives, and these other calls fail."""
    write = os.write

    def half(file: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(file, data[: len(data) // 2])

    def fail(*_: object) -> NoReturn:
        raise OSError(errno.EIO, "Input/output error")

    with patch.context() as full:
        for call in calls:
            full.setattr(os, call, half if call == "write" else fail)
        yield


@pytest.mark.parametrize("call", ["write", "fdatasync"])
def test_an_entry_that_fails_leaves_no_trace_and_the_next_one_chains(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = written(path, 2)
    before, head = path.read_bytes(), journal.head
    with failing(monkeypatch, call), pytest.raises(JournalError):
        journal.append("intent", 2, {"text": "never acknowledged"})
    assert path.read_bytes() == before
    assert journal.head == head
    journal.append("note", 3, {"text": "space again"})
    assert [entry["seq"] for entry in read_journal(path)] == [1, 2, 3]


def test_what_cannot_be_taken_back_ends_the_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = written(path, 2)
    with failing(monkeypatch, "write", "ftruncate"), pytest.raises(JournalError):
        journal.append("note", 2, {"text": "torn"})
    with pytest.raises(JournalError, match="taken back"):
        journal.append("note", 3, {"text": "would follow a torn line"})
    assert len(list(read_journal(path))) == 2


class Forgetful:
    """A disk as kernels have it: what was written since the last good sync is forgotten by one that
    fails, which says so once, and the next one that succeeds knows nothing of it."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.kept = bytearray()
        """What is there after a power cut."""
        self.fails = False
        self._waiting: list[tuple[int, bytes]] = []
        self._real = os.write, os.ftruncate
        patch.setattr(os, "write", self.write)
        patch.setattr(os, "ftruncate", self.ftruncate)
        patch.setattr(os, "fdatasync", self.fdatasync)

    def write(self, file: int, data: bytes) -> int:
        at = os.fstat(file).st_size
        written = self._real[0](file, data)
        self._waiting.append((at, bytes(data[:written])))
        return written

    def ftruncate(self, file: int, length: int) -> None:
        self._real[1](file, length)
        del self.kept[length:]
        self._waiting = [(at, data[: length - at]) for at, data in self._waiting if at < length]

    def fdatasync(self, _: int) -> None:
        waiting, self._waiting = self._waiting, []
        if self.fails:
            raise OSError(errno.EIO, "Input/output error")
        for at, data in waiting:
            self.kept.extend(bytes(at + len(data) - len(self.kept)))
            self.kept[at : at + len(data)] = data


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Forgetful:
    return Forgetful(monkeypatch)


def after_a_power_cut(disk: Forgetful, path: Path) -> list[str]:
    path.write_bytes(disk.kept)
    return [entry["text"] for entry in read_journal(path)]


@pytest.mark.parametrize("again", [1, 3])
def test_what_a_failed_sync_has_dropped_is_written_again(
    tmp_path: Path, disk: Forgetful, again: int
) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append("note", 0, {"text": "synced"})
    journal.append("state", 1, {"text": "not waited for"}, sync=False)
    disk.fails = True
    for _ in range(again):
        with pytest.raises(JournalError, match="Input/output error"):
            journal.append("intent", 2, {"text": "never acknowledged"})
    assert after_a_power_cut(disk, tmp_path / "cut.jsonl") == ["synced"]
    disk.fails = False
    journal.append("note", 3, {"text": "the disk is back"})
    wanted = ["synced", "not waited for", "the disk is back"]
    assert after_a_power_cut(disk, tmp_path / "cut.jsonl") == wanted
    assert [entry["text"] for entry in read_journal(path)] == wanted


def test_after_a_failed_sync_each_entry_waits_for_the_disk_until_one_has_come_there(
    tmp_path: Path, disk: Forgetful
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    disk.fails = True
    for sync in (True, False):
        with pytest.raises(JournalError):
            journal.append("note", 0, {"text": "never acknowledged"}, sync=sync)
    disk.fails = False
    journal.append("note", 1, {"text": "waited for"}, sync=False)
    journal.append("note", 2, {"text": "not waited for"}, sync=False)
    assert after_a_power_cut(disk, tmp_path / "cut.jsonl") == ["waited for"]


def test_a_disk_that_fills_up_after_a_failed_sync_loses_nothing_for_good(
    tmp_path: Path, disk: Forgetful, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    journal.append("note", 0, {"text": "synced"})
    journal.append("state", 1, {"text": "not waited for"}, sync=False)
    disk.fails = True
    with pytest.raises(JournalError):
        journal.append("intent", 2, {"text": "never acknowledged"})
    disk.fails = False
    with failing(monkeypatch, "write"), pytest.raises(JournalError, match="No space"):
        journal.append("intent", 2, {"text": "never acknowledged"})
    journal.append("note", 3, {"text": "space again"})
    wanted = ["synced", "not waited for", "space again"]
    assert after_a_power_cut(disk, tmp_path / "cut.jsonl") == wanted


def test_a_journal_that_is_gone_on_with_is_on_disk_first(tmp_path: Path, disk: Forgetful) -> None:
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append("state", 0, {"text": "of an engine that was killed"}, sync=False)
    journal.close()
    disk.fails = True
    with pytest.raises(JournalError, match="Input/output error"):
        Journal.reopened(path)
    disk.fails = False
    Journal.reopened(path)[0].close()


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
from cockpit.engine.journal import Journal, JournalError

signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path = Path(sys.argv[1])
journal = Journal(path)
journal.append("note", 0, {"text": "before"})
limit = path.stat().st_size + 50
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
for number in range(2):
    try:
        journal.append("note", 1, {"text": "too long for what is left"})
    except JournalError:
        print("refused")
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
journal.append("note", 2, {"text": "after"})
"""


def test_a_disk_that_was_full_for_a_while_leaves_an_intact_chain(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path)],
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert done.stdout.split() == ["refused", "refused"]
    assert [entry["text"] for entry in read_journal(path)] == ["before", "after"]
