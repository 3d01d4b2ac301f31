"""Pointing at a row for others, and going to where somebody points.

Never moves anybody's view by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.core.crewview import CrewView, PointedView
from cockpit.core.intents import Point
from cockpit.tui.grid import Grid
from cockpit.tui.layout import PANE_KEYS, PANES, PaneName
from cockpit.tui.view import Pane

SHOWN_FOR_MS = 15_000
"""So long the message line tells that somebody points at something, unless there is an alarm."""


def point(panes: Mapping[PaneName, Pane], chosen: PaneName, *, user: str) -> Point:
    """At the row under the cursor, or at a pane that has no rows to choose from."""
    pane = panes[chosen]
    return Point(chosen, pane.pointed_row() if isinstance(pane, Grid) else "", user)


def pane_of(pointed: PointedView | None) -> PaneName | None:
    """The pane that somebody points at; None: nobody does, or at none that is known here."""
    return next((name for name in PANES if pointed is not None and pointed.pane == name), None)


def gone_to(pane: Pane, pointed: PointedView) -> str:
    """Put the cursor there; says where it is now."""
    if not isinstance(pane, Grid) or not pointed.row:
        return f"{pointed.by} points at this pane"
    if pane.go_to(pointed.row):
        return f"{pointed.by} points at this row"
    return f"the row that {pointed.by} points at is not shown here: a filter?"


def words(crew: CrewView, *, user: str, at_ms: int) -> str:
    """For the message line, for a while; empty: nobody else points at anything."""
    pointed = crew.pointed
    if pointed is None or pointed.by == user or at_ms - pointed.at_ms > SHOWN_FOR_MS:
        return ""
    what = pointed.row or "all of it"
    number = PANE_KEYS[pane] if (pane := pane_of(pointed)) is not None else "?"
    return f"{pointed.by} points at pane {number}: {what} (. goes there)"
