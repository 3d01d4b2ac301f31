"""`cockpit bench`: a line for each figure, and `bench-results.json`. Exit 4 if one is short."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.cli.output import complain, say


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`bench` and its options."""
    parser = commands.add_parser("bench", help="measure, and say what falls short")
    parser.add_argument("--only", metavar="NAME", help="one group of figures")
    parser.add_argument("--results", type=Path, default=Path("bench-results.json"))


def run(options: argparse.Namespace) -> int:
    """Measure group by group; a figure is printed as soon as it is known."""
    from cockpit.cli.benches import GROUPS
    from cockpit.cli.figures import Figure

    names = [options.only] if options.only else list(GROUPS)
    if options.only and options.only not in GROUPS:
        complain(f"no figures called {options.only}: there are {', '.join(GROUPS)}")
        return exits.USAGE
    figures: list[Figure] = []
    for name in names:
        for figure in GROUPS[name]():
            figures.append(figure)
            say(figure.line())
    content = {
        "python": sys.version.split()[0],
        "figures": [figure.as_json() for figure in figures],
    }
    options.results.write_text(json.dumps(content, indent=1) + "\n")
    return exits.COMPLETED if all(figure.ok for figure in figures) else exits.FAILED
