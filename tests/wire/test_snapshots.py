"""Snapshots, intents and frames over the wire: what comes out is what went in, or a clear error."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.intents import AddNote, Arm, Confirm, Disarm, End, Intent, Pause
from cockpit.core.project import project
from cockpit.core.snapshot import PartitionTable, Snapshot
from cockpit.wire.frames import (
    INTENT,
    KEYS,
    MAX_FROM_PERSON,
    SNAPSHOT,
    FrameReader,
    check_hello,
    decode_intent,
    encode_intent,
    frame,
    json_bytes,
)
from cockpit.wire.snapshots import SnapshotDecoder, SnapshotEncoder
from cockpit.wire.state import COLUMNS
from cockpit.wire.values import WireError, to_json
from tests.core.driver import Script
from tests.hostile import assert_answers_or_raises


def moments() -> list[Snapshot]:
    """Snapshots of a flight: at the start, armed, fenced."""
    script = Script()
    taken = [project(script.state, 1)]
    script.look(2)
    script.ask(Arm("advance", "ana"))
    taken.append(project(script.state, 2))
    script.fly_readers()
    script.fly_writers_to_start()
    taken.append(project(script.state, 3))
    return taken


def decoded(data: bytes, decoder: SnapshotDecoder) -> list[Snapshot]:
    found = []
    for kind, payload in FrameReader(1 << 26).feed(data):
        if kind == KEYS:
            decoder.keys(payload)
        else:
            assert kind == SNAPSHOT
            found.append(decoder.snapshot(payload))
    return found


def test_a_stream_of_snapshots_comes_back_equal() -> None:
    encoder, decoder = SnapshotEncoder(), SnapshotDecoder()
    for snapshot in moments():
        (back,) = decoded(encoder.encode(snapshot), decoder)
        for field in Snapshot.__dataclass_fields__:
            if field != "partitions":
                assert getattr(back, field) == getattr(snapshot, field), field
        for column in COLUMNS:
            assert np.array_equal(
                getattr(back.partitions, column), getattr(snapshot.partitions, column)
            )
        assert back.partitions.keys.names == snapshot.partitions.keys.names
        assert back.partitions.wave == snapshot.partitions.wave
        times = [name for name in PartitionTable.__dataclass_fields__ if name.endswith("_at_ms")]
        assert len(times) == 5
        for name in times:
            assert getattr(back.partitions, name) == getattr(snapshot.partitions, name)


def test_keys_are_sent_once() -> None:
    encoder = SnapshotEncoder()
    last = moments()[-1]
    first, second = encoder.encode(last), encoder.encode(last)
    assert [kind for kind, _ in FrameReader(1 << 26).feed(first)] == [KEYS, SNAPSHOT]
    assert [kind for kind, _ in FrameReader(1 << 26).feed(second)] == [SNAPSHOT]


@given(st.integers(1, 40), st.binary(max_size=200))
def test_frames_come_out_whole_however_the_bytes_arrive(size: int, payload: bytes) -> None:
    data = frame(INTENT, payload) * 3
    reader = FrameReader(1_000)
    found = [f for i in range(0, len(data), size) for f in reader.feed(data[i : i + size])]
    assert found == [(INTENT, payload)] * 3


@pytest.mark.parametrize(
    "intent",
    [
        Arm("advance", "ana"),
        Confirm("abc", "ana"),
        Disarm("ana"),
        Pause("ana"),
        AddNote("text", "ana"),
        End("ana"),
    ],
)
def test_intents_come_back_equal(intent: Intent) -> None:
    ((kind, payload),) = FrameReader(MAX_FROM_PERSON).feed(encode_intent(intent))
    assert kind == INTENT
    assert decode_intent(payload) == intent


@given(st.binary(max_size=300))
def test_nonsense_is_refused_and_never_crashes(data: bytes) -> None:
    def read() -> None:
        for _, payload in FrameReader(MAX_FROM_PERSON).feed(data):
            decode_intent(payload)

    assert_answers_or_raises(WireError, read)


@pytest.mark.parametrize(
    "content",
    [
        {"intent": "arm", "verb": "destroy", "by": "ana"},
        {"intent": "arm", "verb": "advance", "by": 5},
        {"intent": "arm", "verb": "advance", "by": "ana", "more": 1},
        {"intent": "arm", "by": "ana"},
        {"intent": "explode"},
        [],
    ],
)
def test_an_intent_that_does_not_fit_is_refused(content: object) -> None:
    with pytest.raises(WireError):
        decode_intent(json_bytes(content))


def test_a_frame_over_the_limit_is_refused_before_it_is_read() -> None:
    head = frame(INTENT, b"x" * (MAX_FROM_PERSON + 1))[:5]
    with pytest.raises(WireError):
        list(FrameReader(MAX_FROM_PERSON).feed(head))


def test_another_protocol_is_refused_by_number() -> None:
    with pytest.raises(WireError, match="protocol 99"):
        check_hello(json_bytes({"protocol": 99, "session": "s"}))


def test_columns_that_do_not_belong_to_the_keys_are_refused() -> None:
    last = moments()[-1]
    frames = list(FrameReader(1 << 26).feed(SnapshotEncoder().encode(last)))
    decoder = SnapshotDecoder()
    with pytest.raises(WireError):
        decoder.snapshot(frames[-1][1])
    decoder.keys(frames[0][1])
    with pytest.raises(WireError):
        decoder.snapshot(frames[-1][1][:-8])


def test_only_known_values_are_sent() -> None:
    with pytest.raises(TypeError):
        to_json(object())
