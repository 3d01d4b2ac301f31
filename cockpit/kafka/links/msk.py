"""MSK Replicator behind the Replication port, read only: its state by AWS's interface, no more.

Written from the documentation and tried on an exchange made from it; never spoken to a real
service. Where it stands in each partition it does not tell: lag is unknown here, and a signal of
the plan may read its metrics from elsewhere.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import quote

from cockpit.core.observe import ConnectorState, MirrorSample, SyncsSample, TaskState
from cockpit.kafka.http import Http
from cockpit.kafka.links.sigv4 import Scope, from_environment, signed
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError

SERVICE: Final = "kafka"
NO_POSITIONS: Final = "MSK Replicator does not tell how far it is in a partition"
NO_SYNCS: Final = "MSK Replicator keeps its offset mapping to itself"


class MskReplicator:
    """One replicator."""

    def __init__(self, arn: str, region: str, clock: Clock, *, base: str = "") -> None:
        """`base`: of the interface, if not AWS's own for that region."""
        self._arn = arn
        self._region = region
        self._clock = clock
        self._base = base or f"https://{SERVICE}.{region}.amazonaws.com"
        self._http = Http()

    async def mirror(self) -> MirrorSample:
        """The replicator as a connector with one task. Raises PortError."""
        asked_at_ms = self._clock.now_ms()
        path = f"/replication/v1/replicators/{quote(self._arn, safe='')}"
        host = self._base.partition("//")[2]
        scope = Scope(self._region, SERVICE, asked_at_ms)
        headers = signed(host, path, scope, from_environment())
        reply = await self._http.request("GET", self._base + path, headers=headers)
        if not reply.ok:
            raise PortError("refused", f"AWS answers {reply.status}{reply.said()}")
        body = reply.json("the replicator's state")
        try:
            state = one_line(str(body["replicatorState"]), 40)
            info = body.get("stateInfo") or {}
            cause = one_line(f"{info.get('code', '')} {info.get('message', '')}".strip(), 300)
        except (LookupError, TypeError, AttributeError) as error:
            raise PortError("protocol", "the replicator's state makes no sense") from error
        return MirrorSample(
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            connectors=(ConnectorState(self._arn, state, (TaskState(0, state, cause),)),),
            positions={},
            positions_unknown=NO_POSITIONS,
        )

    async def syncs(self) -> SyncsSample:
        """Raises PortError: there is nothing that could be read."""
        raise PortError("unsupported", NO_SYNCS)

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        await self._http.close()
