"""Reads once everything that a flight would read, as the principals that it would fly with.

Changes nothing. What it finds is for `cockpit doctor` to say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

from cockpit.cli.preflight import missing_connectors, missing_topics, patiently
from cockpit.core.errorrates import is_refusal
from cockpit.core.innererrors import inner_errors, refused
from cockpit.core.left import Left
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import (
    ConfigSample,
    FailureKind,
    GroupSample,
    LogSample,
    MirrorSample,
    Sample,
    SignalSample,
    Unknown,
    partition_text,
)
from cockpit.core.plan import SIDES, Plan, SecretRef, Side
from cockpit.core.rights import MirrorNames, Right, rights
from cockpit.core.survey import (
    BrokersSurvey,
    ImagesSurvey,
    MembersSurvey,
    ProducersSurvey,
    RegistrySurvey,
    StorageSurvey,
    Survey,
    TransactionsSurvey,
    WindowsSurvey,
)
from cockpit.engine.feeds import Feed, all_feeds
from cockpit.kafka.client import Client
from cockpit.kafka.connect import NO_POSITIONS, ConnectRest
from cockpit.kafka.errors import UnsupportedError
from cockpit.kafka.factory import RealPorts, connect_real
from cockpit.kafka.http import Http
from cockpit.kafka.names import names_of
from cockpit.kafka.rights import Verdict, may_everything, probe
from cockpit.kafka.security import access
from cockpit.ports import Clock, PortError

TIMEOUT_S = 20
NAMED = 3
"""How many of many alike are named."""


@dataclass(frozen=True, slots=True)
class Unread:
    """A feed, or a part of one, that could not be read.

    `too_old`: the brokers cannot answer, whatever the rights; its pane stays unknown.
    """

    feed: str
    kind: FailureKind | Literal["too_old"]
    reason: str


@dataclass(slots=True)
class Examination:
    """What was found."""

    verdicts: list[Verdict] = field(default_factory=list)
    """Of every right of every principal that could log in."""
    shut: dict[str, PortError] = field(default_factory=dict)
    """Sides, or the canary, that could not be asked at all, and why."""
    unread: list[Unread] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    read: list[str] = field(default_factory=list)
    """Feeds that were read."""
    left: Left = field(default_factory=Left)
    """What an earlier attempt has left standing."""


async def examine(plan: Plan, clock: Clock, reveal: Callable[[SecretRef], str]) -> Examination:
    """Look at everything. Raises PortError or SecretUnavailable where nothing can be begun."""
    found = Examination()
    ports = connect_real(plan, clock, reveal)
    try:
        mirror = await mirror_names(plan)
        async with asyncio.TaskGroup() as group:
            for side in SIDES:
                task = _ask_rights(plan, side, rights(plan, mirror), reveal, found)
                group.create_task(task, name=f"rights {side}")
            if plan.source.canary is not None:
                task = _ask_canary(plan, rights(plan, mirror), reveal, found)
                group.create_task(task, name="rights canary")
            for feed in _feeds(plan, ports):
                group.create_task(_read(plan, feed, found), name=f"feed {feed.name}")
    finally:
        await ports.close()
    found.unread = [unread for unread in found.unread if not _shut(unread.feed, found)]
    found.unread.sort(key=lambda unread: (unread.feed, unread.reason))
    found.problems.sort()
    return found


def _feeds(plan: Plan, ports: RealPorts) -> tuple[Feed, ...]:
    clusters = {"source": ports.source, "target": ports.target}
    return all_feeds(
        plan,
        {side: clusters[side] for side in SIDES},
        ports.replication,
        ports.signals,
        lambda: 1_000,
        ports.surveyor,
    )


def _shut(feed: str, found: Examination) -> bool:
    """Whether a feed could not be read because its whole side could not."""
    return feed.partition(".")[0] in found.shut


async def mirror_names(plan: Plan) -> MirrorNames | None:
    """What the mirror calls the clusters, by its own config; None where it cannot be asked."""
    if not plan.replication.connect:
        return None
    http = Http()
    rest = ConnectRest(http, plan.replication.connect)
    try:
        config = await rest.config(plan.replication.source_connector)
    except PortError:
        return None
    finally:
        await http.close()
    return names_of(config)


# --- rights ---------------------------------------------------------------------------------------


async def _ask_rights(
    plan: Plan,
    side: Side,
    wanted: Iterable[Right],
    reveal: Callable[[SecretRef], str],
    found: Examination,
) -> None:
    client = Client(access(plan.source if side == "source" else plan.target, reveal))
    mine = [right for right in wanted if right.side == side and not right.canary]
    try:
        async with asyncio.timeout(TIMEOUT_S):
            found.verdicts.extend(await probe(client, mine))
    except PortError as error:
        found.shut[side] = error
    except TimeoutError:
        found.shut[side] = PortError("slow", f"no answer within {TIMEOUT_S} s")
    finally:
        await client.close()


async def _ask_canary(
    plan: Plan, wanted: Iterable[Right], reveal: Callable[[SecretRef], str], found: Examination
) -> None:
    login = plan.source.canary
    assert login is not None
    client = Client(access(plan.source, reveal, login=login))
    try:
        async with asyncio.timeout(TIMEOUT_S):
            found.verdicts.extend(await probe(client, [right for right in wanted if right.canary]))
            if await may_everything(client):
                found.problems.append(
                    f"source: canary User:{login.username} may do everything: a super user, or no"
                    " authorizer; no fence can be proved by it"
                )
    except UnsupportedError:
        return
    except PortError as error:
        found.shut["canary"] = error
    except TimeoutError:
        found.shut["canary"] = PortError("slow", f"no answer within {TIMEOUT_S} s")
    finally:
        await client.close()


# --- feeds ----------------------------------------------------------------------------------------


async def _read(plan: Plan, feed: Feed, found: Examination) -> None:
    sample = await _sample(feed.name, feed.read, found)
    if sample is None:
        return
    missing = tuple(gaps(plan, sample))
    for kind, reason in missing:
        found.unread.append(Unread(feed.name, kind, reason))
    if not missing:
        found.read.append(feed.name)
    if isinstance(sample, ConfigSample):
        found.problems.extend(missing_topics(plan, sample))
    elif isinstance(sample, MirrorSample):
        found.problems.extend(_mirror_problems(plan, sample))


async def _sample(
    feed: str, read: Callable[[], Awaitable[Sample | Survey]], found: Examination
) -> Sample | Survey | None:
    """One reading, or None and a line of why not."""
    kind: FailureKind | Literal["too_old"] = "protocol"
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return await patiently(read)
    except UnsupportedError as error:
        kind, reason = "too_old", error.reason
    except PortError as error:
        kind, reason = error.kind, error.reason
    except TimeoutError:
        kind, reason = "slow", f"no answer within {TIMEOUT_S} s"
    except Exception as error:  # noqa: BLE001  # one feed's defect must not hide the others
        reason = f"{type(error).__name__}: {error}"
    found.unread.append(Unread(feed, kind, reason))
    return None


Gap = tuple[FailureKind | Literal["too_old"], str]


def gaps(plan: Plan, sample: Sample | Survey) -> Iterator[Gap]:
    """Parts of an answer that are unknown and that the plan would miss."""
    match sample:
        case LogSample(errors=errors) | ProducersSurvey(errors=errors):
            mine = {partition_text(tp): why for tp, why in errors.items() if tp[0] in plan.topics()}
            yield from _alike(mine)
        case GroupSample() | MembersSurvey():
            mine = {n: why for n, why in inner_errors(sample).items() if n in plan.groups()}
            yield from _alike(mine)
        case TransactionsSurvey() | ConnectSurvey() | StorageSurvey() | RegistrySurvey():
            yield from _alike(dict(inner_errors(sample)))
        case BrokersSurvey():
            yield from _away(sample)
        case ConfigSample(unknown=unknown, configs_unknown=untold):
            yield from _alike({n: why for n, why in unknown.items() if n in plan.topics()})
            yield from (("too_old", why) for _, why in _alike(dict(untold)))
        case MirrorSample(positions_unknown=why) if why:
            yield "too_old" if why == NO_POSITIONS else "protocol", why
        case WindowsSurvey() | ImagesSurvey():
            yield from _alike(refused(sample))
        case SignalSample(value=Unknown(reason=reason)):
            yield "protocol", reason
        case _:
            return


def _away(sample: BrokersSurvey) -> Iterator[Gap]:
    for broker in sample.brokers:
        if broker.word != "connected":
            yield broker.word, f"broker {broker.node} {broker.address}: {broker.reason}"


def _alike(whys: dict[str, str]) -> Iterator[Gap]:
    """A line for each reason, with some of the names that it goes for."""
    for why in dict.fromkeys(whys.values()):
        names = [name for name, other in whys.items() if other == why]
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        kind: FailureKind = "refused" if is_refusal(why) else "protocol"
        yield kind, f"{', '.join(names[:NAMED])}{more}: {why}"


def _mirror_problems(plan: Plan, sample: MirrorSample) -> Iterator[str]:
    yield from missing_connectors(plan, sample)
    for connector in sample.connectors:
        if connector.state != "RUNNING":
            yield f"mirror: connector {connector.name} is {connector.state}"
        for task in connector.tasks:
            if task.state != "RUNNING":
                cause = f": {task.cause}" if task.cause else ""
                yield f"mirror: task {task.id} of {connector.name} is {task.state}{cause}"
