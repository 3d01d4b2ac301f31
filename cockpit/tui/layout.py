"""Where each pane is, as a pure function of the screen's size and what is zoomed.

Knows no widget. Rows are counted in the area between the status lines and the message line.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

PaneName = Literal[
    "waves", "lag", "delta", "signals", "checks", "gates", "log", "services", "back", "people"
]
PANES: tuple[PaneName, ...] = get_args(PaneName)
PANE_KEYS: dict[PaneName, str] = {
    name: "u" if name == "people" else str(number) for number, name in enumerate(PANES, 1)
}
"""The key that shows each alone: digits, and `u` where they end."""

MIN_WIDTH, MIN_HEIGHT = 60, 20
"""Below this the screen shows the status alone."""
SIDE_WIDTH = 76
"""Below this one pane is over the other: side by side neither could be read."""
MEDIUM_WIDTH, MEDIUM_HEIGHT = 96, 28
"""From this on the lag has its place, too."""
GRID_WIDTH, GRID_HEIGHT = 120, 32
"""From this on what a wave stands on has its place."""
FULL_WIDTH, FULL_HEIGHT = 160, 46
"""From this on every pane has its place."""
STATUS_ROWS, FOOT_ROWS = 2, 2


class Place(NamedTuple):
    """A rectangle in cells."""

    x: int
    y: int
    width: int
    height: int


def is_small(width: int, height: int) -> bool:
    """Whether only the reduced view fits."""
    return width < MIN_WIDTH or height < MIN_HEIGHT


def place(
    width: int, height: int, zoomed: PaneName | None, *, below: int = 0
) -> dict[PaneName, Place]:
    """The visible panes of a screen of `width` by `height` cells; none when it is too small.
    `below`: rows between them and the message line that something else has."""
    if is_small(width, height):
        return {}
    rows = height - STATUS_ROWS - FOOT_ROWS - below
    if zoomed is not None:
        return {zoomed: Place(0, STATUS_ROWS, width, rows)}
    height -= below  # a recording's screen has the panes of a flight's that has as much room
    if width >= FULL_WIDTH and height >= FULL_HEIGHT:
        return _columns(width, rows, log=max(6, rows // 6), shares=_FULL)
    if width >= GRID_WIDTH and height >= GRID_HEIGHT:
        return _columns(width, rows, log=max(6, rows // 6), shares=_GRID)
    if width >= MEDIUM_WIDTH and height >= MEDIUM_HEIGHT:
        return _medium(width, rows)
    if width < SIDE_WIDTH:
        return _stacked(width, rows)
    return _overview(width, rows)


def _stacked(width: int, rows: int) -> dict[PaneName, Place]:
    waves = max(6, rows * 2 // 5)
    return {
        "waves": Place(0, STATUS_ROWS, width, waves),
        "gates": Place(0, STATUS_ROWS + waves, width, rows - waves),
    }


def _overview(width: int, rows: int) -> dict[PaneName, Place]:
    log = max(4, rows // 3)
    top = rows - log
    left = max(26, width * 2 // 5)
    return {
        "waves": Place(0, STATUS_ROWS, left, top),
        "gates": Place(left + 1, STATUS_ROWS, width - left - 1, top),
        "log": Place(0, STATUS_ROWS + top, width, log),
    }


def _medium(width: int, rows: int) -> dict[PaneName, Place]:
    log = max(5, rows // 4)
    top = rows - log
    left, waves = max(40, width * 2 // 5), (top + 1) // 2
    return {
        "waves": Place(0, STATUS_ROWS, left, waves),
        "lag": Place(0, STATUS_ROWS + waves, left, top - waves),
        "gates": Place(left + 1, STATUS_ROWS, width - left - 1, top),
        "log": Place(0, STATUS_ROWS + top, width, log),
    }


_Column = tuple[tuple[PaneName, int], ...]
"""Panes from top to bottom, each with its share of the column's rows."""
_Columns = tuple[int, tuple[_Column, ...]]
"""The first column's share of the width in per cent, and the columns; the others are equal."""
_GRID: _Columns = (
    33,
    (
        (("waves", 45), ("gates", 55)),
        (("lag", 50), ("delta", 50)),
        (("signals", 50), ("checks", 50)),
    ),
)
_FULL: _Columns = (
    30,
    (
        (("waves", 31), ("gates", 39), ("back", 30)),
        (("lag", 34), ("delta", 33), ("services", 33)),
        (("signals", 45), ("checks", 29), ("people", 26)),
    ),
)


def _columns(width: int, rows: int, *, log: int, shares: _Columns) -> dict[PaneName, Place]:
    share, columns = shares
    first = (width - 2) * share // 100
    second = (width - 2 - first) // 2
    widths = (first, second, width - 2 - first - second)
    found: dict[PaneName, Place] = {}
    x = 0
    for cells, column in zip(widths, columns, strict=True):
        found.update(_stack(Place(x, STATUS_ROWS, cells, rows - log), column))
        x += cells + 1
    found["log"] = Place(0, STATUS_ROWS + rows - log, width, log)
    return found


def _stack(place: Place, column: _Column) -> dict[PaneName, Place]:
    """A column cut into its panes; the last one has what is left."""
    found: dict[PaneName, Place] = {}
    y, end = place.y, place.y + place.height
    for number, (name, share) in enumerate(column, 1):
        height = end - y if number == len(column) else place.height * share // 100
        found[name] = Place(place.x, y, place.width, height)
        y += height
    return found
