"""The stream of a flight for those who look on, in the encoding of a recording: one encoder for
all of them, who may join at any moment and leave out what they have missed.

Only what snapshots are worked out from goes along: no surveys, no answers of steps.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.flight import Event, Observed
from cockpit.core.observe import GroupSample, LogSample, MirrorSample, SyncsSample
from cockpit.core.snapshot import Snapshot
from cockpit.wire.backlog import Backlog, Payload
from cockpit.wire.decoder import StreamDecoder
from cockpit.wire.encoder import StreamEncoder
from cockpit.wire.records import CHANGE, DELTA, KEY, TABLE
from cockpit.wire.state import Head
from cockpit.wire.tables import TableShelf, read_table
from cockpit.wire.values import WireError

LEVEL: Final = 1
"""Of zlib: a socket on the same machine is not narrow."""
FIRST_KEY: Final = 30
"""Frames until rows are put in order of rate for the first time: until then nobody knows it."""
CHANGE_EVERY: Final = 60
"""Frames between two sync points: whoever joins must read all that came since one."""
KEY_EVERY: Final = 900
MAX_TABLES: Final = 40
"""Each is a list of partitions, or of a group's; another one where partitions come and go."""
_SAMPLES: Final = (LogSample, GroupSample, MirrorSample, SyncsSample)
"""Those that have columns."""


class LiveEncoder:
    """One life of the stream, from the moment when somebody first looks on."""

    def __init__(self, life: int) -> None:
        self.head = Head(life=life)
        self._stream = StreamEncoder(level=LEVEL, life=life)
        self._backlog = Backlog()
        self._key_at = self._sync_at = 0
        self._tables = 0

    def observe(self, event: Event) -> None:
        """An event that the core has taken, in order."""
        if isinstance(event, Observed) and isinstance(event.sample, _SAMPLES):
            self._stream.observe(event)

    def publish(self, snapshot: Snapshot) -> tuple[Payload, ...]:
        """What everybody who has joined must be given, in order."""
        encoded = self._stream.publish(snapshot)
        self._tables += len(encoded.tables)
        found = [Payload(TABLE, table) for table in encoded.tables]
        found.append(Payload(DELTA, encoded.frame))
        frames = self._stream.frames
        if frames == FIRST_KEY or frames - self._key_at >= KEY_EVERY or encoded.tables:
            found.append(Payload(KEY, self._stream.key(base=True)))
            self._key_at = self._sync_at = frames
        for payload in found:
            self._backlog.put(payload.kind, payload.content)
        if frames - self._sync_at >= CHANGE_EVERY:
            # Whoever has joined already has no need of it.
            self._backlog.put(CHANGE, self._stream.difference())
            self._sync_at = frames
        return tuple(found)

    @property
    def worn(self) -> bool:
        """Another life had better begin: who joins is given every table that there was."""
        return self._tables >= MAX_TABLES

    def joining(self) -> tuple[Payload, ...]:
        """What somebody who joins now must be given before anything else, in order."""
        return self._backlog.joining()


class LiveDecoder:
    """Payloads of one life back to snapshots, from where it was joined."""

    def __init__(self, head: Head) -> None:
        """Raises WireError."""
        self._life = head.life
        self._shelf = TableShelf()
        self._stream = StreamDecoder(self._shelf, head)
        self._key: bytes | None = None
        """A key frame to begin at, until it is known whether a difference follows."""
        self._begun = False

    def take(self, kind: int, payload: bytes) -> bool:
        """The next payload; whether there is another snapshot. Raises WireError."""
        if kind == TABLE:
            self._shelf.put(*read_table(payload, self._life))
            return False
        if self._key is not None:
            key, self._key = self._key, None
            self._stream.load(key, payload if kind == CHANGE else None)
            if kind == CHANGE:
                return True
        if kind == DELTA:
            self._begun = True
            self._stream.frame(payload)
            return True
        if kind == KEY:
            if self._begun:
                self._stream.reorder(payload)
            else:
                self._begun = True
                self._key = payload
        elif kind != CHANGE:
            msg = f"a stream has no records of kind {kind}"
            raise WireError(msg)
        return False

    def snapshot(self) -> Snapshot:
        """The newest; raises WireError."""
        return self._stream.snapshot()
