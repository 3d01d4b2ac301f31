"""Looks once at everything that a plan needs, before a flight: each problem in one line."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from cockpit.core.observe import ConfigSample, MirrorSample
from cockpit.core.plan import Plan
from cockpit.ports import PortError

if TYPE_CHECKING:
    from cockpit.engine.loop import Ports

A = TypeVar("A")

TIMEOUT_S = 20
TRIES = 6
"""A port says in time that an answer is slow, and reads on: how often it is asked."""


async def preflight(plan: Plan, ports: Ports) -> tuple[str, ...]:
    """Everything that would keep the plan from being flown now; empty: nothing."""
    looks: Mapping[str, Callable[[], Awaitable[object]]] = {
        "source": ports.source.configs,
        "target": ports.target.configs,
        "mirror": ports.replication.mirror,
    }
    answers: dict[str, object] = {}
    async with asyncio.TaskGroup() as group:
        for name, look in looks.items():
            group.create_task(_look(name, look, answers), name=f"preflight {name}")
    problems: list[str] = []
    for name in looks:
        answer = answers[name]
        if isinstance(answer, PortError):
            problems.append(f"{name}: {answer.kind}: {answer.reason}")
        elif isinstance(answer, ConfigSample):
            problems.extend(missing_topics(plan, answer))
        elif isinstance(answer, MirrorSample):
            problems.extend(missing_connectors(plan, answer))
    return tuple(problems)


async def patiently(read: Callable[[], Awaitable[A]], *, tries: int = TRIES) -> A:
    """One reading by who does not come back: what merely takes its time is waited for longer.

    Raises PortError.
    """
    for _ in range(tries - 1):
        try:
            return await read()
        except PortError as error:
            if error.kind != "slow":
                raise
    return await read()


async def _look(
    name: str, look: Callable[[], Awaitable[object]], answers: dict[str, object]
) -> None:
    """Ask, and ask again what is only slow: nothing has begun yet, so there is time."""
    try:
        async with asyncio.timeout(TIMEOUT_S):
            answers[name] = await patiently(look, tries=TIMEOUT_S)
    except PortError as error:
        answers[name] = error
    except TimeoutError:
        answers[name] = PortError("slow", f"no answer within {TIMEOUT_S} s")


def missing_topics(plan: Plan, sample: ConfigSample) -> list[str]:
    """A line for each topic of the plan that one cluster does not show."""
    problems: list[str] = []
    for topic in plan.topics():
        if topic not in sample.partitions:
            users = [s.name for s in plan.services if topic in (*s.produces, *s.consumes)]
            problems.append(
                f"{sample.side}: topic {topic} does not exist, or may not be described "
                f"(used by {', '.join(users)})"
            )
    return problems


def missing_connectors(plan: Plan, sample: MirrorSample) -> list[str]:
    """A line for each connector of the plan that Connect does not have."""
    known = {connector.name for connector in sample.connectors}
    who = "Connect has no connector" if plan.replication.kind == "mirrormaker2" else "there is no"
    wanted = plan.replication.movers
    return [f"mirror: {who} {name}" for name in wanted if name not in known]
