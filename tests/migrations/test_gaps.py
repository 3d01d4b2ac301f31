"""What counts as a gap: the longest time in which nobody's write to a topic was accepted."""

from __future__ import annotations

import json
from pathlib import Path

from tests.migrations.gaps import longest_gaps_ms


def ledger(folder: Path, name: str, topic: str, *noted_at_ms: int) -> None:
    lines = [json.dumps({"topic": topic, "noted_at_ms": at_ms}) + "\n" for at_ms in noted_at_ms]
    with (folder / "produced" / f"{name}.jsonl").open("a") as out:
        out.writelines(lines)


def test_who_writes_and_where_to_does_not_matter_but_the_topic_does(tmp_path: Path) -> None:
    (tmp_path / "produced").mkdir()
    ledger(tmp_path, "arena-a", "scores", 0, 100, 3_000)
    ledger(tmp_path, "arena-b", "scores", 900, 2_000)
    ledger(tmp_path, "arena-b", "matches", 0, 2_500)
    assert longest_gaps_ms(tmp_path) == {"scores": 1_100, "matches": 2_500}


def test_a_torn_last_line_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "produced").mkdir()
    ledger(tmp_path, "arena-a", "scores", 0, 10)
    with (tmp_path / "produced" / "arena-a.jsonl").open("a") as out:
        out.write('{"topic": "sco')
    assert longest_gaps_ms(tmp_path) == {"scores": 10}
