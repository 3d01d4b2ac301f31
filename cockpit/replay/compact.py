"""A finished recording written anew, smaller; it holds the same moments or it is not taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from cockpit.replay.rerun import digest_tree
from cockpit.wire.composer import Composer, Pace
from cockpit.wire.recording import Reader
from cockpit.wire.records import DELTA, EVENT, HEADER, RecordingError

LEVEL: Final = 9
PACE: Final = Pace(change_ms=120_000, frames=600, totals_ms=3_600_000, index_ms=3_600_000)
"""Fewer places to begin at: a seek takes up to twice as long."""
_STREAM_KEYS: Final = ("format", "values", "columns", "life")


class CompactError(Exception):
    """The recording cannot be written anew; the text says why."""


def compacted(reader: Reader) -> Iterator[bytes]:
    """The bytes of the smaller recording, in order. Raises CompactError, RecordingError."""
    if damaged := reader.damages():
        raise CompactError(f"{damaged[0]}: what is left would be lost for good")
    composer: Composer | None = None
    events, frame, life, at_ms = reader.events(), 0, 0, 0
    for entry in reader.contents.entries:
        if entry.kind == HEADER:
            if composer is not None:
                yield composer.close(at_ms)
            found = reader.lives[life]
            if found.why_not:
                raise CompactError(found.why_not)
            offset = composer.offset if composer is not None else 0
            composer = Composer(offset=offset, life=life, pace=PACE, level=LEVEL)
            head = {k: v for k, v in found.head.items() if k not in _STREAM_KEYS}
            life, at_ms = life + 1, entry.at_ms
            yield composer.begin(at_ms, head)
        elif composer is None:
            raise CompactError("it does not begin with a header")
        elif entry.kind == EVENT:
            told = next(events)
            at_ms = told.at_ms
            yield composer.event(at_ms, told.content)
        elif entry.kind == DELTA:
            one = reader.frame(frame)
            frame, at_ms = frame + 1, one.at_ms
            yield composer.frame(one.inputs(), one.tells(), one.snapshot())
    if composer is not None:
        yield composer.close(at_ms)


def check_same(before: Reader, after: Reader) -> None:
    """Raise CompactError unless two recordings hold the same."""
    if before.frames != after.frames or len(before.lives) != len(after.lives):
        raise CompactError("the smaller recording has other moments")
    told = [(t.at_ms, t.content) for t in before.events()]
    if told != [(t.at_ms, t.content) for t in after.events()]:
        raise CompactError("the smaller recording has other events")
    for number in range(before.frames):
        ours, theirs = before.frame(number), after.frame(number)
        try:
            same = (
                ours.at_ms == theirs.at_ms
                and ours.tells() == theirs.tells()
                and digest_tree(ours.snapshot()) == digest_tree(theirs.snapshot())
                and len(ours.inputs()) == len(theirs.inputs())
            )
        except RecordingError as error:
            raise CompactError(f"the smaller recording cannot be read: {error}") from error
        if not same:
            raise CompactError(f"the smaller recording differs at moment {number}")
