"""The slower looks at brokers of every age: what one cannot answer it says, the rest is read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from cockpit.core.rights import rights
from cockpit.core.survey import (
    BrokersSurvey,
    MembersSurvey,
    ProducersSurvey,
    StorageSurvey,
    Survey,
    TopicsSurvey,
)
from cockpit.kafka.client import Client
from cockpit.kafka.errors import UnsupportedError
from cockpit.kafka.rights import probe
from cockpit.kafka.surveyor import cluster_surveys
from cockpit.kafka.surveys.producers import read_producers
from cockpit.lab.versions import Broker, broker_of
from cockpit.ports import PortError
from tests.core.build import two_wave_plan
from tests.kafka.clock import RealClock, until
from tests.kafka.old_brokers import touch_topic

pytestmark = [pytest.mark.broker, pytest.mark.soak]

CREATING = {"auto.create.topics.enable": "true", "num.partitions": "3"}
NO_GROUPS = "Kafka before 0.9 has no group API"
NO_SIZES = "Kafka before 1.0 does not tell the sizes of its logs"
NO_QUOTAS = "Kafka before 2.6 has no quota API"
NO_USERS = "Kafka before 2.7 has no API for SCRAM users"
NO_PRODUCERS = "Kafka before 2.8 does not list producers"
NO_TRANSACTIONS = "Kafka before 3.0 does not list transactions"


async def surveys(broker: Broker, client: Client) -> tuple[dict[str, Survey], dict[str, str]]:
    """What could be read by feed, and why the rest could not."""
    plan = two_wave_plan()
    read: dict[str, Survey] = {}
    lacking: dict[str, str] = {}
    for feed in cluster_surveys("source", plan, client, RealClock(), broker.access().bootstrap):
        kind = feed.name.removeprefix("source.")
        try:
            read[kind] = await feed.read()
        except UnsupportedError as error:
            lacking[kind] = error.reason
    return read, lacking


@pytest.mark.parametrize(
    ("version", "release", "lacks"),
    [
        (
            "0.8.2.2",
            "before 0.10",
            {
                "members": NO_GROUPS,
                "producers": NO_PRODUCERS,
                "transactions": NO_TRANSACTIONS,
                "quotas": NO_QUOTAS,
                "users": NO_USERS,
                "storage": NO_SIZES,
            },
        ),
        (
            "1.0.2",
            "1.0",
            {
                "producers": NO_PRODUCERS,
                "transactions": NO_TRANSACTIONS,
                "quotas": NO_QUOTAS,
                "users": NO_USERS,
            },
        ),
        ("3.9.2", "3.9", {}),
    ],
)
async def test_what_each_version_can_tell(
    tmp_path: Path, version: str, release: str, lacks: Mapping[str, str]
) -> None:
    async with broker_of(version, tmp_path, settings=CREATING) as broker:
        client = Client(broker.access(), timeout_ms=15_000)
        try:
            await _one_topic(broker, client)
            await _leaders_lead(client, version)
            read, lacking = await surveys(broker, client)
            verdicts = await probe(client, rights(two_wave_plan()))
        finally:
            await client.close()
    assert lacking == lacks
    # an old broker does not tell what is allowed: what it does not refuse stays unproven
    assert "missing" not in {verdict.word for verdict in verdicts}
    unproven = {v.right.resource for v in verdicts if v.word == "unproven"} - {"group"}
    assert bool(unproven) is (version != "3.9.2")
    _brokers(read["brokers"], broker.address, release)
    topics = read["topics"]
    assert isinstance(topics, TopicsSurvey)
    assert topics.topics["orders"].partitions == 3
    assert bool(topics.topics["orders"].id) is (version == "3.9.2")
    if "members" in read:
        members = read["members"]
        assert isinstance(members, MembersSurvey)
        # nobody has ever committed there: its coordinator is not there yet
        whys = {group.unknown for group in members.groups.values()}
        assert whys <= {"coordinator not available (15)"}
    if "storage" in read:
        storage = read["storage"]
        assert isinstance(storage, StorageSurvey)
        assert {tp for tp in storage.sizes if tp[0] == "orders"} == {
            ("orders", p) for p in range(3)
        }
    if "producers" in read:
        producers = read["producers"]
        assert isinstance(producers, ProducersSurvey)
        assert not producers.errors


async def _one_topic(broker: Broker, client: Client) -> None:
    """The topic of the plan, made by asking for it."""
    (address,) = broker.access().bootstrap

    async def made() -> bool:
        try:
            await client.call_at(address, touch_topic("orders"))
            parts = (await client.view()).topics["orders"].partitions
        except (PortError, KeyError):
            return False
        return all(part.leader >= 0 for part in parts)

    await until(made, timeout_s=15)


async def _leaders_lead(client: Client, version: str) -> None:
    """A leader may learn a moment later than the metadata that it leads."""

    async def lead() -> bool:
        survey = await read_producers("source", client, RealClock(), ["orders"])
        return not survey.errors

    if version == "3.9.2":
        await until(lead, timeout_s=15)


def _brokers(survey: Survey, address: str, release: str) -> None:
    assert isinstance(survey, BrokersSurvey)
    (broker,) = survey.brokers
    assert (broker.node, broker.word, broker.address) == (1, "connected", address)
    assert broker.release == release
