"""The plan decides what is looked at beside the clusters."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.plan import Login, RegistrySpec, SecretRef
from cockpit.kafka.beside import beside_clusters
from cockpit.plan.secrets import SecretUnavailable
from cockpit.ports import PortError
from tests.kafka.clock import RealClock
from tests.kafka.fake_registry import fake_registry
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
