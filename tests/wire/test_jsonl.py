"""A recording as JSON lines: whole, in order, and the same session when it is read back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.replay.rerun import Verified, digest_tree, verify
from cockpit.wire.jsonl import ImportLinesError, export_lines, import_lines
from cockpit.wire.recording import Reader
from cockpit.wire.records import RecordingError
from tests.recorded import Recorded, record


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("flown") / "recording.ckrec")


@pytest.fixture(scope="module")
def lines(flown: Recorded) -> list[str]:
    return list(export_lines(flown.reader()))


def read_back(lines: list[str]) -> Reader:
    return Reader(b"".join(import_lines(lines)))


def test_an_imported_session_is_the_same_session(flown: Recorded, lines: list[str]) -> None:
    before, after = flown.reader(), read_back(lines)
    assert after.frames == before.frames
    for number in range(before.frames):
        ours, theirs = before.frame(number), after.frame(number)
        assert digest_tree(theirs.snapshot()) == digest_tree(ours.snapshot())
        assert theirs.tells() == ours.tells()
    assert [t.content for t in after.events()] == [t.content for t in before.events()]
    assert [life.head for life in after.lives] == [life.head for life in before.lives]
    assert list(export_lines(after)) == lines
    found = Verified()
    assert list(verify(after, found)) == []
    assert found.exact == before.frames


def test_every_line_is_an_object_and_the_first_names_the_schema(lines: list[str]) -> None:
    kinds = [json.loads(line)["kind"] for line in lines]
    first = json.loads(lines[0])
    assert (first["schema"], first["schema_version"]) == ("cockpit recording", 1)
    assert kinds[1] == "life"
    assert set(kinds) == {"recording", "life", "table", "frame", "event"}
    assert all(line.endswith("\n") and "\n" not in line[:-1] for line in lines)


def test_what_is_not_known_is_null(lines: list[str]) -> None:
    frames = [json.loads(line) for line in lines if '"kind":"frame"' in line]
    early = frames[0]["shown"]["columns"]["lag"]
    assert all(value is None for value in early)
    assert any(value is not None for value in frames[-1]["shown"]["columns"]["lag"])


def test_a_damaged_recording_is_not_exported_as_if_it_were_whole(
    flown: Recorded, tmp_path: Path
) -> None:
    data = bytearray(flown.path.read_bytes())
    data[len(data) // 2] ^= 1
    with pytest.raises(RecordingError):
        list(export_lines(Reader(bytes(data))))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("at", "text", "why"),
    [
        (0, "{}", "line 1: this is no exported recording"),
        (0, "nonsense", "line 1"),
        (1, "[]", "line 2: a line is an object"),
        (1, '{"kind":"frame"}', "line 2"),
        (1, '{"kind":"event","at_ms":1,"content":{}}', "line 2: a life must begin first"),
        (1, '{"kind":"other"}', "line 2: a line of a kind that is not known"),
        (2, '{"kind":"table","number":"x","names":[]}', "line 3"),
    ],
)
def test_a_line_that_is_not_understood_is_named(
    lines: list[str], at: int, text: str, why: str
) -> None:
    with pytest.raises(ImportLinesError, match=why):
        list(import_lines([*lines[:at], text, *lines[at + 1 :]]))


def test_nothing_at_all_is_no_recording() -> None:
    with pytest.raises(ImportLinesError, match="nothing is there"):
        list(import_lines([]))
