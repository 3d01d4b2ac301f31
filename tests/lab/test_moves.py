"""How long clients were blocked, by the ledgers alone: planted records, counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cockpit.lab.moves import Move, main, moves


def write(folder: Path, kind: str, service: str, *rows: dict[str, object], tail: str = "") -> None:
    path = folder / kind / f"{service}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + tail)


def record(cluster: str, noted_at_ms: int, topic: str = "t") -> dict[str, object]:
    place = {"topic": topic, "partition": 0, "offset": 0, "producer": "p", "seq": noted_at_ms}
    return {"cluster": cluster, **place, "at_ms": 0, "noted_at_ms": noted_at_ms}


def call(verb: str, asked_ms: int, answered_ms: int, *, good: bool = True) -> dict[str, object]:
    return {"verb": verb, "asked_at_ms": asked_ms, "answered_at_ms": answered_ms, "good": good}


def test_a_move_is_split_into_what_services_took_and_what_lay_between(tmp_path: Path) -> None:
    write(tmp_path, "produced", "a", record("source", 1_000), record("target", 4_000))
    write(tmp_path, "calls", "a", call("stop", 900, 1_300), call("start", 3_500, 3_700))
    (move,) = moves(tmp_path)
    assert move == Move("writes", "t", "source", "target", 1_000, 4_000, 1_300, 3_500)
    assert (move.blocked_ms, move.between_ms) == (3_000, 2_200)
    assert move.as_json()["services_ms"] == 800


def test_the_slowest_to_stop_and_the_first_to_start_of_several_writers_count(
    tmp_path: Path,
) -> None:
    write(tmp_path, "produced", "a", record("source", 1_000), record("target", 4_000))
    write(tmp_path, "produced", "b", record("source", 1_100), record("target", 4_500))
    write(tmp_path, "calls", "a", call("stop", 900, 1_000), call("start", 3_600, 3_700))
    write(tmp_path, "calls", "b", call("stop", 900, 1_800), call("start", 3_500, 3_900))
    (move,) = moves(tmp_path)
    assert (move.last_at_ms, move.first_at_ms) == (1_100, 4_000)
    assert (move.stopped_at_ms, move.started_at_ms) == (1_800, 3_500)


def test_each_way_there_and_back_is_a_move_of_its_own(tmp_path: Path) -> None:
    rows = [record(c, at) for c, at in (("source", 1), ("target", 5), ("source", 9))]
    write(tmp_path, "produced", "a", *rows)
    assert [(m.reached, m.blocked_ms) for m in moves(tmp_path)] == [("target", 4), ("source", 4)]


def test_without_its_calls_nobody_is_blamed(tmp_path: Path) -> None:
    write(tmp_path, "produced", "a", record("source", 1_000), record("target", 4_000))
    write(tmp_path, "calls", "a", call("stop", 900, 1_300, good=False))
    (move,) = moves(tmp_path)
    assert (move.blocked_ms, move.between_ms) == (3_000, None)
    assert move.as_json()["services_ms"] is None


def test_a_reader_is_counted_by_what_it_has_processed_and_a_torn_line_is_no_record(
    tmp_path: Path,
) -> None:
    rows = (record("source", 10), record("source", 20, "u"), record("target", 70))
    write(tmp_path, "consumed", "r", *rows, tail='{"cluster": "sou')
    (move,) = moves(tmp_path)
    assert (move.kind, move.name, move.blocked_ms) == ("reads", "r", 50)


def test_the_command_line_prints_moves_and_refuses_ledgers_without_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path, "produced", "a", record("source", 1_000), record("target", 4_000))
    assert main([str(tmp_path)]) == 0
    assert "3.00 s   unknown" in capsys.readouterr().out
    assert main([str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["blocked_ms"] == 3_000
    timeless = {k: v for k, v in record("source", 1).items() if k != "noted_at_ms"}
    write(tmp_path, "produced", "a", timeless)
    assert main([str(tmp_path)]) == 2
