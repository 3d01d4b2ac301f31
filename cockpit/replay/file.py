"""A file's bytes, read where they are asked for. Never maps it: an engine that takes a session over
cuts a torn tail off, and a mapping whose file became shorter kills the process that looks at it."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Final, overload

_CHUNK: Final = 1 << 20


class FileBuffer:
    """The first `len()` bytes of a file. What has gone since is empty, never an error."""

    def __init__(self, path: Path) -> None:
        """Raises OSError; a device or a pipe is none to read."""
        flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK
        self._file = os.open(path, flags)
        found = os.fstat(self._file)
        if not stat.S_ISREG(found.st_mode):
            os.close(self._file)
            raise OSError(22, "not a file", str(path))
        self._size = found.st_size

    def grow(self) -> bool:
        """Take in what is there now; whether the length is another one."""
        before, self._size = self._size, os.fstat(self._file).st_size
        return before != self._size

    def close(self) -> None:
        """Let go of the file. Reading it raises OSError from now on."""
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, index: int) -> int: ...
    @overload
    def __getitem__(self, index: slice) -> bytes: ...
    def __getitem__(self, index: int | slice) -> int | bytes:
        if isinstance(index, slice):
            start, stop, _ = index.indices(self._size)
            return self._read(start, max(start, stop))
        return self._read(index, index + 1)[0]

    def _read(self, start: int, stop: int) -> bytes:
        data = os.pread(self._file, stop - start, start)
        while len(data) < stop - start:
            more = os.pread(self._file, stop - start - len(data), start + len(data))
            if not more:
                break
            data += more
        return data

    def find(self, sub: bytes, start: int = 0, end: int | None = None) -> int:
        """As of bytes, for places that are not negative."""
        end = self._size if end is None else min(end, self._size)
        while start + len(sub) <= end:
            chunk = self._read(start, min(end, start + _CHUNK))
            if (place := chunk.find(sub)) >= 0:
                return start + place
            start += max(1, _CHUNK - len(sub) + 1)
        return -1

    def rfind(self, sub: bytes, start: int = 0, end: int | None = None) -> int:
        """As of bytes, for places that are not negative."""
        end = self._size if end is None else min(end, self._size)
        while start + len(sub) <= end:
            begin = max(start, end - _CHUNK)
            if (place := self._read(begin, end).rfind(sub)) >= 0:
                return begin + place
            if begin == start:
                return -1
            end = begin + len(sub) - 1
        return -1
