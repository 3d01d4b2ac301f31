"""What the link's stand-in takes apart of the protocol, held against the library's own bytes."""

from __future__ import annotations

import struct

import pytest
from aiokafka.protocol.metadata import MetadataResponse_v0, MetadataResponse_v5
from aiokafka.protocol.produce import ProduceRequest_v3, ProduceResponse_v7
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from cockpit.lab import linkwire
from cockpit.lab.linkwire import Head, WireError

CORRELATION = 7
BROKER = (1, "old.example.internal", 9092, "rack-a")


def head(api: int, version: int) -> bytes:
    return struct.pack(">hhih", api, version, CORRELATION, 3) + b"you"


def a_batch(base: int, count: int, *, transactional: bool = False) -> bytes:
    builder = DefaultRecordBatchBuilder(2, 0, transactional, -1, -1, -1, 1 << 16)
    for index in range(count):
        builder.append(index, 1_000, b"key", b"value", [])
    return struct.pack(">q", base) + bytes(builder.build())[8:]


def test_a_request_to_write_is_split_by_topic_and_its_answers_are_put_together() -> None:
    topics = [(name, [(0, b"some"), (1, b"records")]) for name in ("old", "new")]
    frame = head(0, 7) + ProduceRequest_v3(None, -1, 1_000, topics).encode()
    request = linkwire.produce_of(frame, linkwire.head_of(frame))
    assert (request.acks, set(request.topics)) == (-1, {"old", "new"})
    assert request.part(lambda _: True) == frame
    assert request.part(lambda _: False) == b""
    only_old = ProduceRequest_v3(None, -1, 1_000, topics[:1]).encode()
    assert request.part(lambda name: name == "old") == head(0, 7) + only_old

    replies = [[(name, [(0, 0, base, -1, 0)])] for name, base in (("old", 5), ("new", 9))]
    prefix = struct.pack(">i", CORRELATION)
    parts = [prefix + ProduceResponse_v7(reply, 0).encode() for reply in replies]
    whole = prefix + ProduceResponse_v7([*replies[0], *replies[1]], 0).encode()
    assert linkwire.merged(parts) == whole


@pytest.mark.parametrize("cut", range(18, 60, 7))
def test_a_request_that_is_cut_off_is_refused(cut: int) -> None:
    frame = head(0, 7) + ProduceRequest_v3(None, -1, 1_000, [("old", [(0, b"x" * 40)])]).encode()
    with pytest.raises(WireError):
        linkwire.produce_of(frame[:cut], linkwire.head_of(frame))


def test_a_transactional_producer_is_refused() -> None:
    frame = head(0, 7) + ProduceRequest_v3("mine", -1, 1_000, []).encode()
    with pytest.raises(WireError, match="transactional"):
        linkwire.produce_of(frame, linkwire.head_of(frame))


def test_every_broker_in_an_answer_to_metadata_is_at_the_proxy() -> None:
    prefix = struct.pack(">i", CORRELATION)
    replicas: list[int] = [1]
    topics = [(0, "scores", False, [(0, 0, 1, replicas, replicas, list[int]())])]
    answer = prefix + MetadataResponse_v5(0, [BROKER], "id", 1, topics).encode()
    moved = (1, "127.0.0.1", 19092, "rack-a")
    wanted = prefix + MetadataResponse_v5(0, [moved], "id", 1, topics).encode()
    assert linkwire.redirected(answer, 5, "127.0.0.1", 19092) == wanted

    oldest = prefix + MetadataResponse_v0([BROKER[:3]], []).encode()
    wanted = prefix + MetadataResponse_v0([moved[:3]], []).encode()
    assert linkwire.redirected(oldest, 0, "127.0.0.1", 19092) == wanted
    with pytest.raises(WireError):
        linkwire.redirected(answer, 9, "127.0.0.1", 19092)


def test_clients_are_offered_only_what_is_understood_and_no_transactions() -> None:
    rows = [(0, 3, 13), (1, 4, 17), (3, 0, 13), (18, 0, 4), (22, 0, 5), (24, 0, 5)]
    theirs = struct.pack(">ihi", 0, 0, len(rows)) + b"".join(struct.pack(">hhh", *r) for r in rows)
    less = [(0, 3, 7), (1, 4, 17), (3, 0, 8), (18, 0, 2)]
    body = struct.pack(">i", len(less)) + b"".join(struct.pack(">hhh", *row) for row in less)
    good, too_new = struct.pack(">ih", CORRELATION, 0), struct.pack(">ih", CORRELATION, 35)
    assert linkwire.offered(theirs, Head(18, 0, CORRELATION, 10)) == good + body
    assert linkwire.offered(theirs, Head(18, 2, CORRELATION, 10)) == good + body + bytes(4)
    assert linkwire.offered(theirs, Head(18, 3, CORRELATION, 10)) == too_new + body


def test_batches_are_found_whole_and_a_transaction_is_called_odd() -> None:
    first, second = a_batch(10, 3), a_batch(13, 1, transactional=True)
    found = list(linkwire.batches(first + second + a_batch(14, 2)[:-1]))
    assert [(one.base, one.last, one.raw) for one in found] == [
        (10, 12, first),
        (13, 13, second),
    ]
    assert not found[0].odd
    assert found[0].unplaced() == a_batch(0, 3)
    assert "transaction" in found[1].odd
