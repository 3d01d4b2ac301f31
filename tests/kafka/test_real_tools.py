"""At rest, every number that Kafka's own tools give too is the same as cockpit's."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiokafka import AIOKafkaConsumer
from aiokafka.structs import TopicPartition as LibraryPartition

from cockpit.core.flight import Observed, begin
from cockpit.core.machine import step
from cockpit.core.observe import AclBinding, GroupSample, LogSample, TopicPartition, Unknown
from cockpit.core.plan import Side
from cockpit.core.project import project
from cockpit.core.survey import Quota, ScramCredential
from cockpit.kafka.cluster import KafkaCluster
from cockpit.kafka.factory import reveal_secret
from cockpit.kafka.protocol.commits import commit
from cockpit.kafka.security import access
from cockpit.kafka.surveys.quotas import read_quotas
from cockpit.kafka.surveys.users import read_users
from tests.core.build import two_wave_plan
from tests.kafka.clock import RealClock, until
from tests.kafka.planting import User, delete_groups, planted
from tests.kafka.real import (
    SIDES,
    client_as,
    library_options,
    plan_of,
    producer_as,
    scratch_topic,
)
from tests.kafka.tools import ACLS, CONFIGS, GROUPS, OFFSETS_OF_TARGET, Tools, tools_of

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker

TOPIC = "tools.ledger"
COUNTS = {0: 4, 1: 0, 2: 9}
CONFIG = {"retention.ms": "111222333", "max.message.bytes": "2000001"}
IDLE, LIVE, SILENT = "tools-idle", "tools-live", "tools-silent"
"""SILENT reads and never commits."""
COMMITS = {IDLE: {0: 1, 2: 9}, LIVE: {0: 4, 1: 0, 2: 3}}
BINDING = AclBinding("topic", "tools, odd=name", "prefixed", "User:ann", "10.0.0.1", "read", "deny")
QUOTAS = (
    Quota((("user", "tools-ann"),), "producer_byte_rate", 1024.0),
    Quota((("user", ""),), "request_percentage", 1234567.5),
)
USER = User(ScramCredential("tools-ann", "SCRAM-SHA-256", 8192))


@pytest.fixture(params=SIDES)
def side(request: pytest.FixtureRequest) -> Side:
    """Each cluster in turn."""
    found: Side = request.param
    return found


@contextlib.asynccontextmanager
async def scene(lab: Status, side: Side) -> AsyncIterator[KafkaCluster]:
    """A topic with records and configs, an idle group and a live one; then nobody moves."""
    spec = getattr(plan_of(lab), side)
    cluster = KafkaCluster(
        side, access(spec, reveal_secret), RealClock(), topics=[TOPIC], groups=[IDLE, LIVE, SILENT]
    )
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(cluster.close)
        admin = await stack.enter_async_context(client_as(lab, side, "admin"))
        await stack.enter_async_context(scratch_topic(lab, TOPIC, sides=[side], config=CONFIG))
        async with producer_as(lab, "admin", side=side) as producer:
            for partition, count in COUNTS.items():
                for n in range(count):
                    await producer.send_and_wait(TOPIC, b"record %d" % n, partition=partition)
        stack.push_async_callback(admin.ask_any, delete_groups([IDLE, LIVE, SILENT]))
        offsets = [((TOPIC, partition), offset) for partition, offset in COMMITS[IDLE].items()]
        assert not any(code for _, code in await admin.ask_any(commit(IDLE, offsets, "")))
        readers = []
        for group in (LIVE, SILENT):
            reader = AIOKafkaConsumer(
                TOPIC,
                group_id=group,
                enable_auto_commit=False,
                **library_options(lab, side, "admin"),
            )
            await reader.start()
            stack.push_async_callback(reader.stop)
            readers.append(reader)

        async def assigned() -> bool:
            return all(len(reader.assignment()) == len(COUNTS) for reader in readers)

        await until(assigned, timeout_s=15)
        consumer, _ = readers
        live = {LibraryPartition(TOPIC, p): offset for p, offset in COMMITS[LIVE].items()}
        await consumer.commit(live)
        yield cluster


async def test_ends_commits_lags_states_and_members(
    lab: Status, side: Side, tmp_path: Path
) -> None:
    tools = await tools_of(lab, side, tmp_path)
    named = ("--describe", "--group", IDLE, "--group", LIVE)
    async with scene(lab, side) as cluster:
        offsets = await tools.run(GROUPS[side], *named, "--offsets")
        states = await tools.run(GROUPS[side], *named, "--state")
        sample = await cluster.groups()
        groups, logs = sample.groups, await cluster.logs()
        ends = {tp: int(logs.end[at]) for tp, at in logs.keys.position.items()}
        starts = {tp: int(logs.start[at]) for tp, at in logs.keys.position.items()}
        seen = dict(_offset_rows(offsets))
        assert {(group, tp[1]): row[0] for (group, tp), row in seen.items()} == {
            (group, partition): offset
            for group, commits in COMMITS.items()
            for partition, offset in commits.items()
        }
        for (group, tp), (committed, end, lag) in seen.items():
            assert groups[group].committed()[tp] == committed
            assert ends[tp] == end
            assert ends[tp] - groups[group].committed()[tp] == lag
        for group in (IDLE, LIVE):
            assert set(groups[group].committed()) == {tp for name, tp in seen if name == group}
        assert {name: (groups[name].state, groups[name].members) for name in (IDLE, LIVE)} == dict(
            _state_rows(states)
        )
        lags = {name: sum(row[2] for (group, _), row in seen.items() if group == name)
                for name in COMMITS}  # fmt: skip
        assert _shown(side, sample, logs) == {**lags, SILENT: Unknown("no commits, 1 member")}
        if side == "target":
            assert await _shell(tools, "-1") == {tp: ends[tp] for tp in ends if tp[0] == TOPIC}
            assert await _shell(tools, "-2") == {tp: starts[tp] for tp in starts if tp[0] == TOPIC}


def _shown(side: Side, groups: GroupSample, logs: LogSample) -> dict[str, int | Unknown]:
    """The lags that a screen gets of these samples."""
    state = begin(two_wave_plan(), session="s", simulated=False, at_ms=groups.asked_at_ms)
    for sample in (groups, logs):
        state, _ = step(state, Observed(sample.answered_at_ms, sample))
    views = {view.name: view for view in project(state, 1).groups}
    lags = {
        name: (view.source_lag_records, view.target_lag_records) for name, view in views.items()
    }
    return {name: lags[name][SIDES.index(side)] for name in (IDLE, LIVE, SILENT)}


def _offset_rows(text: str) -> Iterator[tuple[tuple[str, TopicPartition], tuple[int, int, int]]]:
    for line in text.splitlines():
        row = line.split()
        if len(row) >= 6 and row[0] in COMMITS and row[3] != "-":
            yield (row[0], (row[1], int(row[2]))), (int(row[3]), int(row[4]), int(row[5]))


def _state_rows(text: str) -> Iterator[tuple[str, tuple[str, int]]]:
    for line in text.splitlines():
        row = line.split()
        if row and row[0] in COMMITS:
            yield row[0], (row[-2], int(row[-1]))


async def _shell(tools: Tools, time: str) -> dict[TopicPartition, int]:
    text = await tools.run(OFFSETS_OF_TARGET, "--topic", TOPIC, "--time", time)
    rows = (line.split(":") for line in text.split())
    return {(topic, int(partition)): int(offset) for topic, partition, offset in rows}


async def test_every_acl_of_the_cluster(lab: Status, side: Side, tmp_path: Path) -> None:
    tools = await tools_of(lab, side, tmp_path)
    spec = getattr(plan_of(lab), side)
    cluster = KafkaCluster(side, access(spec, reveal_secret), RealClock(), topics=(), groups=())
    async with client_as(lab, side, "admin") as admin, planted(admin, acls=[BINDING]):
        listed = frozenset(_bindings(await tools.run(ACLS[side], "--list")))
        assert BINDING in listed
        assert (await cluster.acls()).bindings == listed
    await cluster.close()


_RESOURCE = re.compile(r"ResourcePattern\(resourceType=(\w+), name=(.*), patternType=(\w+)\)`: ?$")
_ENTRY = re.compile(r"\(principal=(.*), host=(.*), operation=(\w+), permissionType=(\w+)\)")


def _bindings(text: str) -> Iterator[AclBinding]:
    resource: tuple[str, str, str] | None = None
    for line in text.splitlines():
        if found := _RESOURCE.search(line):
            resource = (found[1].lower(), found[2], found[3].lower())
        elif (found := _ENTRY.search(line)) and resource:
            yield AclBinding(*resource, found[1], found[2], found[3].lower(), found[4].lower())


async def test_effective_topic_configs(lab: Status, side: Side, tmp_path: Path) -> None:
    tools = await tools_of(lab, side, tmp_path)
    async with scratch_topic(lab, TOPIC, sides=[side], config=CONFIG):
        spec = getattr(plan_of(lab), side)
        cluster = KafkaCluster(
            side, access(spec, reveal_secret), RealClock(), topics=[TOPIC], groups=()
        )
        what = ("--describe", "--entity-type", "topics", "--entity-name", TOPIC, "--all")
        listed = dict(_configs(await tools.run(CONFIGS[side], *what)))
        assert listed.items() >= CONFIG.items()
        assert (await cluster.configs()).topics[TOPIC] == listed
        await cluster.close()


def _configs(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        if found := re.match(r"  ([^=]+)=(.*) sensitive=false synonyms=", line):
            yield found[1], found[2]


async def test_scram_users_and_quotas(lab: Status, side: Side, tmp_path: Path) -> None:
    tools = await tools_of(lab, side, tmp_path)
    clock = RealClock()
    async with (
        client_as(lab, side, "admin") as admin,
        client_as(lab, side, "cockpit") as reader,
        planted(admin, quotas=QUOTAS, users=[USER]),
    ):
        users = await tools.run(CONFIGS[side], "--describe", "--entity-type", "users")
        credentials = (await read_users(side, reader, clock)).credentials
        assert set(_credentials(users)) == set(credentials)
        assert USER.credential in credentials
        quotas = (await read_quotas(side, reader, clock)).quotas
        assert set(_quotas(users)) == quotas == set(QUOTAS)


def _credentials(text: str) -> Iterator[ScramCredential]:
    for line in text.splitlines():
        if found := re.match(r"SCRAM credential configs for user-principal '(.*)' are (.*)", line):
            for entry in found[2].split(", "):
                mechanism, _, iterations = entry.partition("=iterations=")
                yield ScramCredential(found[1], mechanism, int(iterations))


def _quotas(text: str) -> Iterator[Quota]:
    for line in text.splitlines():
        if found := re.match(
            r"Quota configs for (?:the default )?user-principal(.*) are (.*)", line
        ):
            for entry in found[2].split(", "):
                key, _, value = entry.partition("=")
                yield Quota((("user", found[1].strip(" '")),), key, float(value))
