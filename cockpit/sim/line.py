"""The way from the cockpit into a simulated world: it takes time, and it can be cut.

Every port call goes through here and only here; what the call then reads or changes is not known.
"""

from __future__ import annotations

import numpy as np

from cockpit.core.plan import Side
from cockpit.ports import Clock, PortError
from cockpit.sim.faults import (
    ClusterRefuses,
    ClusterSlow,
    ClusterUnreachable,
    ConnectDown,
    RepliesReordered,
    Throttled,
)
from cockpit.sim.world import World

NO_ROUTE_MS = 1_000
"""How long the cockpit tries before it says that nobody is there."""


class Line:
    """One world and the clock that it follows; `rng` draws how long an answer takes."""

    def __init__(self, world: World, clock: Clock, rng: np.random.Generator | None = None) -> None:
        self.world = world
        self.clock = clock
        self._rng = world.call_rng if rng is None else rng
        self._muted_until_ms: dict[Side, int] = {}
        """By side: what a throttled client waits for before it asks again."""

    def now(self) -> int:
        """Bring the world up to the clock's time; UTC ms."""
        now_ms = self.clock.now_ms()
        self.world.advance_to(now_ms)
        return now_ms

    async def wait(self, duration_ms: int) -> None:
        """Let time pass, for the world as well."""
        await self.clock.sleep(duration_ms)
        self.now()

    async def cluster(self, side: Side) -> int:
        """Ask a cluster something; UTC ms at which it was asked. Raises PortError."""
        asked_at_ms = self.now()
        script, spec = self.world.script, self.world.spec
        await self._throttled(side, spec.call_timeout_ms)
        if any(fault.side == side for fault in script.on(ClusterUnreachable)):
            await self.wait(NO_ROUTE_MS)
            raise PortError("unreachable", f"simulated: no broker of {side} answers")
        if any(fault.side == side for fault in script.on(ClusterRefuses)):
            await self._usual()
            raise PortError("refused", f"simulated: {side} refuses the login")
        slow_ms = max((f.latency_ms for f in script.on(ClusterSlow) if f.side == side), default=0)
        if slow_ms >= spec.call_timeout_ms:
            await self.wait(spec.call_timeout_ms)
            limit_s = spec.call_timeout_ms / 1000
            raise PortError("slow", f"simulated: no answer from {side} within {limit_s:g} s")
        for shuffled in script.on(RepliesReordered):
            if shuffled.side == side:
                slow_ms += int(self._rng.integers(0, shuffled.up_to_ms))
        if slow_ms:
            await self.wait(slow_ms)
        else:
            await self._usual()
        for throttled in script.on(Throttled):
            if throttled.side == side:
                self._muted_until_ms[side] = self.clock.now_ms() + throttled.throttle_ms
        return asked_at_ms

    async def _throttled(self, side: Side, timeout_ms: int) -> None:
        """Wait as the side has asked for. Raises PortError when that takes too long."""
        muted_ms = self._muted_until_ms.get(side, 0) - self.clock.now_ms()
        if muted_ms > timeout_ms:
            await self.wait(timeout_ms)
            raise PortError("slow", f"simulated: {side} throttles for {muted_ms / 1000:g} s")
        if muted_ms > 0:
            await self.wait(muted_ms)

    async def connect(self) -> int:
        """Ask Connect something; UTC ms at which it was asked. Raises PortError."""
        asked_at_ms = self.now()
        await self._usual()
        if self.world.script.on(ConnectDown):
            raise PortError("unreachable", "simulated: Connect refuses the connection")
        return asked_at_ms

    async def outside(self) -> int:
        """Ask something that is no part of Kafka; UTC ms at which it was asked."""
        asked_at_ms = self.now()
        await self._usual()
        return asked_at_ms

    async def _usual(self) -> None:
        usual_ms = self.world.spec.latency_ms
        await self.wait(usual_ms + int(self._rng.integers(0, usual_ms // 2 + 1)))
