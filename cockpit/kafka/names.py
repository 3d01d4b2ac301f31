"""What the mirror calls the clusters and where it keeps its own topics, by its connectors' configs.

Never guesses: another mirror may keep topics that look alike on the same clusters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.core.rights import MirrorNames
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

MAX_AGE_MS: Final = 30_000

_SEPARATOR: Final = "replication.policy.separator"
_FOR_INTERNAL: Final = "replication.policy.internal.topic.separator.enabled"


def names_of(config: Mapping[str, str]) -> MirrorNames:
    """The names in a connector's config, with MirrorMaker's defaults for what it leaves out.

    As Kafka's `MirrorConnectorConfig` and `DefaultReplicationPolicy` read it.
    """
    separator = config.get(_SEPARATOR, ".")
    if config.get(_FOR_INTERNAL, "true").lower() != "true":
        separator = "."
    on_target = config.get("offset-syncs.topic.location") == "target"
    return MirrorNames(
        source=config.get("source.cluster.alias", "source"),
        target=config.get("target.cluster.alias", "target"),
        separator=separator,
        syncs_on="target" if on_target else "source",
    )


class NamesReader:
    """Reads the names now and then; keeps the last ones while Connect does not answer."""

    def __init__(self, clock: Clock, rest: ConnectRest, connector: str) -> None:
        self._clock = clock
        self._rest = rest
        self._connector = connector
        self._known: MirrorNames | None = None
        self._at_ms = 0

    async def read(self) -> MirrorNames:
        """Raises PortError where the config has never been read: nobody knows the names then."""
        now_ms = self._clock.now_ms()
        if self._known is not None and now_ms - self._at_ms <= MAX_AGE_MS:
            return self._known
        self._at_ms = now_ms
        try:
            self._known = names_of(await self._rest.config(self._connector))
        except PortError as error:
            if self._known is None:
                reason = f"which topic the mirror keeps it in is not known: {error.reason}"
                raise PortError(error.kind, one_line(reason)) from error
        return self._known
