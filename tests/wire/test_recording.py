"""Recordings are read at any place, whatever happened to them."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from cockpit.core.flight import Asked
from cockpit.wire import composer
from cockpit.wire.binary import json_text, pack
from cockpit.wire.composer import Composer, Pace
from cockpit.wire.decoder import StreamDecoder
from cockpit.wire.recording import GAP, Reader
from cockpit.wire.records import (
    DELTA,
    HEAD_SIZE,
    HEADER,
    KEY,
    START,
    Entry,
    Record,
    RecordingError,
    record,
    scan,
)
from cockpit.wire.state import FORMAT, Head
from cockpit.wire.totals import read_totals, total_of, write_totals
from tests.wire.tapes import CLOSE, recording, taped
from tests.wire.taping import Taped, differs, flown


def frames() -> tuple[Taped, ...]:
    return flown(demo_faults=True)


def unlike(reader: Reader, number: int, *, inputs: bool = False) -> str:
    was, frame = frames()[number], reader.frame(number)
    found = differs(was.snapshot, frame.snapshot()) or differs(was.tells, frame.tells())
    return found or (differs(was.inputs, frame.inputs()) if inputs else "")


@pytest.mark.parametrize("lives", [1, 3])
def test_every_frame_is_read_in_order(lives: int) -> None:
    reader = Reader(taped(lives=lives))
    assert reader.frames == len(frames())
    assert len(reader.lives) == lives
    assert not any(unlike(reader, number, inputs=True) for number in range(reader.frames))


@pytest.mark.parametrize("lives", [1, 3])
def test_a_jump_to_any_frame_shows_what_reading_in_order_shows(lives: int) -> None:
    reader = Reader(taped(lives=lives))
    numbers = list(range(reader.frames))
    random.Random(3).shuffle(numbers)
    assert not any(unlike(reader, number) for number in numbers)
    fresh = [Reader(taped(lives=lives)) for _ in range(8)]
    assert not any(unlike(one, n, inputs=True) for one, n in zip(fresh, numbers, strict=False))


def test_steps_go_back_and_forth_and_end_at_the_ends() -> None:
    reader = Reader(taped())
    frame = reader.at(frames()[20].snapshot.at_ms)
    assert frame is not None
    number = frame.number
    for by in (1, 1, -1, -1, -1, 5, -5):
        step = reader.step(reader.frame(number), by)
        assert step is not None
        number += by
        assert step.number == number
        assert not unlike(reader, number)
    assert reader.step(reader.frame(0), -1) is None
    assert reader.step(reader.frame(reader.frames - 1), 1) is None


def test_a_time_shows_what_was_on_the_screens_then() -> None:
    reader = Reader(taped())
    first = frames()[0].snapshot.at_ms
    assert reader.at(first - 1) is None
    for was in frames()[::7]:
        frame = reader.at(was.snapshot.at_ms)
        assert frame is not None
        assert frame.at_ms == was.snapshot.at_ms
    late = reader.at(10**15)
    assert late is not None
    assert late.number == reader.frames - 1
    walked = list(reader.walk(first + 3_000, first + 9_000))
    assert walked[0].at_ms <= first + 3_000 < walked[1].at_ms
    assert walked[-1].at_ms <= first + 9_000


def test_a_recording_without_its_last_index_is_read_as_well() -> None:
    whole = taped(closed=False)
    assert Reader(whole).contents.unindexed < len(Reader(whole).contents.entries)
    reader = Reader(whole)
    assert reader.frames == len(frames())
    assert not any(unlike(reader, number) for number in range(0, reader.frames, 9))


def test_a_torn_tail_costs_the_last_frame_at_most() -> None:
    whole = taped(closed=False)
    last = [one for one in scan(whole, len(START)) if isinstance(one, Record)][-1]
    assert last.kind == DELTA
    for cut in (last.offset + 1, last.offset + HEAD_SIZE, last.end - 1):
        reader = Reader(whole[:cut])
        assert reader.frames == len(frames()) - 1
        assert reader.contents.end == last.offset
        assert reader.gaps() == []
        assert not unlike(reader, reader.frames - 1)


def test_lives_have_their_headers_and_the_time_between_them_is_a_gap() -> None:
    reader = Reader(taped(lives=3))
    assert [life.head["life"] for life in reader.lives] == [0, 1, 2]
    assert sum(life.frames for life in reader.lives) == reader.frames
    gaps = reader.gaps()
    assert [gap.why for gap in gaps] == ["the engine was gone"] * 2
    assert [gap.from_ms for gap in gaps] == [life.end_ms for life in reader.lives[:2]]
    assert {told.content["kind"] for told in reader.events()} == {"life_begins", "life_ends"}


def test_gaps_that_were_told_are_gaps() -> None:
    composer = Composer(pace=CLOSE)
    out = composer.begin(5, {})
    out += composer.event(9, {"kind": GAP, "from_ms": 6, "to_ms": 8, "text": "the disk was full"})
    out += composer.event(9, {"kind": GAP, "from_ms": "x", "to_ms": 8})
    assert [(gap.from_ms, gap.to_ms, gap.why) for gap in Reader(out).gaps()] == [
        (6, 8, "the disk was full")
    ]


def test_totals_are_read_without_a_frame() -> None:
    whole = bytearray(taped())
    for one in list(scan(bytes(whole), len(START))):
        if isinstance(one, Record) and one.kind == DELTA:
            whole[one.offset + HEAD_SIZE : one.end] = bytes(one.length)
    totals = Reader(bytes(whole)).totals()
    seconds = {was.snapshot.at_ms // 1_000 for was in frames()}
    assert [total.at_ms // 1_000 for total in totals] == sorted(seconds)
    asked = sum(isinstance(event, Asked) for was in frames() for event in was.inputs)
    assert sum(total.asked for total in totals) == asked > 0
    assert any(total.blocked for total in totals)
    rows = [total_of(was.snapshot, was.inputs) for was in frames()[:20]]
    assert read_totals(write_totals(rows)) == rows


def test_a_damaged_frame_is_named_and_the_next_sync_point_reads_on() -> None:
    whole = bytearray(taped())
    found = [one for one in scan(bytes(whole), len(START)) if isinstance(one, Record)]
    deltas = [one for one in found if one.kind == DELTA]
    whole[deltas[30].offset + HEAD_SIZE + 20] ^= 4
    reader = Reader(bytes(whole))
    with pytest.raises(RecordingError, match=f"byte {deltas[30].offset}, at") as caught:
        reader.frame(30).snapshot()
    assert caught.value.at_ms == frames()[30].snapshot.at_ms
    good = [number for number in range(reader.frames) if readable(reader, number)]
    lost = sorted(set(range(reader.frames)) - set(good))
    assert lost[0] == 30
    assert len(lost) < 45
    assert not any(unlike(reader, number) for number in good)
    assert [error.offset for error in reader.damages()] == [deltas[30].offset]


def test_a_jump_reads_few_frames_whole_and_only_samples_of_those_before(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = recording(frames(), pace=replace(CLOSE, change_ms=2_000))
    read: list[str] = []
    for name in ("frame", "remember", "load"):
        plain = getattr(StreamDecoder, name)

        def counted(self: Any, *args: Any, plain: Any = plain, name: str = name) -> None:
            read.append(name)
            plain(self, *args)

        monkeypatch.setattr(StreamDecoder, name, counted)
    late = 0
    for number in range(40, len(frames())):
        reader = Reader(whole)
        read.clear()
        assert not unlike(reader, number)
        assert read.count("load") <= 2  # one may be in vain: rows were in another order then
        late += read.count("remember") > read.count("frame") > 0
    assert late > 10


def test_damage_before_the_sync_point_is_named_where_it_is_looked_back_on() -> None:
    whole = bytearray(recording(frames(), pace=replace(CLOSE, change_ms=2_000)))
    found = [one for one in scan(bytes(whole), len(START)) if isinstance(one, Record)]
    deltas = [one for one in found if one.kind == DELTA]
    whole[deltas[60].offset + HEAD_SIZE + 20] ^= 4
    reader = Reader(bytes(whole))
    good = [number for number in range(reader.frames) if readable(reader, number)]
    lost = sorted(set(range(reader.frames)) - set(good))
    assert 60 in lost
    assert len(lost) > 1
    assert not any(unlike(Reader(bytes(whole)), number) for number in good[50::3])
    for number in lost:
        with pytest.raises(RecordingError, match=f"byte {deltas[60].offset}, at"):
            Reader(bytes(whole)).frame(number).snapshot()


def readable(reader: Reader, number: int) -> bool:
    try:
        reader.frame(number).snapshot()
    except RecordingError:
        return False
    return True


@pytest.mark.parametrize("closed", [True, False])
def test_a_frame_that_is_gone_is_a_gap(closed: bool) -> None:
    whole = bytearray(recording(frames(), closed=closed, pace=replace(CLOSE, index_ms=10**9)))
    deltas = [one for one in scan(bytes(whole), len(START)) if one_of(one, DELTA)]
    whole[deltas[30].offset] ^= 1
    reader = Reader(bytes(whole))
    numbers = {frame.snapshot().seq for frame in reader.walk() if readable(reader, frame.number)}
    shown = {was.snapshot.seq: was for was in frames()}
    assert len(frames()) - 45 < len(numbers) < len(frames())
    for frame in reader.walk():
        if readable(reader, frame.number):
            assert not differs(shown[frame.snapshot().seq].snapshot, frame.snapshot())
    if not closed:
        assert [gap.why.split(" ", 1)[1] for gap in reader.gaps()] == [
            f"bytes at byte {deltas[30].offset} are damaged"
        ]


def one_of(one: object, kind: int) -> bool:
    return isinstance(one, Record) and one.kind == kind


def test_a_lost_key_frame_loses_frames_and_never_lies() -> None:
    whole = bytearray(taped(closed=False))
    keys = [one for one in scan(bytes(whole), len(START)) if one_of(one, KEY)]
    assert len(keys) > 1
    whole[keys[0].offset + HEAD_SIZE + 30] ^= 1
    reader = Reader(bytes(whole))
    good = [number for number in range(reader.frames) if readable(reader, number)]
    assert 0 < len(good) < reader.frames
    assert not any(unlike(reader, number) for number in good)


def test_a_life_of_a_newer_format_is_a_gap_and_the_others_are_read() -> None:
    whole = taped()
    head = {**Head().as_tree(), "format": FORMAT + 1}
    newer = record(HEADER, 10**13, pack(json_text(head), 6))
    reader = Reader(whole + newer + record(DELTA, 10**13 + 5, b"what is this"))
    assert reader.frames == len(frames())
    assert f"format {FORMAT + 1}" in reader.lives[1].why_not
    assert any("format" in gap.why for gap in reader.gaps())


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"columns": ["lag"]}, "columns"),
        ({"columns": None}, "list"),
        ({"values": 99}, "version 99"),
        ({"life": "x"}, "int"),
    ],
)
def test_a_life_whose_header_is_not_for_this_program_is_a_gap(
    other: dict[str, object], why: str
) -> None:
    head = record(HEADER, 5, pack(json_text({**Head().as_tree(), **other}), 6))
    reader = Reader(START + head + record(DELTA, 9, b"what is this"))
    assert reader.frames == 0
    assert why in reader.lives[0].why_not


def test_a_session_that_still_runs_is_followed() -> None:
    whole = taped()
    records = [one for one in scan(whole, len(START)) if isinstance(one, Record)]
    reader = Reader(whole[: records[40].end + 7])
    before = reader.frames
    assert not unlike(reader, before - 1)
    reader.refresh(whole)
    assert reader.frames == len(frames()) > before
    assert reader.gaps() == []
    assert not any(unlike(reader, number) for number in range(before - 2, reader.frames, 5))


def test_a_recording_that_is_gone_on_with_keeps_its_index_whole() -> None:
    reader = Reader(taped(lives=3))
    assert reader.contents.unindexed == len(reader.contents.entries)
    assert all(isinstance(entry, Entry) for entry in reader.contents.entries)


def test_an_empty_recording_has_nothing() -> None:
    reader = Reader(START)
    assert (reader.frames, reader.lives, reader.gaps(), reader.totals()) == (0, [], [], [])
    assert reader.at(5) is None
    assert reader.span_ms == (0, 0)
    with pytest.raises(IndexError):
        reader.frame(0)


def test_sync_points_come_at_their_pace() -> None:
    pace = Pace(
        first_key_ms=2_000, second_key_ms=8_000, key_ms=8_000, change_ms=2_000, frames=1_000
    )
    kinds = [
        chr(one.kind)
        for one in scan(recording(frames(), pace=pace), len(START))
        if isinstance(one, Record) and one.kind in b"KC"
    ]
    assert kinds[:5] == ["K", "C", "C", "C", "K"]


def test_a_wide_recording_syncs_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jumps into its beginning go through few frames."""

    def first_key_ms() -> int:
        made = recording(frames(), pace=Pace())
        keys = (
            one for one in scan(made, len(START)) if isinstance(one, Record) and one.kind == KEY
        )
        return next(keys).at_ms - frames()[0].snapshot.at_ms

    assert first_key_ms() >= 30_000 - 1_000
    monkeypatch.setattr(composer, "_WIDE", 1)
    assert 5_000 <= first_key_ms() <= 7_000
