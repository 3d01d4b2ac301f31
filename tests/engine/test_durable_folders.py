"""A session is found again after a power cut: its names are on disk, not its bytes alone."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from cockpit.engine.folders import (
    FolderError,
    new_session,
    private_file,
    private_folder,
    write_private,
)
from cockpit.engine.journal import Journal, JournalError, read_journal


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What was synced, in order, as the kernel knows it."""
    found: list[Path] = []
    fsync = os.fsync

    def seen(file: int) -> None:
        found.append(Path(f"/proc/self/fd/{file}").readlink())
        fsync(file)

    monkeypatch.setattr(os, "fsync", seen)
    return found


def test_a_new_session_is_named_on_disk_up_to_the_first_folder_that_was_there(
    tmp_path: Path, synced: list[Path]
) -> None:
    home = tmp_path / "state" / "cockpit"
    folder = new_session(home, "week", stamp="20260101-000000")
    assert folder.path.parent == home / "sessions"
    assert set(synced) == {tmp_path, tmp_path / "state", home, home / "sessions"}
    synced.clear()
    new_session(home, "week", stamp="20260101-000001")
    assert synced == [home / "sessions"]


def test_a_new_journal_is_named_on_disk_before_anything_is_written_into_it(
    tmp_path: Path, synced: list[Path]
) -> None:
    Journal(tmp_path / "journal.jsonl").close()
    assert synced == [tmp_path]


def test_a_journal_that_is_taken_over_is_named_on_disk_too(
    tmp_path: Path, synced: list[Path]
) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path).close()
    synced.clear()
    Journal.reopened(path)[0].close()
    assert synced == [tmp_path]


def test_a_file_that_replaces_another_is_named_on_disk(tmp_path: Path, synced: list[Path]) -> None:
    write_private(tmp_path / "session.json", "{}")
    assert synced[-1] == tmp_path
    assert synced[0].parent == tmp_path


def test_a_folder_that_cannot_be_put_on_disk_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(file: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JournalError, match="Input/output error"):
        Journal(tmp_path / "journal.jsonl")
    with pytest.raises(FolderError, match="Input/output error"):
        private_folder(tmp_path / "sessions")


def test_a_file_system_that_knows_no_such_sync_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(file: int) -> None:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    monkeypatch.setattr(os, "fsync", unknown)
    path = tmp_path / "journal.jsonl"
    journal = Journal(path)
    journal.append("note", 1, {"text": "kept"})
    journal.close()
    assert [entry["text"] for entry in read_journal(path)] == ["kept"]


def test_what_could_not_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("before")
    with pytest.raises(UnicodeEncodeError), private_file(path, encoding="ascii") as file:
        file.write("after \u00e4")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_no_file_is_neither_replaced_nor_synced(tmp_path: Path, synced: list[Path]) -> None:
    link = tmp_path / "nowhere"
    link.symlink_to(os.devnull)
    write_private(link, "text")
    assert link.is_char_device()
    assert list(tmp_path.iterdir()) == [link]
    assert synced == []


def test_a_link_that_leads_round_is_refused_by_its_name(tmp_path: Path) -> None:
    link = tmp_path / "round"
    link.symlink_to(link)
    with pytest.raises(OSError, match="Too many levels") as caught:
        write_private(link, "text")
    assert caught.value.filename in (link, str(link))
    assert list(tmp_path.iterdir()) == [link]
