"""`cockpit export [SESSION]`: a recording as JSON lines, whole, or one of its tables as CSV."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain
from cockpit.cli.recordings import NoRecording, find_recording, opened

if TYPE_CHECKING:
    from cockpit.wire.recording import Reader

TABLES = ("events", "partitions", "groups", "gates", "signals", "totals")


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`export` and its options."""
    parser = commands.add_parser(
        "export",
        help="write a recording as JSON lines, or one of its tables as CSV",
        description="Without --table the whole recording as JSON lines: cockpit import makes the "
        "same session of them. With --table one table as CSV; a cell that a spreadsheet would take "
        "for a formula begins with an apostrophe.",
    )
    parser.add_argument("session", nargs="?", metavar="SESSION", help="default: the newest")
    parser.add_argument("--table", choices=TABLES, help="only this, as CSV")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: print it")


def run(options: argparse.Namespace) -> int:
    """Read and write, line by line."""
    from cockpit.wire.records import RecordingError

    try:
        found = find_recording(options.session)
        with opened(found) as reader, _sink(options.output) as sink:
            for line in _lines(reader, options.table):
                sink.write(line)
    except (NoRecording, RecordingError) as error:
        complain(clean_line(str(error)))
        return exits.FAILED
    except BrokenPipeError:
        raise
    except OSError as error:
        complain(clean_line(f"{error.filename or options.output}: {error.strerror}"))
        return exits.FAILED
    if options.output is not None:
        complain(clean_line(f"{options.output}: exported from session {found.name}"))
    return exits.COMPLETED


def _lines(reader: Reader, table: str | None) -> Iterable[str]:
    if table is None:
        from cockpit.wire.jsonl import export_lines

        return export_lines(reader)
    from cockpit.report.csvs import rows_as_csv
    from cockpit.report.series import SERIES

    series = SERIES[table]
    return rows_as_csv(series.columns, series.rows(reader))


@contextlib.contextmanager
def _sink(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or a new file with 0600 that is there only when it is whole."""
    if path is None:
        yield sys.stdout
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    file = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(file, "w", encoding="utf-8", newline="") as handle:
            yield handle
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
