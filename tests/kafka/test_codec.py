"""The wire encoding, against bytes written by hand and against hostile ones."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.kafka.protocol.acls import create_acls, delete_acls, describe_acls
from cockpit.kafka.protocol.codec import DecodeError, Reader, Writer, unsigned_varint
from cockpit.kafka.protocol.commits import commit, delete_commits, fetch_commits
from cockpit.kafka.protocol.configs import TOPIC, describe_configs
from cockpit.kafka.protocol.fetch import FetchedPartition, decode_records, fetch
from cockpit.kafka.protocol.groups import (
    describe_consumer_groups,
    describe_groups,
    find_coordinators,
    list_groups,
)
from cockpit.kafka.protocol.metadata import all_topics, brokers_only, named_topics, topic_operations
from cockpit.kafka.protocol.offsets import LATEST, list_offsets, offset_columns
from cockpit.kafka.protocol.request import Request
from tests.hostile import assert_answers_or_raises

EVERY_REQUEST: list[Request[Any]] = [
    all_topics(),
    brokers_only(),
    topic_operations(["a"]),
    list_offsets({"a": [0, 1]}, LATEST),
    offset_columns({"a": [0, 1]}, LATEST),
    fetch_commits(["g"]),
    fetch_commits(["g", "h"], stable=True),
    commit("g", [(("a", 0), 5)], "cockpit"),
    delete_commits("g", [("a", 0)]),
    list_groups(),
    describe_groups(["g"]),
    describe_consumer_groups(["g"]),
    find_coordinators(["g"]),
    find_coordinators(["g", "h"]),
    describe_configs(TOPIC, ["a"]),
    describe_acls(),
    create_acls([]),
    delete_acls([]),
    fetch({("a", 0): 5}, committed_only=True),
]


def test_plain_and_compact_strings_and_arrays() -> None:
    plain, compact = Writer(flexible=False), Writer(flexible=True)
    for w in (plain, compact):
        w.string("ab")
        w.string(None)
        w.int32s([7])
        w.count(None)
        w.end_struct()
    assert plain.done() == b"\x00\x02ab\xff\xff\x00\x00\x00\x01\x00\x00\x00\x07\xff\xff\xff\xff"
    assert compact.done() == b"\x03ab\x00\x02\x00\x00\x00\x07\x00\x00"


@given(st.integers(0, 2**32 - 1))
def test_varints_come_back(value: int) -> None:
    assert Reader(unsigned_varint(value), flexible=True).uvarint() == value


@given(st.one_of(st.none(), st.text(max_size=200)), st.booleans())
def test_strings_come_back(text: str | None, flexible: bool) -> None:
    writer = Writer(flexible=flexible)
    writer.string(text)
    assert Reader(writer.done(), flexible=flexible).optional_string() == text


def test_tagged_fields_are_skipped() -> None:
    reader = Reader(b"\x02\x00\x01x\x05\x02yz\x2a", flexible=True)
    reader.end_struct()
    assert reader.int8() == 42


def test_a_list_offsets_request_is_what_the_protocol_says() -> None:
    body = list_offsets({"t": [3]}, LATEST).encode(6)
    assert body == bytes.fromhex(
        "ffffffff"  # replica id
        "00"  # isolation level
        "02"  # one topic
        "0274"
        "02"  # one partition
        "00000003ffffffffffffffffffffffff"  # partition, epoch, timestamp
        "00"
        "00"
        "00"
    )


def test_a_metadata_request_can_never_create_a_topic() -> None:
    """`allow_auto_topic_creation` is the byte after the names, from version 4 on."""
    for version in range(4, 13):
        request = named_topics(["t"])
        body = request.encode(version)
        name = body.index(b"t")
        after = name + 1 + (1 if version >= 9 else 0)
        assert body[after] == 0
    assert named_topics(["t"]).version({3: (0, 3)}) is None


def test_commits_are_made_as_nobody() -> None:
    body = commit("g", [(("t", 0), 9)], "cockpit").encode(7)
    assert body.startswith(b"\x00\x01g" + b"\xff\xff\xff\xff" + b"\x00\x00")


def test_the_highest_version_that_both_sides_know_is_taken() -> None:
    request = list_offsets({"t": [0]}, LATEST)
    assert request.version({2: (0, 5)}) == 5
    assert request.version({2: (1, 11)}) == 9
    assert request.version({2: (10, 11)}) is None
    assert request.version({}) is None
    assert fetch_commits(["a", "b"]).version({9: (0, 7)}) is None


@pytest.mark.parametrize("request_", EVERY_REQUEST, ids=lambda r: r.api.name)
@given(data=st.data())
def test_hostile_answers_raise_one_error_only(request_: Request[Any], data: st.DataObject) -> None:
    version = data.draw(st.integers(request_.api.lowest, request_.api.highest))
    body = data.draw(st.binary(max_size=120))
    assert_answers_or_raises(DecodeError, lambda: request_.decode(body, version))


@given(st.binary(max_size=200))
def test_hostile_records_raise_one_error_only(records: bytes) -> None:
    part = FetchedPartition("t", 0, 0, 9, 9, (), records)
    assert_answers_or_raises(DecodeError, lambda: decode_records(part, committed_only=True))


def test_an_equal_answer_is_not_decoded_again() -> None:
    request = all_topics()
    body = bytes.fromhex("00000000" + "00000000" + "ffff" + "00000001" + "00000000")
    assert request.decode(body, 4) is request.decode(bytes(body), 4)


@given(
    st.lists(
        st.tuples(
            st.integers(0, 40),
            st.integers(-1, 2**40),
            st.sampled_from(["", "m", "a" * 200]),
            st.sampled_from([0, 0, 0, 88]),
        ),
        max_size=12,
    ),
    st.booleans(),
)
def test_commits_are_decoded_alike_whether_entries_have_one_size_or_many(
    entries: list[tuple[int, int, str, int]], flexible: bool
) -> None:
    version = 7 if flexible else 5
    w = Writer(flexible=flexible)
    w.int32(0)
    w.count(1)
    w.string("t")
    w.count(len(entries))
    for partition, offset, metadata, error in entries:
        w.int32(partition)
        w.int64(offset)
        w.int32(-1)
        w.string(metadata)
        w.int16(error)
        w.end_struct()
    w.end_struct()
    w.int16(0)
    w.end_struct()
    (found,) = fetch_commits(["g"]).decode(w.done(), version)
    good = [(("t", p), o) for p, o, _, error in entries if not error and o >= 0]
    assert list(zip(found.keys, found.offsets, strict=True)) == good
    assert list(found.failed) == [(("t", p), error) for p, _, _, error in entries if error]
