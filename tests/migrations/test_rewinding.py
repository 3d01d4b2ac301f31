"""What setting a connector back must double: told from ledgers, before it happens."""

from __future__ import annotations

import json
from pathlib import Path

from cockpit.lab.bank import DEAD_LETTERS, STATEMENTS
from tests.migrations.rewinding import Doubled, doubled


def test_a_record_that_nobody_can_read_becomes_a_dead_letter_again_and_no_row(
    tmp_path: Path,
) -> None:
    (tmp_path / "produced").mkdir()
    written = [
        ("target", STATEMENTS, 0, 12),
        ("target", DEAD_LETTERS, 0, 13),
        ("target", DEAD_LETTERS, 0, 20),  # at the end, which is not read again
        ("target", DEAD_LETTERS, 1, 14),  # another partition
        ("source", DEAD_LETTERS, 0, 15),  # another cluster
    ]
    names = ("cluster", "topic", "partition", "offset")
    lines = [json.dumps(dict(zip(names, row, strict=True))) + "\n" for row in written]
    (tmp_path / "produced" / "imports.jsonl").write_text("".join(lines) + '{"topic": "ba')
    assert doubled(tmp_path, 0, 10, 20) == Doubled(rows=9, dead_letters=1)
