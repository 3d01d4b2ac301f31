"""Replies read by where their numbers were in the reply before: learnt, then proved for each frame.

From one second to the next only a few columns of a large reply change. Once a general decoder has
told where they are, a frame of the same length whose other bytes are all the same needs no
decoding: its numbers are where they were. Never guesses: a frame that differs in a single other
byte is not read here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from cockpit.core.observe import I64
from cockpit.kafka.protocol.codec import Reader

S = TypeVar("S")

MISSES_MAX: Final = 3
"""So many layouts in a row that served for no frame, and learning pauses."""
PAUSE_FRAMES: Final = 60

_WORD: Final = 8


def gather(frame: bytes, at: I64, kind: str) -> I64:
    """Numbers of one big-endian type, such as `>i4`, from these places of a frame."""
    if not len(at):
        return np.zeros(0, dtype=np.int64)
    size = np.dtype(kind).itemsize
    every_byte: NDArray[np.int64] = np.ndarray((len(frame) - size + 1,), kind, frame, strides=(1,))
    return every_byte[at].astype(np.int64)


def spread(starts: I64, sizes: I64, strides: I64 | int = 1) -> I64:
    """`starts[i]`, `starts[i] + strides[i]`, ... `sizes[i]` of them, for each i."""
    ends = np.cumsum(sizes)
    total = int(ends[-1]) if len(ends) else 0
    within = np.arange(total, dtype=np.int64) - np.repeat(ends - sizes, sizes)
    if not isinstance(strides, int):
        within *= np.repeat(strides, sizes)
    elif strides != 1:
        within *= strides
    return np.repeat(starts, sizes) + within


@dataclass(frozen=True, slots=True)
class Decoded(Generic[S]):
    """A reply taken apart by a general decoder."""

    shape: S
    """Everything in it but the values."""
    at: I64
    """Where each int64 value begins."""
    free_starts: I64
    """Spans of bytes that say nothing about the shape: values, and what nobody reads."""
    free_sizes: I64


class Layout:
    """Where the values of one frame are, and all of its other bytes."""

    __slots__ = ("_at", "_mask", "_rest", "_tail_mask", "_tail_rest", "size")

    def __init__(self, frame: bytes, decoded: Decoded[S]) -> None:
        self.size = len(frame)
        self._at = decoded.at
        mask = np.full(self.size, 0xFF, dtype=np.uint8)
        mask[spread(decoded.free_starts, decoded.free_sizes)] = 0
        rest = np.frombuffer(frame, np.uint8) & mask
        whole = self.size // _WORD * _WORD
        self._mask, self._tail_mask = mask[:whole].view(np.uint64), mask[whole:]
        self._rest, self._tail_rest = rest[:whole].view(np.uint64), rest[whole:]

    def read(self, frame: bytes) -> I64 | None:
        """The values of a frame that has this layout; None for any other frame."""
        if len(frame) != self.size:
            return None
        words = np.frombuffer(frame, np.uint64, len(self._mask))
        if not np.array_equal(words & self._mask, self._rest):
            return None
        tail = np.frombuffer(frame, np.uint8, offset=len(self._mask) * _WORD)
        if not np.array_equal(tail & self._tail_mask, self._tail_rest):
            return None
        return gather(frame, self._at, ">i8")


class Learner(Generic[S]):
    """Shape and values of the replies to one request, of which there will be many."""

    def __init__(self, decode: Callable[[Reader, int], Decoded[S]]) -> None:
        self._decode = decode
        self._layout: Layout | None = None
        self._known: tuple[int, S] | None = None
        """Version and shape that the layout stands for."""
        self._misses = -1
        """Frames in a row that no layout could read; the very first is not counted: a request
        that is made once learns nothing."""
        self.learnt = 0
        """How many layouts there have been."""

    def read(self, r: Reader, version: int) -> tuple[S, I64]:
        """The same shape object as before where the layout serves. Raises DecodeError."""
        if self._layout is not None and self._known is not None and self._known[0] == version:
            values = self._layout.read(r.data)
            if values is not None:
                self._misses = 0
                return self._known[1], values
        decoded = self._decode(r, version)
        self._learn(r.data, version, decoded)
        return decoded.shape, gather(r.data, decoded.at, ">i8")

    def _learn(self, frame: bytes, version: int, decoded: Decoded[S]) -> None:
        self._misses += 1
        self._layout = self._known = None
        if self._misses >= MISSES_MAX + PAUSE_FRAMES:
            self._misses = 0
        if 0 < self._misses <= MISSES_MAX:
            self._layout = Layout(frame, decoded)
            self._known = (version, decoded.shape)
            self.learnt += 1
