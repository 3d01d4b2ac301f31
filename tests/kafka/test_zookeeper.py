"""Members of groups that no broker knows, read in a real ZooKeeper."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest
from kazoo.client import KazooClient

from cockpit.core.observe import GroupState
from cockpit.core.plan import ZooKeeperSpec
from cockpit.kafka.client import Client
from cockpit.kafka.cluster import KafkaCluster
from cockpit.kafka.errors import UnsupportedError
from cockpit.kafka.older_groups import IN_ZOOKEEPER_ONLY, NEVER_REGISTERED
from cockpit.kafka.zookeeper import Registrations, ZooKeeper
from cockpit.lab.versions import Broker, broker_of
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until
from tests.kafka.old_brokers import touch_topic

TOPIC = "orders"
CREATING = {"auto.create.topics.enable": "true", "num.partitions": "2"}


async def group_on(broker: Broker, registrations: Registrations | None) -> GroupState:
    cluster = KafkaCluster(
        "source",
        broker.access(),
        RealClock(),
        topics=[TOPIC],
        groups=["ledger"],
        registrations=registrations,
    )
    try:
        return (await cluster.groups()).groups["ledger"]
    finally:
        await cluster.close()


async def is_read(look: Callable[[], Awaitable[GroupState]]) -> bool:
    """Whether the broker has made its topic, and answers."""
    try:
        return (await look()).unknown is None
    except PortError:
        return False


async def has_topic(client: Client) -> bool:
    try:
        return TOPIC in (await client.view()).topics
    except PortError:
        return False


@pytest.mark.broker
@pytest.mark.timeout(120)
async def test_who_is_registered_is_a_member_and_who_never_was_is_not_known(tmp_path: Path) -> None:
    async with broker_of("0.8.2.2", tmp_path, settings=CREATING) as broker:
        client = Client(broker.access())
        with contextlib.suppress(PortError):
            await client.call_at(("127.0.0.1", broker.ports["broker"]), touch_topic(TOPIC))
        await client.close()
        spec = ZooKeeperSpec((broker.zookeeper,))

        async def look() -> GroupState:
            return await group_on(broker, Registrations(ZooKeeper(spec)))

        await until(lambda: is_read(look), timeout_s=60)
        assert (await group_on(broker, None)).members_unknown == IN_ZOOKEEPER_ONLY
        assert (await look()).members_unknown == NEVER_REGISTERED
        consumer = KazooClient(broker.zookeeper)
        await asyncio.to_thread(consumer.start)
        consumer.ensure_path("/consumers/ledger/ids")
        consumer.create("/consumers/ledger/ids/ledger_1", b"{}", ephemeral=True)
        here = await look()
        assert (here.state, here.members, here.members_unknown) == ("Stable", 1, None)
        await asyncio.to_thread(consumer.stop)
        consumer.close()
        gone = await look()
        assert (gone.state, gone.members, gone.members_unknown) == ("Empty", 0, None)


@pytest.mark.broker
@pytest.mark.timeout(120)
async def test_topics_are_told_by_name_where_asking_for_them_might_create_them(
    tmp_path: Path,
) -> None:
    """One that is there is found among all; one that is not is not asked for."""
    async with broker_of("0.8.2.2", tmp_path, settings=CREATING) as broker:
        client = Client(broker.access())
        await client.call_at(("127.0.0.1", broker.ports["broker"]), touch_topic(TOPIC))
        await until(lambda: has_topic(client), timeout_s=60)
        assert list((await client.named([TOPIC])).topics) == [TOPIC]
        with pytest.raises(UnsupportedError):
            await client.named([TOPIC, "payments"])
        assert list((await client.view()).topics) == [TOPIC]
        await client.close()


@contextlib.asynccontextmanager
async def stand_in(answer: bytes) -> AsyncIterator[ZooKeeper]:
    """What no ZooKeeper says: a server of ours that grants a session, then answers with this."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            for reply in (struct.pack(">iiq", 0, 5_000, 1), answer):
                (size,) = struct.unpack(">i", await reader.readexactly(4))
                await reader.readexactly(size)
                writer.write(struct.pack(">i", len(reply)) + reply)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    zookeeper = ZooKeeper(ZooKeeperSpec((f"127.0.0.1:{port}",)))
    try:
        yield zookeeper
    finally:
        await zookeeper.close()
        server.close()
        await server.wait_closed()


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(struct.pack(">iqi", 7, 0, 0), id="to-another-question"),
        pytest.param(struct.pack(">iqi", 1, 0, -4), id="an-error"),
        pytest.param(struct.pack(">iqii", 1, 0, 0, 3), id="fewer-names-than-said"),
        pytest.param(struct.pack(">iqiii", 1, 0, 0, 1, 2**30), id="a-name-without-end"),
        pytest.param(struct.pack(">iqiii", 1, 0, 0, 1, 1) + b"\xff", id="no-text"),
    ],
)
async def test_an_answer_that_is_none_is_a_failure_and_never_a_number(answer: bytes) -> None:
    async with stand_in(answer) as zookeeper:
        with pytest.raises(PortError, match="ZooKeeper"):
            await Registrations(zookeeper).members(["ledger"])


async def test_nobody_there_is_a_failure() -> None:
    zookeeper = ZooKeeper(ZooKeeperSpec(("127.0.0.1:1",)))
    with pytest.raises(PortError) as failed:
        await zookeeper.children(["/consumers"])
    assert failed.value.kind == "unreachable"
