"""One connection: what its failures are called, when it tries again, and what it never does."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cockpit.kafka.client import Client
from cockpit.kafka.errors import ReplyLostError, UnsupportedError
from cockpit.kafka.link import Link
from cockpit.kafka.protocol.commits import commit, fetch_commits
from cockpit.kafka.protocol.metadata import brokers_only, topic_operations
from cockpit.kafka.security import Access
from cockpit.ports import PortError
from tests.kafka.fake_broker import API_VERSIONS, OLD, FakeCluster, fake_cluster

METADATA, OFFSET_COMMIT, OFFSET_FETCH = 3, 8, 9
EVERYTHING = set(range(100))
REFRESHES = 1_000


@contextlib.asynccontextmanager
async def link_to(cluster: FakeCluster, *, timeout_ms: int = 400) -> AsyncIterator[Link]:
    access = cluster.access(1)
    link = Link(*access.bootstrap[0], access, timeout_ms=timeout_ms)
    try:
        yield link
    finally:
        await link.close()


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_closed_port_is_unreachable_and_says_where() -> None:
    port = closed_port()
    link = Link("127.0.0.1", port, Access((), "PLAINTEXT"), timeout_ms=400)
    with pytest.raises(PortError) as caught:
        await link.call(brokers_only())
    assert caught.value.kind == "unreachable"
    assert f"127.0.0.1:{port}" in caught.value.reason


async def test_an_unknown_host_is_unreachable() -> None:
    link = Link("no-such-host.invalid", 9092, Access((), "PLAINTEXT"), timeout_ms=2_000)
    with pytest.raises(PortError) as caught:
        await link.call(brokers_only())
    assert caught.value.kind in ("unreachable", "slow")


async def test_failed_connections_are_paced_and_repeat_their_reason() -> None:
    async with fake_cluster(FakeCluster(mute=EVERYTHING)) as cluster, link_to(cluster) as link:
        reasons = set()
        for _ in range(100):
            with pytest.raises(PortError) as caught:
                await link.call(brokers_only())
            reasons.add(caught.value.reason)
        assert len(reasons) == 1
        assert cluster.asked.count((1, API_VERSIONS)) < 5


async def test_a_broker_that_accepts_and_never_answers_is_slow() -> None:
    async with fake_cluster(FakeCluster(silent={1})) as cluster, link_to(cluster) as link:
        with pytest.raises(PortError) as caught:
            await link.call(brokers_only())
        assert caught.value.kind == "slow"
        assert "within 0.4 s" in caught.value.reason


async def test_a_stopped_broker_is_slow_and_comes_back_by_itself() -> None:
    async with fake_cluster(FakeCluster()) as cluster, link_to(cluster) as link:
        await link.call(brokers_only())
        cluster.silent.add(1)
        with pytest.raises(ReplyLostError) as caught:
            await link.call(brokers_only())
        assert caught.value.kind == "slow"
        cluster.silent.clear()
        assert (await link.call(brokers_only())).cluster_id == "fake"


async def test_a_read_is_asked_again_once_when_the_connection_breaks() -> None:
    async with fake_cluster(FakeCluster()) as cluster, link_to(cluster) as link:
        await link.call(brokers_only())
        cluster.mute.add(OFFSET_FETCH)
        with pytest.raises(ReplyLostError) as caught:
            await link.call(fetch_commits(["g"]))
        assert caught.value.kind == "unreachable"
        assert cluster.asked.count((1, OFFSET_FETCH)) == 2


async def test_a_change_is_never_sent_twice() -> None:
    async with fake_cluster(FakeCluster()) as cluster, link_to(cluster) as link:
        cluster.mute.add(OFFSET_COMMIT)
        with pytest.raises(ReplyLostError):
            await link.call(commit("g", [(("t", 0), 1)], ""))
        assert cluster.asked.count((1, OFFSET_COMMIT)) == 1


async def test_a_change_whose_answer_cannot_be_read_may_have_happened() -> None:
    async with fake_cluster(FakeCluster()) as cluster, link_to(cluster) as link:
        cluster.garble.update({OFFSET_COMMIT, OFFSET_FETCH})
        with pytest.raises(ReplyLostError):
            await link.call(commit("g", [(("t", 0), 1)], ""))
        assert cluster.asked.count((1, OFFSET_COMMIT)) == 1
        with pytest.raises(PortError) as caught:
            await link.call(fetch_commits(["g"]))
        assert not isinstance(caught.value, ReplyLostError)


async def test_a_connection_closed_while_idle_is_reopened_without_an_error() -> None:
    async with fake_cluster(FakeCluster()) as cluster, link_to(cluster) as link:
        await link.call(brokers_only())
        cluster.drop(1)
        await asyncio.sleep(0.05)
        assert (await link.call(brokers_only())).cluster_id == "fake"


async def test_something_that_is_no_broker_is_a_protocol_failure() -> None:
    """One with another security protocol closes without a word, whatever it is asked."""
    async with fake_cluster(FakeCluster(mute=EVERYTHING)) as cluster, link_to(cluster) as link:
        with pytest.raises(PortError) as caught:
            await link.call(brokers_only())
        assert caught.value.kind == "protocol"
        assert "closed the connection during the handshake" in caught.value.reason


async def test_a_request_that_the_broker_is_too_old_for_is_not_sent() -> None:
    async with (
        fake_cluster(FakeCluster(versions=dict(OLD))) as cluster,
        link_to(cluster) as link,
    ):
        with pytest.raises(UnsupportedError):
            await link.call(topic_operations(["t"]))
        assert (1, METADATA) not in cluster.asked


async def test_nothing_is_written_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    link = Link("127.0.0.1", closed_port(), Access((), "PLAINTEXT"), timeout_ms=300)
    with pytest.raises(PortError):
        await link.call(brokers_only())
    async with fake_cluster(FakeCluster(mute={METADATA})) as cluster, link_to(cluster) as other:
        with pytest.raises(PortError):
            await other.call(brokers_only())
    logging.getLogger("aiokafka.conn").error("a line of the library")
    assert capfd.readouterr() == ("", "")


async def test_the_client_finds_its_way_back_by_the_bootstrap_addresses() -> None:
    """Every broker that was known is gone; the plan's other address still leads in."""
    async with fake_cluster(FakeCluster()) as first, fake_cluster(FakeCluster()) as second:
        client = Client(
            Access((*first.access(1).bootstrap, *second.access(1).bootstrap), "PLAINTEXT"),
            timeout_ms=300,
        )
        assert set(await client.brokers()) == {1, 2}
        first.mute.update({METADATA, API_VERSIONS})
        await client.brokers()
        assert client._brokers[1].port == second.ports[1]
        await client.close()


async def test_closing_gives_up_on_a_broker_that_hangs() -> None:
    async with fake_cluster(FakeCluster()) as cluster:
        client = Client(cluster.access(1, 2))
        await client.brokers()
        cluster.silent.update((1, 2))
        async with asyncio.timeout(2.0) as limit:
            await client.close()
            await client.close()
        assert not limit.expired()


async def test_a_link_that_is_closed_while_it_connects_leaves_no_connection_behind() -> None:
    async with fake_cluster(FakeCluster(delays_s={API_VERSIONS: 0.1})) as cluster:
        async with link_to(cluster) as link, asyncio.TaskGroup() as tasks:
            asked = tasks.create_task(attempt(link), name="asked")
            await asyncio.sleep(0)
            await link.close()
        assert (await asked).kind == "unreachable"
        assert link._opened is None


async def attempt(link: Link) -> PortError:
    """How a call ends, which must not be well."""
    with pytest.raises(PortError) as raised:
        await link.call(brokers_only())
    return raised.value


def held() -> tuple[int, int]:
    """Open files and tasks of this process."""
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir())), len(asyncio.all_tasks())


def memory_kb() -> int:
    """Resident memory of this process."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE") // 1024


async def fail_for_long(link: Link, *, tries: int) -> None:
    """Refresh again and again, each time with a new connection: no pause is kept."""
    for _ in range(tries):
        link._held_until = 0.0
        with pytest.raises(PortError):
            await link.call(brokers_only())


@pytest.mark.parametrize("kind", ["closed", "silent"])
async def test_a_thousand_failed_refreshes_leave_nothing_behind(
    kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    async with fake_cluster(FakeCluster(silent={1}), brokers=1) as cluster:
        port = closed_port() if kind == "closed" else cluster.ports[1]
        link = Link("127.0.0.1", port, Access((), "PLAINTEXT"), timeout_ms=2)
        await fail_for_long(link, tries=REFRESHES // 10)
        await asyncio.sleep(0.05)
        before, memory_before_kb = held(), memory_kb()
        await fail_for_long(link, tries=REFRESHES)
        await asyncio.sleep(0.05)
        after = held()
        assert after[0] <= before[0] + 2
        assert after[1] <= before[1] + 2
        assert memory_kb() - memory_before_kb < 8_000
        await link.close()
    assert capfd.readouterr() == ("", "")


async def test_pauses_grow_to_five_seconds_and_to_less_than_one_where_nothing_listens() -> None:
    async with fake_cluster(FakeCluster(mute=EVERYTHING)) as cluster, link_to(cluster) as refused:
        closed = Link("127.0.0.1", closed_port(), Access((), "PLAINTEXT"), timeout_ms=400)
        for link, longest_s in ((refused, 5.0), (closed, 0.75)):
            pauses: list[float] = []
            for _ in range(8):
                link._held_until = 0.0
                with pytest.raises(PortError):
                    await link.call(brokers_only())
                pauses.append(link._held_until - asyncio.get_running_loop().time())
            assert 0.0 < pauses[0] <= 0.25
            assert longest_s / 2 - 0.1 <= pauses[-1] <= longest_s


async def test_reads_that_meet_a_login_that_has_run_out_are_all_asked_again() -> None:
    """The broker closes at the next request; nobody notices."""
    async with fake_cluster(FakeCluster()) as cluster, link_to(cluster) as link:
        await link.call(brokers_only())
        cluster.cuts[METADATA] = 1
        async with asyncio.TaskGroup() as tasks:
            asking = [
                tasks.create_task(link.call(brokers_only()), name=f"read-{n}") for n in range(5)
            ]
        assert {task.result().cluster_id for task in asking} == {"fake"}
