"""Registries and record windows of a simulated world, as a migration that was prepared well has
them: the same on both sides.

Added to the surveys of a world; reads it, never changes it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from cockpit.core.plan import SIDES, Plan, Side
from cockpit.core.survey import (
    RegistrySurvey,
    SchemaVersion,
    Subject,
    Survey,
    Window,
    WindowsSurvey,
)
from cockpit.ports import Clock, SurveyFeed, Surveyor
from cockpit.sim.factory import SimPorts, connect_sim
from cockpit.sim.line import Line
from cockpit.sim.spec import WorldSpec

EVERY_MS = 15_000
SAMPLED = 100
SCHEMA = '"bytes"'
STREAM = 9
"""The world's own random streams are 0 to 7, its surveyor's is 8."""


def connect_prepared(plan: Plan, clock: Clock, spec: WorldSpec) -> SimPorts:
    """A world, and ports onto it that also show registries and record windows."""
    ports = connect_sim(plan, clock, spec)
    line = Line(ports.world, clock, np.random.default_rng([spec.seed, STREAM]))
    return replace(ports, surveyor=PreparedSurveyor(line, ports.surveyor))


class PreparedSurveyor:
    """Another surveyor's surveys, and those of the registries that the plan names."""

    def __init__(self, line: Line, others: Surveyor) -> None:
        self._line = line
        self._others = others
        named = [side for side in SIDES if line.world.plan.registry(side) is not None]
        feeds = (
            SurveyFeed("windows", EVERY_MS, self._windows),
            *(SurveyFeed(f"{s}.registry", EVERY_MS, _Registry(line, s).read) for s in named),
        )
        known = {feed.name for feed in others.feeds()}
        self._feeds = (*others.feeds(), *(feed for feed in feeds if feed.name not in known))

    def feeds(self) -> tuple[SurveyFeed, ...]:
        """Everything that there is to look at."""
        return self._feeds

    async def close(self) -> None:
        """Nothing is held."""
        await self._others.close()

    async def _windows(self) -> Survey:
        asked_at_ms = await self._line.cluster("target")
        await self._line.cluster("source")
        world, now_ms = self._line.world, self._line.clock.now_ms()
        ends = world.shores["source"].ends()
        windows = {}
        for name, end in zip(world.layout.keys.names, ends.tolist(), strict=True):
            compared = min(SAMPLED, max(int(end), 0))
            windows[name] = Window(compared, 0, 0, "", both_empty=not compared, at_ms=now_ms)
        return WindowsSurvey(asked_at_ms, now_ms, windows)


class _Registry:
    """The simulated registry of one side."""

    def __init__(self, line: Line, side: Side) -> None:
        self._line = line
        self._side: Side = side

    async def read(self) -> Survey:
        asked_at_ms = await self._line.outside()
        subjects = {}
        for number, topic in enumerate(self._line.world.layout.topics):
            name = f"{topic}-value"
            subjects[name] = Subject(name, (SchemaVersion(1, number + 1, "AVRO", SCHEMA),))
        now_ms = self._line.clock.now_ms()
        return RegistrySurvey(self._side, asked_at_ms, now_ms, subjects, "BACKWARD", "READWRITE")
