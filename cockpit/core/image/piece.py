"""Stretches of a log as fingerprints: what is compared when offsets of two clusters are not.

Holds no record: of each only its offset, its time and a hash of the rest. Does no I/O.
"""

from __future__ import annotations

import hashlib
import struct
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

_LENGTH: Final = struct.Struct(">i")
_NULL: Final = _LENGTH.pack(-1)
PRINT_BYTES: Final = 12

Token = tuple[bytes, int]
"""A record's fingerprint, and its time or 0 where times are not compared."""


def fingerprint(
    key: bytes | None, value: bytes | None, headers: Iterable[tuple[str, bytes | None]]
) -> bytes:
    """Twelve bytes (BLAKE2b) of a record's content; each part is prefixed by its length, so that
    no two records run into each other. The time is kept apart: a mirror may not keep it."""
    parts: list[bytes] = []
    for part in (key, value):
        parts.append(_NULL if part is None else _LENGTH.pack(len(part)))
        parts.append(part or b"")
    for name, content in headers:
        name_bytes = name.encode(errors="surrogatepass")
        parts.append(_LENGTH.pack(len(name_bytes)))
        parts.append(name_bytes)
        parts.append(_NULL if content is None else _LENGTH.pack(len(content)))
        parts.append(content or b"")
    return hashlib.blake2b(b"".join(parts), digest_size=PRINT_BYTES).digest()


@dataclass(frozen=True, slots=True)
class Item:
    """One data record. `time_ms` is -1 where it has none; `stamped`: its broker set it."""

    offset: int
    time_ms: int
    stamped: bool
    content: bytes
    """Its `fingerprint`."""

    def token(self, *, timed: bool) -> Token:
        """What it is compared by."""
        return self.content, self.time_ms if timed else 0


@dataclass(frozen=True, slots=True)
class Piece:
    """Every data record of a log from `begin` up to `end`.

    `left_out` has offsets within that hold no data: transaction markers, aborted records. An offset
    that is neither there nor an item's once held something that has been removed since, or nobody
    knows what it held.
    """

    begin: int
    end: int
    items: tuple[Item, ...]
    left_out: frozenset[int] = frozenset()
    first: bool = False
    """Nothing comes before it: it begins where the log does."""
    last: bool = False
    """Nothing comes after it: it ends where the log does."""
    offsets: tuple[int, ...] = field(init=False, repr=False, compare=False)
    empty: tuple[int, ...] = field(init=False, repr=False, compare=False)
    """`left_out` in order."""

    def __post_init__(self) -> None:
        """Derive the columns."""
        object.__setattr__(self, "offsets", tuple(item.offset for item in self.items))
        object.__setattr__(self, "empty", tuple(sorted(self.left_out)))

    def __len__(self) -> int:
        return len(self.items)

    def index_at(self, offset: int) -> int:
        """Index of the first item at this offset or later."""
        return bisect_left(self.offsets, offset)

    def place(self, index: int) -> int:
        """The offset of an item, or the end of the piece after the last one."""
        return self.offsets[index] if index < len(self.offsets) else self.end

    def removed(self, begin: int, end: int) -> int:
        """How many offsets from `begin` up to `end` hold nothing that is known."""
        known = 0
        for column in (self.offsets, self.empty):
            known += bisect_left(column, end) - bisect_left(column, begin)
        return max(0, end - begin) - known

    def joined(self, after: Piece) -> Piece:
        """This piece and the one that follows it."""
        assert self.end == after.begin
        return Piece(
            begin=self.begin,
            end=after.end,
            items=self.items + after.items,
            left_out=self.left_out | after.left_out,
            first=self.first,
            last=after.last,
        )

    def unbroken(self, first: int, last: int) -> bool:
        """Whether nothing has been removed between two items, given by their indices."""
        return not self.removed(self.offsets[first], self.offsets[last])

    def tokens(self, *, timed: bool) -> list[Token]:
        """Tokens of all items."""
        return [item.token(timed=timed) for item in self.items]
