"""Recordings of every format there has been are read as they were on the day they were made."""

from __future__ import annotations

import functools
import hashlib
import json
import random
from collections import Counter
from typing import Any

import numpy as np
import pytest

from cockpit.wire.binary import json_text
from cockpit.wire.recording import Reader
from cockpit.wire.state import FORMAT, snapshot_document
from cockpit.wire.trees import to_tree
from cockpit.wire.versions import snapshot_tree
from tests.wire import second_reader
from tests.wire.freezing import (
    FOLDER,
    columns_digest,
    document_digest,
    expected_path,
    frozen_path,
    inputs_digest,
)

SEALS = {1: "8d94b2e97fb7b81959c545d2a3f481115f70a570cd51752962df56d7850c54d6"}
"""Of the recording and of what is expected of it, one after another: neither is written anew."""
FORMATS = range(1, FORMAT + 1)


@functools.cache
def frozen(number: int) -> tuple[bytes, dict[str, Any]]:
    return frozen_path(number).read_bytes(), json.loads(expected_path(number).read_text())


def missing(old: Any, new: Any, where: str = "") -> str:
    """Where a tree no longer has what the old one had; what is only new does not count."""
    if isinstance(old, dict) and isinstance(new, dict):
        lost = [f"{where}.{key}" for key in old if key not in new]
        found = (missing(old[k], new[k], f"{where}.{k}") for k in old if k in new)
        return (lost or [""])[0] or next((one for one in found if one), "")
    if isinstance(old, list) and isinstance(new, list):
        if len(old) != len(new):
            return f"{where} has another length"
        found = (
            missing(a, b, f"{where}[{i}]") for i, (a, b) in enumerate(zip(old, new, strict=True))
        )
        return next((one for one in found if one), "")
    return "" if old == new and type(old) is type(new) else where


def columns_of(reader: Reader, number: int, names: list[str]) -> str:
    table = reader.frame(number).snapshot().partitions
    columns: dict[str, np.ndarray] = {name: getattr(table, name) for name in names}
    return columns_digest(table.keys.names, columns)


def test_there_is_one_of_every_format_and_it_was_not_written_anew() -> None:
    assert sorted(SEALS) == list(FORMATS)
    assert {path.name for path in FOLDER.glob("*.ckrec")} == {frozen_path(n).name for n in FORMATS}
    for number in FORMATS:
        whole = frozen_path(number).read_bytes() + expected_path(number).read_bytes()
        assert hashlib.sha256(whole).hexdigest() == SEALS[number]
        assert frozen_path(number).stat().st_size < 200_000


@pytest.mark.parametrize("number", FORMATS)
def test_what_is_known_without_a_frame(number: int) -> None:
    data, wanted = frozen(number)
    reader = Reader(data)
    assert reader.frames == wanted["frames"] == len(wanted["every_frame"])
    assert [[x.begin_ms, x.end_ms, x.frames] for x in reader.lives] == wanted["lives"]
    assert Counter(chr(e.kind) for e in reader.contents.entries) == wanted["records"]
    assert set(wanted["records"]) == set("HPDKCES")
    assert [[told.at_ms, dict(told.content)] for told in reader.events()] == wanted["events"]
    assert [[gap.from_ms, gap.to_ms, gap.why] for gap in reader.gaps()] == wanted["gaps"]
    totals = reader.totals()
    assert len(totals) == wanted["seconds"]
    assert sum(total.lag_records or 0 for total in totals) == wanted["lag_of_seconds"]
    assert not reader.damages()


@pytest.mark.parametrize("number", FORMATS)
def test_every_frame_in_order(number: int) -> None:
    data, wanted = frozen(number)
    reader = Reader(data)
    inputs = tells = 0
    for place, row in enumerate(wanted["every_frame"]):
        frame = reader.frame(place)
        assert frame.at_ms == row["at_ms"]
        assert columns_of(reader, place, wanted["columns"]) == row["columns"]
        assert inputs_digest(frame.inputs()) == row["inputs"]
        assert document_digest(json.dumps(frame.tells(), sort_keys=True)) == row["tells"]
        inputs, tells = inputs + len(frame.inputs()), tells + len(frame.tells())
    assert (inputs, tells) == (wanted["inputs"], wanted["tells"])
    last = reader.frame(reader.frames - 1).snapshot().partitions
    assert len(last.keys) == wanted["last_partitions"]
    assert int(last.source_end.sum()) == wanted["last_source_end"]


@pytest.mark.parametrize("number", FORMATS)
def test_every_frame_by_a_jump(number: int) -> None:
    data, wanted = frozen(number)
    reader = Reader(data)
    places = list(range(reader.frames))
    random.Random(5).shuffle(places)
    for place in places:
        row = wanted["every_frame"][place]
        assert columns_of(reader, place, wanted["columns"]) == row["columns"]
        inputs = inputs_digest(reader.inputs(place)) if place % 7 == 0 else row["inputs"]
        assert inputs == row["inputs"]


def test_the_second_reader_reads_the_first_format_and_its_documents_are_all_there() -> None:
    data, wanted = frozen(1)
    reader = Reader(data)
    found = list(second_reader.snapshots(data))
    assert len(found) == wanted["frames"]
    for place, (at_ms, document, names, columns) in enumerate(found):
        row = wanted["every_frame"][place]
        assert (at_ms, document_digest(document)) == (row["at_ms"], row["document"])
        assert columns_digest(names, columns) == row["columns"]
        shown = json_text(to_tree(snapshot_document(reader.frame(place).snapshot())))
        assert not missing(snapshot_tree(json.loads(document), 1), json.loads(shown))
