"""`ports.Replication` and `ports.Signals` over a simulated world. Read only."""

from __future__ import annotations

from cockpit.core.observe import MirrorSample, SignalSample, SyncsSample, Unknown
from cockpit.core.plan import SignalSpec
from cockpit.ports import PortError
from cockpit.sim.faults import ErrorBurst, SignalDown, SignalGarbage
from cockpit.sim.line import Line

BASELINES = {"ratio": 0.002, "count": 0.0, "ms": 20.0, "per_s": 0.5}
"""By unit: a signal's value on a good day."""


class SimReplication:
    """The simulated mirror as it describes itself."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def mirror(self) -> MirrorSample:
        """Connectors, tasks and published positions."""
        asked_at_ms = await self._line.connect()
        mirror, now_ms = self._line.world.mirror, self._line.clock.now_ms()
        connectors = mirror.connectors(self._line.world.now_ms)
        return MirrorSample(asked_at_ms, now_ms, connectors, mirror.positions())

    async def syncs(self) -> SyncsSample:
        """The offset-syncs, which the mirror keeps on the source."""
        asked_at_ms = await self._line.cluster("source")
        slots = self._line.world.mirror.slots()
        return SyncsSample(asked_at_ms, self._line.clock.now_ms(), slots, read_to_end=True)

    async def close(self) -> None:
        """Nothing is held."""


class SimSignals:
    """Signals that show refused writes, a little noise and whatever the script adds."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._specs = {spec.name: spec for spec in line.world.plan.signals}
        self._phases = {name: 31 * i for i, name in enumerate(self._specs)}

    async def read(self, name: str) -> SignalSample:
        """One reading."""
        if name not in self._specs:
            raise PortError("protocol", f"simulated: no signal {name!r} in the plan")
        asked_at_ms = await self._line.outside()
        script = self._line.world.script
        if any(fault.signal == name for fault in script.on(SignalDown)):
            raise PortError("unreachable", f"simulated: the endpoint of {name} does not answer")
        answered_at_ms = self._line.clock.now_ms()
        value: float | Unknown = self._value(self._specs[name])
        for garbage in script.on(SignalGarbage):
            if garbage.signal == name:
                value = Unknown(f"simulated: {garbage.text!r} is not a number")
        return SignalSample(name, asked_at_ms, answered_at_ms, value)

    async def close(self) -> None:
        """Nothing is held."""

    def _value(self, spec: SignalSpec) -> float:
        world = self._line.world
        usual = world.spec.signal_baselines.get(spec.name, BASELINES[spec.unit])
        at = world.now_ms // 1_000 + self._phases[spec.name]
        value: float = usual * world.noise[at % len(world.noise)]
        service = self._service(spec)
        if spec.unit == "ratio" and service is not None:
            value = max(value, world.traffic.refused_share(service))
        for burst in world.script.on(ErrorBurst):
            if burst.signal == spec.name:
                value = max(value, burst.value)
        return round(value, 6)

    def _service(self, spec: SignalSpec) -> int | None:
        world = self._line.world
        named = world.spec.signal_services.get(spec.name)
        for index, service in enumerate(world.layout.services):
            if service.name == named or (named is None and spec.name.startswith(service.name)):
                return index
        return None
