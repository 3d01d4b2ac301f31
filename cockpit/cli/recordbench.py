"""What recording a flight costs, and reading it: figures of `cockpit bench --only record`.

The load is made up by `cockpit.cli.recordload`; samples, snapshots and the encoder are the real
ones. Of the hour the core itself makes every snapshot; of the eight hours and of 100,000 partitions
the columns are drawn and the documents stay, which only makes them sooner; how much was made is
said. Reading is measured in a process of its own by `cockpit.cli.recordmeasure`, which measures any
recording: `python -m cockpit.cli.recordbench PATH` is the same.
"""

from __future__ import annotations

import json
import mmap
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from cockpit.cli.figures import Figure

HOUR_S = 3_600
RECORDS_PER_S = 50_000
SERIES = 4
"""Of each partition: start, end, committed offset, end on the target."""


def record_figures(wide_hours: int = 1) -> Iterator[Figure]:
    """An hour through the core, eight hours, and so many of 100,000 partitions."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "recording"
        yield from _written(path, "hour", partitions=10_000, seconds=HOUR_S, by_core=True)
        yield from _written(path, "8h", partitions=10_000, seconds=8 * HOUR_S)
        yield from _read(path, "8h", seek_ms=25)
        yield from _written(path, "100k", partitions=100_000, seconds=wide_hours * HOUR_S)
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
    how = "every snapshot by the core" if by_core else "snapshots drawn, their documents stay"
    note = f"made for this: {partitions:,} partitions, a sample a second, {how}"
    yield Figure(f"record_{name}_length", seconds / HOUR_S, "h", note=note)
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
    command = [sys.executable, "-m", "cockpit.cli.recordmeasure", "--json", "--read", str(path)]
    found = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603  # our own interpreter
    limits = {"seek_p95": seek_ms, "open": 300, "open_memory": 200, "time_line": 300}
    for one in json.loads(found.stdout):
        word = one["name"]
        limit = limits.get(word)
        yield Figure(f"record_{name}_{word}", one["value"], one["unit"], limit, one["note"])


if __name__ == "__main__":
    from cockpit.cli.recordmeasure import main

    main()
