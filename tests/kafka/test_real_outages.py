"""Real brokers that stop, die, end a login or lose a topic: known for what it is, and in time."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaError

from cockpit.core.observe import MISSING, Failure, GroupSample, LogSample, Sample
from cockpit.core.plan import Side
from cockpit.core.survey import ScramCredential
from cockpit.kafka.client import Client
from cockpit.kafka.cluster import KafkaCluster
from cockpit.kafka.protocol.commits import commit
from cockpit.kafka.protocol.groups import find_coordinators
from cockpit.kafka.security import Access, host_port
from cockpit.lab.home import LabError
from cockpit.lab.ports import free_ports
from cockpit.lab.versions import Broker, Door, broker_of
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until
from tests.kafka.planting import User, alter_users
from tests.kafka.proxy import proxy_on
from tests.kafka.watching import Watch, cpu_s, watching

pytestmark = pytest.mark.broker

GROUP = "idle"
SLOW_AFTER_S = 3.0
FRESH_AFTER_S = 2.0
STOPPED_S = 6.0
LOGIN_LASTS_S = 2.0
DESCRIBE_GROUP = {
    "2.8.2": "kafka.admin.ConsumerGroupCommand",
    "4.3.1": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
}


@dataclass(frozen=True)
class Content:
    """What a broker was given: topics of so many partitions, one record in the first of each."""

    topics: tuple[str, ...]
    partitions: int

    def ends(self) -> dict[tuple[str, int], int]:
        """Log end of every partition."""
        return {(t, p): int(p == 0) for t in self.topics for p in range(self.partitions)}


AT_ONCE = 50
"""Topics in one request: a controller refuses batches of 10,000 records."""
SMALL = Content(("orders", "payments"), 3)


async def fill(broker: Broker, content: Content) -> None:
    """Topics, records and a group that has read them."""
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.address, request_timeout_ms=120_000)
    producer = AIOKafkaProducer(bootstrap_servers=broker.address)
    await admin.start()
    new = [NewTopic(topic, content.partitions, 1) for topic in content.topics]
    for first in range(0, len(new), AT_ONCE):
        made = await admin.create_topics(new[first : first + AT_ONCE], timeout_ms=120_000)
        assert not any(error for _, error, *_ in made.topic_errors), made
    await admin.close()
    await producer.start()
    try:
        for topic in content.topics:
            await producer.send_and_wait(topic, b"record", partition=0)
    finally:
        await producer.stop()
    client = Client(broker.access(), timeout_ms=30_000)

    async def committed() -> bool:
        try:
            (found,) = await client.ask_any(find_coordinators([GROUP]))
            if found.error:
                return False
            offsets = [((topic, 0), 1) for topic in content.topics]
            return not any(code for _, code in await client.call(1, commit(GROUP, offsets, "")))
        except PortError:
            return False

    await until(committed, timeout_s=60)
    await client.close()


@contextlib.asynccontextmanager
async def cluster_of(
    side: Side, access: Access, topics: Sequence[str] = SMALL.topics
) -> AsyncIterator[KafkaCluster]:
    cluster = KafkaCluster(side, access, RealClock(), topics=topics, groups=[GROUP])
    try:
        yield cluster
    finally:
        await cluster.close()


def is_failure(what: Sample | Failure) -> bool:
    """Whether a feed could not be read."""
    return isinstance(what, Failure)


def why_unknown(what: Sample | Failure) -> str:
    """Why a feed, or the group in it, could not be read; empty where it was."""
    if isinstance(what, Failure):
        return f"{what.kind}: {what.reason}"
    if isinstance(what, GroupSample) and (group := what.groups[GROUP]).unknown is not None:
        return group.unknown
    return ""


def is_unknown(what: Sample | Failure) -> bool:
    """Whether a feed, or the group in it, could not be read."""
    return bool(why_unknown(what))


def is_right(what: Sample | Failure, content: Content) -> bool:
    """Whether a sample has everything; fails the test where it has something else."""
    if isinstance(what, LogSample):
        ends, known = content.ends(), True
        for tp, at in what.keys.position.items():
            known = known and int(what.end[at]) != MISSING
            assert int(what.end[at]) in (MISSING, ends[tp]), tp
        return known and len(what.keys) == len(ends)
    if isinstance(what, GroupSample):
        group = what.groups[GROUP]
        if group.unknown is not None:
            return False
        assert group.committed() == {(topic, 0): 1 for topic in content.topics}
        return True
    return not isinstance(what, Failure)


def assert_never_wrong(watch: Watch, side: Side, content: Content) -> None:
    """Whatever was said is right or unknown."""
    for feed in (f"{side}.logs", f"{side}.groups"):
        for seen in watch.of(feed):
            is_right(seen.what, content)


@pytest.mark.parametrize("version", ["2.8.2", pytest.param("4.3.1", marks=pytest.mark.soak)])
async def test_a_stopped_broker_is_unknown_in_three_seconds_and_harms_nobody_else(
    tmp_path: Path, version: str
) -> None:
    async with (
        broker_of(version, tmp_path / "stopped") as stopped,
        broker_of("3.9.2", tmp_path / "other") as other,
        asyncio.TaskGroup() as tasks,
    ):
        filling = [
            tasks.create_task(fill(broker, SMALL), name=broker.version)
            for broker in (stopped, other)
        ]
        for task in filling:
            await task
        async with (
            cluster_of("source", stopped.access()) as source,
            cluster_of("target", other.access()) as target,
            watching({"source": source, "target": target}) as watch,
        ):
            begun_s = time.perf_counter()
            for feed in ("source.logs", "source.groups", "target.logs", "target.groups"):
                await watch.first(feed, _right, since_s=begun_s, within_s=20)
            stop_s = time.perf_counter()
            stopped.signal(signal.SIGSTOP)
            for feed in ("source.logs", "source.groups"):
                failed = await watch.first(
                    feed, is_unknown, since_s=stop_s, within_s=SLOW_AFTER_S + 0.2
                )
                assert "no answer from" in why_unknown(failed.what)
            await asyncio.sleep(STOPPED_S - (time.perf_counter() - stop_s))
            assert len(watch.of("target.logs", since_s=stop_s)) >= STOPPED_S - 1
            assert all(
                is_failure(seen.what) for seen in watch.of("source.acls", since_s=failed.at_s)
            )
            pid = stopped.processes["broker"].pid
            spent_s, go_s = cpu_s(pid), time.perf_counter()
            stopped.signal(signal.SIGCONT)
            for feed in ("source.logs", "source.groups"):
                await watch.first(feed, _right, since_s=go_s, within_s=FRESH_AFTER_S)
            assert cpu_s(pid) - spent_s < 1.0
            assert_never_wrong(watch, "source", SMALL)


def _right(what: Sample | Failure) -> bool:
    return is_right(what, SMALL)


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("version", "content", "heap"),
    [
        pytest.param("2.8.2", SMALL, "384m", id="small"),
        pytest.param(
            "4.3.1",
            Content(tuple(f"topic-{n}" for n in range(100)), 100),
            "1g",
            id="10k",
            marks=pytest.mark.soak,
        ),
    ],
)
async def test_a_killed_broker_comes_back_as_soon_as_for_kafkas_own_tools(
    tmp_path: Path, version: str, content: Content, heap: str
) -> None:
    async with broker_of(version, tmp_path, heap=heap) as broker:
        await fill(broker, content)
        async with (
            cluster_of("source", broker.access(), content.topics) as source,
            watching({"source": source}) as watch,
        ):

            def right(what: Sample | Failure) -> bool:
                return is_right(what, content)

            begun_s = time.perf_counter()
            for feed in ("source.groups", "source.logs"):
                await watch.first(feed, right, since_s=begun_s, within_s=60)
            kill_s = time.perf_counter()
            broker.signal(signal.SIGKILL)
            failed = await watch.first("source.logs", is_failure, since_s=kill_s, within_s=3)
            assert isinstance(failed.what, Failure)
            assert failed.what.kind == "unreachable"
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(broker.start(), name="restart")
                tool = tasks.create_task(_first_tool_answer(broker, content), name="tool")
            for feed in ("source.groups", "source.logs"):
                await watch.first(
                    feed,
                    right,
                    since_s=failed.at_s,
                    within_s=tool.result() + FRESH_AFTER_S - failed.at_s,
                )
            assert_never_wrong(watch, "source", content)


async def _first_tool_answer(broker: Broker, content: Content) -> float:
    """When Kafka's own tool first gave every commit and every end of the group."""
    while True:
        with contextlib.suppress(LabError):
            what = ("--bootstrap-server", broker.address, "--describe", "--group", GROUP)
            text = await broker.tool(DESCRIBE_GROUP[broker.version], *what)
            rows = [line.split() for line in text.splitlines()]
            rows = [row for row in rows if row and row[0] == GROUP]
            if len(rows) == len(content.topics) and all(
                row[3:6] == ["1", "1", "0"] for row in rows
            ):
                return time.perf_counter()
        await asyncio.sleep(0.2)


@contextlib.asynccontextmanager
async def broker_with_logins(version: str, folder: Path) -> AsyncIterator[tuple[Broker, Access]]:
    """A broker that ends each login after a while, and a user of it."""
    (port,) = free_ports(["logins"]).values()
    address = f"127.0.0.1:{port}"
    jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    settings = {
        "sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config": jaas,
        "connections.max.reauth.ms": str(int(LOGIN_LASTS_S * 1000)),
        "super.users": "User:ANONYMOUS;User:ann",
    }
    door = Door("SASL_PLAINTEXT", "SASL_PLAINTEXT", address)
    async with broker_of(version, folder, doors=[door], settings=settings) as broker:
        await fill(broker, SMALL)
        await change_user(broker, ANN)
        access = Access(
            (host_port(address),), "SASL_PLAINTEXT", "SCRAM-SHA-512", "ann", ANN.password
        )
        yield broker, access


ANN = User(ScramCredential("ann", "SCRAM-SHA-512", 4096), "right-password")


async def change_user(broker: Broker, user: User, *, remove: bool = False) -> None:
    """Create, replace or delete a user, as somebody who needs no login."""
    client = Client(broker.access())
    codes = await client.ask_any(alter_users([user], remove=remove))
    assert not any(codes)
    await client.close()


@pytest.mark.parametrize("version", ["4.3.1", pytest.param("2.8.2", marks=pytest.mark.soak)])
async def test_a_login_that_runs_out_is_renewed_unseen_and_a_revoked_one_is_refused(
    tmp_path: Path, version: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with (
        broker_with_logins(version, tmp_path) as (broker, access),
        cluster_of("source", access) as cluster,
    ):
        await until(lambda: _answers(cluster), timeout_s=15)
        async with watching({"source": cluster}) as watch:
            await asyncio.sleep(3.5 * LOGIN_LASTS_S)
            assert not [seen for seen in watch.seen if is_failure(seen.what)]
            assert len(watch.of("source.logs")) >= 3 * LOGIN_LASTS_S
            changer = Client(access, timeout_ms=15_000)
            await changer.brokers()
            await asyncio.sleep(LOGIN_LASTS_S + 0.5)
            offsets = [((topic, 0), 1) for topic in SMALL.topics]
            assert not any(code for _, code in await changer.call(1, commit(GROUP, offsets, "")))
            await changer.close()
            for user, remove in ((replace(ANN, password="another"), False), (ANN, True)):
                await change_user(broker, user, remove=remove)
                changed_s = time.perf_counter()
                for feed in ("source.logs", "source.groups"):
                    failed = await watch.first(
                        feed, is_unknown, since_s=changed_s, within_s=LOGIN_LASTS_S + 3
                    )
                    why = "SASL authentication failed for user ann at"
                    assert why in why_unknown(failed.what)
                await change_user(broker, ANN)
                back_s = time.perf_counter()
                await watch.first("source.logs", _right, since_s=back_s, within_s=2.5)
        assert_never_wrong(watch, "source", SMALL)
    assert capfd.readouterr() == ("", "")


async def _answers(cluster: KafkaCluster) -> bool:
    try:
        return is_right(await cluster.groups(), SMALL)
    except PortError:
        return False


@pytest.mark.parametrize("version", ["4.3.1", pytest.param("1.0.2", marks=pytest.mark.soak)])
async def test_a_topic_that_is_deleted_and_made_again_is_never_read_as_the_old_one(
    tmp_path: Path, version: str
) -> None:
    async with (
        broker_of(version, tmp_path) as broker,
        cluster_of("source", broker.access()) as cluster,
    ):
        await fill(broker, SMALL)
        assert is_right(await cluster.logs(), SMALL)
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.address)
        await admin.start()
        await admin.delete_topics(["orders"])

        async def gone() -> bool:
            logs = await cluster.logs()
            _only_missing_or(logs, {0: (1,)})
            return "orders" not in await admin.list_topics()

        await until(gone, timeout_s=15)

        async def made() -> bool:
            with contextlib.suppress(KafkaError):
                await admin.create_topics([NewTopic("orders", 2, 1)])
            return "orders" in await admin.list_topics()

        await until(made, timeout_s=15)
        noticed: set[str] = set()

        async def back() -> bool:
            logs = await cluster.logs()
            noticed.update(logs.recreated)
            _only_missing_or(logs, {0: (0, 1), 1: (0,), 2: (0,)})
            return dict(_ends(logs)) == {0: 0, 1: 0}

        await until(back, timeout_s=15)
        await admin.close()
        if version != "1.0.2":
            assert noticed == {"orders"}


def _ends(logs: LogSample) -> list[tuple[int, int]]:
    return [
        (tp[1], int(logs.end[at])) for tp, at in logs.keys.position.items() if tp[0] == "orders"
    ]


def _only_missing_or(logs: LogSample, allowed: Mapping[int, tuple[int, ...]]) -> None:
    for partition, end in _ends(logs):
        assert end in (MISSING, *allowed.get(partition, (0,)))


async def test_a_slow_link_is_read_slowly_and_a_dead_one_is_unknown(tmp_path: Path) -> None:
    (port,) = free_ports(["proxy"]).values()
    async with (
        proxy_on(port) as proxy,
        broker_of("3.9.2", tmp_path, advertised_port=port) as broker,
    ):
        proxy.upstream = broker.ports["broker"]
        await fill(broker, SMALL)
        async with (
            cluster_of("source", broker.access()) as source,
            watching({"source": source}) as watch,
        ):
            begun_s = time.perf_counter()
            await watch.first("source.groups", _right, since_s=begun_s, within_s=20)
            for delay_s, bytes_per_s in ((0.15, 0.0), (0.0, 20_000.0)):
                proxy.delay_s, proxy.bytes_per_s = delay_s, bytes_per_s
                slow_s = time.perf_counter()
                await asyncio.sleep(3)
                assert not any(
                    is_failure(seen.what) for seen in watch.of("source.logs", since_s=slow_s)
                )
                assert len(watch.of("source.logs", since_s=slow_s)) >= 2
            proxy.delay_s, proxy.bytes_per_s, proxy.dead = 0.0, 0.0, True
            dead_s = time.perf_counter()
            for feed in ("source.logs", "source.groups"):
                failed = await watch.first(
                    feed, is_unknown, since_s=dead_s, within_s=SLOW_AFTER_S + 0.2
                )
                assert "no answer from" in why_unknown(failed.what)
            proxy.dead = False
            await watch.first(
                "source.logs", _right, since_s=time.perf_counter(), within_s=FRESH_AFTER_S + 0.2
            )
            assert_never_wrong(watch, "source", SMALL)
