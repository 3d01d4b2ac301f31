"""Writes the recording of a flight: everything that went into the core and came out, as it comes.

A full or broken disk degrades the recording, which says so and goes on as soon as it can; the
flight does not wait for it. Leaves room for the journal: without that nothing may be done.
"""

from __future__ import annotations

import asyncio
import contextlib
import mmap
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from cockpit.core.flight import Event
from cockpit.core.snapshot import Snapshot
from cockpit.ports import Clock
from cockpit.wire.composer import Composer
from cockpit.wire.index import Contents, contents
from cockpit.wire.recording import LIFE_ENDS, WHY_GAP
from cockpit.wire.records import RecordingError, check_start

SYNC_EVERY_MS: Final = 2_000
"""The machine's own crash loses no more; the engine's loses nothing that was written."""
LOOK_EVERY_MS: Final = 10_000
RESERVE_BYTES: Final = 64 * 1024 * 1024
"""Where less is free the journal gets it."""


class RecorderError(Exception):
    """The recording cannot be written now. The text is fit for a person."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """The recording is degraded; empty `reason`: it is in order again."""

    reason: str
    from_ms: int


class RecordingFile:
    """One file that is only appended to. Mode 0600 from its first byte."""

    def __init__(self, path: Path, *, reserve_bytes: int = RESERVE_BYTES) -> None:
        """Open or make it; raises RecorderError."""
        self.path = path
        self._reserve = reserve_bytes
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            self._file = os.open(path, flags, 0o600)
            self.length = os.fstat(self._file).st_size
        except OSError as error:
            raise RecorderError(f"{path}: {error.strerror}") from error

    def found(self) -> Contents | None:
        """What is in it; None: nothing. Raises RecorderError where it is no recording."""
        if not self.length:
            return None
        try:
            with mmap.mmap(self._file, 0, access=mmap.ACCESS_READ) as view:
                check_start(view)
                return contents(view)
        except (RecordingError, OSError, ValueError) as error:
            raise RecorderError(f"{self.path}: {error}") from error

    def cut(self, length: int) -> int:
        """Cut off what is behind `length`, a torn tail; how many bytes. Raises RecorderError."""
        dropped = self.length - length
        if dropped > 0:
            try:
                os.ftruncate(self._file, length)
            except OSError as error:
                raise RecorderError(f"{self.path}: {error.strerror}") from error
            self.length = length
        return max(dropped, 0)

    def append(self, data: bytes) -> None:
        """Write all of it or nothing; raises RecorderError."""
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._file, view) :]
        except OSError as error:
            reason = f"{error.strerror}"
            try:
                os.ftruncate(self._file, self.length)
            except OSError:
                reason += ", and what was half written stays"
            raise RecorderError(reason) from error
        self.length += len(data)

    def check_room(self) -> None:
        """Raise RecorderError where only the journal's room is left."""
        try:
            found = os.fstatvfs(self._file)
        except OSError as error:
            raise RecorderError(f"{self.path}: {error.strerror}") from error
        free = found.f_bavail * found.f_frsize
        if free < self._reserve:
            raise RecorderError(f"{free // 2**20} MiB are free, and they are kept for the journal")

    async def sync(self) -> None:
        """Wait until the disk has what was written; raises RecorderError."""
        try:
            await asyncio.to_thread(os.fdatasync, self._file)
        except OSError as error:
            raise RecorderError(f"{self.path}: {error.strerror}") from error

    def close(self) -> None:
        """Let go of it."""
        os.close(self._file)


class Recorder:
    """The recording of one engine's part of a flight."""

    def __init__(
        self,
        path: Path,
        header: Mapping[str, Any],
        *,
        at_ms: int,
        reserve_bytes: int = RESERVE_BYTES,
    ) -> None:
        """`header`: what the life's header says besides its number. Where nothing can be written
        it begins in trouble."""
        self._path = path
        self._header = dict(header)
        self._reserve = reserve_bytes
        self._file: RecordingFile | None = None
        self._composer = Composer()
        self._inputs: list[Event] = []
        self._tells: list[Mapping[str, Any]] = []
        self._trouble: Trouble | None = None
        self._told: Callable[[Trouble], None] = lambda _trouble: None
        self._last_ms = at_ms
        try:
            self._begin(at_ms)
        except RecorderError as error:
            self._degrade(str(error), at_ms)

    @property
    def trouble(self) -> Trouble | None:
        """Why nothing is recorded now; None: everything is."""
        return self._trouble

    def on_trouble(self, told: Callable[[Trouble], None]) -> None:
        """Call this whenever the recording degrades, at once if it has, and when it is in order
        again."""
        self._told = told
        if self._trouble is not None:
            told(self._trouble)

    def observe(self, event: Event) -> None:
        """An event that the core takes."""
        if self._trouble is None:
            self._inputs.append(event)

    def tell(self, event: Mapping[str, Any]) -> None:
        """An event that every listener gets."""
        if self._trouble is None:
            self._tells.append(event)

    def publish(self, snapshot: Snapshot) -> None:
        """A snapshot, after all that led to it: written at once."""
        self._last_ms = snapshot.at_ms
        if self._trouble is not None or self._file is None:
            return
        inputs, self._inputs = self._inputs, []
        tells, self._tells = self._tells, []
        try:
            self._file.append(self._composer.frame(inputs, tells, snapshot))
        except RecorderError as error:
            self._degrade(str(error), snapshot.at_ms)
        except Exception as error:  # noqa: BLE001  # a defect of the recording must not end the flight
            why = f"a defect of the cockpit's own: {type(error).__name__}: {error}"
            self._degrade(why, snapshot.at_ms)

    async def keep(self, clock: Clock) -> None:
        """Sync now and then, watch the room on the disk, begin again after trouble; for ever."""
        looked_ms = clock.now_ms()
        while True:
            await clock.sleep(SYNC_EVERY_MS)
            now_ms = clock.now_ms()
            looks = now_ms - looked_ms >= LOOK_EVERY_MS
            looked_ms = now_ms if looks else looked_ms
            if self._trouble is not None or self._file is None:
                if looks:
                    self._try_again(now_ms)
                continue
            try:
                if looks:
                    self._file.check_room()
                await self._file.sync()
            except RecorderError as error:
                self._degrade(str(error), now_ms)

    def close(self, how: str) -> None:
        """End this life in order; what cannot be written is missing. `how` it ended."""
        if self._file is None:
            return
        if self._trouble is None:
            at_ms = self._last_ms
            end = {"kind": LIFE_ENDS, "text": how}
            # Where it cannot be written, a reader finds everything by looking for it.
            with contextlib.suppress(RecorderError):
                self._file.append(self._composer.event(at_ms, end) + self._composer.close(at_ms))
        self._file.close()
        self._file = None

    def _begin(self, at_ms: int) -> None:
        """A new life behind what is in the file; raises RecorderError."""
        if self._file is None:
            self._file = RecordingFile(self._path, reserve_bytes=self._reserve)
        file = self._file
        file.check_room()
        found = file.found()
        dropped = file.cut(found.end) if found is not None else 0
        composer = Composer() if found is None else Composer.after(found)
        data = composer.begin(at_ms, {**self._header, "at_ms": at_ms})
        if dropped:
            data += composer.event(at_ms, {"kind": "torn_tail", "dropped_bytes": dropped})
        file.append(data)
        self._composer = composer

    def _degrade(self, reason: str, at_ms: int) -> None:
        self._inputs, self._tells = [], []
        self._trouble = Trouble(reason, at_ms)
        self._told(self._trouble)

    def _try_again(self, now_ms: int) -> None:
        """Go on in a life of its own: of what came meanwhile nothing is known, and what follows
        cannot be worked out from it."""
        trouble = self._trouble
        assert trouble is not None
        self._header = {**self._header, "beginning": None, WHY_GAP: trouble.reason}
        try:
            self._begin(now_ms)
        except RecorderError:
            return
        self._trouble = None
        self._told(Trouble("", trouble.from_ms))
