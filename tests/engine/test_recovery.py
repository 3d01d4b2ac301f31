"""What a journal says of a flight that nobody flies any more, and how it is gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cockpit.engine.folders import SessionFolder
from cockpit.engine.journal import Journal, JournalError, read_journal
from cockpit.engine.recovery import left_behind, left_in, past_in

STATE = {"waves": [{"name": "readers", "word": "running", "back": False, "steps": [{"begun": 1}]}]}
INTENT = {
    "action_id": "readers.1.stop.1",
    "text": "set on connector mirror",
    "action": {"type": "PatchConnector"},
    "before": {"previous": {"a": "b"}},
}


def written(folder: Path, *entries: tuple[str, Mapping[str, object]]) -> Path:
    path = folder / "journal.jsonl"
    journal = Journal(path)
    for at_ms, (kind, data) in enumerate((("flight_started", {}), *entries)):
        journal.append(kind, at_ms, data)
    journal.close()
    return path


def test_an_intent_without_an_outcome_is_named_with_what_it_would_have_replaced(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, ("state", {"state": STATE}), ("intent", INTENT))
    left = left_behind(read_journal(path))
    assert left is not None
    assert left.words() == ("half-way in wave readers, going forward, 1 effect without an outcome")
    assert left.intents[0].before == {"previous": {"a": "b"}}


@pytest.mark.parametrize("word", ["done", "unknown", "failed"])
def test_an_outcome_that_no_record_includes_yet_still_teaches(tmp_path: Path, word: str) -> None:
    outcome = {"action_id": INTENT["action_id"], "outcome": word, "data": {"more": 1}}
    state = ("state", {"state": STATE})
    path = written(tmp_path, state, ("intent", INTENT), ("outcome", outcome))
    left = left_behind(read_journal(path))
    assert left is not None
    assert left.intents[0].before == {"previous": {"a": "b"}, "more": 1}
    assert left.words() == "half-way in wave readers, going forward"


def test_an_outcome_that_a_record_includes_is_over(tmp_path: Path) -> None:
    outcome = {"action_id": INTENT["action_id"], "outcome": "done", "data": {}}
    state = ("state", {"state": STATE})
    path = written(tmp_path, state, ("intent", INTENT), ("outcome", outcome), state)
    left = left_behind(read_journal(path))
    assert left is not None
    assert left.intents == ()


def test_a_flight_that_has_ended_left_nothing(tmp_path: Path) -> None:
    path = written(tmp_path, ("state", {"state": STATE}), ("flight_ended", {}))
    assert left_behind(read_journal(path)) is None


def test_every_torn_end_is_cut_off_and_the_chain_goes_on(tmp_path: Path) -> None:
    whole = written(tmp_path, ("state", {"state": STATE}), ("intent", INTENT)).read_bytes()
    lines = whole.splitlines(keepends=True)
    for length in range(len(lines[0]), len(whole) + 1):
        path = tmp_path / f"{length}.jsonl"
        path.write_bytes(whole[:length])
        journal, entries = Journal.reopened(path)
        kept = [line for i, line in enumerate(lines) if sum(map(len, lines[: i + 1])) <= length]
        assert len(entries) == len(kept)
        journal.append("flight_resumed", 9, {})
        journal.close()
        assert [entry["kind"] for entry in read_journal(path)][-1] == "flight_resumed"


def test_a_journal_that_was_changed_is_not_gone_on_with(tmp_path: Path) -> None:
    path = written(tmp_path, ("state", {"state": STATE}), ("intent", INTENT))
    path.write_bytes(path.read_bytes().replace(b"mirror", b"mirr0r"))
    before = path.read_bytes()
    with pytest.raises(JournalError, match="it was changed"):
        Journal.reopened(path)
    with pytest.raises(JournalError, match="it was changed"):
        left_in(SessionFolder(tmp_path))
    assert path.read_bytes() == before


def test_a_session_without_a_journal_left_nothing(tmp_path: Path) -> None:
    assert left_in(SessionFolder(tmp_path)) is None


@pytest.mark.parametrize(("by", "kept"), [({}, 0), ({"by": "reading"}, 1)])
def test_what_only_a_later_reading_has_not_found_may_still_have_been(
    tmp_path: Path, by: dict[str, str], kept: int
) -> None:
    outcome = {"action_id": INTENT["action_id"], "outcome": "failed", "data": {}, **by}
    written(tmp_path, ("state", {"state": STATE}), ("intent", INTENT), ("outcome", outcome))
    past = past_in(SessionFolder(tmp_path), flying=False)
    assert past is not None
    assert len(past.effects) == kept
