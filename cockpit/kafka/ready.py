"""Builds what asks both clusters whether a plan's waves would be let through: rights and fences.

Opens no connection by itself; the first reading does. Connections of its own: it delays nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cockpit.core.plan import Plan, SecretRef
from cockpit.kafka.beside import Beside
from cockpit.kafka.client import Client
from cockpit.kafka.effects.fence import Fencing
from cockpit.kafka.security import Access, access
from cockpit.kafka.surveys.readiness import ReadinessReader
from cockpit.ports import Clock, SurveyFeed

READY_EVERY_MS: Final = 30_000


def readiness_surveys(
    plan: Plan,
    clock: Clock,
    reveal: Callable[[SecretRef], str],
    *,
    source: Access,
    target: Access,
) -> Beside:
    """The survey of a plan. Whatever `reveal` raises passes through."""
    login = plan.source.canary
    here, there = Client(source), Client(target)
    canary = Client(access(plan.source, reveal, login=login)) if login is not None else None
    fencing = Fencing.of(plan, clock, admin=here, changer=here, canary=canary)
    reader = ReadinessReader(
        plan, clock, source=here, target=there, canary=canary, fencing_tool=fencing
    )
    closers = (here.close, there.close, *((canary.close,) if canary is not None else ()))
    feed = SurveyFeed("readiness", READY_EVERY_MS, reader.read, is_awaited=True)
    return Beside((feed,), closers)
