"""The way to one cluster by one login: a drill may cut it, and nothing goes through until it is
mended."""

from __future__ import annotations

from typing import Final, Protocol
from weakref import WeakSet

CUT: Final = "the cockpit's own connections are cut by a drill"


class Droppable(Protocol):
    """Something that holds a connection."""

    async def drop(self) -> None:
        """Close the connection; another one may be opened later."""


class Way:
    """Every connection of one login to one cluster."""

    def __init__(self) -> None:
        self._held: WeakSet[Droppable] = WeakSet()
        self.is_cut = False
        """No connection may be opened."""

    def join(self, one: Droppable) -> None:
        """A connection that goes this way."""
        self._held.add(one)

    async def cut(self) -> None:
        """Close every connection, and let none be opened."""
        self.is_cut = True
        for one in tuple(self._held):
            await one.drop()

    def mend(self) -> None:
        """Let connections be opened again."""
        self.is_cut = False
