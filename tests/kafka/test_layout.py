"""A learnt layout reads exactly what the general decoder reads, or it reads nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kafka.protocol.codec import Reader, Writer
from cockpit.kafka.protocol.commits import GroupCommits, fetch_commits
from cockpit.kafka.protocol.layout import MISSES_MAX, PAUSE_FRAMES, Layout, Learner, gather, spread
from cockpit.kafka.protocol.offsets import LATEST, OffsetColumns, _decode, offset_columns
from cockpit.kafka.protocol.request import Request


@dataclass(frozen=True)
class Entry:
    """One partition in a reply; `free` are the bytes that nobody reads."""

    partition: int
    error: int
    offset: int
    free: bytes
    metadata: str | None = ""


@dataclass(frozen=True)
class Topic:
    name: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class Group:
    name: str
    error: int
    topics: tuple[Topic, ...]


offsets = st.one_of(st.integers(-1, 2**62), st.sampled_from([-1, 0, 1, 255, 256, 2**31]))
errors = st.sampled_from([0, 0, 0, 0, 3, 6, 29, 88])
texts = st.sampled_from(["", "m", "meta", "ü", "a" * 126, "b" * 127, "c" * 300, None])
entries = st.builds(
    Entry,
    partition=st.integers(0, 60),
    error=errors,
    offset=offsets,
    free=st.binary(min_size=12, max_size=12),
    metadata=texts,
)
topics = st.builds(
    Topic,
    name=st.text(st.characters(codec="utf-8"), max_size=8),
    entries=st.lists(entries, max_size=5).map(tuple),
)
groups = st.builds(
    Group,
    name=st.text(st.characters(codec="utf-8"), max_size=8),
    error=st.sampled_from([0, 0, 16]),
    topics=st.lists(topics, max_size=4).map(tuple),
)
list_versions = st.integers(1, 9)
fetch_versions = st.integers(2, 9)


def list_reply(found: tuple[Topic, ...], version: int, throttle_ms: int = 0) -> bytes:
    """A ListOffsets reply, written by the schema."""
    w = Writer(flexible=version >= 6)
    if version >= 2:
        w.int32(throttle_ms)
    w.count(len(found))
    for topic in found:
        w.string(topic.name)
        w.count(len(topic.entries))
        for entry in topic.entries:
            w.int32(entry.partition)
            w.int16(entry.error)
            w.raw(entry.free[:8])
            w.int64(entry.offset)
            if version >= 4:
                w.raw(entry.free[8:12])
            w.end_struct()
        w.end_struct()
    w.end_struct()
    return w.done()


def fetch_reply(found: tuple[Group, ...], version: int, throttle_ms: int = 0) -> bytes:
    """An OffsetFetch reply, written by the schema; of the first group alone before version 8."""
    w = Writer(flexible=version >= 6)
    if version >= 3:
        w.int32(throttle_ms)
    if version >= 8:
        w.count(len(found))
    for group in found if version >= 8 else found[:1]:
        if version >= 8:
            w.string(group.name)
        w.count(len(group.topics))
        for topic in group.topics:
            w.string(topic.name)
            w.count(len(topic.entries))
            for entry in topic.entries:
                w.int32(entry.partition)
                w.int64(entry.offset)
                if version >= 5:
                    w.raw(entry.free[8:12])
                w.string(entry.metadata)
                w.int16(entry.error)
                w.end_struct()
            w.end_struct()
        w.int16(group.error)
        w.end_struct()
    w.end_struct()
    return w.done()


def plain_list(found: tuple[Topic, ...]) -> list[tuple[str, int, int, int]]:
    """What a ListOffsets reply says."""
    return [(t.name, e.partition, e.error, e.offset) for t in found for e in t.entries]


def said_list(answer: OffsetColumns) -> list[tuple[str, int, int, int]]:
    shape = answer.shape
    names = np.repeat(np.array(shape.topics, dtype=object), shape.counts).tolist()
    columns = (shape.partitions.tolist(), shape.errors.tolist(), answer.offsets.tolist())
    return list(zip(names, *columns, strict=True))


def plain_commits(group: Group) -> tuple[list[Any], list[Any]]:
    """Commits of a group and its failed partitions."""
    rows = [((t.name, e.partition), e) for t in group.topics for e in t.entries]
    good = [(key, e.offset) for key, e in rows if not e.error and e.offset >= 0]
    return good, [(key, e.error) for key, e in rows if e.error]


def assert_commits(
    answer: tuple[GroupCommits, ...], found: tuple[Group, ...], version: int
) -> None:
    expected = found if version >= 8 else found[:1]
    assert len(answer) == len(expected)
    for got, group in zip(answer, expected, strict=True):
        good, failed = plain_commits(group)
        assert got.error == group.error
        assert list(zip(got.keys, got.offsets, strict=True)) == good
        assert list(got.failed) == failed
        if version >= 8:
            assert got.group == group.name


def changed(found: tuple[Topic, ...], values: list[int], free: bytes) -> tuple[Topic, ...]:
    """The same reply with other offsets, and other bytes where nobody reads."""
    fresh = iter(values * 1_000)
    return tuple(
        replace(t, entries=tuple(replace(e, offset=next(fresh), free=free) for e in t.entries))
        for t in found
    )


some_offsets = st.lists(offsets, min_size=1, max_size=9)
some_bytes = st.binary(min_size=12, max_size=12)


@given(st.lists(topics, max_size=5).map(tuple), list_versions, some_offsets, some_bytes)
def test_ends_read_by_the_layout_are_those_that_the_general_decoder_reads(
    found: tuple[Topic, ...], version: int, values: list[int], free: bytes
) -> None:
    request = offset_columns({}, LATEST)
    assert said_list(request.decode(list_reply(found, version), version)) == plain_list(found)
    learnt = request.decode(list_reply(found, version), version)
    after = changed(found, values, free)
    answer = request.decode(list_reply(after, version, throttle_ms=7), version)
    assert answer.shape is learnt.shape
    assert said_list(answer) == plain_list(after)


@given(
    st.lists(groups, min_size=1, max_size=4).map(tuple), fetch_versions, some_offsets, some_bytes
)
def test_commits_read_by_the_layout_are_those_that_the_general_decoder_reads(
    found: tuple[Group, ...], version: int, values: list[int], free: bytes
) -> None:
    request = fetch_commits([group.name for group in found][: None if version >= 8 else 1])
    for _ in range(2):
        assert_commits(request.decode(fetch_reply(found, version), version), found, version)
    after = tuple(replace(g, topics=changed(g.topics, values, free)) for g in found)
    assert_commits(request.decode(fetch_reply(after, version, 7), version), after, version)


def learnt_layout(found: tuple[Topic, ...], version: int) -> tuple[bytes, Layout]:
    frame = list_reply(found, version)
    return frame, Layout(frame, _decode(Reader(frame, flexible=version >= 6), version))


@given(st.lists(topics, min_size=1, max_size=4).map(tuple), list_versions, st.data())
def test_a_change_of_any_other_byte_is_never_read_by_the_layout(
    found: tuple[Topic, ...], version: int, data: st.DataObject
) -> None:
    """Flip one byte; where the layout still reads, only a value or an unread byte was hit."""
    frame, layout = learnt_layout(found, version)
    marked = list_reply(changed(found, [0x5A5A5A5A5A5A5A5A], b"\x5a" * 12), version, 0x5A5A5A5A)
    blank = list_reply(changed(found, [0x2D2D2D2D2D2D2D2D], b"\x2d" * 12), version, 0x2D2D2D2D)
    for at in range(len(frame)):
        wrong = bytearray(frame)
        wrong[at] ^= data.draw(st.integers(1, 255)) if at % 7 == 0 else 1 << at % 8
        is_free = marked[at] != blank[at]
        assert (layout.read(bytes(wrong)) is not None) == is_free
    assert layout.read(frame + b"\0") is None
    assert layout.read(frame[:-1]) is None


@given(st.lists(groups, min_size=1, max_size=3).map(tuple), st.data())
def test_no_byte_of_a_commits_frame_is_read_wrongly(
    found: tuple[Group, ...], data: st.DataObject
) -> None:
    """Whatever a byte becomes: the request says what a fresh general decoder says, or fails too."""
    names = [group.name for group in found]
    version = data.draw(st.sampled_from([8, 9]))
    frame = bytearray(fetch_reply(found, version))
    learnt = fetch_commits(names)
    for _ in range(2):
        learnt.decode(bytes(frame), version)
    at = data.draw(st.integers(0, len(frame) - 1))
    frame[at] = data.draw(st.integers(0, 255))
    assert outcome(learnt, bytes(frame), version) == outcome(
        fetch_commits(names), bytes(frame), version
    )


def outcome(request: Request[Any], frame: bytes, version: int) -> object:
    try:
        return request.decode(frame, version)
    except ValueError as error:
        return type(error)


def test_no_offset_is_never_a_number_even_where_it_comes_and_goes() -> None:
    def reply(*offset: int) -> bytes:
        rows = tuple(Entry(p, 0, o, b"\xff" * 12) for p, o in enumerate(offset))
        return fetch_reply((Group("g", 0, (Topic("t", rows),)),), 8)

    request = fetch_commits(["g"])
    for frame in (reply(5, 6), reply(5, 6), reply(5, 7)):
        request.decode(frame, 8)
    (none,) = request.decode(reply(-1, 7), 8)
    assert (none.keys, none.offsets) == ((("t", 1),), (7,))
    (both,) = request.decode(reply(5, 8), 8)
    assert (both.keys, both.offsets) == ((("t", 0), ("t", 1)), (5, 8))


def test_metadata_of_the_same_length_may_change_and_of_another_length_is_decoded_anew() -> None:
    def reply(metadata: str, offset: int) -> bytes:
        entry = Entry(0, 0, offset, b"\xff" * 12, metadata)
        return fetch_reply((Group("g", 0, (Topic("t", (entry,)),)),), 8)

    request = fetch_commits(["g"])
    for frame in (reply("AAAA", 1), reply("AAAA", 2)):
        request.decode(frame, 8)
    assert request.decode(reply("BBBB", 3), 8)[0].offsets == (3,)
    assert request.decode(reply("BBBBB", 4), 8)[0].offsets == (4,)
    assert request.decode(reply("", 5), 8)[0].offsets == (5,)


def test_a_layout_of_one_version_does_not_serve_another() -> None:
    found = (Topic("t", (Entry(0, 0, 9, b"\0" * 12),)),)
    request = offset_columns({}, LATEST)
    for version in (3, 3, 3, 4, 5, 4, 4, 6, 9, 9):
        answer = request.decode(list_reply(found, version), version)
        assert said_list(answer) == plain_list(found)


def counting() -> tuple[Learner[int], list[bytes]]:
    """A learner over frames of a length byte and one value; all frames decoded the long way."""
    long_way: list[bytes] = []

    def decode(r: Reader, version: int) -> Any:
        long_way.append(r.data)
        return _decode(r, version)

    return Learner(decode), long_way


def read(learner: Learner[int], offset: int, name: str = "t") -> None:
    frame = list_reply((Topic(name, (Entry(0, 0, offset, b"\0" * 12),)),), 7)
    _, values = learner.read(Reader(frame, flexible=True), 7)
    assert values.tolist() == [offset]


def test_a_reply_that_comes_once_teaches_nothing_and_the_second_everything() -> None:
    learner, long_way = counting()
    for offset in range(10):
        read(learner, offset)
    assert len(long_way) == 2


def test_replies_that_are_never_alike_stop_the_learning_for_a_while() -> None:
    learner, long_way = counting()
    for n in range(MISSES_MAX + 2):
        read(learner, n, name=f"{n:03d}")
    assert learner.learnt == MISSES_MAX
    for n in range(PAUSE_FRAMES - 2):
        read(learner, n, name="same")
    assert learner.learnt == MISSES_MAX
    before = len(long_way)
    for n in range(10):
        read(learner, n, name="same")
    assert learner.learnt == MISSES_MAX + 1
    assert len(long_way) - before < 5


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 9), st.integers(0, 7))))
def test_spread_counts_up_from_every_start(runs: list[tuple[int, int, int]]) -> None:
    columns = np.array(runs, dtype=np.int64).reshape(-1, 3).T
    expected = [first + i * stride for first, count, stride in runs for i in range(count)]
    assert spread(*columns).tolist() == expected


@pytest.mark.parametrize(("kind", "expected"), [(">i2", [0x0102]), (">i4", [0x01020304])])
def test_numbers_are_gathered_big_endian(kind: str, expected: list[int]) -> None:
    assert gather(b"\x01\x02\x03\x04", np.array([0]), kind).tolist() == expected
