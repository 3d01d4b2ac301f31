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
    """When a key was last heard of; None: never. Only of who drives every key is."""
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
    """Empty: nobody. He drives until he gives the controls back or somebody takes over."""
    seat: str = ""
    """The connection that he drives from; empty: he is gone."""
    until_ms: int | None = None
    """From when somebody else may take over if he presses no key; each key begins it anew."""
    ask_ms: int | None = None
    """From when he is asked for a key; None: nobody else could take over, or he is gone."""
    token: int = 0
    """Rises with every change of hands."""
    offered_to: str = ""
    veto: str = ""
    """Why nothing goes forward; empty: nobody has vetoed it."""
    pointed: PointedView | None = None
    """The newest thing that somebody has pointed at."""

    def asks(self, at_ms: int) -> bool:
        """Whether the driver is asked for a key."""
        return self.ask_ms is not None and at_ms >= self.ask_ms

    def is_open(self, at_ms: int) -> bool:
        """Whether somebody else may take over from the driver."""
        return bool(self.driver) and self.until_ms is not None and at_ms >= self.until_ms
