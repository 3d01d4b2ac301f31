"""`cockpit bench`: a line for each figure, and `bench-results.json`. Exit 4 if one is short."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`bench` and its options."""
    parser = commands.add_parser("bench", help="measure, and say what falls short")
    parser.add_argument("--only", metavar="NAME", help="one group of figures")
    parser.add_argument(
        "--recording",
        type=Path,
        metavar="PATH",
        help="measure this recording instead: opening, time line, jumps, bytes a sample, encoding",
    )
    parser.add_argument(
        "--hours",
        type=int,
        choices=range(1, 9),
        metavar="N",
        help="with --only record: how long the session of 100,000 partitions is (1; each takes "
        "one to two minutes, and 300 MB for as long as it is measured)",
    )
    parser.add_argument("--results", type=Path, default=Path("bench-results.json"))


def run(options: argparse.Namespace) -> int:
    """Measure group by group; a figure is printed as soon as it is known."""
    if options.recording is not None:
        return _measure(options.recording)
    from cockpit.cli.benches import GROUPS, recording_figures
    from cockpit.cli.figures import Figure

    names = [options.only] if options.only else list(GROUPS)
    if options.only and options.only not in GROUPS:
        complain(f"no figures called {options.only}: there are {', '.join(GROUPS)}")
        return exits.USAGE
    if options.hours is not None and options.only != "record":
        complain("--hours goes with --only record")
        return exits.USAGE
    figures: list[Figure] = []
    for name in names:
        group = GROUPS[name] if options.hours is None else partial(recording_figures, options.hours)
        for figure in group():
            figures.append(figure)
            say(figure.line())
    content = {
        "python": sys.version.split()[0],
        "figures": [figure.as_json() for figure in figures],
    }
    options.results.write_text(json.dumps(content, indent=1) + "\n")
    return exits.COMPLETED if all(figure.ok for figure in figures) else exits.FAILED


def _measure(path: Path) -> int:
    """The figures of a recording of one's own; none has a limit."""
    from cockpit.cli.recordmeasure import figures
    from cockpit.wire.records import RecordingError

    try:
        for figure in figures(path):
            say(figure.line())
    except (OSError, RecordingError) as error:
        complain(clean_line(f"{path}: {error}"))
        return exits.REFUSED
    return exits.COMPLETED
