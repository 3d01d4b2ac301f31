"""Which rights a principal holds, by what brokers of all ages answer."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.plan import Plan
from cockpit.core.readiness import missing_text, wave_rights
from cockpit.core.rights import Right
from cockpit.kafka.client import Client
from cockpit.kafka.effects.authorizer import CLASS_KEY, authorizers
from cockpit.kafka.rights import Verdict, probe
from cockpit.ports import PortError
from tests.core.build import two_wave_plan
from tests.kafka.fake_broker import NEW, FakeCluster, Partition, fake_cluster

QUOTAS, CLUSTER_REFUSED = 48, 31


def configs_right(plan: Plan, wave: int) -> Right:
    """The right to describe the source's own configs, as this wave needs it."""
    (right,) = [r for r in wave_rights(plan, plan.waves[wave]) if r.operation == "describe_configs"]
    return right


def before_quotas(error: int) -> FakeCluster:
    """Brokers before 2.6 that answer this when they are asked for their own configs."""
    found = FakeCluster(topics={"orders": [Partition(1)]})
    found.versions = {key: span for key, span in NEW.items() if key != QUOTAS}
    found.surveyed.configs = {CLASS_KEY: "kafka.security.auth.SimpleAclAuthorizer"}
    found.surveyed.config_errors = {"1": error, "2": error}
    return found


async def verdict(cluster: FakeCluster, right: Right) -> Verdict:
    async with fake_cluster(cluster):
        client = Client(cluster.access())
        try:
            (found,) = await probe(client, [right])
        finally:
            await client.close()
        return found


@pytest.mark.parametrize(("error", "word"), [(0, "held"), (CLUSTER_REFUSED, "missing")])
async def test_without_a_quota_api_a_fences_right_is_found_by_the_authorizers_name(
    error: int, word: str
) -> None:
    plan = two_wave_plan()
    right = configs_right(plan, 1)
    assert (await verdict(before_quotas(error), right)).word == word
    assert missing_text(plan, right).endswith(
        "--allow-principal=User:ANONYMOUS --operation=DescribeConfigs --cluster"
    )


async def test_where_nothing_is_fenced_it_is_not_needed_without_a_quota_api() -> None:
    right = replace(configs_right(two_wave_plan(), 1), why=("quotas",))
    assert (await verdict(before_quotas(CLUSTER_REFUSED), right)).word == "unneeded"


async def test_a_broker_that_does_not_tell_its_authorizer_says_which_right_that_takes() -> None:
    async with fake_cluster(before_quotas(CLUSTER_REFUSED)) as cluster:
        client = Client(cluster.access())
        with pytest.raises(PortError) as caught:
            await authorizers(client)
        await client.close()
    assert caught.value.kind == "refused"
    assert "needs the right DescribeConfigs on the cluster" in caught.value.reason
