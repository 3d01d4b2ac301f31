"""Where each pane is, as a pure function of the screen's size and what is zoomed.

Knows no widget. Rows are counted in the area between the status lines and the message line.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

PaneName = Literal["waves", "lag", "delta", "signals", "checks", "gates", "log"]
PANES: tuple[PaneName, ...] = get_args(PaneName)
"""In the order of their digits, 1 to 7."""

MIN_WIDTH, MIN_HEIGHT = 60, 20
"""Below this the screen shows the status alone."""
GRID_WIDTH, GRID_HEIGHT = 120, 32
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
    if width >= GRID_WIDTH and height >= GRID_HEIGHT:
        return _grid(width, rows)
    return _overview(width, rows)


def _overview(width: int, rows: int) -> dict[PaneName, Place]:
    log = max(4, rows // 3)
    top = rows - log
    left = max(26, width * 2 // 5)
    return {
        "waves": Place(0, STATUS_ROWS, left, top),
        "gates": Place(left + 1, STATUS_ROWS, width - left - 1, top),
        "log": Place(0, STATUS_ROWS + top, width, log),
    }


def _grid(width: int, rows: int) -> dict[PaneName, Place]:
    log = max(6, rows // 5)
    upper = (rows - log) // 2
    lower = rows - log - upper
    first = (width - 2) * 28 // 100
    second = (width - 2 - first) // 2
    third = width - 2 - first - second
    at = (0, first + 1, first + second + 2)
    y = STATUS_ROWS
    return {
        "waves": Place(at[0], y, first, upper),
        "gates": Place(at[0], y + upper, first, lower),
        "lag": Place(at[1], y, second, upper),
        "delta": Place(at[1], y + upper, second, lower),
        "signals": Place(at[2], y, third, upper),
        "checks": Place(at[2], y + upper, third, lower),
        "log": Place(0, y + upper + lower, width, log),
    }
