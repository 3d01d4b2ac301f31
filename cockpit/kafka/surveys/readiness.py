"""Asks both clusters whether each wave's effects would be let through: rights, and its fence.

Only reads. A side that does not answer at all is a PortError, never a right that is held.
"""

from __future__ import annotations

from collections.abc import Mapping

from cockpit.core.actions import Fence
from cockpit.core.fences import fence_step, fencing
from cockpit.core.plan import Plan
from cockpit.core.readiness import ReadinessSurvey, wave_rights
from cockpit.core.rights import Right
from cockpit.kafka.client import Client
from cockpit.kafka.effects.fence import Fencing
from cockpit.kafka.rights import Verdict, probe
from cockpit.kafka.text import one_line
from cockpit.ports import Clock


class ReadinessReader:
    """Reads ReadinessSurveys of one plan."""

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        *,
        source: Client,
        target: Client,
        canary: Client | None,
        fencing_tool: Fencing,
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._clients = {"source": source, "target": target}
        self._canary = canary
        self._fencing = fencing_tool
        self._wanted = {wave.name: wave_rights(plan, wave) for wave in plan.waves}

    async def read(self) -> ReadinessSurvey:
        """One survey. Raises PortError when a side cannot be asked."""
        asked_at_ms = self._clock.now_ms()
        verdicts = await self._verdicts()
        return ReadinessSurvey(
            asked_at_ms=asked_at_ms,
            answered_at_ms=self._clock.now_ms(),
            missing={
                wave: tuple(r for r in wanted if verdicts[r].word == "missing")
                for wave, wanted in self._wanted.items()
            },
            unproven={
                wave: tuple(
                    (r, one_line(verdicts[r].detail))
                    for r in wanted
                    if verdicts[r].word == "unproven"
                )
                for wave, wanted in self._wanted.items()
            },
            unfenceable=await self._unfenceable(),
        )

    async def _verdicts(self) -> Mapping[Right, Verdict]:
        """Of each right that any wave needs, asked once."""
        every = tuple(dict.fromkeys(r for wanted in self._wanted.values() for r in wanted))
        found: dict[Right, Verdict] = {}
        for side, client in self._clients.items():
            mine = [right for right in every if right.side == side and not right.canary]
            found.update((verdict.right, verdict) for verdict in await probe(client, mine))
        canaries = [right for right in every if right.canary]
        if canaries and self._canary is not None:
            verdicts = await probe(self._canary, canaries)
            found.update((verdict.right, verdict) for verdict in verdicts)
        return found

    async def _unfenceable(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for wave in self._plan.waves:
            step = fence_step(wave)
            action = None if step is None else fencing(step, wave, self._plan)
            if isinstance(action, Fence) and (why := await self._fencing.why_unfit(action)):
                found[wave.name] = why
        return found
