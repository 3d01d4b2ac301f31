"""Who is on a flight, for the screens."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PersonView:
    """Somebody who is on the flight."""

    user: str
    roles: tuple[str, ...]
    """By the plan."""
    seats: int
    """How many connections."""
    since_ms: int
    """When the first of them came."""
    key_ms: int | None
    """When something was last asked for; None: never."""
    left_ms: int | None = None
    """When this person was last here before; None: never."""


@dataclass(frozen=True, slots=True)
class PointedView:
    """What somebody points at: a pane, and a row in its words."""

    by: str
    pane: str
    row: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class CrewView:
    """Who is on the flight and who drives it."""

    people: tuple[PersonView, ...] = ()
    driver: str = ""
    """Empty: nobody. He keeps the controls until the lease runs out, here or not."""
    seat: str = ""
    """The connection that he drives from; empty: he is gone."""
    until_ms: int | None = None
    """When the lease runs out if nothing is heard of him; it begins anew with each sign of life."""
    token: int = 0
    """Rises with every change of hands."""
    offered_to: str = ""
    veto: str = ""
    """Why nothing goes forward; empty: nobody has vetoed it."""
    pointed: PointedView | None = None
    """The newest thing that somebody has pointed at."""
