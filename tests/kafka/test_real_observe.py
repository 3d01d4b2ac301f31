"""Reading real clusters: Kafka 2.8 with ZooKeeper, Kafka 4 with KRaft, MirrorMaker between them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from cockpit.core.observe import MISSING, AclBinding, GroupSample, LogSample, Unknown
from cockpit.core.plan import Login, SecretRef, Side
from cockpit.core.translate import translate
from cockpit.kafka.factory import connect_real, reveal_secret
from cockpit.lab.properties import REAUTH_MS
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until
from tests.kafka.real import SIDES, address_of, login_of, plan_of, ports_of, with_login

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker


@pytest.mark.parametrize("side", SIDES)
async def test_a_cluster_says_who_it_is(lab: Status, side: Side) -> None:
    async with ports_of(lab) as ports:
        info = await getattr(ports, side).info()
        assert info.side == side
        assert info.cluster_id
        assert info.brokers == (f"1 {address_of(lab, side)}",)


@pytest.mark.parametrize("side", SIDES)
async def test_every_partition_of_the_plan_has_a_start_and_an_end(lab: Status, side: Side) -> None:
    async with ports_of(lab) as ports:
        cluster = getattr(ports, side)
        first: LogSample = await cluster.logs()
        for topic in plan_of(lab).topics():
            for partition in range(10):
                at = first.keys.position[topic, partition]
                assert 0 <= first.start[at] <= first.end[at]
        assert not first.errors
        assert MISSING not in first.end
        assert (await cluster.logs()).keys is first.keys


@pytest.mark.parametrize("side", SIDES)
async def test_logins_that_end_every_five_seconds_leave_no_gap(
    lab: Status, side: Side, capfd: pytest.CaptureFixture[str]
) -> None:
    async with ports_of(lab) as ports:
        cluster, clock = getattr(ports, side), RealClock()
        began_ms, reads = clock.now_ms(), 0
        while clock.now_ms() - began_ms < 2 * REAUTH_MS + 1_000:
            sample: LogSample = await cluster.logs()
            groups: GroupSample = await cluster.groups(states_max_age_ms=2_000)
            assert not sample.errors
            assert not [g.name for g in groups.groups.values() if g.unknown is not None]
            reads += 1
            await clock.sleep(200)
        assert reads > 10
    assert capfd.readouterr().err == ""


async def test_ends_move_and_lag_is_never_negative(lab: Status) -> None:
    async with ports_of(lab) as ports:
        before = await ports.source.logs()

        async def moved() -> bool:
            groups = await ports.source.groups()
            after = await ports.source.logs()
            assert not _negative_lags(groups, after)
            return int(after.end.sum()) > int(before.end.sum())

        await until(moved, timeout_s=20)


def _negative_lags(groups: GroupSample, logs: LogSample) -> list[str]:
    return [
        f"{group.name} {tp}"
        for group in groups.groups.values()
        for tp, offset in group.committed().items()
        if tp in logs.keys.position and logs.end[logs.keys.position[tp]] < offset
    ]


async def test_groups_have_members_where_they_run_and_commits_on_both_sides(lab: Status) -> None:
    wanted = set(plan_of(lab).groups())
    async with ports_of(lab) as ports:
        source = (await ports.source.groups()).groups
        assert wanted <= set(source)
        for name in wanted:
            group = source[name]
            assert (group.unknown, group.state, group.members) == (None, "Stable", 1)
            assert all(offset >= 0 for offset in group.offsets)

        async def synced() -> bool:
            target = (await ports.target.groups()).groups
            mine = [target[name] for name in wanted if name in target]
            found = {(g.unknown, g.state, g.members) for g in mine}
            assert found <= {(None, "Empty", 0)}
            return len(mine) == len(wanted) and all(group.keys for group in mine)

        await until(synced, timeout_s=30)


@pytest.mark.parametrize("side", SIDES)
async def test_effective_configs_and_partition_counts(lab: Status, side: Side) -> None:
    async with ports_of(lab) as ports:
        sample = await getattr(ports, side).configs()
        topics = plan_of(lab).topics()
        assert set(sample.topics) == set(sample.partitions) == set(topics)
        for topic in topics:
            assert sample.partitions[topic] == 10
            assert sample.topics[topic]["retention.ms"] == "86400000"
            assert sample.topics[topic]["cleanup.policy"] == "delete"


@pytest.mark.parametrize("side", SIDES)
async def test_acls_in_the_words_of_kafkas_own_tools(lab: Status, side: Side) -> None:
    async with ports_of(lab) as ports:
        bindings = (await getattr(ports, side).acls()).bindings
        expected = AclBinding(
            "group", "shop-search", "literal", "User:search", "*", "read", "allow"
        )
        assert expected in bindings
        assert {b.pattern for b in bindings} == {"literal", "prefixed"}


async def test_the_mirror_runs_and_has_a_position_for_every_partition(lab: Status) -> None:
    plan = plan_of(lab)
    async with ports_of(lab) as ports:

        async def complete() -> bool:
            sample = await ports.replication.mirror()
            names = {connector.name for connector in sample.connectors}
            assert names == {"mm2-source", "mm2-checkpoint"}
            states = [task.state for c in sample.connectors for task in c.tasks]
            partitions = {(topic, p) for topic in plan.topics() for p in range(10)}
            return set(states) == {"RUNNING"} and partitions <= set(sample.positions)

        await until(complete, timeout_s=30)
        positions = (await ports.replication.mirror()).positions
        logs = await ports.source.logs()
        ends = {tp: int(logs.end[at]) for tp, at in logs.keys.position.items()}
        assert all(positions[tp] <= end for tp, end in ends.items() if tp in positions)


async def test_translations_never_pass_the_end_of_the_target(lab: Status) -> None:
    async with ports_of(lab) as ports:
        groups = (await ports.source.groups()).groups
        first = await ports.replication.syncs()
        assert first.read_to_end
        syncs = await ports.replication.syncs()
        ends = await ports.target.logs()
        translated = 0
        for name in plan_of(lab).groups():
            for tp, offset in groups[name].committed().items():
                place = translate(syncs.slots.get(tp, ()), offset)
                if not isinstance(place, Unknown):
                    translated += 1
                    assert 0 <= place <= ends.end[ends.keys.position[tp]]
        assert translated > 0


async def test_signals_come_from_the_services(lab: Status) -> None:
    async with ports_of(lab) as ports:
        for spec in plan_of(lab).signals:
            sample = await ports.signals.read(spec.name)
            assert isinstance(sample.value, float)


async def _refusal(lab: Status, login: Login, **security: str) -> PortError:
    """What a cluster says to a login."""
    plan = with_login(plan_of(lab), "source", login, **security)
    ports = connect_real(plan, RealClock(), _reveal)
    try:
        with pytest.raises(PortError) as caught:
            await ports.source.info()
        return caught.value
    finally:
        await ports.close()


def _reveal(ref: SecretRef) -> str:
    return "hunter2" if ref.name == "WRONG" else reveal_secret(ref)


@pytest.mark.parametrize("mechanism", ["scram-sha-512", "plain"])
async def test_a_wrong_password_is_refused_by_name_and_never_shown(
    lab: Status, mechanism: str
) -> None:
    error = await _refusal(lab, Login("cockpit", SecretRef("env", "WRONG")), mechanism=mechanism)
    address = address_of(lab, "source")
    assert error.kind == "refused"
    assert error.reason.startswith(f"SASL authentication failed for user cockpit at {address}")
    assert "hunter2" not in str(error)


async def test_a_mechanism_that_the_broker_has_not_is_refused(lab: Status) -> None:
    error = await _refusal(lab, login_of(lab, "cockpit"), mechanism="scram-sha-256")
    assert error.kind == "refused"
    assert error.reason.startswith("SASL mechanism SCRAM-SHA-256 not offered for user cockpit")


async def test_plaintext_to_a_sasl_listener_is_a_protocol_failure(lab: Status) -> None:
    error = await _refusal(lab, login_of(lab, "cockpit"), protocol="plaintext")
    assert error.kind == "protocol"


async def test_a_missing_right_is_refused_with_its_name(lab: Status) -> None:
    plan = with_login(plan_of(lab), "target", login_of(lab, "canary"))
    ports = connect_real(replace(plan), RealClock())
    try:
        with pytest.raises(PortError) as caught:
            await ports.target.acls()
        assert caught.value.kind == "refused"
        assert "cluster authorisation failed (31)" in caught.value.reason
        groups = (await ports.target.groups()).groups
        assert all(group.unknown == "group authorisation failed (30)" for group in groups.values())
        assert set(groups) == set(plan.groups())
    finally:
        await ports.close()
