"""Probes of services in a simulated world: they pass unless a fault or a missing ACL says no.

Read only.
"""

from __future__ import annotations

from cockpit.core.clientprobes import FEED, every_ms, probed_waves
from cockpit.core.plan import Service, Wave
from cockpit.core.survey import ClientProbe, ClientProbesSurvey, Survey
from cockpit.ports import SurveyFeed
from cockpit.sim.acls import allows
from cockpit.sim.faults import ClientProbeFails
from cockpit.sim.line import Line

TAKES_MS = 1_500


def client_probe_feeds(line: Line) -> tuple[SurveyFeed, ...]:
    """One feed for each wave that asks for probes, read while that wave is next."""
    return tuple(
        SurveyFeed(FEED, every_ms(wave), _Probes(line, wave).read, wave=wave.name)
        for wave in probed_waves(line.world.plan)
    )


class _Probes:
    def __init__(self, line: Line, wave: Wave) -> None:
        self._line = line
        self._services = line.world.plan.wave_services(wave)

    async def read(self) -> Survey:
        """Run each of them once."""
        asked_at_ms = self._line.now()
        found = {s.name: self._run(s, asked_at_ms) for s in self._services}
        await self._line.wait(TAKES_MS)
        return ClientProbesSurvey(asked_at_ms, self._line.now(), found)

    def _run(self, service: Service, at_ms: int) -> ClientProbe:
        world = self._line.world
        for fault in world.script.on(ClientProbeFails):
            if fault.service == service.name:
                return ClientProbe(at_ms, None if fault.silent else False, fault.text)
        bindings = world.shores["target"].acls.bindings
        wanted = [(topic, "write") for topic in service.produces]
        wanted += [(topic, "read") for topic in service.consumes]
        for topic, operation in wanted:
            if not allows(bindings, service.principal, operation, topic):
                return ClientProbe(at_ms, False, f"simulated: may not {operation} {topic}")
        return ClientProbe(at_ms, True, "")
