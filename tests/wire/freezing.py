"""Recordings that are kept for ever, one of each format, and what must be read in them.

`python -m tests.wire.freezing` makes the one of today's format, and only where there is none.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from collections import Counter
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from cockpit.cli.recordload import Load
from cockpit.cli.recordload import flown as loaded
from cockpit.core.flight import Event, Observed
from cockpit.core.observe import GroupSample, LogSample, MirrorSample
from cockpit.sim.faults import ClusterUnreachable, When
from cockpit.wire.recording import LIFE_ENDS, WHY_GAP, Reader, Told
from cockpit.wire.retelling import Begins, Rewriter, parts
from cockpit.wire.state import COLUMNS, FORMAT
from tests import recorded
from tests.wire import second_reader
from tests.wire.tapes import CLOSE

FOLDER = Path(__file__).parent.parent / "fixtures" / "recordings"
WIDE_ROWS = 200
WIDE_S = 40


def frozen_path(number: int) -> Path:
    """Where the recording of a format is."""
    return FOLDER / f"format-{number}.ckrec"


def expected_path(number: int) -> Path:
    """What must be read in it."""
    return FOLDER / f"format-{number}.json"


def columns_digest(names: Any, columns: dict[str, np.ndarray]) -> str:
    """Of a snapshot's partitions, and of the columns that there were when this was written."""
    found = hashlib.sha256(json.dumps([list(name) for name in names]).encode())
    for name in sorted(columns):
        found.update(name.encode() + columns[name].astype("<i8").tobytes())
    return found.hexdigest()[:16]


def document_digest(text: str) -> str:
    """Of a snapshot's document as it was recorded."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def inputs_digest(events: tuple[Event, ...]) -> str:
    """Of what does not depend on fields that come later: kinds, times and offsets of events."""
    found: list[Any] = []
    for event in events:
        row: list[Any] = [type(event).__name__, getattr(event, "at_ms", None)]
        if isinstance(event, Observed):
            sample: Any = event.sample
            row += [type(sample).__name__, sample.asked_at_ms]
            match sample:
                case LogSample():
                    row += [sample.side, sample.keys.names, sample.start.tolist()]
                    row.append(sample.end.tolist())
                case GroupSample(groups=groups):
                    row += [[name, g.state, g.keys, list(g.offsets)] for name, g in groups.items()]
                case MirrorSample():
                    row.append(list(sample.positions.items()))
                case _:
                    pass
        found.append(row)
    return hashlib.sha256(json.dumps(found).encode()).hexdigest()[:16]


def expected(data: bytes) -> dict[str, Any]:
    """What is read in a recording: numbers and digests."""
    reader = Reader(data)
    rows = [
        {
            "at_ms": at_ms,
            "document": document_digest(document),
            "columns": columns_digest(names, columns),
            "inputs": inputs_digest(reader.inputs(number)),
            "tells": document_digest(json.dumps(reader.tells(number), sort_keys=True)),
        }
        for number, (at_ms, document, names, columns) in enumerate(second_reader.snapshots(data))
    ]
    totals = reader.totals()
    last = reader.frame(reader.frames - 1).snapshot()
    return {
        "frames": reader.frames,
        "lives": [[life.begin_ms, life.end_ms, life.frames] for life in reader.lives],
        "records": dict(sorted(Counter(chr(e.kind) for e in reader.contents.entries).items())),
        "events": [[told.at_ms, dict(told.content)] for told in reader.events()],
        "gaps": [[gap.from_ms, gap.to_ms, gap.why] for gap in reader.gaps()],
        "inputs": sum(len(reader.inputs(number)) for number in range(reader.frames)),
        "tells": sum(len(reader.tells(number)) for number in range(reader.frames)),
        "seconds": len(totals),
        "lag_of_seconds": sum(total.lag_records or 0 for total in totals),
        "columns": list(COLUMNS),
        "last_partitions": len(last.partitions.keys),
        "last_source_end": int(last.partitions.source_end.sum()),
        "every_frame": rows,
    }


def made() -> bytes:
    """Three lives: a wider load, a flight with an outage, and its end after a gap."""
    writer = Rewriter(pace=CLOSE)
    out = bytearray()
    moments = list(islice(loaded(Load(WIDE_ROWS, 5_000)), WIDE_S))
    out += writer.begin(moments[0].snapshot.at_ms, {"session": "wide"})
    for moment in moments:
        out += writer.frame(moment.inputs, (), moment.snapshot)
    out += writer.event(moments[-1].snapshot.at_ms, {"kind": LIFE_ENDS, "text": "the load ends"})
    outage = ClusterUnreachable(side="source", when=When(delay_ms=9_000, for_ms=4_000))
    with tempfile.TemporaryDirectory() as folder:
        reader = recorded.record(Path(folder) / "recording.ckrec", outage).reader()
    head: dict[str, Any] = {}
    middle = reader.frames * 2 // 3
    at_ms = 0
    for part in parts(reader):
        if isinstance(part, Begins):
            head = dict(part.head)
            out += writer.begin(part.at_ms, head)
        elif isinstance(part, Told):
            out += writer.event(part.at_ms, part.content)
        else:
            at_ms = part.at_ms
            if part.number == middle:
                gap = {**head, "beginning": None, WHY_GAP: "the disk was full"}
                out += writer.begin(at_ms, gap)
            out += writer.frame(part.inputs(), part.tells(), part.snapshot())
    return bytes(out + writer.close())


if __name__ == "__main__":
    if frozen_path(FORMAT).exists() or expected_path(FORMAT).exists():
        sys.exit(f"{frozen_path(FORMAT)} is there, and is never written anew")
    whole = made()
    FOLDER.mkdir(parents=True, exist_ok=True)
    frozen_path(FORMAT).write_bytes(whole)
    expected_path(FORMAT).write_text(json.dumps(expected(whole), indent=1) + "\n")
