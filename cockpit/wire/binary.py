"""Bytes that a recording is made of: numbers of any length, texts, JSON and compressed bodies.

Never trusts a length: each is held against what is there, and against what a reader may hold.
"""

from __future__ import annotations

import json
import struct
import zlib
from typing import Any, Final

from cockpit.wire.values import WireError

MAX_RAW: Final = 48 * 1024 * 1024
"""The most bytes that a body may unpack to."""
MAX_JSON: Final = 32 * 1024 * 1024
MAX_JSON_PARTS: Final = 1_000_000
"""The most values in one JSON text: a short text can ask for much memory."""
MAX_NUMBER_BYTES: Final = 10
"""Of a number: seven bits in each byte."""

_BODY: Final = struct.Struct("<BI")
STORED: Final = 0
_SMALL: Final = 64
"""A body of up to so many bytes is stored as it is."""


def put_number(out: bytearray, value: int) -> None:
    """An unsigned number, seven bits in a byte, the lowest first, the high bit: more follow."""
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


def put_signed(out: bytearray, value: int) -> None:
    """A signed number as an unsigned one: 0, -1, 1, -2, ... are 0, 1, 2, 3, ..."""
    put_number(out, value << 1 if value >= 0 else (-value << 1) - 1)


def put_bytes(out: bytearray, content: bytes | bytearray) -> None:
    """Bytes, their count before them."""
    put_number(out, len(content))
    out += content


def put_text(out: bytearray, text: str) -> None:
    """A text in UTF-8; half a surrogate pair goes through."""
    put_bytes(out, text.encode("utf-8", "surrogatepass"))


def put_json(out: bytearray, tree: object) -> None:
    """A JSON value as a text."""
    put_bytes(out, json_text(tree))


def json_text(tree: object) -> bytes:
    """Compact JSON; keys stay in their order, NaN and infinities are written as Python does."""
    return json.dumps(tree, separators=(",", ":")).encode()


class Cursor:
    """Reads a body from front to back; raises WireError where it ends too soon."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data = data
        self.at = at
        self.end = len(data) if end is None else end

    def number(self) -> int:
        """An unsigned number."""
        data, at, end = self.data, self.at, self.end
        if at < end and (first := data[at]) < 0x80:
            self.at = at + 1
            return first
        value = shift = 0
        while at < end:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                self.at = at
                return value
            shift += 7
            if shift > 7 * (MAX_NUMBER_BYTES - 1):
                raise WireError("a number is too long")
        raise WireError("the body ends within a number")

    def signed(self) -> int:
        """A signed number."""
        value = self.number()
        return -((value + 1) >> 1) if value & 1 else value >> 1

    def take(self, count: int) -> bytes:
        """So many bytes."""
        begin = self.at
        if count > self.end - begin:
            raise WireError("the body ends too soon")
        self.at = begin + count
        return self.data[begin : begin + count]

    def part(self) -> Cursor:
        """A part with its length before it, to be read by itself."""
        count = self.number()
        begin = self.at
        if count > self.end - begin:
            raise WireError("the body ends too soon")
        self.at = begin + count
        return Cursor(self.data, begin, begin + count)

    def text(self) -> str:
        """A text."""
        try:
            return self.take(self.number()).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError as error:
            raise WireError("a text is not UTF-8") from error

    def json(self) -> Any:  # noqa: ANN401  # any JSON value
        """A JSON value."""
        return json_value(self.take(self.number()))

    def is_done(self) -> bool:
        """Whether everything was read."""
        return self.at == self.end


def json_value(text: bytes) -> Any:  # noqa: ANN401  # any JSON value
    """The value of a JSON text, its size bounded before anything is built."""
    parts = text.count(b",") + text.count(b"[") + text.count(b"{")
    if len(text) > MAX_JSON or parts > MAX_JSON_PARTS:
        raise WireError("a JSON text is larger than a reader takes")
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        msg = f"not JSON: {error}"
        raise WireError(msg) from error


def pack(body: bytes | bytearray, level: int, *, runs: bool = False) -> bytes:
    """A payload: a byte that says how it is packed, the length unpacked, and the body.

    0 is stored, 1 to 9 are zlib at that level. `runs`: look for runs of one byte only, which takes
    half the time where there is little else to be found.
    """
    if len(body) > MAX_RAW:
        msg = f"a body of {len(body)} bytes is over the limit of {MAX_RAW}"
        raise WireError(msg)
    if len(body) <= _SMALL or not level:
        return _BODY.pack(STORED, len(body)) + body
    if not runs:
        return _BODY.pack(level, len(body)) + zlib.compress(body, level)
    packer = zlib.compressobj(level, strategy=zlib.Z_RLE)
    return _BODY.pack(level, len(body)) + packer.compress(body) + packer.flush()


def unpack(payload: bytes | memoryview) -> bytes:
    """The body of a payload; raises WireError."""
    if len(payload) < _BODY.size:
        raise WireError("a payload without its head")
    how, length = _BODY.unpack_from(payload)
    packed = payload[_BODY.size :]
    if length > MAX_RAW:
        msg = f"a body of {length} bytes is over the limit of {MAX_RAW}"
        raise WireError(msg)
    if how == STORED:
        body = bytes(packed)
    elif how <= 9:
        body = _inflate(packed, length)
    else:
        msg = f"packed in a way that is not known: {how}"
        raise WireError(msg)
    if len(body) != length:
        raise WireError("a body is not as long as it says")
    return body


def unpack_begin(payload: bytes, count: int) -> bytes:
    """The first bytes of a body, for what is told there; raises WireError."""
    if len(payload) < _BODY.size:
        raise WireError("a payload without its head")
    packed = payload[_BODY.size :]
    if payload[0] == STORED:
        return packed[:count]
    try:
        return zlib.decompressobj().decompress(packed, count)
    except zlib.error as error:
        msg = f"not zlib: {error}"
        raise WireError(msg) from error


def _inflate(packed: bytes | memoryview, length: int) -> bytes:
    reader = zlib.decompressobj()
    try:
        body = reader.decompress(packed, length + 1)
    except zlib.error as error:
        msg = f"not zlib: {error}"
        raise WireError(msg) from error
    if not reader.eof or reader.unused_data:
        raise WireError("a body is not as long as it says")
    return body
