"""Writes the table of docs/screen-cost.md from what `cockpit bench --only screen` has left:
`python -m cockpit.cli.screenbench.document bench-results.json docs/screen-cost.md`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

BEGIN: Final = "<!-- written by cockpit.cli.screenbench.document -->\n"
END: Final = "<!-- end -->\n"


def table(figures: Sequence[Any]) -> str:
    """Figures as a bench has them, as Markdown."""
    rows = ["| figure | | limit | |", "| --- | ---: | ---: | --- |"]
    for one in figures:
        value = "?" if one["value"] is None else f"{one['value']:,.2f}"
        limit = "" if one["limit"] is None else f"{one['limit']:g}"
        word = "" if one["ok"] else "short"
        said = ", ".join(filter(None, (word, one["note"])))
        rows.append(f"| `{one['name']}` | {value} {one['unit']} | {limit} | {said} |")
    return "\n".join(rows) + "\n"


def written(document: str, figures: Sequence[Any]) -> str:
    """The document with another table. Raises ValueError where it has no place for one."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        msg = f"there is no {BEGIN.strip()} with an {END.strip()} after it"
        raise ValueError(msg)
    return f"{before}{BEGIN}{table(figures)}{END}{after}"


def main(results: str, path: str) -> None:
    """From the one file into the other."""
    document = Path(path)
    figures = json.loads(Path(results).read_text())["figures"]
    document.write_text(written(document.read_text(), figures))


if __name__ == "__main__":
    main(*sys.argv[1:])
