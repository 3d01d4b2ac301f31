"""Framing: records, scanning past damage, bodies and their limits."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.wire import binary
from cockpit.wire.binary import Cursor, json_value, pack, put_number, put_signed, put_text, unpack
from cockpit.wire.index import contents, read_index, write_index
from cockpit.wire.records import (
    DELTA,
    EVENT,
    HEAD_SIZE,
    HEADER,
    INDEX,
    MARK,
    START,
    Entry,
    Hole,
    Record,
    RecordingError,
    check_start,
    payload_of,
    record,
    scan,
)
from cockpit.wire.tables import read_table, write_table
from cockpit.wire.values import WireError

payloads = st.lists(st.binary(max_size=60), min_size=1, max_size=8)


def made(payloads: list[bytes]) -> tuple[bytes, list[int]]:
    out, offsets = bytearray(START), []
    for i, payload in enumerate(payloads):
        offsets.append(len(out))
        out += record(DELTA, 1_000 * i, payload)
    return bytes(out), offsets


@given(st.integers(0, 2**70 - 1), st.integers(-(2**68), 2**68), st.text())
def test_numbers_and_texts_come_back(number: int, signed: int, text: str) -> None:
    out = bytearray()
    put_number(out, number)
    put_signed(out, signed)
    put_text(out, text)
    cursor = Cursor(bytes(out))
    assert (cursor.number(), cursor.signed(), cursor.text()) == (number, signed, text)
    assert cursor.is_done()


def test_half_a_surrogate_pair_comes_back() -> None:
    out = bytearray()
    put_text(out, "a\ud800b")
    assert Cursor(bytes(out)).text() == "a\ud800b"


@given(st.binary(max_size=3_000), st.integers(0, 9))
def test_a_body_comes_back(body: bytes, level: int) -> None:
    assert unpack(pack(body, level)) == body
    assert binary.unpack_begin(pack(body, level), 10) == body[:10]


@given(payloads)
def test_records_are_found_again(contents_: list[bytes]) -> None:
    data, offsets = made(contents_)
    found = list(scan(data, len(START)))
    assert [one.offset for one in found] == offsets
    entries = [Entry(DELTA, offset, 1_000 * i) for i, offset in enumerate(offsets)]
    assert [payload_of(data, entry) for entry in entries] == contents_


@given(payloads, st.data())
def test_a_torn_tail_costs_the_last_record_alone(
    contents_: list[bytes], data: st.DataObject
) -> None:
    whole, offsets = made(contents_)
    cut = data.draw(st.integers(len(START), len(whole) - 1))
    found = list(scan(whole[:cut], len(START)))
    complete = [offset for offset in (*offsets[1:], len(whole)) if offset <= cut]
    assert [one.offset for one in found if isinstance(one, Record)] == offsets[: len(complete)]
    torn = [one for one in found if isinstance(one, Hole)]
    assert all(one.is_tail and one.end == cut for one in torn)
    assert bool(torn) == (cut not in (len(START), *complete))


@given(payloads, st.data())
def test_a_damaged_head_costs_one_record(contents_: list[bytes], data: st.DataObject) -> None:
    whole, offsets = made(contents_)
    victim = data.draw(st.integers(0, len(offsets) - 1))
    bit = data.draw(st.integers(0, 8 * HEAD_SIZE - 1))
    damaged = bytearray(whole)
    damaged[offsets[victim] + bit // 8] ^= 1 << bit % 8
    found = [one.offset for one in scan(bytes(damaged), len(START)) if isinstance(one, Record)]
    assert found == offsets[:victim] + offsets[victim + 1 :]


@given(payloads, st.data())
def test_a_damaged_payload_is_named_with_its_place(
    contents_: list[bytes], data: st.DataObject
) -> None:
    whole, offsets = made([b"x" + one for one in contents_])
    victim = data.draw(st.integers(0, len(offsets) - 1))
    damaged = bytearray(whole)
    damaged[offsets[victim] + HEAD_SIZE] ^= 0x10
    with pytest.raises(RecordingError, match=f"at byte {offsets[victim]}.*wrong checksum"):
        payload_of(bytes(damaged), Entry(DELTA, offsets[victim], 5))


def test_no_text_can_pass_for_a_record() -> None:
    with pytest.raises(UnicodeDecodeError):
        MARK.decode()


def test_what_is_no_recording_is_refused() -> None:
    for data in (b"", b"{}", START[:8], b"PK" + START):
        with pytest.raises(RecordingError, match="no recording"):
            check_start(data)
    with pytest.raises(RecordingError, match="container 2"):
        check_start(START[:8] + b"\x02\0\0\0")


def test_an_index_is_followed_back_to_the_first() -> None:
    data = bytearray(START)
    entries: list[Entry] = []
    last, unindexed = -1, 0
    for i in range(30):
        entries.append(Entry(HEADER if not i else EVENT, len(data), 1_000 * i))
        data += record(entries[-1].kind, 1_000 * i, b"{}" * i)
        if i % 7 == 6:
            here = len(data)
            data += record(INDEX, 1_000 * i, write_index(entries[unindexed:], last))
            last, unindexed = here, len(entries)
    found = contents(bytes(data))
    assert found.entries == entries
    assert (found.last_index, found.unindexed, found.end) == (last, unindexed, len(data))
    damaged = bytearray(data)
    damaged[last + HEAD_SIZE + 9] ^= 1
    assert contents(bytes(damaged)).entries == entries
    assert contents(bytes(data)[:-5]).end == entries[-1].offset


def test_an_index_out_of_order_is_refused() -> None:
    entries = [Entry(DELTA, 100, 1), Entry(DELTA, 90, 2)]
    with pytest.raises(WireError, match="not in order"):
        read_index(write_index(entries, -1))


def test_a_body_that_says_less_or_more_than_it_has_is_refused() -> None:
    body = bytes(range(256)) * 10
    packed = pack(body, 6)
    for length in (0, len(body) - 1, len(body) + 1, binary.MAX_RAW + 1):
        with pytest.raises(WireError):
            unpack(packed[:1] + length.to_bytes(4, "little") + packed[5:])
    for broken in (packed[:-3], packed + b"x", packed[:3], b"\x63" + packed[1:], packed[:5]):
        with pytest.raises(WireError):
            unpack(broken)


def test_a_bomb_unpacks_no_further_than_it_says() -> None:
    bomb = zlib.compress(b"\0" * 30_000_000, 9)
    with pytest.raises(WireError):
        unpack(b"\x06" + (1_000).to_bytes(4, "little") + bomb)


@pytest.mark.parametrize("text", [b"[" * 100_000, b"[" * 2_000_000, b"{", b"\xff", b"1" * 10_000])
def test_json_that_asks_for_too_much_is_refused(text: bytes) -> None:
    with pytest.raises(WireError):
        json_value(text)


names = st.lists(st.tuples(st.sampled_from(("a", "b/c", "é")), st.integers(0, 9)), max_size=20)


@given(names)
def test_a_table_comes_back(rows: list[tuple[str, int]]) -> None:
    assert read_table(write_table(7, tuple(rows), life=3, level=6), 3) == (7, tuple(rows))


def test_a_table_that_asks_for_too_much_is_refused() -> None:
    for runs in ("[[\"a\",0,99999999999]]", "[[\"a\",0,-1]]", "[[\"a\",0]]", "[[1,0,1]]", "{}",
                 "[[\"a\",0,true]]"):  # fmt: skip
        body = bytearray(b"\0\0")
        body.append(len(runs))
        body += runs.encode()
        with pytest.raises(WireError):
            read_table(pack(body, 0))
