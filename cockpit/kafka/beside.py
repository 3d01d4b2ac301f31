"""What stands beside the clusters and is looked at slowly: schema registries and Connect.

Opens no connection by itself; the first reading does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from cockpit.core.plan import SIDES, Plan, SecretRef
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.connectors import read_connectors
from cockpit.kafka.http import Http
from cockpit.kafka.registry import RegistryReader
from cockpit.ports import Clock, SurveyFeed

REGISTRY_EVERY_MS: Final = 30_000
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
            feeds.append(SurveyFeed(f"{side}.registry", REGISTRY_EVERY_MS, reader.read))
            closers.append(reader.close)
    return Beside(tuple(feeds), tuple(closers))
