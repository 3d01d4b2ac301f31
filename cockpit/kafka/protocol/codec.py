"""Kafka's primitive types as bytes, in both styles: plain, and flexible with compact lengths.

Reads defensively: bytes that make no sense raise DecodeError, never anything else. Does no I/O.

The encoding is the protocol guide's: big-endian integers; strings and arrays prefixed by their
length, or in flexible versions by length + 1 as an unsigned varint with 0 for null; flexible
structs end with tagged fields, of which none is ever written and all are skipped.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from typing import TypeVar

T = TypeVar("T")

_INT8 = struct.Struct(">b")
_INT16 = struct.Struct(">h")
_INT32 = struct.Struct(">i")
_INT64 = struct.Struct(">q")
_FLOAT64 = struct.Struct(">d")


class DecodeError(ValueError):
    """Bytes that are not what the protocol says."""


def unsigned_varint(value: int) -> bytes:
    """Seven bits a byte, lowest first."""
    out = bytearray()
    while value > 0x7F:
        out.append((value & 0x7F) | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


class Writer:
    """Collects the body of one request."""

    __slots__ = ("_parts", "flexible")

    def __init__(self, *, flexible: bool) -> None:
        self.flexible = flexible
        self._parts: list[bytes] = []

    def int8(self, value: int) -> None:
        """Signed byte."""
        self._parts.append(_INT8.pack(value))

    def int16(self, value: int) -> None:
        """Signed, two bytes."""
        self._parts.append(_INT16.pack(value))

    def int32(self, value: int) -> None:
        """Signed, four bytes."""
        self._parts.append(_INT32.pack(value))

    def int64(self, value: int) -> None:
        """Signed, eight bytes."""
        self._parts.append(_INT64.pack(value))

    def float64(self, value: float) -> None:
        """IEEE 754, eight bytes."""
        self._parts.append(_FLOAT64.pack(value))

    def boolean(self, value: bool) -> None:
        """One byte."""
        self._parts.append(b"\x01" if value else b"\x00")

    def string(self, value: str | None) -> None:
        """UTF-8, or null."""
        data = None if value is None else value.encode()
        if self.flexible:
            self._parts.append(unsigned_varint(0 if data is None else len(data) + 1))
        else:
            self.int16(-1 if data is None else len(data))
        if data:
            self._parts.append(data)

    def count(self, length: int | None) -> None:
        """Length of an array whose items follow; None for a null array."""
        if self.flexible:
            self._parts.append(unsigned_varint(0 if length is None else length + 1))
        else:
            self.int32(-1 if length is None else length)

    def int32s(self, values: Iterable[int]) -> None:
        """An array of int32."""
        items = tuple(values)
        self.count(len(items))
        self._parts.append(struct.pack(f">{len(items)}i", *items))

    def strings(self, values: Iterable[str]) -> None:
        """An array of strings."""
        items = tuple(values)
        self.count(len(items))
        for item in items:
            self.string(item)

    def raw(self, data: bytes) -> None:
        """Bytes that are encoded already."""
        self._parts.append(data)

    def end_struct(self) -> None:
        """Close a struct: no tagged fields."""
        if self.flexible:
            self._parts.append(b"\x00")

    def done(self) -> bytes:
        """Everything written."""
        return b"".join(self._parts)


class Reader:
    """Reads the body of one reply from front to back."""

    __slots__ = ("data", "flexible", "pos")

    def __init__(self, data: bytes, *, flexible: bool) -> None:
        self.data = data
        self.pos = 0
        self.flexible = flexible

    def take(self, size: int) -> bytes:
        """The next bytes as they are."""
        end = self.pos + size
        if size < 0 or end > len(self.data):
            raise DecodeError(f"{size} bytes wanted at {self.pos} of {len(self.data)}")
        chunk = self.data[self.pos : end]
        self.pos = end
        return chunk

    def skip(self, size: int) -> None:
        """Pass over bytes."""
        if size < 0 or self.pos + size > len(self.data):
            raise DecodeError(f"{size} bytes wanted at {self.pos} of {len(self.data)}")
        self.pos += size

    def _number(self, layout: struct.Struct) -> int:
        try:
            (value,) = layout.unpack_from(self.data, self.pos)
        except struct.error:
            raise DecodeError(f"reply ends at {len(self.data)} within a number") from None
        self.pos += layout.size
        return int(value)

    def int8(self) -> int:
        """Signed byte."""
        return self._number(_INT8)

    def int16(self) -> int:
        """Signed, two bytes."""
        return self._number(_INT16)

    def int32(self) -> int:
        """Signed, four bytes."""
        return self._number(_INT32)

    def int64(self) -> int:
        """Signed, eight bytes."""
        return self._number(_INT64)

    def float64(self) -> float:
        """IEEE 754, eight bytes."""
        (value,) = _FLOAT64.unpack(self.take(_FLOAT64.size))
        return float(value)

    def boolean(self) -> bool:
        """One byte."""
        return self._number(_INT8) != 0

    def uvarint(self) -> int:
        """Unsigned varint of at most five bytes."""
        if self.pos < len(self.data) and self.data[self.pos] < 0x80:
            self.pos += 1
            return self.data[self.pos - 1]
        value = 0
        for shift in range(0, 35, 7):
            if self.pos >= len(self.data):
                raise DecodeError("reply ends within a length")
            byte = self.data[self.pos]
            self.pos += 1
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value
        raise DecodeError("length of more than five bytes")

    def _length(self, plain: struct.Struct) -> int:
        return self.uvarint() - 1 if self.flexible else self._number(plain)

    def text_size(self) -> int:
        """Length of a string in bytes, -1 for null; the string itself comes next."""
        return self._length(_INT16)

    def optional_string(self) -> str | None:
        """UTF-8, or None for null; bytes that are not UTF-8 become U+FFFD."""
        length = self.text_size()
        return None if length < 0 else self.take(length).decode(errors="replace")

    def string(self) -> str:
        """UTF-8; null counts as empty."""
        return self.optional_string() or ""

    def blob(self) -> bytes | None:
        """Bytes with an int32 (or compact) length, or None for null."""
        length = self._length(_INT32)
        return None if length < 0 else self.take(length)

    def count(self) -> int:
        """Length of an array; null counts as empty."""
        length = self._length(_INT32)
        if length > len(self.data) - self.pos:
            raise DecodeError(f"array of {length} items in {len(self.data) - self.pos} bytes")
        return max(length, 0)

    def array(self, item: Callable[[], T]) -> list[T]:
        """An array, each item read by `item`."""
        return [item() for _ in range(self.count())]

    def int32s(self) -> tuple[int, ...]:
        """An array of int32."""
        length = self.count()
        return struct.unpack(f">{length}i", self.take(4 * length))

    def end_struct(self) -> None:
        """Skip a struct's tagged fields."""
        if not self.flexible:
            return
        for _ in range(self.uvarint()):
            self.uvarint()
            self.take(self.uvarint())
