"""Who looks on over the socket sees what was published, whenever he joins, and never old rows."""

from __future__ import annotations

import pytest

from cockpit.core.flight import Observed
from cockpit.core.observe import LogSample
from cockpit.wire import live
from cockpit.wire.live import LiveDecoder, LiveEncoder
from cockpit.wire.records import CHANGE, EVENT, KEY, TABLE
from cockpit.wire.values import WireError
from tests.wire.taping import Taped, differs, flown


def joined(encoder: LiveEncoder) -> LiveDecoder:
    decoder = LiveDecoder(encoder.head)
    assert sum(decoder.take(one.kind, one.content) for one in encoder.joining())
    return decoder


def go_on(encoder: LiveEncoder, decoders: list[LiveDecoder], frame: Taped) -> set[int]:
    for event in frame.inputs:
        encoder.observe(event)
    payloads = encoder.publish(frame.snapshot)
    for decoder in decoders:
        assert sum(decoder.take(one.kind, one.content) for one in payloads)
        assert not differs(frame.snapshot, decoder.snapshot(), "snapshot")
    return {payload.kind for payload in payloads}


def test_whoever_joins_sees_what_is_published_then_and_from_then_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(live, "FIRST_KEY", 10)
    monkeypatch.setattr(live, "KEY_EVERY", 70)
    monkeypatch.setattr(live, "CHANGE_EVERY", 8)
    encoder = LiveEncoder(3)
    decoders: list[LiveDecoder] = []
    sent: set[int] = set()
    began_with: set[int] = set()
    frames = flown(demo_faults=True)
    for number, frame in enumerate(frames):
        sent |= go_on(encoder, decoders, frame)
        if number % 9 == 0:
            decoders.append(joined(encoder))
            began_with.add([one.kind for one in encoder.joining() if one.kind != TABLE][1])
            assert not differs(frame.snapshot, decoders[-1].snapshot(), "snapshot")
    assert len(decoders) > 10
    assert KEY in sent
    assert CHANGE not in sent, "whoever reads on has no use for it"
    assert CHANGE in began_with, "nobody began at a difference"


def test_only_samples_of_columns_go_along() -> None:
    encoder = LiveEncoder(1)
    frames = flown()
    inputs = [one for frame in frames for one in frame.inputs]
    others = [one for one in inputs if not isinstance(one, Observed)]
    assert others
    for one in others:
        encoder.observe(one)
    assert not encoder._stream._events
    logs = [
        one for one in inputs if isinstance(one, Observed) and isinstance(one.sample, LogSample)
    ]
    for sample in logs:
        encoder.observe(sample)
    assert len(encoder._stream._events) == len(logs) > 10


def test_a_stream_of_another_life_is_refused() -> None:
    frames = flown()
    old, new = LiveEncoder(1), LiveEncoder(2)
    go_on(old, [], frames[0])
    decoder = joined(old)
    for one in new.publish(frames[0].snapshot):
        with pytest.raises(WireError):
            decoder.take(one.kind, one.content)


def test_what_does_not_belong_to_a_stream_is_refused() -> None:
    decoder = LiveDecoder(LiveEncoder(1).head)
    with pytest.raises(WireError):
        decoder.take(EVENT, b"{}")
    with pytest.raises(WireError):
        decoder.snapshot()
