"""A finished recording written anew, smaller; it holds the same moments or it is not taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from cockpit.replay.rerun import digest_tree
from cockpit.wire.composer import Pace
from cockpit.wire.recording import Frame, Reader, Told
from cockpit.wire.records import RecordingError
from cockpit.wire.retelling import Begins, Rewriter, life_content, parts
from cockpit.wire.samples import Apart
from cockpit.wire.trees import to_tree

LEVEL: Final = 9
PACE: Final = Pace(change_ms=120_000, frames=600, totals_ms=3_600_000, index_ms=3_600_000)
"""Fewer places to begin at: a seek takes up to twice as long."""


class CompactError(Exception):
    """The recording cannot be written anew; the text says why."""


def compacted(reader: Reader) -> Iterator[bytes]:
    """The bytes of the smaller recording, in order. Raises CompactError, RecordingError."""
    if damaged := reader.damages():
        raise CompactError(f"{damaged[0]}: what is left would be lost for good")
    writer = Rewriter(pace=PACE, level=LEVEL)
    for part in parts(reader):
        match part:
            case Begins(at_ms=at_ms, head=head):
                yield writer.begin(at_ms, head)
            case Told(at_ms=at_ms, content=content):
                yield writer.event(at_ms, content)
            case Frame():
                yield writer.frame(part.inputs(), part.tells(), part.snapshot())
    yield writer.close()


def check_same(before: Reader, after: Reader) -> None:
    """Raise CompactError unless two recordings hold the same."""
    if before.frames != after.frames or len(before.lives) != len(after.lives):
        raise CompactError("the smaller recording has other moments")
    if [life_content(one.head) for one in before.lives] != [
        life_content(one.head) for one in after.lives
    ]:
        raise CompactError("the smaller recording has other headers")
    told = [(t.at_ms, t.content) for t in before.events()]
    if told != [(t.at_ms, t.content) for t in after.events()]:
        raise CompactError("the smaller recording has other events")
    apart = Apart(), Apart()
    for number in range(before.frames):
        ours, theirs = before.frame(number), after.frame(number)
        try:
            same = (
                ours.at_ms == theirs.at_ms
                and ours.tells() == theirs.tells()
                and digest_tree(ours.snapshot()) == digest_tree(theirs.snapshot())
                and _events(ours, apart[0]) == _events(theirs, apart[1])
            )
        except RecordingError as error:
            raise CompactError(f"the smaller recording cannot be read: {error}") from error
        if not same:
            raise CompactError(f"the smaller recording differs at moment {number}")


def _events(frame: Frame, apart: Apart) -> list[tuple[Any, ...]]:
    """A frame's events as values that can be compared: with those of a frame whose `apart` has seen
    the same events before. Raises RecordingError."""
    found = []
    for event in frame.inputs():
        parts = apart.event(event)
        columns = [(names, column.tobytes()) for names, column in parts.columns]
        found.append((parts.slot, parts.at_ms, to_tree(parts.document), columns))
    return found
