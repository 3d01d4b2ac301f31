"""Keeps of a flight what is small enough: its report, and its recording, whole or of one wave.

`python -m tests.migrations.keep build/migrations/NAME docs/migrations/NAME WAVE...`: of the plan's
flight the moments from just before each WAVE began to its end, of others the whole recording.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from cockpit.replay.compact import compacted
from cockpit.wire.recording import Frame, Reader
from cockpit.wire.retelling import Begins, Rewriter, parts

BEFORE_MS = 1_000
"""The screen as it stood before the wave could begin."""


def moment_of(reader: Reader, kind: str, wave: str) -> int:
    """When something was told of a wave."""
    for number in range(reader.frames):
        frame = reader.frame(number)
        if any(told["kind"] == kind and told.get("wave") == wave for told in frame.tells()):
            return frame.at_ms
    raise LookupError(f"{kind} of {wave} was never told")


def excerpt(reader: Reader, from_ms: int, to_ms: int) -> Iterator[bytes]:
    """A recording with the moments of this time only."""
    writer = Rewriter(level=9)
    for part in parts(reader):
        match part:
            case Begins(at_ms=at_ms, head=head):
                yield writer.begin(at_ms, head)
            case Frame() if from_ms <= part.at_ms <= to_ms:
                yield writer.frame(part.inputs(), part.tells(), part.snapshot())
            case _:
                pass
    yield writer.close()


def main() -> int:
    """Command line."""
    build, kept, waves = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    kept.mkdir(parents=True, exist_ok=True)
    for report in build.glob("report*.md"):
        shutil.copy(report, kept)
    shutil.copy(build / "verdict.txt", kept)
    for number, session in enumerate(sorted((build / "state/cockpit/sessions").glob("*"))):
        reader = Reader((session / "recording.ckrec").read_bytes())
        if number:
            name = session.name.split("-", 2)[2]
            (kept / f"{name}.ckrec").write_bytes(b"".join(compacted(reader)))
            continue
        for wave in waves:
            began = moment_of(reader, "wave_started", wave) - BEFORE_MS
            ended = moment_of(reader, "wave_done", wave)
            (kept / f"{wave}.ckrec").write_bytes(b"".join(excerpt(reader, began, ended)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
