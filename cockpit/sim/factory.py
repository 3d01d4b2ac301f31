"""Builds the ports of a plan over a simulated world.

Opens nothing and waits for nothing; the world lives only while its ports are called.
"""

from __future__ import annotations

from dataclasses import dataclass

from cockpit.core.actions import ServiceVerb
from cockpit.core.plan import Plan
from cockpit.ports import Clock, Cluster, Effector, Replication, Signals, Surveyor
from cockpit.sim.cluster import SimCluster
from cockpit.sim.effector import SimEffector
from cockpit.sim.feeds import SimReplication, SimSignals
from cockpit.sim.fleet import Where
from cockpit.sim.line import Line
from cockpit.sim.spec import WorldSpec
from cockpit.sim.surveyor import SimSurveyor
from cockpit.sim.truth import TruthReport
from cockpit.sim.world import World


@dataclass(frozen=True, slots=True)
class SimPorts:
    """Everything that the engine works through, simulated.

    `world` lives only as far as it was asked for something: reach it through the methods here,
    which bring it up to the clock's time first.
    """

    source: Cluster
    target: Cluster
    replication: Replication
    signals: Signals
    effector: Effector
    clock: Clock
    surveyor: Surveyor
    world: World

    def truth(self) -> TruthReport:
        """What really became of every record, up to the clock's time."""
        self.world.advance_to(self.clock.now_ms())
        return self.world.truth()

    def call_service(self, name: str, verb: ServiceVerb) -> None:
        """A person's hand on a service. KeyError: no such service."""
        self.world.advance_to(self.clock.now_ms())
        self.world.call_service(name, verb)

    def where(self) -> dict[str, Where]:
        """Where each service is now."""
        self.world.advance_to(self.clock.now_ms())
        return self.world.where()

    async def close(self) -> None:
        """Nothing is held."""


def connect_sim(plan: Plan, clock: Clock, spec: WorldSpec) -> SimPorts:
    """A world that begins at the clock's time, after its warm-up, and ports onto it."""
    line = Line(World(plan, spec, clock.now_ms()), clock)
    return SimPorts(
        source=SimCluster(line, "source"),
        target=SimCluster(line, "target"),
        replication=SimReplication(line),
        signals=SimSignals(line),
        effector=SimEffector(line),
        clock=clock,
        surveyor=SimSurveyor(line.world, clock),
        world=line.world,
    )
