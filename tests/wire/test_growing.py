"""A recording that still grows is followed by its tail, and looks like one that is opened anew."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cockpit.replay.recorded import Recorded
from cockpit.wire.recording import Reader
from cockpit.wire.records import CHANGE, DELTA, KEY, START, Record, scan
from tests.wire.tapes import CLOSE, recording, taped
from tests.wire.taping import differs, flown


class Watched(bytes):
    """Remembers where it was read."""

    lowest: int

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            self.lowest = min(self.lowest, index.start or 0)
        return super().__getitem__(index)


def watched(data: bytes) -> Watched:
    found = Watched(data)
    found.lowest = len(data)
    return found


def records(whole: bytes) -> list[Record]:
    return [one for one in scan(whole, len(START)) if isinstance(one, Record)]


def known(reader: Reader) -> Any:
    return (
        reader.frames,
        reader.lives,
        reader.span_ms,
        reader.gaps(),
        [(told.at_ms, told.content) for told in reader.events()],
        [reader.frame(number).at_ms for number in range(reader.frames)],
        reader.totals(),
    )


@pytest.mark.parametrize("closed", [True, False])
def test_after_each_growth_it_is_as_if_it_were_opened_anew(closed: bool) -> None:
    whole = taped(lives=3, closed=closed)
    ends = [one.end for one in records(whole)]
    rng = random.Random(7)
    reader = Reader(whole[: ends[0]])
    shown = flown(demo_faults=True)
    for place in sorted(rng.sample(range(len(ends)), 40)):
        part = whole[: ends[place] + rng.choice((0, 0, 5, 30))]
        reader.refresh(part)
        assert known(reader) == known(Reader(part))
        number = reader.frames - rng.choice((1, 1, 2))
        assert not differs(shown[number].snapshot, reader.frame(number).snapshot())
    reader.refresh(whole)
    assert known(reader) == known(Reader(whole))


def test_only_the_tail_is_read() -> None:
    whole = taped()
    found = records(whole)
    deltas = [place for place, one in enumerate(found) if one.kind == DELTA]
    reader = Reader(whole[: found[deltas[20]].end])
    reader.frame(reader.frames - 1).snapshot()
    passed = set()
    for place in deltas[21:]:
        passed |= {one.kind for one in found[deltas[20] : place]}
        before = reader.contents.end
        data = watched(whole[: found[place].end])
        reader.refresh(data)
        reader.frame(reader.frames - 1).snapshot()
        assert before <= data.lowest < found[place].end
    assert {KEY, CHANGE} <= passed


def test_a_recording_with_a_hole_in_its_last_life_is_followed_too() -> None:
    unindexed = replace(CLOSE, index_ms=10**9)  # an index would tell of the lost one
    whole = bytearray(recording(flown(demo_faults=True), closed=False, pace=unindexed))
    found = records(bytes(whole))
    deltas = [one for one in found if one.kind == DELTA]
    whole[deltas[30].offset] ^= 1
    data = bytes(whole)
    reader = Reader(data[: deltas[20].end])
    for one in (deltas[30], deltas[31], deltas[70], deltas[-1]):
        reader.refresh(data[: one.end])
        assert known(reader) == known(Reader(data[: one.end]))


def test_totals_of_a_file_that_grows_are_those_of_the_whole(tmp_path: Path) -> None:
    whole = taped(lives=3)
    path = tmp_path / "recording.ckrec"
    path.write_bytes(whole[: len(whole) // 4])
    grown = Recorded(path)
    lengths = [len(grown.totals().at_ms)]
    for share in (0.5, 0.8, 1.0):
        path.write_bytes(whole[: int(len(whole) * share)])
        assert grown.refresh()
        lengths.append(len(grown.totals().at_ms))
    assert lengths == sorted(lengths)
    assert lengths[-1] > lengths[0]
    once = Recorded(path)
    for name in ("at_ms", "lag_records", "source_writes_milli", "target_writes_milli", "blocked"):
        was, now = getattr(once.totals(), name), getattr(grown.totals(), name)
        assert was.tolist() == now.tolist()
    for one in (grown, once):
        one.close()
