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
from cockpit.cli.output import clean, clean_line, complain
from cockpit.cli.recordings import NoRecording, find_recording, opened
from cockpit.engine.folders import private_file

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
    try:
        found = find_recording(options.session)
        with opened(found) as reader, sink(options.output) as out:
            shown = options.table is not None and out.isatty()
            for line in _lines(reader, options.table):
                out.write(cleaned_row(line) if shown else line)
    except NoRecording as error:
        complain(clean_line(str(error)))
        return error.code
    except BrokenPipeError:  # who reads it has enough
        raise
    except OSError as error:
        complain(clean_line(f"{options.output or 'standard output'}: {error.strerror}"))
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


def cleaned_row(row: str) -> str:
    """A row of CSV for a terminal: nothing in it may drive that."""
    return clean(row.removesuffix("\r\n")) + "\n"


@contextlib.contextmanager
def sink(path: Path | None) -> Iterator[TextIO]:
    """Standard output, or what `private_file` makes. Half a surrogate pair is escaped."""
    if path is not None:
        with private_file(path, encoding="utf-8", errors="backslashreplace") as file:
            yield file
        return
    try:
        yield sys.stdout
        sys.stdout.flush()
    except OSError:
        _drop_output()
        raise


def _drop_output() -> None:
    """Standard output takes nothing more: what is left of it would fail again at the very end."""
    with contextlib.suppress(OSError, ValueError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)
