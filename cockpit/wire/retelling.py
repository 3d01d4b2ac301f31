"""A recording part by part, and a recording made of such parts: for whoever writes one anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from cockpit.core.flight import Event
from cockpit.core.snapshot import Snapshot
from cockpit.wire.composer import Composer, Pace
from cockpit.wire.recording import Frame, Reader, Told
from cockpit.wire.records import DELTA, EVENT, HEADER, RecordingError
from cockpit.wire.values import WireError

_STREAM_KEYS: Final = ("format", "values", "columns", "life")
"""Of a header: what the encoding itself has put there."""


@dataclass(frozen=True, slots=True)
class Begins:
    """A life begins. `head`: its header, without what belongs to the encoding."""

    at_ms: int
    head: Mapping[str, Any]


def parts(reader: Reader) -> Iterator[Begins | Told | Frame]:
    """Everything in order; raises RecordingError where something is damaged."""
    events, frame, life = reader.events(), 0, 0
    for entry in reader.contents.entries:
        if entry.kind == HEADER:
            found = reader.lives[life]
            if found.why_not:
                raise RecordingError(found.why_not, offset=entry.offset, at_ms=entry.at_ms)
            yield Begins(entry.at_ms, life_content(found.head))
            life += 1
        elif entry.kind == EVENT:
            told = next(events, None)
            if told is None or told.at_ms != entry.at_ms:
                raise RecordingError("an event is damaged", offset=entry.offset, at_ms=entry.at_ms)
            yield told
        elif entry.kind == DELTA:
            yield reader.frame(frame)
            frame += 1


def life_content(head: Mapping[str, Any]) -> dict[str, Any]:
    """A life's header without what belongs to the encoding."""
    return {key: value for key, value in head.items() if key not in _STREAM_KEYS}


class Rewriter:
    """The bytes of a recording of several lives, in order."""

    def __init__(self, *, pace: Pace | None = None, level: int | None = None) -> None:
        """As of a Composer."""
        self._first = Composer(pace=pace, level=level)
        self._composer: Composer | None = None
        self._at_ms = 0

    def begin(self, at_ms: int, head: Mapping[str, Any]) -> bytes:
        """A life begins, and the one before it ends."""
        ended = self.close()
        before, self._at_ms = self._composer, at_ms
        self._composer = self._first if before is None else before.next_life()
        return ended + self._composer.begin(at_ms, head)

    def event(self, at_ms: int, content: Mapping[str, Any]) -> bytes:
        """Something outside of frames; raises WireError before a life has begun."""
        self._at_ms = at_ms
        return self._writer().event(at_ms, content)

    def frame(
        self, inputs: Sequence[Event], tells: Sequence[Mapping[str, Any]], snapshot: Snapshot
    ) -> bytes:
        """A frame; raises WireError before a life has begun."""
        self._at_ms = snapshot.at_ms
        return self._writer().frame(inputs, tells, snapshot)

    def close(self) -> bytes:
        """The end of the last life; nothing where none has begun."""
        return b"" if self._composer is None else self._composer.close(self._at_ms)

    def _writer(self) -> Composer:
        if self._composer is None:
            raise WireError("a life must begin first")
        return self._composer
