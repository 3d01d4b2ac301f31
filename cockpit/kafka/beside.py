"""What stands beside the clusters and is looked at slowly: schema registries and Connect.

Opens no connection by itself; the first reading does.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import partial
from typing import Final, Generic, TypeVar

from cockpit.core.plan import SIDES, Plan, SecretRef
from cockpit.core.survey import Survey
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.connectors import read_connectors
from cockpit.kafka.http import Http
from cockpit.kafka.patience import Tasks, Unhurried
from cockpit.kafka.registry import RegistryReader
from cockpit.ports import Clock, PortError, SurveyFeed

S = TypeVar("S", bound=Survey)

REGISTRY_EVERY_MS: Final = 30_000
CONNECT_EVERY_MS: Final = 5_000
ANSWERS_EVERY_MS: Final = 1_000
ALIVE_WITHIN_S: Final = 1.6
"""Whether somebody is there is known within three seconds; what he has to say may take longer."""


@dataclass(frozen=True, slots=True)
class Beside:
    """Surveys, and how to let go of what they read."""

    feeds: tuple[SurveyFeed, ...]
    closers: tuple[Callable[[], Awaitable[None]], ...]


def beside_clusters(
    plan: Plan,
    clock: Clock,
    reveal: Callable[[SecretRef], str],
    *,
    ids: AbstractSet[int] = frozenset(),
) -> Beside:
    """The surveys of a plan. Whatever `reveal` raises passes through. The registries are asked for
    `ids` by themselves where no subject lists them; it may change while they are read."""
    http = Http()
    rest = ConnectRest(http, plan.replication.connect)
    tasks = Tasks()
    connect = Watched(
        "Connect",
        partial(read_connectors, rest, clock),
        partial(rest.at, ""),
        CONNECT_EVERY_MS,
        clock,
        tasks,
    )
    is_asked = bool(plan.replication.connect)
    feeds = [SurveyFeed("connect", ANSWERS_EVERY_MS, connect.read)] if is_asked else []
    closers = [tasks.close, http.close]
    for side in SIDES:
        spec = plan.registry(side)
        if spec is not None:
            reader = RegistryReader(side, spec, clock, reveal)
            who = f"the registry of the {side}"
            registry = Watched(who, reader.read, reader.answers, REGISTRY_EVERY_MS, clock, tasks)
            feeds.append(SurveyFeed(f"{side}.registry", ANSWERS_EVERY_MS, registry.read))
            closers.append(reader.close)
    return Beside(tuple(feeds), tuple(closers))


class Watched(Generic[S]):
    """A survey that takes its time, of something that is asked each time whether it is there."""

    def __init__(
        self,
        who: str,
        survey: Callable[[], Awaitable[S]],
        answers: Callable[[], Awaitable[object]],
        every_ms: int,
        clock: Clock,
        tasks: Tasks,
    ) -> None:
        """`answers` asks for next to nothing; `survey` is begun anew `every_ms` after the last."""
        self._survey = survey
        self._answers = answers
        self._every_ms = every_ms
        self._clock = clock
        self._asking = Unhurried[object](who, tasks)
        self._reading = Unhurried[S](who, tasks)
        self._newest: S | None = None

    async def read(self) -> S:
        """The newest survey; the first one is waited for. Raises PortError."""
        while True:
            try:
                await self._asking.read(self._answers, within_s=ALIVE_WITHIN_S)
                newest = self._newest
                if newest is not None and not self._is_due(newest):
                    return newest
                within_s = ALIVE_WITHIN_S if newest is None else 0.0
                found = await self._reading.glance(self._survey, within_s=within_s)
            except PortError:
                self._newest = None
                raise
            if found is not None:
                self._newest = found.value
            if self._newest is not None:
                return self._newest

    def _is_due(self, newest: S) -> bool:
        return self._clock.now_ms() - newest.asked_at_ms >= self._every_ms
