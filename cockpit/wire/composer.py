"""The bytes of a recording, in the order in which they are appended; decides when to sync.

Never writes a file: whoever does hands in the frames and appends what comes back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cockpit.core.flight import Event
from cockpit.core.snapshot import Snapshot
from cockpit.wire.binary import json_text, pack
from cockpit.wire.encoder import LEVEL, StreamEncoder
from cockpit.wire.index import Contents, write_index
from cockpit.wire.records import (
    CHANGE,
    DELTA,
    EVENT,
    HEADER,
    INDEX,
    KEY,
    START,
    TABLE,
    TOTALS,
    Entry,
    record,
)
from cockpit.wire.state import Head
from cockpit.wire.totals import Total, together, total_of, write_totals

_FAST_LEVEL: Final = 1
_WIDE: Final = 50_000


@dataclass(frozen=True, slots=True)
class Pace:
    """When a recording syncs."""

    first_key_ms: int = 30_000
    """Until then nobody knows which rows change most."""
    wide_first_key_ms: int = 5_000
    """The same of more than 50,000 partitions: each frame before it is slow to go through."""
    second_key_ms: int = 120_000
    """When it is known better; counted from the first, and from new tables too."""
    key_ms: int = 600_000
    change_ms: int = 30_000
    wide_change_ms: int = 10_000
    """The same of more than 50,000 partitions."""
    frames: int = 120
    """No more frames than so many between two sync points."""
    totals_ms: int = 60_000
    index_ms: int = 600_000


class Composer:
    """One life of a recording."""

    def __init__(
        self,
        *,
        offset: int = 0,
        life: int = 0,
        unindexed: Sequence[Entry] = (),
        last_index: int = -1,
        pace: Pace | None = None,
        level: int | None = None,
    ) -> None:
        """Life number `life`, appended at `offset`; 0: a new recording. What is in the file and in
        no index is handed in, and where the newest index is. `level`: of zlib; None: by the
        number of partitions."""
        self.offset = offset
        """Where the next byte goes."""
        self._entries = list(unindexed)
        self._last_index = last_index
        self._pace = pace or Pace()
        self._level = level
        self.stream = StreamEncoder(level=LEVEL if level is None else level, life=life)
        self._totals: list[Total] = []
        self._keys = 0
        self._key_at: int | None = None
        self._sync_at = self._totals_at = self._index_at = 0
        self._unsynced = 0
        self._has_new_table = False
        self._begun = False

    @staticmethod
    def after(found: Contents, *, pace: Pace | None = None, level: int | None = None) -> Composer:
        """A life that goes on behind what is sound of a recording; cut off what is behind it."""
        return Composer(
            offset=found.end,
            life=sum(entry.kind == HEADER for entry in found.entries),
            unindexed=found.entries[found.unindexed :],
            last_index=found.last_index,
            pace=pace,
            level=level,
        )

    def next_life(self) -> Composer:
        """The life behind this one, which must be closed."""
        return Composer(
            offset=self.offset,
            life=self.stream.life + 1,
            unindexed=self._entries,
            last_index=self._last_index,
            pace=self._pace,
            level=self._level,
        )

    def begin(self, at_ms: int, content: Mapping[str, Any]) -> bytes:
        """The header of this life; before it, in a new file, the file's start."""
        out = bytearray()
        if not self.offset:
            out += START
            self.offset = len(START)
        head = {**content, **Head(life=self.stream.life).as_tree()}
        self._append(out, HEADER, at_ms, pack(json_text(head), LEVEL))
        self._sync_at = self._totals_at = self._index_at = at_ms
        self._begun = True
        return bytes(out)

    def frame(
        self, inputs: Sequence[Event], tells: Sequence[Mapping[str, Any]], snapshot: Snapshot
    ) -> bytes:
        """What is appended for one published snapshot."""
        assert self._begun
        now = snapshot.at_ms
        rows = len(snapshot.partitions.keys)
        if self._level is None:
            self.stream.level = _FAST_LEVEL if rows > _WIDE else LEVEL
        for event in inputs:
            self.stream.observe(event)
        for tell in tells:
            self.stream.tell(tell)
        encoded = self.stream.publish(snapshot)
        out = bytearray()
        for table in encoded.tables:
            self._append(out, TABLE, now, table)
            self._has_new_table = True
        self._append(out, DELTA, now, encoded.frame)
        self._total(total_of(snapshot, inputs))
        self._unsynced += 1
        self._sync(out, now, wide=rows > _WIDE)
        if now - self._totals_at >= self._pace.totals_ms:
            self._flush_totals(out, now, keep=1)  # the second that is not over yet
        if now - self._index_at >= self._pace.index_ms:
            self._index(out, now)
        return bytes(out)

    def event(self, at_ms: int, content: Mapping[str, Any]) -> bytes:
        """Something that must be on disk at once; `content` has a `kind`."""
        out = bytearray()
        self._append(out, EVENT, at_ms, pack(json_text(dict(content)), LEVEL))
        return bytes(out)

    def close(self, at_ms: int) -> bytes:
        """What ends a life in order: totals so far, and the index."""
        out = bytearray()
        self._flush_totals(out, at_ms)
        self._index(out, at_ms)
        return bytes(out)

    def _append(self, out: bytearray, kind: int, at_ms: int, payload: bytes) -> None:
        found = record(kind, at_ms, payload)
        if kind != INDEX:
            self._entries.append(Entry(kind, self.offset, at_ms))
        self.offset += len(found)
        out += found

    def _sync(self, out: bytearray, now: int, *, wide: bool) -> None:
        pace = self._pace
        since = now - self._sync_at
        if self._key_at is None:
            first_ms = min(pace.first_key_ms, pace.wide_first_key_ms) if wide else pace.first_key_ms
            due = since >= first_ms or self._unsynced >= pace.frames
        else:
            is_new = self._keys == 1 or self._has_new_table
            due = now - self._key_at >= (pace.second_key_ms if is_new else pace.key_ms)
        if due:
            self._append(out, KEY, now, self.stream.key(base=True))
            self._key_at, self._has_new_table = now, False
            self._keys += 1
        elif self._key_at is not None and (
            since >= (pace.wide_change_ms if wide else pace.change_ms)
            or self._unsynced >= pace.frames
        ):
            self._append(out, CHANGE, now, self.stream.difference())
        else:
            return
        self._sync_at, self._unsynced = now, 0

    def _total(self, total: Total) -> None:
        if self._totals and self._totals[-1].at_ms // 1_000 == total.at_ms // 1_000:
            self._totals[-1] = together(self._totals[-1], total)
        else:
            self._totals.append(total)

    def _flush_totals(self, out: bytearray, now: int, *, keep: int = 0) -> None:
        count = len(self._totals) - keep
        if count > 0:
            self._append(out, TOTALS, now, write_totals(self._totals[:count]))
            self._totals = self._totals[count:]
        self._totals_at = now

    def _index(self, out: bytearray, now: int) -> None:
        entries, self._entries = self._entries, []
        here = self.offset
        self._append(out, INDEX, now, write_index(entries, self._last_index))
        self._last_index, self._index_at = here, now
