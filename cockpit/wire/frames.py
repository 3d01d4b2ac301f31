"""Frames of the socket: length (four bytes, big endian), kind (one), payload. Never a socket."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cockpit.core.intents import (
    Accept,
    Acknowledge,
    AddNote,
    Answer,
    Arm,
    Beat,
    Confirm,
    Disarm,
    Drive,
    End,
    Intent,
    Lift,
    Offer,
    Pause,
    Point,
    Release,
    Veto,
)
from cockpit.core.snapshot import LogLine
from cockpit.wire.records import CHANGE, DELTA, KEY, TABLE
from cockpit.wire.values import WireError, from_json, to_json

PROTOCOL_VERSION = 6

HELLO, PAST, BEGIN, EVENT, INTENT = b"H", b"L", b"B", b"E", b"I"
"""A greeting, the log before it, a life of the stream (its head), something told, what a person
wants: all JSON."""
STREAM = {kind: bytes([kind]) for kind in (TABLE, KEY, CHANGE, DELTA)}
"""Payloads of the stream, by the kind of their record: P, K, C, D."""
KINDS = (HELLO, PAST, BEGIN, EVENT, INTENT, *STREAM.values())

MAX_FROM_ENGINE = 64 * 1024 * 1024
MAX_FROM_PERSON = 64 * 1024

_HEAD = struct.Struct(">IB")


def frame(kind: bytes, payload: bytes) -> bytes:
    """One frame."""
    return _HEAD.pack(len(payload), kind[0]) + payload


class FrameReader:
    """Bytes in as they come, whole frames out."""

    def __init__(self, max_bytes: int) -> None:
        self._buffer = bytearray()
        self._max_bytes = max_bytes

    def feed(self, data: bytes) -> Iterator[tuple[bytes, bytes]]:
        """(kind, payload) of every frame that is complete; raises WireError on nonsense."""
        self._buffer += data
        while len(self._buffer) >= _HEAD.size:
            length, number = _HEAD.unpack_from(self._buffer)
            kind = bytes([number])
            if kind not in KINDS:
                msg = f"unknown frame kind {number}"
                raise WireError(msg)
            if length > self._max_bytes:
                msg = f"frame of {length} bytes is over the limit of {self._max_bytes}"
                raise WireError(msg)
            if len(self._buffer) < _HEAD.size + length:
                return
            payload = bytes(self._buffer[_HEAD.size : _HEAD.size + length])
            del self._buffer[: _HEAD.size + length]
            yield kind, payload


def json_bytes(value: object) -> bytes:
    """Compact JSON with sorted keys: the same value gives the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=True).encode()


def read_json(payload: bytes) -> Any:  # noqa: ANN401  # any JSON value
    """The JSON value of a payload; raises WireError."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError) as error:
        msg = f"not JSON: {error}"
        raise WireError(msg) from error


def hello(*, session: str, engine: str, seat: str) -> bytes:
    """The first frame of a connection, from the engine. `seat` is the connection's name."""
    content = {"protocol": PROTOCOL_VERSION, "session": session, "engine": engine, "seat": seat}
    return frame(HELLO, json_bytes(content))


def goodbye(why: str) -> bytes:
    """The only frame of a connection that is not let in."""
    return frame(HELLO, json_bytes({"protocol": PROTOCOL_VERSION, "refused": why}))


def past(lines: Sequence[LogLine]) -> bytes:
    """Everything that was told before, oldest first, for whoever joins."""
    return frame(PAST, json_bytes([to_json(line) for line in lines]))


def read_past(payload: bytes) -> tuple[LogLine, ...]:
    """The lines of such a frame; raises WireError."""
    found: tuple[LogLine, ...] = from_json(tuple[LogLine, ...], read_json(payload))
    return found


class NotLetInError(WireError):
    """The engine is there, and does not let this user in."""


def check_hello(payload: bytes) -> Mapping[str, Any]:
    """The engine's greeting; raises WireError where it speaks a protocol that is not ours, with
    both numbers, and NotLetInError where it lets this user not in, with its reason."""
    content = read_json(payload)
    spoken = content.get("protocol") if isinstance(content, dict) else None
    if spoken != PROTOCOL_VERSION:
        msg = f"the engine speaks protocol {spoken}, this screen {PROTOCOL_VERSION}"
        raise WireError(msg)
    if why := content.get("refused"):
        msg = f"the engine does not let you in: {why}"
        raise NotLetInError(msg)
    return dict(content)


_INTENTS: dict[str, type] = {
    "arm": Arm,
    "confirm": Confirm,
    "disarm": Disarm,
    "pause": Pause,
    "note": AddNote,
    "end": End,
    "beat": Beat,
    "drive": Drive,
    "offer": Offer,
    "accept": Accept,
    "release": Release,
    "veto": Veto,
    "lift": Lift,
    "answer": Answer,
    "point": Point,
    "acknowledge": Acknowledge,
}
"""What may come over a socket. Who sits down and who leaves is for the server to say."""


def encode_intent(intent: Intent) -> bytes:
    """An intent as a frame."""
    word = next(word for word, kind in _INTENTS.items() if isinstance(intent, kind))
    return frame(INTENT, json_bytes({"intent": word, **to_json(intent)}))


def decode_intent(payload: bytes) -> Intent:
    """The intent of a frame; raises WireError."""
    content = read_json(payload)
    if not isinstance(content, dict):
        raise WireError("an intent is an object")
    word = content.pop("intent", None)
    kind = _INTENTS.get(word) if isinstance(word, str) else None
    if kind is None:
        msg = f"unknown intent {word!r:.40}"
        raise WireError(msg)
    intent: Intent = from_json(kind, content)
    return intent
