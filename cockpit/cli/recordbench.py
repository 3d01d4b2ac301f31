"""What recording a flight costs, and reading it: figures of `cockpit bench --only record`.

The load is made up by `cockpit.cli.recordload`; samples, snapshots and the encoder are the real
ones. Of the hour the core itself makes every snapshot; of the eight hours and of 100,000 partitions
the columns are drawn and the documents stay, which only makes them sooner. Reading is measured in a
process of its own.
"""

from __future__ import annotations

import json
import mmap
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from cockpit.cli.figures import Figure

HOUR_S = 3_600
SEEKS = 200
RECORDS_PER_S = 50_000
SERIES = 4
"""Of each partition: start, end, committed offset, end on the target."""


def record_figures() -> Iterator[Figure]:
    """An hour through the core, eight hours, and 100,000 partitions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording"
        yield from _written(path, "hour", partitions=10_000, seconds=HOUR_S, by_core=True)
        yield from _written(path, "8h", partitions=10_000, seconds=8 * HOUR_S)
        yield from _read(path, "8h", seek_ms=25)
        yield from _written(path, "100k", partitions=100_000, seconds=HOUR_S // 4)
        yield from _read(path, "100k", seek_ms=100)


def _written(
    path: Path, name: str, *, partitions: int, seconds: int, by_core: bool = False
) -> Iterator[Figure]:
    from cockpit.cli.recordload import BEGIN_MS, Load, drawn, flown
    from cockpit.wire.composer import Composer

    composer = Composer()
    taken: list[float] = []
    moments = (flown if by_core else drawn)(Load(partitions, RECORDS_PER_S))
    at_ms = BEGIN_MS
    with path.open("wb") as file:
        file.write(composer.begin(at_ms, {"session": "bench"}))
        for moment in islice(moments, seconds):
            began = time.process_time()
            made = composer.frame(moment.inputs, (), moment.snapshot)
            taken.append((time.process_time() - began) * 1_000)
            file.write(made)
            at_ms = moment.snapshot.at_ms
        file.write(composer.close(at_ms))
    size = path.stat().st_size
    first = by_core
    per_sample = size / (partitions * SERIES * seconds)
    yield Figure(f"record_{name}_per_sample", per_sample, "B", 0.20 if first else None)
    yield Figure(f"record_{name}_file", size / 1e6, "MB", note=_shares(path))
    limit = 2 if first else None
    yield Figure(f"record_{name}_encode", statistics.fmean(taken), "ms", limit, "mean of a tick")
    yield Figure(f"record_{name}_encode_median", statistics.median(taken), "ms")
    yield Figure(f"record_{name}_encode_p99", sorted(taken)[len(taken) * 99 // 100], "ms")


def _shares(path: Path) -> str:
    """Which kinds of record take how much of a file."""
    from cockpit.wire.records import START, Record, scan

    sizes: Counter[str] = Counter()
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        for one in scan(view, len(START)):
            if isinstance(one, Record):
                sizes[chr(one.kind)] += one.end - one.offset
        total = len(view)
    return ", ".join(f"{kind} {size / total:.1%}" for kind, size in sizes.most_common(5))


def _read(path: Path, name: str, *, seek_ms: float) -> Iterator[Figure]:
    command = [sys.executable, "-m", "cockpit.cli.recordbench", str(path)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # our own interpreter
    read: dict[str, float] = json.loads(found.stdout)
    limits = {"seek_p95": seek_ms, "open": 300, "open_memory": 200, "time_line": 300}
    for word, value in read.items():
        unit = "MB" if word.endswith("memory") else "ms"
        yield Figure(f"record_{name}_{word}", value, unit, limits.get(word))


def measured(path: Path) -> dict[str, float]:
    """Opening, the time line, jumps and steps over one recording; CPU ms, and MB of the process."""
    from cockpit.wire.recording import Reader

    found: dict[str, float] = {}
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
        began = time.process_time()
        reader = Reader(view)
        found["open"] = (time.process_time() - began) * 1_000
        found["open_memory"] = _peak_mb()
        began = time.process_time()
        reader.totals()
        found["time_line"] = (time.process_time() - began) * 1_000
        rng = random.Random(1)  # noqa: S311  # where to look, not a secret
        first, last = reader.frame(0).at_ms, reader.frame(reader.frames - 1).at_ms
        jumps = sorted(_took(reader, rng.randint(first, last)) for _ in range(SEEKS))
        found["seek_median"] = jumps[SEEKS // 2]
        found["seek_p95"] = jumps[SEEKS * 95 // 100]
        found["seek_max"] = jumps[-1]
        middle = reader.at((first + last) // 2)
        assert middle is not None
        steps = []
        for number in range(middle.number, min(middle.number + 100, reader.frames)):
            began = time.process_time()
            reader.frame(number).snapshot()
            steps.append((time.process_time() - began) * 1_000)
        found["step_median"] = statistics.median(steps)
        found["read_memory"] = _peak_mb()
    return found


def _took(reader: Any, at_ms: int) -> float:  # noqa: ANN401  # a Reader
    began = time.process_time()
    frame = reader.at(at_ms)
    frame.snapshot()
    return (time.process_time() - began) * 1_000


def _peak_mb() -> float:
    """The most memory that this process has had; what its parent had before it was begun is in
    `ru_maxrss`, and is left out where the system tells both."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    peak = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), None)
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if peak is None else int(peak)
    return kilobytes / 1_024


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(Path(sys.argv[1]))))
