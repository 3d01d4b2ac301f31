"""The slower looks: each answers for as much as it could read, and says why for the rest."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

import pytest

from cockpit.core.observe import Unknown
from cockpit.core.plan import Side
from cockpit.core.survey import (
    GroupMembers,
    LogDir,
    Member,
    ProducerState,
    Quota,
    ScramCredential,
    Survey,
    TopicFacts,
)
from cockpit.core.survey import Transaction as Known
from cockpit.kafka.client import Client
from cockpit.kafka.errors import UnsupportedError
from cockpit.kafka.protocol.codec import Reader
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.protocol.storage import LogDirsReply, describe_log_dirs
from cockpit.kafka.surveyor import KafkaSurveyor, cluster_surveys
from cockpit.kafka.surveys.brokers import BrokersReader
from cockpit.kafka.surveys.members import MembersReader
from cockpit.kafka.surveys.producers import read_producers
from cockpit.kafka.surveys.quotas import read_quotas
from cockpit.kafka.surveys.release import release_of
from cockpit.kafka.surveys.storage import read_storage
from cockpit.kafka.surveys.topics import read_topics
from cockpit.kafka.surveys.transactions import read_transactions
from cockpit.kafka.surveys.users import read_users
from cockpit.ports import PortError
from tests.core.build import two_wave_plan
from tests.kafka.clock import RealClock
from tests.kafka.fake_broker import NEW, OLD, FakeCluster, Group, Partition, fake_cluster
from tests.kafka.fake_surveys import Dir, Transaction, consumer_assignment

CLOCK = RealClock()


def a_cluster() -> FakeCluster:
    return FakeCluster(
        topics={"orders": [Partition(1), Partition(2)]},
        groups={
            "ledger": Group(node=1, assignment=consumer_assignment({"orders": [1, 0]})),
            "audit": Group(node=2, state="Empty", members=0),
        },
    )


@contextlib.asynccontextmanager
async def client_of(cluster: FakeCluster) -> AsyncIterator[Client]:
    client = Client(cluster.access(1, 2), timeout_ms=300)
    try:
        yield client
    finally:
        await client.close()


# --- topics and brokers ---------------------------------------------------------------------------


async def test_topics_have_ids_and_count_what_nobody_leads_or_is_not_in_sync() -> None:
    cluster = a_cluster()
    cluster.topics = {
        "orders": [
            Partition(1, replicas=(1, 2)),
            Partition(-1, replicas=(2, 1), isr=(2,)),
            Partition(2, replicas=(1, 2), isr=(2, 1)),
        ]
    }
    cluster.topic_ids = {"orders": bytes(range(16))}
    async with fake_cluster(cluster), client_of(cluster) as client:
        survey = await read_topics("source", client, CLOCK)
    assert survey.feed == "source.topics"
    assert survey.topics == {"orders": TopicFacts("AAECAwQFBgcICQoLDA0ODw", 3, 2, 1, 1)}


async def test_a_topic_of_an_old_broker_has_no_id() -> None:
    cluster = a_cluster()
    cluster.versions = dict(OLD)
    async with fake_cluster(cluster), client_of(cluster) as client:
        assert (await read_topics("source", client, CLOCK)).topics["orders"].id == ""


async def test_each_broker_is_asked_by_itself() -> None:
    cluster = a_cluster()
    async with fake_cluster(cluster), client_of(cluster) as client:
        reader = BrokersReader("source", client, CLOCK, cluster.access(1).bootstrap)
        first = await reader.read()
        assert [(b.node, b.word, b.reason) for b in first.brokers] == [
            (1, "connected", ""),
            (2, "connected", ""),
        ]
        assert first.controller == 1
        cluster.silent.add(2)
        one, two = (await reader.read()).brokers
        assert one.word == "connected"
        assert two.word == "slow"
        assert two.took_ms >= 300
        assert f":{cluster.ports[2]}" in two.reason


async def test_a_dead_broker_that_has_left_the_metadata_is_still_shown() -> None:
    cluster = a_cluster()
    async with fake_cluster(cluster), client_of(cluster) as client:
        reader = BrokersReader("source", client, CLOCK, cluster.access(1).bootstrap)
        await reader.read()
        port = cluster.ports.pop(2)
        cluster.drop(2)
        cluster.silent.add(2)
        dead = (await reader.read()).brokers[1]
        assert (dead.node, dead.address) == (2, f"127.0.0.1:{port}")
        assert dead.word != "connected"


async def test_a_bootstrap_address_that_is_no_brokers_own_is_asked_too() -> None:
    cluster = a_cluster()
    async with fake_cluster(cluster), client_of(cluster) as client:
        nobody = ("127.0.0.1", 1)
        reader = BrokersReader("target", client, CLOCK, [nobody, *cluster.access(1).bootstrap])
        brokers = (await reader.read()).brokers
        assert [(b.node, b.word) for b in brokers] == [
            (1, "connected"),
            (2, "connected"),
            (-1, "unreachable"),
        ]
        assert brokers[-1].address == "127.0.0.1:1"


async def test_no_broker_at_all_is_a_finding_and_no_failure() -> None:
    cluster = a_cluster()
    async with fake_cluster(cluster), client_of(cluster) as client:
        reader = BrokersReader("source", client, CLOCK, cluster.access(1).bootstrap)
        cluster.silent |= {1, 2}
        survey = await reader.read()
        assert [b.word for b in survey.brokers] == ["slow"]
        assert isinstance(survey.controller, Unknown)


@pytest.mark.parametrize(
    ("versions", "release"),
    [
        ({3: (0, 0)}, ""),
        ({18: (0, 0), 1: (0, 2)}, "0.10"),
        (OLD | {18: (0, 2), 22: (0, 1), 29: (0, 1)}, "2.1"),
        (NEW | {18: (0, 3), 44: (0, 1), 66: (0, 1), 1: (0, 16), 16: (0, 5)}, "3.8"),
        ({18: (0, 4), 1: (4, 18), 3: (0, 13)}, "4.1 or newer"),
    ],
)
def test_a_release_is_the_newest_that_the_versions_fit(
    versions: dict[int, tuple[int, int]], release: str
) -> None:
    assert release_of(versions) == release


# --- members --------------------------------------------------------------------------------------

LEDGER = GroupMembers(
    "ledger",
    "classic",
    "Stable",
    (Member("member", "client", "127.0.0.1", (("orders", 0), ("orders", 1))),),
)


@pytest.mark.parametrize(("versions", "kind"), [(OLD, ""), (NEW, "classic")], ids=["2.1", "3.8"])
async def test_members_have_client_host_and_partitions(
    versions: dict[int, tuple[int, int]], kind: str
) -> None:
    cluster = a_cluster()
    cluster.versions = dict(versions)
    async with fake_cluster(cluster), client_of(cluster) as client:
        survey = await MembersReader("source", client, CLOCK, ["ledger", "nobody"]).read()
    assert set(survey.groups) == {"ledger", "audit"}
    assert survey.groups["ledger"].members == LEDGER.members
    assert survey.groups["ledger"].kind == kind
    assert survey.groups["audit"] == GroupMembers("audit", kind, "Empty", ())


async def test_members_of_the_newer_protocol_have_partitions_too() -> None:
    cluster = a_cluster()
    cluster.groups["ledger"].kind = "consumer"
    async with fake_cluster(cluster), client_of(cluster) as client:
        survey = await MembersReader("source", client, CLOCK, []).read()
    assert survey.groups["ledger"].members == LEDGER.members
    assert survey.groups["ledger"].kind == "consumer"


async def test_what_one_group_or_broker_does_not_answer_is_unknown_for_that_one() -> None:
    cluster = a_cluster()
    async with fake_cluster(cluster), client_of(cluster) as client:
        reader = MembersReader("source", client, CLOCK, [])
        cluster.groups["audit"].error = 14
        survey = await reader.read()
        assert survey.groups["audit"].unknown == "coordinator is loading (14)"
        assert survey.groups["ledger"] == LEDGER
        cluster.groups["audit"].error = 0
        cluster.silent.add(2)
        survey = await reader.read()
        assert "no answer" in (survey.groups["audit"].unknown or "")
        assert survey.groups["ledger"] == LEDGER


async def test_an_assignment_that_makes_no_sense_is_unknown_and_not_nothing() -> None:
    cluster = a_cluster()
    cluster.groups["ledger"].assignment = b"\x00\x03\x7f\xff\xff\xff"
    async with fake_cluster(cluster), client_of(cluster) as client:
        ledger = (await MembersReader("source", client, CLOCK, []).read()).groups["ledger"]
    assert ledger.unknown == "the assignment of member makes no sense"
    assert ledger.members == ()


async def test_a_kind_of_group_that_cannot_be_described_is_unknown() -> None:
    cluster = a_cluster()
    cluster.groups["ledger"].kind = "share"
    async with fake_cluster(cluster), client_of(cluster) as client:
        ledger = (await MembersReader("source", client, CLOCK, []).read()).groups["ledger"]
    assert "share" in (ledger.unknown or "")


async def test_a_group_of_the_plan_that_a_starting_broker_does_not_list_is_looked_up() -> None:
    cluster = a_cluster()
    cluster.groups["ledger"].listed = False
    async with fake_cluster(cluster), client_of(cluster) as client:
        reader = MembersReader("source", client, CLOCK, ["ledger"])
        assert (await reader.read()).groups["ledger"].members == LEDGER.members
        cluster.coordinator_error = 15
        gone = (await reader.read()).groups["ledger"]
        assert gone.unknown == "coordinator not available (15)"
        cluster.coordinator_error = 0
        del cluster.groups["ledger"]
        assert "ledger" not in (await reader.read()).groups


# --- quotas and users -----------------------------------------------------------------------------


async def test_quotas_of_every_kind_of_entity() -> None:
    cluster = a_cluster()
    cluster.surveyed.quotas = [
        ([("user", "mario"), ("client-id", None)], {"producer_byte_rate": 1024.5}),
        ([("ip", "10.0.0.5")], {"connection_creation_rate": 3.0}),
        ([("user", None)], {"consumer_byte_rate": 1e9, "request_percentage": 50.0}),
    ]
    async with fake_cluster(cluster), client_of(cluster) as client:
        survey = await read_quotas("source", client, CLOCK)
    assert survey.quotas == {
        Quota((("client-id", ""), ("user", "mario")), "producer_byte_rate", 1024.5),
        Quota((("ip", "10.0.0.5"),), "connection_creation_rate", 3.0),
        Quota((("user", ""),), "consumer_byte_rate", 1e9),
        Quota((("user", ""),), "request_percentage", 50.0),
    }


async def test_a_refused_survey_is_a_failure_and_not_an_empty_answer() -> None:
    cluster = a_cluster()
    cluster.surveyed.quotas_error = cluster.surveyed.users_error = 31
    async with fake_cluster(cluster), client_of(cluster) as client:
        for read in (read_quotas, read_users):
            with pytest.raises(PortError) as caught:
                await read("source", client, CLOCK)
            assert caught.value.kind == "refused"
            assert "(31)" in caught.value.reason


async def test_scram_users_by_mechanism() -> None:
    cluster = a_cluster()
    cluster.surveyed.users = {"mario": [(1, 4096), (2, 8192)], "odd": [(9, 1)]}
    async with fake_cluster(cluster), client_of(cluster) as client:
        survey = await read_users("target", client, CLOCK)
    assert survey.feed == "target.users"
    assert survey.credentials == {
        ScramCredential("mario", "SCRAM-SHA-256", 4096),
        ScramCredential("mario", "SCRAM-SHA-512", 8192),
        ScramCredential("odd", "code_9", 1),
    }


async def test_half_a_list_of_users_is_no_list() -> None:
    cluster = a_cluster()
    cluster.surveyed.users = {"mario": [(1, 4096)], "luigi": []}
    cluster.surveyed.user_errors = {"luigi": 91}
    async with fake_cluster(cluster), client_of(cluster) as client:
        with pytest.raises(PortError, match="luigi"):
            await read_users("target", client, CLOCK)


# --- storage --------------------------------------------------------------------------------------


async def test_sizes_are_those_of_the_largest_replica_and_no_moving_one_counts() -> None:
    cluster = a_cluster()
    cluster.surveyed.dirs = {
        1: [Dir("/data/a", [("orders", 0, 700, False), ("orders", 1, 9000, True)])],
        2: [Dir("/data/b", [("orders", 0, 900, False), ("orders", 1, 5, False)], usable=1)],
    }
    async with fake_cluster(cluster), client_of(cluster) as client:
        survey = await read_storage("source", client, CLOCK)
    assert survey.sizes == {("orders", 0): 900, ("orders", 1): 5}
    assert survey.dirs == (
        LogDir(1, "/data/a", 1_000, 400),
        LogDir(2, "/data/b", 1_000, 1),
    )
    assert survey.unknown == {}


async def test_a_disk_that_failed_and_a_broker_that_refuses_are_unknown() -> None:
    cluster = a_cluster()
    cluster.surveyed.dirs = {
        1: [Dir("/data/a", error=56), Dir("/data/b", [("orders", 0, 1, False)])]
    }
    cluster.surveyed.dirs_error = {2: 31}
    async with fake_cluster(cluster), client_of(cluster) as client:
        survey = await read_storage("source", client, CLOCK)
    failed, good = survey.dirs
    assert failed == LogDir(
        1, "/data/a", Unknown("storage error (56)"), Unknown("storage error (56)"),
        "storage error (56)",
    )  # fmt: skip
    assert good.total_bytes == 1_000
    assert survey.unknown == {2: "log directories: cluster authorisation failed (31)"}


async def test_an_older_broker_that_leaves_its_directories_out_refuses() -> None:
    cluster = a_cluster()
    cluster.versions[35] = (0, 2)
    async with fake_cluster(cluster), client_of(cluster) as client:
        with pytest.raises(PortError) as caught:
            await read_storage("source", client, CLOCK)
        assert caught.value.kind == "refused"
        cluster.surveyed.dirs = {1: [Dir("/a", [("orders", 0, 1, False)])], 2: [Dir("/b")]}
        survey = await read_storage("source", client, CLOCK)
        why = Unknown("Kafka before 3.3 does not tell the size of a volume")
        assert survey.dirs[0] == LogDir(1, "/a", why, why)


# --- producers and transactions -------------------------------------------------------------------


async def test_producers_by_partition_and_what_did_not_answer() -> None:
    cluster = a_cluster()
    cluster.topics["orders"] += [Partition(1), Partition(-1), Partition(1)]
    cluster.surveyed.producers = {
        ("orders", 0): [(7, 1, 41, 1_700, -1)],
        ("orders", 1): [(8, 0, 2, -1, 90)],
    }
    cluster.surveyed.producer_errors = {("orders", 2): 29}
    cluster.surveyed.unanswered = {("orders", 4)}
    async with fake_cluster(cluster), client_of(cluster) as client:
        survey = await read_producers("source", client, CLOCK, ["orders", "absent"])
        assert set(survey.producers) == {
            ProducerState("orders", 0, 7, 1, 41, 1_700, -1),
            ProducerState("orders", 1, 8, 0, 2, -1, 90),
        }
        assert survey.errors == {
            ("orders", 2): "topic authorisation failed (29)",
            ("orders", 3): "no leader: leader not available (5)",
            ("orders", 4): "not answered",
        }
        cluster.silent.add(2)
        survey = await read_producers("source", client, CLOCK, ["orders"])
        assert "no answer" in survey.errors["orders", 1]
        assert {p.partition for p in survey.producers} == {0}


async def test_transactions_of_every_coordinator() -> None:
    cluster = a_cluster()
    cluster.surveyed.transactions = {
        1: {"pay": Transaction(7, topics={"orders": [1, 0]})},
        2: {"idle": Transaction(8, "CompleteCommit", 900, -1), "hidden": Transaction(9, error=53)},
    }
    async with fake_cluster(cluster), client_of(cluster) as client:
        survey = await read_transactions("source", client, CLOCK)
        assert set(survey.transactions) == {
            Known("pay", 7, "Ongoing", 5, 60_000, (("orders", 1), ("orders", 0))),
            Known("idle", 8, "CompleteCommit", -1, 900, ()),
        }
        assert survey.unknown == {"hidden": "transactional id authorisation failed (53)"}
        cluster.surveyed.transactions_error = {2: 14}
        survey = await read_transactions("source", client, CLOCK)
        assert [t.transactional_id for t in survey.transactions] == ["pay"]
        assert survey.unknown == {"broker 2": "transactions: coordinator is loading (14)"}


# --- old brokers, and all of it together ----------------------------------------------------------


async def read_orders(side: Side, client: Client, clock: RealClock) -> Survey:
    return await read_producers(side, client, clock, ["orders"])


@pytest.mark.parametrize(
    ("read", "why"),
    [
        (read_quotas, "Kafka before 2.6 has no quota API"),
        (read_users, "Kafka before 2.7 has no API for SCRAM users"),
        (read_transactions, "Kafka before 3.0 does not list transactions"),
        (read_storage, "Kafka before 1.0 does not tell the sizes of its logs"),
        (read_orders, "Kafka before 2.8 does not list producers"),
    ],
    ids=["quotas", "users", "transactions", "storage", "producers"],
)
async def test_what_a_broker_is_too_old_for_is_said_plainly(
    read: Callable[[Side, Client, RealClock], Awaitable[Survey]], why: str
) -> None:
    cluster = a_cluster()
    cluster.versions = dict(OLD)
    async with fake_cluster(cluster), client_of(cluster) as client:
        with pytest.raises(UnsupportedError) as caught:
            await read("source", client, CLOCK)
    assert caught.value.reason == why


async def test_in_a_rolling_upgrade_the_newer_broker_answers_for_the_cluster() -> None:
    cluster = a_cluster()
    cluster.surveyed.transactions = {1: {"pay": Transaction(7)}, 2: {"more": Transaction(8)}}
    cluster.versions_of = {2: dict(OLD)}
    async with fake_cluster(cluster), client_of(cluster) as client:
        survey = await read_transactions("source", client, CLOCK)
        assert [t.transactional_id for t in survey.transactions] == ["pay"]
        assert survey.unknown == {"broker 2": "Kafka before 3.0 does not list transactions"}
        assert (await read_quotas("source", client, CLOCK)).quotas == frozenset()


async def test_a_large_answer_is_decoded_where_it_holds_nothing_up() -> None:
    cluster = a_cluster()
    sizes = [(f"topic-{n}", 0, 1, False) for n in range(4_000)]
    cluster.surveyed.dirs = {1: [Dir("/a", sizes)], 2: [Dir("/b")]}
    where: dict[int, int] = {}

    def noting(node: int) -> Request[LogDirsReply]:
        request = describe_log_dirs()

        def read(r: Reader, version: int) -> LogDirsReply:
            where[node] = threading.get_ident()
            return request.read(r, version)

        return replace(request, read=read)

    async with fake_cluster(cluster), client_of(cluster) as client:
        await client.brokers()
        answers, _ = await client.ask_each({node: noting(node) for node in (1, 2)})
    assert len(answers[1].dirs[0].replicas) == 4_000
    assert where[1] != threading.get_ident()
    assert where[2] == threading.get_ident()


async def test_every_survey_of_a_side_has_its_own_name_and_pace() -> None:
    cluster = a_cluster()
    cluster.surveyed.dirs = {1: [Dir("/a")], 2: [Dir("/b")]}
    async with fake_cluster(cluster), client_of(cluster) as client:
        addresses = cluster.access(1).bootstrap
        feeds = cluster_surveys("source", two_wave_plan(), client, CLOCK, addresses)
        surveys = [await feed.read() for feed in feeds]
    assert [survey.feed for survey in surveys] == [feed.name for feed in feeds]
    assert {feed.name: feed.every_ms for feed in feeds} == {
        "source.brokers": 5_000,
        "source.members": 5_000,
        "source.producers": 5_000,
        "source.topics": 15_000,
        "source.transactions": 15_000,
        "source.quotas": 30_000,
        "source.users": 30_000,
        "source.storage": 60_000,
    }


async def test_a_surveyor_has_both_sides_and_what_else_it_is_given_and_closes_all() -> None:
    source, target = a_cluster(), a_cluster()
    closed: list[str] = []

    async def close() -> None:
        closed.append("extra")

    async with fake_cluster(source), fake_cluster(target):
        surveyor = KafkaSurveyor(
            two_wave_plan(),
            CLOCK,
            source=source.access(1),
            target=target.access(1),
            closers=[close],
        )
        names = [feed.name for feed in surveyor.feeds()]
        assert len(set(names)) == len(names) == 17
        quotas = {f.name: f for f in surveyor.feeds()}["target.quotas"]
        assert (await quotas.read()).feed == "target.quotas"
        assert not source.asked
        await surveyor.close()
    assert closed == ["extra"]
