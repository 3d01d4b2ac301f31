"""Runs the probes of a wave's services: programs that connect to the target as the service does.

Each has its own time; one that does not answer is unknown, and holds up no other for long.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.clientprobes import FEED, every_ms, probed_waves
from cockpit.core.plan import Plan, Service
from cockpit.core.survey import ClientProbe, ClientProbesSurvey
from cockpit.kafka.command import end_of
from cockpit.kafka.content import in_turn
from cockpit.kafka.text import one_line
from cockpit.ports import Clock, PortError, SurveyFeed

_NEVER_MS: Final = 1 << 53


class ClientProbesReader:
    """The probes of one wave."""

    def __init__(self, services: tuple[Service, ...], clock: Clock) -> None:
        self._services = services
        self._clock = clock

    async def read(self) -> ClientProbesSurvey:
        """Run each of them once, a few side by side. Never raises PortError."""
        asked_at_ms = self._clock.now_ms()
        found: dict[str, ClientProbe] = {}

        async def run(service: Service) -> None:
            found[service.name] = await self._run(service)

        await in_turn(self._services, run, self._clock, deadline_ms=_NEVER_MS)
        return ClientProbesSurvey(asked_at_ms, self._clock.now_ms(), found)

    async def _run(self, service: Service) -> ClientProbe:
        at_ms = self._clock.now_ms()
        if service.probe is None:
            return ClientProbe(at_ms, None, "the plan has none")
        try:
            ended = await end_of(service.probe.argv, timeout_ms=service.probe.timeout_ms)
        except PortError as error:
            return ClientProbe(at_ms, None, error.reason)
        if ended.status < 0:
            return ClientProbe(at_ms, None, one_line(f"was killed: {ended.why()}"))
        if ended.status:
            return ClientProbe(at_ms, False, one_line(ended.why()))
        return ClientProbe(at_ms, True, ended.last_line)


def client_probe_feeds(plan: Plan, clock: Clock) -> tuple[SurveyFeed, ...]:
    """One feed for each wave that asks for probes, read while that wave is next."""
    return tuple(
        SurveyFeed(
            FEED,
            every_ms(wave),
            ClientProbesReader(plan.wave_services(wave), clock).read,
            wave=wave.name,
        )
        for wave in probed_waves(plan)
    )
