"""The figures of one recording: `cockpit bench --recording PATH`, or this module with a PATH.

Opening it, its time line, jumps and steps; what its frames cost when they are encoded once more.
CPU time of this process. Never writes.
"""

from __future__ import annotations

import argparse
import json
import mmap
import random
import resource
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from cockpit.cli.figures import Figure

if TYPE_CHECKING:
    from cockpit.core.flight import Event
    from cockpit.wire.recording import Reader

T = TypeVar("T")

SEEKS = 200
STEPS = 100
FRAMES = 3_600
"""So many frames are encoded once more where nothing else is said."""
WIDTH, ROWS = 160, 3
"""Of the time line that is drawn."""


def figures(path: Path, *, frames: int = FRAMES, reads_only: bool = False) -> Iterator[Figure]:
    """Every figure of a recording. Raises OSError, RecordingError."""
    yield from _read(path)
    yield from _drawn(path)
    if not reads_only:
        yield from _encoded(path, frames)


def _read(path: Path) -> Iterator[Figure]:
    """Opening, totals, jumps to random times, single steps."""
    from cockpit.wire.recording import Reader

    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        reader, taken = _timed(lambda: Reader(view))
        yield Figure("open", taken, "ms")
        yield Figure("open_memory", peak_mb(), "MB")
        yield Figure("time_line", _timed(reader.totals)[1], "ms", note="totals read")
        if not reader.frames:
            return
        rng = random.Random(1)  # noqa: S311  # where to look, not a secret
        first, last = reader.span_ms
        jumps = sorted(
            _timed(lambda: _look(reader, rng.randint(first, last)))[1] for _ in range(SEEKS)
        )
        yield Figure("seek_median", jumps[SEEKS // 2], "ms", note=f"{SEEKS} jumps")
        yield Figure("seek_p95", jumps[SEEKS * 95 // 100], "ms")
        yield Figure("seek_max", jumps[-1], "ms")
        begin = reader.frames // 2
        steps = [
            _timed(reader.frame(number).snapshot)[1]
            for number in range(begin, min(begin + STEPS, reader.frames))
        ]
        yield Figure("step_median", statistics.median(steps), "ms", note=f"{len(steps)} steps")
        yield Figure("read_memory", peak_mb(), "MB")


def _look(reader: Reader, at_ms: int) -> None:
    frame = reader.at(at_ms)
    if frame is not None:
        frame.snapshot()


def _drawn(path: Path) -> Iterator[Figure]:
    """The time line as a replay draws it, without decoding a sample."""
    from cockpit.core.playing import PlayerView
    from cockpit.replay.recorded import Recorded
    from cockpit.replay.tape import tape_of
    from cockpit.tui.timeline import timeline

    with closing(Recorded(path)) as recording:
        tape, taken = _timed(lambda: tape_of(recording))
        if tape is None:
            return
        view = PlayerView(
            first_ms=tape.first_ms,
            last_ms=tape.last_ms,
            at_ms=tape.first_ms,
            speed=1.0,
            is_playing=False,
            follows=False,
            marks=tape.marks,
            gaps=tape.gaps,
            totals=tape.totals,
            note="",
        )
        drawn = _timed(lambda: timeline(view, width=WIDTH, rows=ROWS))[1]
        yield Figure("scrub_bar", taken + drawn, "ms", note=f"{taken:.1f} read, {drawn:.1f} drawn")


def _encoded(path: Path, frames: int) -> Iterator[Figure]:
    """The first frames of its longest life encoded once more, and the bytes that they take."""
    from cockpit.wire.composer import Composer
    from cockpit.wire.recording import Reader

    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        reader = Reader(view)
        life = max(reader.lives, key=lambda one: one.frames, default=None)
        if life is None or not life.frames:
            return
        until = life.first_frame + min(frames, life.frames)
        composer, taken, samples, columns = Composer(), [], 0, 0
        size = len(composer.begin(life.begin_ms, {}))
        for number in range(life.first_frame, until):
            frame = reader.frame(number)
            inputs, tells, shown = frame.inputs(), frame.tells(), frame.snapshot()
            samples += sum(map(samples_of, inputs))
            made, spent = _timed(partial(composer.frame, inputs, tells, shown))
            taken.append(spent)
            size += len(made)
            columns += _column_bytes(made)
        size += len(composer.close(life.end_ms))
        rows = len(shown.partitions.keys)
    note = f"{len(taken)} of {reader.frames} frames encoded anew, {rows} partitions at their end"
    if samples:
        of = f"{samples} samples: starts and ends of the source, ends of the target, commits"
        yield Figure("per_sample", size / samples, "B", note=of)
        note_columns = "the samples themselves, without documents, events and sync points"
        yield Figure("per_sample_columns", columns / samples, "B", note=note_columns)
    yield Figure("file", path.stat().st_size / 1e6, "MB")
    yield Figure("encode", statistics.fmean(taken), "ms", note=f"mean of a frame; {note}")
    yield Figure("encode_median", statistics.median(taken), "ms")
    yield Figure("encode_p99", sorted(taken)[len(taken) * 99 // 100], "ms")


def _column_bytes(made: bytes) -> int:
    """What the columns of new frames take, packed by themselves."""
    from cockpit.wire.decoder import frame_columns
    from cockpit.wire.encoder import LEVEL
    from cockpit.wire.records import DELTA, HEAD_SIZE, Hole, scan

    found = 0
    for record in scan(made, 0):
        if not isinstance(record, Hole) and record.kind == DELTA:
            found += len(
                zlib.compress(frame_columns(made[record.offset + HEAD_SIZE : record.end]), LEVEL)
            )
    return found


def samples_of(event: Event) -> int:
    """How many offsets an event has brought; not the mirror's positions, nor where the target's
    logs start: both are told for next to nothing."""
    from cockpit.core.flight import Observed
    from cockpit.core.observe import GroupSample, LogSample

    match event:
        case Observed(sample=LogSample(side=side, end=end)):
            return len(end) * (2 if side == "source" else 1)
        case Observed(sample=GroupSample(groups=groups)):
            return sum(len(group.keys) for group in groups.values())
        case _:
            return 0


def _timed(work: Callable[[], T]) -> tuple[T, float]:
    """What it gives, and the CPU milliseconds that it takes."""
    began = time.process_time()
    found = work()
    return found, (time.process_time() - began) * 1_000


def peak_mb() -> float:
    """The most memory that this process has had; what its parent had before it was begun is in
    `ru_maxrss`, and is left out where the system tells both."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    peak = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), None)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if peak is None else int(peak)
    return kilobytes / 1_024


def main(arguments: list[str] | None = None) -> None:
    """A line for each figure, as `cockpit bench` prints them. Ends the process where the recording
    cannot be read."""
    from cockpit.wire.records import RecordingError

    parser = argparse.ArgumentParser(prog="recordmeasure", description=__doc__)
    parser.add_argument("path", type=Path, metavar="PATH", help="a recording, such as a session's")
    parser.add_argument("--json", action="store_true", help="one list instead of lines")
    parser.add_argument("--read", action="store_true", help="encode nothing anew")
    parser.add_argument(
        "--frames", type=int, default=FRAMES, help="encode no more than so many (%(default)s)"
    )
    options = parser.parse_args(arguments)
    try:
        found = figures(options.path, frames=options.frames, reads_only=options.read)
        if options.json:
            sys.stdout.write(json.dumps([figure.as_json() for figure in found]) + "\n")
        else:
            sys.stdout.writelines(f"{figure.line()}\n" for figure in found)
    except (OSError, RecordingError) as error:
        sys.exit(f"{options.path}: {error}")


if __name__ == "__main__":
    main()
