"""What a drill breaks in a simulated world, and mends again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from cockpit.core.actions import Drill, Finding
from cockpit.core.plan import SIDES, DrillStep, Plan, Side
from cockpit.ports import PortError
from cockpit.sim.faults import ALWAYS, BrokerDown, ClusterUnreachable, ErrorBurst, Fault
from cockpit.sim.line import Line


class SimDrills:
    """Breaks connectors, brokers and the cockpit's own way to a side."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._world = line.world

    async def check(self, action: Drill) -> Finding:
        """Whether it is broken, or mended, as wanted."""
        self._line.now()
        broken = self._is_broken(action)
        word = "broken" if broken else "not broken"
        named = _named(action.do, action.on, self._world.spec.brokers)
        return Finding(broken is action.broken, f"simulated: {named} is {word}")

    async def do(self, action: Drill) -> Mapping[str, Any]:
        """Break it, or mend it. Raises PortError."""
        await self._line.outside()
        if action.do == "stop-task":
            mirror = self._world.mirror
            if action.on not in mirror.configs:
                raise PortError("protocol", f"simulated: no connector {action.on}")
            mirror.halt(action.on, halted=action.broken, now_ms=self._world.now_ms)
            return {}
        for fault in self._faults(action):
            self._world.script.force(fault, on=action.broken)
        return {}

    def _is_broken(self, action: Drill) -> bool:
        if action.do == "stop-task":
            return action.on in self._world.mirror.halted
        return all(self._world.script.is_forced(fault) for fault in self._faults(action))

    def _faults(self, action: Drill) -> tuple[Fault, ...]:
        """A service that is called shows nothing but errors while it is broken."""
        if action.do != "call":
            return (self._fault(action),)
        named = [s.name for s in self._world.plan.signals if s.name.startswith(action.on)]
        if not named:
            text = f"simulated: no signal that begins with {action.on} would show it"
            raise PortError("unsupported", text)
        return tuple(ErrorBurst(signal=name, value=1.0, when=ALWAYS) for name in named)

    def _fault(self, action: Drill) -> Fault:
        word, _, number = action.on.partition("/")
        side: Side | None = next((s for s in SIDES if s == word), None)
        if side is None:
            raise PortError("protocol", f"simulated: no side {word}")
        match action.do:
            case "kill-broker":
                broker = stand_in(number, self._world.spec.brokers)
                if broker is None:
                    raise PortError("protocol", f"simulated: {action.on} is no broker's number")
                return BrokerDown(side=side, broker=broker, when=ALWAYS)
            case "cut-connection":
                return ClusterUnreachable(side=side, when=ALWAYS)
            case "stop-task" | "call":
                raise AssertionError
            case _:
                assert_never(action.do)


def stand_in(number: str, brokers: int) -> int | None:
    """The simulated broker that a plan's node id stands for; None: it is no node id. A simulated
    cluster numbers its own brokers, from 0 on."""
    return int(number) % brokers if number.isascii() and number.isdigit() else None


def stand_ins(plan: Plan, brokers: int) -> tuple[str, ...]:
    """Each broker that a drill names and no simulated cluster has, and which is killed for it."""
    return tuple(
        f"{wave.name}: {_named(step.do, step.on, brokers)}, for a simulated cluster has brokers "
        f"0 to {brokers - 1} only: that one is killed"
        for wave in plan.waves
        for step in wave.steps
        if isinstance(step, DrillStep) and _named(step.do, step.on, brokers) != step.on
    )


def _named(do: str, on: str, brokers: int) -> str:
    """What a drill breaks, with its stand-in where it has one."""
    side, _, number = on.partition("/")
    broker = stand_in(number, brokers) if do == "kill-broker" else None
    if broker is None or str(broker) == number:
        return on
    return f"{on} is played by {side}/{broker}"
