"""What somebody has made to do harm, its checksums right, asks for no more than a reader gives."""

from __future__ import annotations

import pytest

from cockpit.wire import versions
from cockpit.wire.binary import json_text, pack, put_bytes, put_number
from cockpit.wire.decoder import MAX_CELLS, StreamDecoder
from cockpit.wire.recording import Reader
from cockpit.wire.records import DELTA, HEADER, INDEX, KEY, START, TABLE, TOTALS, record
from cockpit.wire.state import COLUMNS, Head
from cockpit.wire.tables import MAX_ROWS, TableShelf, read_table
from cockpit.wire.values import WireError
from tests.wire.memory import at_most
from tests.wire.taping import flown

MAX_MB = 256
HEAD = record(HEADER, 0, pack(json_text(Head().as_tree()), 6))


def table(number: int, rows: int, topic: str = "t") -> bytes:
    body = bytearray()
    for one in (0, number):
        put_number(body, one)
    put_bytes(body, json_text([[topic, 0, rows]]))
    return pack(body, 0)


def frame(number: int, shown: bytes, slots: bytes = b"", heads: bytes = b"\0") -> bytes:
    body = bytearray()
    for one in (0, number, 0, 0):
        put_number(body, one)
    for part in (slots, shown, heads, b"\0", b""):
        put_bytes(body, part)
    return pack(body, 6)


def nothing_shown(number: int) -> bytes:
    return bytes([number, 0]) + bytes(len(COLUMNS))


def test_a_table_of_too_many_rows_is_refused_before_it_is_made() -> None:
    with pytest.raises(WireError, match="rows"):
        read_table(table(0, 2**40))
    assert len(read_table(table(0, MAX_ROWS))[1]) == MAX_ROWS


def test_many_large_tables_are_not_all_kept() -> None:
    whole = bytearray(START + HEAD)
    for number in range(12):
        whole += record(TABLE, 0, table(number, MAX_ROWS, f"t{number}"))
        whole += record(DELTA, number, frame(number, nothing_shown(number)))
    with at_most(MAX_MB):
        reader = Reader(bytes(whole))
        with pytest.raises(WireError):
            reader.frame(11).snapshot()


def test_many_columns_of_a_large_table_are_refused() -> None:
    shelf = TableShelf()
    shelf.put(*read_table(table(0, MAX_ROWS)))
    decoder = StreamDecoder(shelf, Head())
    slots = json_text([["Observed X y", [f"c{n}" for n in range(60)]]])
    heads = bytearray(b"\1\0")
    heads += bytes(120)
    with pytest.raises(WireError, match="columns"):
        decoder.frame(frame(0, nothing_shown(0), slots, bytes(heads)))
    assert MAX_CELLS < 60 * MAX_ROWS


@pytest.mark.parametrize("kind", [DELTA, KEY, TABLE, TOTALS, INDEX])
def test_a_payload_of_nonsense_is_no_more_than_an_error(kind: int) -> None:
    for payload in (b"", b"\0" * 5, pack(b"\xff" * 30, 0), pack(b"\x80" * 9, 0), pack(b"{}", 0)):
        whole = START + HEAD + record(kind, 5, payload) + record(DELTA, 9, payload)
        reader = Reader(whole)
        assert reader.totals() == []
        for number in range(reader.frames):
            with pytest.raises(WireError):
                reader.frame(number).snapshot()


def test_documents_of_older_versions_go_through_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {
        1: lambda tree: {**tree, "a": 1},
        2: lambda tree: {**tree, "b": tree["a"] + 1},
    }
    monkeypatch.setattr(versions, "SNAPSHOT_STEPS", steps)
    monkeypatch.setattr(versions, "VALUES", 4)
    assert versions.snapshot_tree({}, 1) == {"a": 1, "b": 2}
    assert versions.snapshot_tree({"a": 5}, 2) == {"a": 5, "b": 6}
    assert versions.snapshot_tree({"a": 5}, 3) == {"a": 5}
    for number in (0, 5):
        with pytest.raises(WireError, match="version"):
            versions.snapshot_tree({}, number)


def test_a_field_that_an_older_version_did_not_have_gets_its_default() -> None:
    from cockpit.core.snapshot import Snapshot
    from cockpit.wire.state import snapshot_document
    from cockpit.wire.trees import to_tree
    from cockpit.wire.values import read_fields

    snapshot = flown(demo_faults=True)[0].snapshot
    tree = to_tree(snapshot_document(snapshot))
    del tree["partitions"], tree["alarms"], tree["status"]["price"]
    older = read_fields(Snapshot, tree, partitions=snapshot.partitions)
    assert (older.alarms, older.status.price) == ((), None)
    assert older.log == snapshot.log
