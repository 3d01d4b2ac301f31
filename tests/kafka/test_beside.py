"""The plan decides what is looked at beside the clusters."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from cockpit.cli.observing.measure import StepClock
from cockpit.core.plan import Login, RegistrySpec, SecretRef
from cockpit.core.survey import QuotasSurvey
from cockpit.kafka.beside import Watched, beside_clusters
from cockpit.kafka.patience import Tasks
from cockpit.plan.secrets import SecretUnavailable
from cockpit.ports import PortError
from tests.kafka.clock import RealClock
from tests.kafka.fake_registry import fake_registry
from tests.kafka.http_server import Answer, Asked, http_server
from tests.plan.given import MINIMAL, load


def no_secret(ref: SecretRef) -> str:
    raise SecretUnavailable(f"environment variable {ref.name} is not set")


async def test_a_registry_is_looked_at_when_the_plan_names_it() -> None:
    plan = load(MINIMAL)
    assert [f.name for f in beside_clusters(plan, RealClock(), no_secret).feeds] == ["connect"]
    async with fake_registry() as registry:
        named = replace(plan, target_registry=RegistrySpec(registry.url))
        beside = beside_clusters(named, RealClock(), no_secret)
        connect, target = beside.feeds
        assert (connect.name, target.name) == ("connect", "target.registry")
        survey = await target.read()
        assert survey.feed == target.name
        for close in beside.closers:
            await close()


async def test_a_connect_that_is_down_is_a_failure_of_its_feed() -> None:
    plan = load(MINIMAL)
    down = replace(plan, replication=replace(plan.replication, connect="http://127.0.0.1:1"))
    beside = beside_clusters(down, RealClock(), no_secret)
    with pytest.raises(PortError) as caught:
        await beside.feeds[0].read()
    assert caught.value.kind == "unreachable"
    for close in beside.closers:
        await close()


def test_a_registry_s_missing_password_is_said_before_anything_is_asked() -> None:
    login = Login("cockpit", SecretRef("env", "REGISTRY"))
    spec = RegistrySpec("http://127.0.0.1:1", login=login)
    with pytest.raises(SecretUnavailable):
        beside_clusters(replace(load(MINIMAL), source_registry=spec), RealClock(), no_secret)


async def test_who_hangs_is_known_within_three_seconds_and_back_when_he_answers() -> None:
    """Connect and a registry alike: asked each second, and given up on in time."""
    hanging = False

    def respond(asked: Asked) -> Answer:
        if hanging:
            return Answer(None)
        return Answer.of({"version": "4.0.0"} if asked.target == "/" else [])

    loop = asyncio.get_running_loop()
    async with http_server(respond) as server:
        plan = load(MINIMAL)
        plan = replace(
            plan,
            replication=replace(plan.replication, connect=server.url),
            source_registry=RegistrySpec(server.url),
        )
        beside = beside_clusters(plan, RealClock(), no_secret)
        try:
            for feed in beside.feeds:
                hanging = False
                await feed.read()
                hanging = True
                began_s = loop.time()
                with pytest.raises(PortError) as caught:
                    await feed.read()
                assert caught.value.kind == "slow"
                assert loop.time() - began_s + feed.every_ms / 1000 < 3.0
        finally:
            for close in beside.closers:
                await close()


async def test_a_survey_that_takes_long_is_no_silence_and_the_last_one_stands_meanwhile() -> None:
    tasks, clock = Tasks(), StepClock()
    hold = asyncio.Event()
    hold.set()
    begun: list[int] = []

    async def survey() -> QuotasSurvey:
        begun.append(clock.ms)
        await hold.wait()
        return QuotasSurvey("source", begun[-1], clock.ms, frozenset())

    async def answers() -> object:
        return None

    watched = Watched("it", survey, answers, 5_000, clock, tasks)
    first = await watched.read()
    hold.clear()
    clock.ms += 6_000
    assert await watched.read() is first
    clock.ms += 6_000
    assert await watched.read() is first
    assert len(begun) == 2
    hold.set()
    await asyncio.sleep(0)
    second = await watched.read()
    assert (second.asked_at_ms, second.answered_at_ms) == (begun[1], clock.ms)
    await tasks.close()
