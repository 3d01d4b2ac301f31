"""Everything that is looked at more slowly than offsets, on both real clusters: `ports.Surveyor`.

Each side has connections of its own for it, so that no survey ever delays the hot path.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final

from cockpit.core.plan import Plan, Side
from cockpit.kafka.client import Client
from cockpit.kafka.security import Access
from cockpit.kafka.surveys.brokers import BrokersReader
from cockpit.kafka.surveys.marks import read_marks
from cockpit.kafka.surveys.members import MembersReader
from cockpit.kafka.surveys.producers import read_producers
from cockpit.kafka.surveys.quotas import read_quotas
from cockpit.kafka.surveys.storage import read_storage
from cockpit.kafka.surveys.topics import read_topics
from cockpit.kafka.surveys.transactions import read_transactions
from cockpit.kafka.surveys.users import read_users
from cockpit.ports import Clock, SurveyFeed

BROKERS_EVERY_MS: Final = 5_000
MEMBERS_EVERY_MS: Final = 5_000
PRODUCERS_EVERY_MS: Final = 5_000
TOPICS_EVERY_MS: Final = 15_000
TRANSACTIONS_EVERY_MS: Final = 15_000
QUOTAS_EVERY_MS: Final = 30_000
USERS_EVERY_MS: Final = 30_000
STORAGE_EVERY_MS: Final = 60_000
MARKS_EVERY_MS: Final = 30_000

Close = Callable[[], Awaitable[None]]


class KafkaSurveyor:
    """Surveys of both clusters, and what else is given."""

    def __init__(
        self,
        plan: Plan,
        clock: Clock,
        *,
        source: Access,
        target: Access,
        extra: Sequence[SurveyFeed] = (),
        closers: Sequence[Close] = (),
    ) -> None:
        clients = (Client(source), Client(target))
        marks = partial(read_marks, clients[1], clock, plan.groups())
        self._closers = (*(client.close for client in clients), *closers)
        self._feeds = (
            *cluster_surveys("source", plan, clients[0], clock, source.bootstrap),
            *cluster_surveys("target", plan, clients[1], clock, target.bootstrap),
            SurveyFeed("target.marks", MARKS_EVERY_MS, marks),
            *extra,
        )

    def feeds(self) -> tuple[SurveyFeed, ...]:
        """What there is to look at under this plan; the same each time."""
        return self._feeds

    async def close(self) -> None:
        """Let go of every connection, all at once. Never raises."""
        async with asyncio.TaskGroup() as tasks:
            for close in self._closers:
                tasks.create_task(_closed(close), name="close-survey")


async def _closed(close: Close) -> None:
    await close()


def cluster_surveys(
    side: Side, plan: Plan, client: Client, clock: Clock, bootstrap: Sequence[tuple[str, int]]
) -> tuple[SurveyFeed, ...]:
    """The surveys of one cluster, which the plan reaches at these addresses."""
    brokers = BrokersReader(side, client, clock, bootstrap)
    members = MembersReader(side, client, clock, plan.groups())
    producers = partial(read_producers, side, client, clock, plan.topics())
    return (
        SurveyFeed(f"{side}.brokers", BROKERS_EVERY_MS, brokers.read),
        SurveyFeed(f"{side}.members", MEMBERS_EVERY_MS, members.read),
        SurveyFeed(f"{side}.producers", PRODUCERS_EVERY_MS, producers),
        SurveyFeed(f"{side}.topics", TOPICS_EVERY_MS, partial(read_topics, side, client, clock)),
        SurveyFeed(
            f"{side}.transactions",
            TRANSACTIONS_EVERY_MS,
            partial(read_transactions, side, client, clock),
        ),
        SurveyFeed(f"{side}.quotas", QUOTAS_EVERY_MS, partial(read_quotas, side, client, clock)),
        SurveyFeed(f"{side}.users", USERS_EVERY_MS, partial(read_users, side, client, clock)),
        SurveyFeed(f"{side}.storage", STORAGE_EVERY_MS, partial(read_storage, side, client, clock)),
    )
