"""Bookmarks on disk: appended, private, and read whatever somebody has done to the file."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from cockpit.replay.bookmarks import bookmarks_path, keep_bookmark, read_bookmarks


def keep(path: Path, at_ms: int, text: str = "x") -> None:
    keep_bookmark(path, at_ms=at_ms, text=text, by="ana", made_at_ms=9)


def test_they_come_back_by_time_and_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.jsonl"
    assert read_bookmarks(path) == ()
    os.umask(0o022)
    for at_ms in (30, 10, 20):
        keep(path, at_ms, f"at {at_ms}")
    assert [mark.text for mark in read_bookmarks(path)] == [
        "at 10 (by ana)", "at 20 (by ana)", "at 30 (by ana)",
    ]  # fmt: skip
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_torn_last_line_costs_itself_and_not_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.jsonl"
    keep(path, 10)
    path.write_bytes(path.read_bytes() + b'{"at_ms": 20, "te')
    keep(path, 30)
    assert [mark.at_ms for mark in read_bookmarks(path)] == [10, 30]


@pytest.mark.parametrize(
    "line",
    [b"", b"\xff\xfe", b"[" * 100_000, b"7", b"null", b'{"at_ms": "1", "text": "x", "by": "y"}',
     b'{"at_ms": true, "text": "x", "by": "y"}', b'{"at_ms": -1, "text": "x", "by": "y"}',
     b'{"at_ms": 1e400, "text": "x", "by": "y"}', b'{"at_ms": 1, "text": 7, "by": "y"}',
     b'{"at_ms": 1, "text": "x"}', b'{"at_ms": ' + b"9" * 5_000 + b', "text": "x", "by": "y"}'],
)  # fmt: skip
def test_a_line_that_is_none_is_left_out(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "bookmarks.jsonl"
    keep(path, 10)
    path.write_bytes(line + b"\n" + path.read_bytes())
    assert [mark.at_ms for mark in read_bookmarks(path)] == [10]


def test_long_texts_are_cut(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.jsonl"
    path.write_text(json.dumps({"at_ms": 1, "text": "x" * 5_000, "by": "y" * 5_000}))
    (mark,) = read_bookmarks(path)
    assert len(mark.text) < 260


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.jsonl"
    other = tmp_path / "other"
    other.write_text("precious")
    path.symlink_to(other)
    with pytest.raises(OSError, match="symbolic links"):
        keep(path, 10)
    assert other.read_text() == "precious"


def test_where_they_lie() -> None:
    assert bookmarks_path(Path("/s/recording.ckrec")) == Path("/s/bookmarks.jsonl")
    assert bookmarks_path(Path("/s/other.ckrec")) == Path("/s/other.ckrec.bookmarks.jsonl")


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.jsonl"
    os.mkfifo(path)
    code = (
        "import sys; from pathlib import Path; from cockpit.replay.bookmarks import *\n"
        f"path = Path({str(path)!r}); assert read_bookmarks(path) == ()\n"
        "try: keep_bookmark(path, at_ms=1, text='x', by='y', made_at_ms=1)\n"
        "except OSError: sys.exit(7)"
    )
    done = subprocess.run([sys.executable, "-c", code], timeout=20, check=False)
    assert done.returncode == 7
