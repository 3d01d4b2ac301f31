"""The one way in which a drill reaches a broker's process: a lab's own, by the lab's own plan."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cockpit.cli.preflight import TIMEOUT_S, patiently
from cockpit.core.drills import DrillStep, elsewhere
from cockpit.core.plan import Plan, Side, Wave
from cockpit.lab import restart
from cockpit.lab.home import LabError
from cockpit.lab.procs import Process, alive, stop
from cockpit.lab.state import STATE_FILE, State, load
from cockpit.ports import Cluster, PortError, Saboteur

SHOWN: Final = 3
"""So many brokers that are elsewhere are named."""


class LabSaboteur:
    """Kills brokers of one lab, and starts them again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def is_alive(self, side: Side, broker: int) -> bool:
        """Whether the broker's process lives. Raises PortError."""
        return any(alive(p) for p in self._processes(self._name(side, broker)))

    async def kill(self, side: Side, broker: int) -> None:
        """End its process at once. Raises PortError."""
        found = self._processes(self._name(side, broker))
        try:
            await asyncio.to_thread(stop, found, grace_s=0.0)
        except LabError as error:
            raise PortError("protocol", str(error)) from error

    async def revive(self, side: Side, broker: int) -> None:
        """Start it again, and wait until it answers. Raises PortError."""
        name = self._name(side, broker)
        try:
            await asyncio.to_thread(restart, self._folder, name)
        except LabError as error:
            raise PortError("unreachable", str(error)) from error

    def _state(self) -> State:
        try:
            state = load(self._folder)
        except LabError as error:
            raise PortError("protocol", str(error)) from error
        if state is None:
            raise PortError("unreachable", f"there is no lab in {self._folder}")
        return state

    def _name(self, side: Side, broker: int) -> str:
        """The lab's word for a broker. Raises PortError."""
        names = self._state().source_brokers() if side == "source" else ("target",)
        if not 1 <= broker <= len(names):
            raise PortError("protocol", f"the lab has no broker {side}/{broker}")
        return names[broker - 1]

    def _processes(self, name: str) -> tuple[Process, ...]:
        return tuple(p for p in self._state().processes if p.name == name)


def saboteur_of(plan: Plan, plan_path: Path) -> Saboteur | None:
    """Who may kill brokers of this plan; None: nobody, it is not a lab's plan or allows no
    drills."""
    folder = plan_path.parent
    if not plan.drills or not (folder / STATE_FILE).is_file():
        return None
    try:
        state = load(folder)
    except LabError:
        return None
    known = {state.address(name) for name in state.ports} if state is not None else set()
    used = {*plan.source.bootstrap, *plan.target.bootstrap}
    return LabSaboteur(folder) if used <= known else None


def why_no_drills(plan: Plan, plan_path: Path) -> tuple[str, ...]:
    """Why the drills of a plan cannot be flown for real; empty: they can, or there are none."""
    steps = drills_of(plan)
    if not steps:
        return ()
    if not plan.drills:
        wave, step = steps[0]
        return (f"wave {wave.name}: {step.words()}: the plan does not say drills: allowed",)
    between = plan.first_hop.between.bootstrap if plan.first_hop is not None else ()
    bootstraps = (*plan.source.bootstrap, *plan.target.bootstrap, *between)
    called = (call.url for _, step in steps for call in step.calls or ())
    far = elsewhere(bootstraps, (plan.replication.connect, *called))
    if far:
        wave, step = steps[0]
        where = ", ".join(far[:3])
        why = f"{where} is not on this machine: rehearse it, or fly it on a lab"
        return (f"wave {wave.name}: {step.words()}: {why}",)
    if saboteur_of(plan, plan_path) is not None:
        return ()
    why = "only a broker of a lab, flown by a plan in the lab's folder, can be killed"
    killing = [(wave, step) for wave, step in steps if step.do == "kill-broker"]
    return tuple(f"wave {wave.name}: {step.words()}: {why}" for wave, step in killing)


def drills_of(plan: Plan) -> tuple[tuple[Wave, DrillStep], ...]:
    """Every drill of a plan, with its wave."""
    return tuple((w, s) for w in plan.waves for s in w.steps if isinstance(s, DrillStep))


async def brokers_elsewhere(plan: Plan, clusters: Mapping[Side, Cluster]) -> tuple[str, ...]:
    """Why no drill may be flown on these clusters, by the addresses that their brokers advertise:
    a forwarded port looks like this machine. Empty: each is here, or there are no drills."""
    steps = drills_of(plan)
    if not steps:
        return ()
    found: list[str] = []
    for side, cluster in clusters.items():
        try:
            async with asyncio.timeout(TIMEOUT_S):
                info = await patiently(cluster.info, tries=TIMEOUT_S)
        except (PortError, TimeoutError) as error:
            why = str(error) or f"no answer within {TIMEOUT_S} s"
            found.append(f"where the brokers of {side} are is not known: {why}")
            continue
        if not info.brokers:
            found.append(f"where the brokers of {side} are is not known: it names none")
        at = {each.partition(" ")[2]: each.partition(" ")[0] for each in info.brokers}
        far = (f"{side}/{at[each]} is at {each}" for each in elsewhere(at, ()))
        found.extend(f"{each}, not on this machine, by its own word" for each in far)
    if not found:
        return ()
    wave, step = steps[0]
    last = f"wave {wave.name}: {step.words()}: rehearse it, or fly it on a lab"
    return (*found[:SHOWN], last)
