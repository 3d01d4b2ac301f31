"""The format is described well enough: a reader made from its description reads the same."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import numpy as np
import pytest

from cockpit.wire.binary import json_text
from cockpit.wire.recording import Reader
from cockpit.wire.state import COLUMNS, snapshot_document
from cockpit.wire.trees import to_tree
from tests.wire import second_reader
from tests.wire.tapes import taped


def test_it_is_short_and_shares_no_code() -> None:
    text = Path(second_reader.__file__).read_text()
    assert len(text.splitlines()) < 150
    modules = {
        name
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in (
            [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else [a.name for a in node.names]
        )
    }
    assert modules == {"json", "struct", "zlib", "collections.abc", "typing", "numpy"}


@pytest.mark.parametrize("lives", [1, 2])
def test_it_reads_the_same_snapshots(lives: int) -> None:
    whole = taped(lives=lives)
    reader = Reader(whole)
    found = list(second_reader.snapshots(whole))
    assert len(found) == reader.frames > 100
    for number, (at_ms, document, names, columns) in enumerate(found):
        frame = reader.frame(number)
        snapshot = frame.snapshot()
        assert at_ms == frame.at_ms
        assert json.loads(document) == json.loads(json_text(to_tree(snapshot_document(snapshot))))
        assert names == list(snapshot.partitions.keys.names)
        for name in COLUMNS:
            assert np.array_equal(columns[name], getattr(snapshot.partitions, name)), name
