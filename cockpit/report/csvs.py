"""Tables as CSV that a spreadsheet takes for data and nothing else.

A text that a spreadsheet would take for a formula gets an apostrophe before it; numbers stay
numbers. Reading back takes the apostrophe away again.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

SCHEMA_VERSION: Final = 1
Value = str | int | float | None
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'")
"""How a formula may begin; and the apostrophe itself, so that it can be taken away again."""


def rows_as_csv(columns: Sequence[str], rows: Iterable[Sequence[Value]]) -> Iterator[str]:
    """Lines with their line ends: the column names first. None is an empty cell."""
    yield _line(columns)
    for row in rows:
        yield _line([safe(value) for value in row])


def _line(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(cells)
    return out.getvalue()


def safe(value: Value) -> str:
    """One cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(_FORMULA) else value
    return repr(value)


def plain(cell: str) -> str:
    """The text that `safe` made a cell of."""
    return cell[1:] if cell.startswith("'") else cell
