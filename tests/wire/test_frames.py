"""Intents and frames over the socket: what comes out is what went in, or a clear error."""

from __future__ import annotations

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.intents import (
    Acknowledge,
    AddNote,
    Arm,
    Attach,
    Confirm,
    Detach,
    Disarm,
    End,
    Intent,
    Pause,
)
from cockpit.wire import frames
from cockpit.wire.frames import (
    INTENT,
    MAX_FROM_PERSON,
    FrameReader,
    check_hello,
    decode_intent,
    encode_intent,
    frame,
    json_bytes,
)
from cockpit.wire.values import WireError, to_json
from tests.hostile import assert_answers_or_raises


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
        Acknowledge("brokers of target", "ana", 5),
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


def test_only_known_values_are_sent() -> None:
    with pytest.raises(TypeError):
        to_json(object())


def test_every_intent_of_a_person_has_a_word() -> None:
    """Who sits down and who leaves is for the server to say; all else comes over the socket."""
    kinds = {kind for kind in get_args(Intent) if kind not in (Attach, Detach)}
    assert set(frames._INTENTS.values()) == kinds


def test_what_is_nested_too_deep_is_no_intent() -> None:
    with pytest.raises(WireError):
        decode_intent(b"[" * 60_000)
