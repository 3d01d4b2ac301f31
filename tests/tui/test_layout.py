"""Every pane has its place inside the screen, and none lies on another."""

from __future__ import annotations

import pytest

from cockpit.tui.layout import FOOT_ROWS, MIN_HEIGHT, MIN_WIDTH, PANES, STATUS_ROWS, place


@pytest.mark.parametrize("zoomed", [None, *PANES])
def test_places_fill_the_middle_without_overlap(zoomed: str | None) -> None:
    for width in range(MIN_WIDTH, 260, 7):
        for height in range(MIN_HEIGHT, 90, 3):
            taken: set[tuple[int, int]] = set()
            for where in place(width, height, zoomed).values():  # type: ignore[arg-type]
                assert where.width >= 20
                assert where.height >= 4
                assert where.x + where.width <= width
                assert where.y >= STATUS_ROWS
                assert where.y + where.height <= height - FOOT_ROWS
                for y in (where.y, where.y + where.height - 1):
                    row = {(x, y) for x in range(where.x, where.x + where.width)}
                    assert not taken & row
                    taken |= row


def test_what_is_seen_at_which_size() -> None:
    assert place(59, 24, None) == {}
    assert place(80, 19, "lag") == {}
    assert set(place(60, 20, None)) == {"waves", "gates"}
    assert set(place(80, 24, None)) == {"waves", "gates", "log"}
    assert set(place(100, 30, None)) == {"waves", "gates", "lag", "log"}
    by_digit = {"services", "back", "people"}
    assert set(place(132, 43, None)) == set(PANES) - by_digit
    assert set(place(160, 48, None)) == set(PANES)
    assert set(place(200, 60, None)) == set(PANES)
    assert set(place(200, 60, "delta")) == {"delta"}
