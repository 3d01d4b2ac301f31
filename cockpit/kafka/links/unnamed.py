"""A link whose vendor a plan does not name: it is known to be there, and nobody can ask it."""

from __future__ import annotations

from typing import NoReturn

from cockpit.kafka.links.api import LinkStatus
from cockpit.ports import PortError


class UnnamedLink:
    """Whatever it is asked, it raises PortError with what the plan lacks. So everything else that a
    plan is about can be read, as an inventory does before a plan is whole."""

    def __init__(self, name: str) -> None:
        self._name = name

    async def status(self) -> LinkStatus:
        """Not known."""
        self._refuse()

    async def promote(self, topic: str) -> None:
        """Not possible."""
        self._refuse()

    async def left_alone(self) -> frozenset[str]:
        """Not known."""
        self._refuse()

    async def leave_alone(self, groups: tuple[str, ...], *, excluded: bool) -> None:
        """Not possible."""
        self._refuse()

    async def close(self) -> None:
        """Nothing to let go of."""

    def _refuse(self) -> NoReturn:
        raise PortError("unsupported", f"link {self._name}: its api is not named in the plan")
