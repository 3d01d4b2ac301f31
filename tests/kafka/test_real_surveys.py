"""The slower looks at real clusters of two ages: what was planted is what is read."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from cockpit.core.observe import Unknown
from cockpit.core.plan import Side
from cockpit.core.survey import BrokersSurvey, Quota, ScramCredential, Survey
from cockpit.kafka.client import Client
from cockpit.kafka.errors import UnsupportedError
from cockpit.kafka.security import host_port
from cockpit.kafka.surveyor import cluster_surveys
from cockpit.kafka.surveys.members import MembersReader
from cockpit.kafka.surveys.producers import read_producers
from cockpit.kafka.surveys.quotas import read_quotas
from cockpit.kafka.surveys.storage import read_storage
from cockpit.kafka.surveys.topics import read_topics
from cockpit.kafka.surveys.transactions import read_transactions
from cockpit.kafka.surveys.users import read_users
from cockpit.lab.jars import fetch
from tests.kafka.clock import RealClock, until
from tests.kafka.planting import User, delete_groups, planted, switch_on
from tests.kafka.real import (
    SIDES,
    address_of,
    client_as,
    library_options,
    plan_of,
    producer_as,
    scratch_topic,
)

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker
CLOCK = RealClock()

QUOTAS = (
    Quota((("user", "planted mario"),), "producer_byte_rate", 1024.0),
    Quota((("client-id", "planted-client"),), "consumer_byte_rate", 1e9),
    Quota((("client-id", ""), ("user", "planted mario")), "request_percentage", 12.5),
    Quota((("client-id", ""),), "producer_byte_rate", 1e12),
    Quota((("user", ""),), "consumer_byte_rate", 1e12),
)
USERS = (
    User(ScramCredential("planted-mario", "SCRAM-SHA-256", 4096)),
    User(ScramCredential("planted-mario", "SCRAM-SHA-512", 8192)),
    User(ScramCredential("planted-luigi", "SCRAM-SHA-512", 4096)),
)


@pytest.mark.parametrize("side", SIDES)
async def test_every_survey_is_read_as_the_cockpits_own_principal(lab: Status, side: Side) -> None:
    plan = plan_of(lab)
    address = address_of(lab, side)
    surveys: dict[str, Survey] = {}
    async with client_as(lab, side, "cockpit") as client:
        for feed in cluster_surveys(side, plan, client, CLOCK, [host_port(address)]):
            if feed.name == "source.transactions":
                with pytest.raises(UnsupportedError, match=r"Kafka before 3\.0 does not list"):
                    await feed.read()
            else:
                surveys[feed.name] = await feed.read()
    assert all(survey.feed == name for name, survey in surveys.items())
    brokers = surveys[f"{side}.brokers"]
    assert isinstance(brokers, BrokersSurvey)
    (broker,) = brokers.brokers
    assert (broker.node, broker.word, broker.address) == (1, "connected", address)
    assert broker.release == {"source": "2.8", "target": "4.1 or newer"}[side]
    assert isinstance(brokers.controller, Unknown) is (side == "target")


@pytest.mark.parametrize("side", SIDES)
async def test_planted_quotas_and_users_are_read_as_they_are(lab: Status, side: Side) -> None:
    async with client_as(lab, side, "admin") as admin, client_as(lab, side, "cockpit") as client:
        quotas_before = (await read_quotas(side, client, CLOCK)).quotas
        users_before = (await read_users(side, client, CLOCK)).credentials
        wanted = quotas_before | set(QUOTAS)
        async with planted(admin, quotas=QUOTAS, users=USERS):

            async def seen() -> bool:
                quotas = (await read_quotas(side, client, CLOCK)).quotas
                users = (await read_users(side, client, CLOCK)).credentials
                assert quotas <= wanted
                planted_users = {user.credential for user in USERS}
                return quotas == wanted and users == users_before | planted_users

            await until(seen, timeout_s=5)

        async def gone() -> bool:
            quotas = (await read_quotas(side, client, CLOCK)).quotas
            return quotas == quotas_before

        await until(gone, timeout_s=5)


@pytest.mark.parametrize("side", SIDES)
async def test_topics_and_their_bytes(lab: Status, side: Side) -> None:
    value = b"x" * 5_000
    async with scratch_topic(lab, "planted.sized", sides=[side]) as topic:
        async with producer_as(lab, "admin", side=side) as producer:
            for _ in range(3):
                await producer.send_and_wait(topic, value, partition=1)
        async with client_as(lab, side, "cockpit") as client:
            facts = (await read_topics(side, client, CLOCK)).topics[topic]
            assert (facts.partitions, facts.replicas) == (3, 1)
            assert (facts.leaderless, facts.under_replicated) == (0, 0)
            storage = await read_storage(side, client, CLOCK)
    assert len(facts.id) == 22
    assert storage.sizes[topic, 0] == 0
    assert 15_000 < storage.sizes[topic, 1] < 16_500
    (directory,) = storage.dirs
    assert directory.broker == 1
    assert not storage.unknown
    # 2.8 does not tell how large its volume is
    assert isinstance(directory.total_bytes, int) is (side == "target")


@contextlib.asynccontextmanager
async def member(lab: Status, side: Side, group: str, topic: str) -> AsyncIterator[None]:
    """A classic member that has its partitions."""
    consumer = AIOKafkaConsumer(
        topic,
        group_id=group,
        client_id="planted-client",
        enable_auto_commit=False,
        **library_options(lab, side, "admin"),
    )
    await consumer.start()
    try:
        async with asyncio.timeout(10):
            while not consumer.assignment():  # noqa: ASYNC110  # the library tells it no other way
                await asyncio.sleep(0.05)
        assert TopicPartition(topic, 0) in consumer.assignment()
        yield
    finally:
        await consumer.stop()
        await delete_group(lab, side, group)


@pytest.mark.parametrize("side", SIDES)
async def test_a_classic_member_with_client_host_and_partitions(lab: Status, side: Side) -> None:
    async with (
        scratch_topic(lab, "planted.members", sides=[side]) as topic,
        client_as(lab, side, "cockpit") as client,
        member(lab, side, "planted-classic", topic),
    ):
        survey = await MembersReader(side, client, CLOCK, ["planted-classic", "nobody"]).read()
        group = survey.groups["planted-classic"]
        assert (group.state, group.unknown) == ("Stable", None)
        assert group.kind == ("" if side == "source" else "classic")
        (found,) = group.members
        assert (found.client_id, found.host) == ("planted-client", "127.0.0.1")
        assert found.assigned == ((topic, 0), (topic, 1), (topic, 2))
        assert "nobody" not in survey.groups


async def delete_group(lab: Status, side: Side, group: str) -> None:
    """Leave nothing of a test's group behind."""
    async with client_as(lab, side, "admin") as admin:
        await admin.call(1, delete_groups([group]))


@contextlib.asynccontextmanager
async def new_protocol_member(
    lab: Status, folder: Path, group: str, topic: str
) -> AsyncIterator[None]:
    """A member by the newer protocol on the target: Kafka's own console consumer."""
    jars = await fetch(lambda _: None)
    options = library_options(lab, "target", "admin")
    login = (
        "org.apache.kafka.common.security.scram.ScramLoginModule required"
        f' username="admin" password="{options["sasl_plain_password"]}";'
    )
    config = folder / "consumer.properties"
    config.write_text(
        f"security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\n"
        f"sasl.jaas.config={login}\ngroup.protocol=consumer\nclient.id=planted-java\n"
    )
    process = await asyncio.create_subprocess_exec(
        jars.java,
        *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Xmx128m", "-cp"),
        jars.classpath("target"),
        "org.apache.kafka.tools.consumer.ConsoleConsumer",
        *("--bootstrap-server", options["bootstrap_servers"], "--topic", topic, "--group", group),
        *("--command-config", str(config)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await delete_group(lab, "target", group)


async def test_a_member_of_the_newer_protocol(lab: Status, tmp_path: Path) -> None:
    async with (
        scratch_topic(lab, "planted.newer", sides=["target"]) as topic,
        client_as(lab, "target", "cockpit") as client,
        client_as(lab, "target", "admin") as admin,
    ):
        # the lab's disk is made without Kafka's own formatting, which would switch it on
        assert await admin.ask_any(switch_on("group.version")) == 0
        await _read_newer_member(lab, client, tmp_path, topic)


async def _read_newer_member(lab: Status, client: Client, folder: Path, topic: str) -> None:
    async with new_protocol_member(lab, folder, "planted-newer", topic):
        reader = MembersReader("target", client, CLOCK, [])

        async def assigned() -> bool:
            group = (await reader.read()).groups.get("planted-newer")
            if group is None or not group.members or not group.members[0].assigned:
                return False
            (found,) = group.members
            assert (group.kind, group.state, group.unknown) == ("consumer", "Stable", None)
            assert (found.client_id, found.host) == ("planted-java", "127.0.0.1")
            return found.assigned == ((topic, 0), (topic, 1), (topic, 2))

        await until(assigned, timeout_s=20)


@pytest.mark.parametrize("side", SIDES)
async def test_producers_and_an_open_transaction(lab: Status, side: Side) -> None:
    async with (
        scratch_topic(lab, "planted.pids", sides=[side]) as topic,
        client_as(lab, side, "admin") as client,
        producer_as(lab, "admin", side=side, enable_idempotence=True) as idempotent,
        producer_as(lab, "admin", side=side, transactional_id="planted-txn") as transactional,
    ):
        await idempotent.send_and_wait(topic, b"1", partition=0, timestamp_ms=1_234)
        await idempotent.send_and_wait(topic, b"2", partition=0, timestamp_ms=5_678)
        await transactional.begin_transaction()
        try:
            await transactional.send_and_wait(topic, b"3", partition=2)
            survey = await read_producers(side, client, CLOCK, [topic])
            assert not survey.errors
            plain, open_one = sorted(survey.producers, key=lambda state: state.partition)
            assert (plain.partition, plain.last_sequence, plain.last_timestamp_ms) == (0, 1, 5_678)
            assert plain.transaction_start == -1
            assert (open_one.partition, open_one.transaction_start) == (2, 0)
            assert plain.producer_id != open_one.producer_id
            if side == "target":
                found = (await read_transactions(side, client, CLOCK)).transactions
                (mine,) = [t for t in found if t.transactional_id == "planted-txn"]
                assert (mine.state, mine.partitions) == ("Ongoing", ((topic, 2),))
                assert mine.producer_id == open_one.producer_id
                assert mine.started_at_ms > 1_600_000_000_000
        finally:
            await transactional.abort_transaction()
