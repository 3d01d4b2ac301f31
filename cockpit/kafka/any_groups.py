"""Groups of a cluster of any release: which of the readers of groups is the right one for it.

Never mixes the two in one sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cockpit.core.observe import GroupSample
from cockpit.core.plan import Plan, Side
from cockpit.kafka.client import Client
from cockpit.kafka.groups import GroupReader
from cockpit.kafka.older_groups import OlderGroupReader
from cockpit.kafka.zookeeper import Registrations
from cockpit.ports import Clock


class AnyGroupReader:
    """Reads GroupSamples of a cluster, whatever its release is by now."""

    def __init__(  # noqa: PLR0913  # each says which groups, or where to look for them
        self,
        side: Side,
        client: Client,
        clock: Clock,
        *,
        topics: Iterable[str],
        groups: Iterable[str],
        others: bool = True,
        consumes: Mapping[str, Iterable[str]] | None = None,
        registrations: Registrations | None = None,
    ) -> None:
        """`others`: groups that are not named are read too, where that costs anything. `consumes`:
        the topics of groups, which spares old brokers the look for others. `registrations`: who
        knows the members that old brokers do not."""
        wanted = tuple(groups)
        self._newer = GroupReader(side, client, clock, wanted, others=others)
        self._older = OlderGroupReader(
            side,
            client,
            clock,
            topics=topics,
            groups=wanted,
            consumes=consumes,
            registrations=registrations,
        )

    async def read(self, *, states_max_age_ms: int = 0) -> GroupSample:
        """State, then commits, of groups. Raises PortError."""
        if await self._older.is_needed():
            return await self._older.read(states_max_age_ms=states_max_age_ms)
        return await self._newer.read(states_max_age_ms=states_max_age_ms)


def consumed(plan: Plan) -> dict[str, frozenset[str]]:
    """The topics that each group of a plan consumes."""
    found: dict[str, frozenset[str]] = {}
    for service in plan.services:
        if service.group is not None:
            found[service.group] = found.get(service.group, frozenset()).union(service.consumes)
    return found
