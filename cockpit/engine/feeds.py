"""Reads every feed at its own pace and puts the answers into the inbox.

One read of a feed is under way at a time; a slow answer makes the next one late, never queues it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import Failure, Sample
from cockpit.core.plan import SIDES, Plan, Side
from cockpit.core.survey import Survey
from cockpit.ports import Clock, Cluster, PortError, Replication, Signals, SurveyFeed, Surveyor

STATES_EVERY_MS = 2_000
"""How often states and members of groups are read while nothing hurries."""
ACLS_EVERY_MS = 2_000
CONFIGS_EVERY_MS = 15_000
INFO_EVERY_MS = 30_000
MIRROR_EVERY_MS = 200
"""The shortest pace of the mirror's own tellings: a Connect worker reads a topic for each."""
BREATH_MS = 100
"""A cluster that takes its time to answer is left alone for as long as it took, up to this."""
LOOK_AGAIN_MS = 1_000
"""How soon a feed that nobody needs now looks whether somebody does."""
GIVES_WAY_MS = 5_000
"""How long a slow look is put off while clients are blocked. A feed that is read more often than
this goes on: it tells of outages."""
FAILED_AGAIN_MS = 1_000
FAILED_LAST_MS = 30_000
"""The longest pause after a failure, of a feed whose own pace is slower."""

Put = Callable[[Sample | Survey | Failure], Awaitable[None]]
Pace = Callable[[], int]


@dataclass(frozen=True, slots=True)
class Feed:
    """One thing to read again and again."""

    name: str
    read: Callable[[], Awaitable[Sample | Survey]]
    pace_ms: Pace
    wanted: Callable[[], bool] = lambda: True
    others_first: Callable[[], bool] = lambda: False
    """Whether what is read of clusters whose clients are blocked needs the time more."""
    overtaken: Callable[[], bool] | None = None
    """Whether what was told last is no longer so, and somebody waits; None: nobody ever does."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Which wave waits to be begun, empty: none; and whether it waits for an awaited survey to be
    read again."""

    next_wave: Callable[[], str] = lambda: ""
    is_overtaken: Callable[[], bool] = lambda: False


NOBODY: Final = Waiting()


def cluster_feeds(side: Side, cluster: Cluster, pace_ms: Pace) -> tuple[Feed, ...]:
    """What one cluster tells. Each is a feed of its own: none waits for another."""

    def groups() -> Awaitable[Sample]:
        hurried = pace_ms() < STATES_EVERY_MS // 2
        return cluster.groups(states_max_age_ms=0 if hurried else STATES_EVERY_MS)

    return (
        Feed(f"{side}.groups", groups, pace_ms),
        Feed(f"{side}.logs", cluster.logs, pace_ms),
        Feed(f"{side}.acls", cluster.acls, lambda: ACLS_EVERY_MS),
        Feed(f"{side}.configs", cluster.configs, lambda: CONFIGS_EVERY_MS),
        Feed(f"{side}.info", cluster.info, lambda: INFO_EVERY_MS),
    )


def all_feeds(
    plan: Plan,
    clusters: dict[Side, Cluster],
    replication: Replication,
    signals: Signals,
    pace_ms: Pace,
    surveyor: Surveyor | None = None,
    waiting: Waiting = NOBODY,
) -> tuple[Feed, ...]:
    """Every feed of a flight."""
    feeds: list[Feed] = []
    for side in SIDES:
        feeds.extend(cluster_feeds(side, clusters[side], pace_ms))

    def mirror_pace_ms() -> int:
        return max(pace_ms(), MIRROR_EVERY_MS)

    feeds.append(Feed("mirror", replication.mirror, mirror_pace_ms))
    feeds.append(Feed("syncs", replication.syncs, mirror_pace_ms))
    feeds.extend(_signal_feed(signals, spec.name) for spec in plan.signals)
    surveys = surveyor.feeds() if surveyor else ()
    feeds.extend(_survey_feed(survey, waiting, pace_ms) for survey in surveys)
    return tuple(feeds)


def _signal_feed(signals: Signals, name: str) -> Feed:
    async def read() -> Sample:
        return await signals.read(name)

    return Feed(f"signal.{name}", read, lambda: 1_000)


def _survey_feed(survey: SurveyFeed, waiting: Waiting, pace_ms: Pace) -> Feed:
    def wanted() -> bool:
        return not survey.wave or survey.wave == waiting.next_wave()

    def others_first() -> bool:
        return survey.every_ms >= GIVES_WAY_MS and pace_ms() <= MIRROR_EVERY_MS

    overtaken = waiting.is_overtaken if survey.is_awaited else None
    return Feed(survey.name, survey.read, lambda: survey.every_ms, wanted, others_first, overtaken)


async def follow(feed: Feed, clock: Clock, put: Put) -> None:
    """Read a feed until cancelled. Whatever goes wrong becomes a Failure of this feed alone.

    What is away is looked for soon. What is refused, or makes no sense, is tried again ever later,
    up to the feed's own pace: brokers log each refusal.
    """
    refusals = 0
    while True:
        if not feed.wanted():
            await clock.sleep(LOOK_AGAIN_MS)
            continue
        await _give_way(feed, clock)
        asked_ms = clock.now_ms()
        failed, away = False, False
        try:
            await put(await feed.read())
        except PortError as error:
            failed, away = error.kind != "unsupported", error.kind in ("slow", "unreachable")
            await put(Failure(feed.name, asked_ms, clock.now_ms(), error.kind, error.reason))
        except Exception as error:  # noqa: BLE001  # the edge: one feed's defect must not end a flight
            failed = True
            reason = f"{type(error).__name__}: {error}"
            await put(Failure(feed.name, asked_ms, clock.now_ms(), "protocol", reason))
        refusals = refusals + 1 if failed and not away else 0
        if failed:
            await clock.sleep(_pause_ms(feed, refusals, clock.now_ms() - asked_ms))
            continue
        spent_ms = clock.now_ms() - asked_ms
        pause_ms = max(feed.pace_ms() - spent_ms, min(spent_ms, BREATH_MS), 20)
        await _rest(feed, clock, pause_ms)


async def _rest(feed: Feed, clock: Clock, pause_ms: int) -> None:
    """Wait, but no longer than a moment after what was told last was overtaken."""
    if feed.overtaken is None:
        await clock.sleep(pause_ms)
        return
    until_ms = clock.now_ms() + pause_ms
    while (left_ms := until_ms - clock.now_ms()) > 0:
        await clock.sleep(min(left_ms, LOOK_AGAIN_MS))
        if feed.overtaken():
            return


async def _give_way(feed: Feed, clock: Clock) -> None:
    for _ in range(GIVES_WAY_MS // LOOK_AGAIN_MS):
        if not feed.others_first():
            return
        await clock.sleep(LOOK_AGAIN_MS)


def _pause_ms(feed: Feed, refusals: int, spent_ms: int) -> int:
    """How long to wait after a failure that took so long, the last of so many refusals in a row."""
    doubled = FAILED_AGAIN_MS << min(max(refusals - 1, 0), 10)
    pause_ms = min(max(feed.pace_ms(), FAILED_AGAIN_MS), doubled, FAILED_LAST_MS)
    return max(pause_ms - spent_ms, FAILED_AGAIN_MS // 4)
