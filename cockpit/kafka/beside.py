"""What stands beside the clusters and is looked at slowly: schema registries and Connect.

Opens no connection by itself; the first reading does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from cockpit.core.plan import SIDES, Plan, SecretRef
from cockpit.core.survey import RegistrySurvey
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.connectors import read_connectors
from cockpit.kafka.http import Http
from cockpit.kafka.registry import RegistryReader
from cockpit.ports import Clock, PortError, SurveyFeed

REGISTRY_EVERY_MS: Final = 30_000
ANSWERS_EVERY_MS: Final = 2_000
"""Whether a registry is there is known soon; what is in it changes seldom."""
CONNECT_EVERY_MS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Beside:
    """Surveys, and how to let go of what they read."""

    feeds: tuple[SurveyFeed, ...]
    closers: tuple[Callable[[], Awaitable[None]], ...]


def beside_clusters(plan: Plan, clock: Clock, reveal: Callable[[SecretRef], str]) -> Beside:
    """The surveys of a plan. Whatever `reveal` raises passes through."""
    http = Http()
    rest = ConnectRest(http, plan.replication.connect)
    feeds = [SurveyFeed("connect", CONNECT_EVERY_MS, partial(read_connectors, rest, clock))]
    closers = [http.close]
    for side in SIDES:
        spec = plan.registry(side)
        if spec is not None:
            reader = RegistryReader(side, spec, clock, reveal)
            feeds.append(SurveyFeed(f"{side}.registry", ANSWERS_EVERY_MS, _watched(reader, clock)))
            closers.append(reader.close)
    return Beside(tuple(feeds), tuple(closers))


def _watched(reader: RegistryReader, clock: Clock) -> Callable[[], Awaitable[RegistrySurvey]]:
    """The registry's newest survey; in between it is only asked whether it is still there."""
    newest: RegistrySurvey | None = None

    async def read() -> RegistrySurvey:
        nonlocal newest
        if newest is not None and clock.now_ms() - newest.asked_at_ms < REGISTRY_EVERY_MS:
            try:
                await reader.answers()
            except PortError:
                newest = None
                raise
            return newest
        newest = await reader.read()
        return newest

    return read
