"""Changing real clusters, each time back to where they were."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import httpx
import pytest
from aiokafka.errors import TopicAuthorizationFailedError

from cockpit.core.actions import (
    CommitOffsets,
    ExcludeGroups,
    Fence,
    PatchConnector,
    ProveDrained,
    ProveShut,
    ProveSilent,
    Unfence,
)
from cockpit.core.observe import AclBinding
from cockpit.core.parity import fence_binding
from cockpit.core.parity.fence import fence_bindings
from cockpit.kafka.effects.fence import SAMPLE_PAUSE_MS, SAMPLES
from cockpit.kafka.factory import connect_real
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until
from tests.kafka.real import (
    allow,
    allowed,
    member_of,
    plan_of,
    ports_of,
    producer_as,
    scratch_topic,
)

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker


@pytest.fixture
def fenced() -> str:
    """A topic name that no mirror and no other test knows."""
    return f"scratch-{uuid4().hex[:8]}"


@pytest.fixture
def mirrored() -> str:
    """A topic name that the mirror picks up."""
    return f"shop.scratch-{uuid4().hex[:8]}"


@dataclass
class Writing:
    """What a live producer has seen so far."""

    acknowledged: int = 0
    refused: int = 0


@contextlib.asynccontextmanager
async def writer(lab: Status, user: str, topic: str) -> AsyncIterator[Writing]:
    """A producer that writes without pause to three partitions."""
    seen = Writing()
    async with producer_as(lab, user, acks=1) as producer, asyncio.TaskGroup() as tasks:

        async def write() -> None:
            while True:
                try:
                    await producer.send_and_wait(topic, b"x", partition=seen.acknowledged % 3)
                    seen.acknowledged += 1
                except TopicAuthorizationFailedError:
                    seen.refused += 1
                await asyncio.sleep(0.01)

        writing = tasks.create_task(write(), name="writer")
        try:
            yield seen
        finally:
            writing.cancel()


async def test_a_fence_is_set_proved_held_and_taken_away(lab: Status, fenced: str) -> None:
    fence, unfence = Fence((fenced,)), Unfence((fenced,))
    rights = (allow(fenced, "canary", "write"), allow(fenced, "canary", "describe"))
    async with (
        scratch_topic(lab, fenced),
        allowed(lab, *rights),
        ports_of(lab) as ports,
        writer(lab, "canary", fenced) as seen,
    ):
        effector = ports.effector
        before = (await ports.source.acls()).bindings
        await until(lambda: _reached(seen, 10), timeout_s=10)
        assert (await effector.precheck(fence)).holds is False
        assert (await effector.verify(fence)).holds is False
        assert (await effector.precheck(unfence)).holds is True

        await effector.do(fence)
        found = await effector.verify(fence)
        assert found.holds is True, found.detail
        assert set(found.shows["source_end"]) == {f"{fenced}/{number}" for number in range(3)}
        stopped_at = seen.acknowledged
        assert (await effector.precheck(fence)).holds is True
        assert (await effector.do(fence))["already_there"] == [fenced]
        assert seen.acknowledged == stopped_at
        assert seen.refused > 0
        assert (await ports.source.acls()).bindings - before == {fence_binding(fenced)}

        assert (await effector.verify(unfence)).holds is False
        assert await effector.do(unfence) == {"removed": 1}
        assert (await effector.verify(unfence)).holds is True
        assert await effector.do(unfence) == {"removed": 0}
        await until(lambda: _reached(seen, stopped_at + 1), timeout_s=10)
        assert (await ports.source.acls()).bindings == before


async def _reached(seen: Writing, count: int) -> bool:
    return seen.acknowledged >= count


class Meddling(RealClock):
    """A clock by which somebody takes a fence away between the last two samples of its proof."""

    def __init__(self, meddle: Callable[[], Awaitable[object]]) -> None:
        self._meddle = meddle
        self._pauses = 0

    async def sleep(self, duration_ms: int) -> None:
        if duration_ms == SAMPLE_PAUSE_MS:
            self._pauses += 1
            if self._pauses == SAMPLES - 1:
                await self._meddle()
        await super().sleep(duration_ms)


async def test_a_fence_that_is_taken_away_during_its_proof_is_not_proved(
    lab: Status, fenced: str
) -> None:
    rights = (allow(fenced, "canary", "write"), allow(fenced, "canary", "describe"))
    async with scratch_topic(lab, fenced), allowed(lab, *rights), ports_of(lab) as ports:
        await ports.effector.do(Fence((fenced,)))
        assert (await ports.effector.verify(Fence((fenced,)))).holds is True
        clock = Meddling(lambda: ports.effector.do(Unfence((fenced,))))
        watched = connect_real(plan_of(lab), clock)
        try:
            found = await watched.effector.verify(Fence((fenced,)))
            assert found.holds is False, found.detail
            assert "not fenced" in found.detail
        finally:
            await watched.close()


async def test_a_super_user_escapes_the_fence_and_is_seen(lab: Status, fenced: str) -> None:
    rights = (allow(fenced, "canary", "write"), allow(fenced, "canary", "describe"))
    async with (
        scratch_topic(lab, fenced),
        allowed(lab, *rights),
        ports_of(lab) as ports,
        writer(lab, "admin", fenced) as seen,
    ):
        await until(lambda: _reached(seen, 3), timeout_s=10)
        await ports.effector.do(Fence((fenced,)))
        found = await ports.effector.verify(Fence((fenced,)))
        assert found.holds is False
        assert f"somebody still writes: {fenced}/" in found.detail
        await ports.effector.do(Unfence((fenced,)))


async def test_a_fence_that_could_not_be_proved_is_refused(lab: Status, fenced: str) -> None:
    """The canary must be able to write before: else its refusal afterwards shows nothing."""
    async with (
        scratch_topic(lab, fenced),
        allowed(lab, allow(fenced, "canary", "describe")),
        ports_of(lab) as ports,
    ):
        for call in (ports.effector.precheck, ports.effector.do):
            with pytest.raises(PortError) as caught:
                await call(Fence((fenced,)))
            assert f"canary User:canary may not write {fenced}" in caught.value.reason
        assert fence_binding(fenced) not in (await ports.source.acls()).bindings


async def test_a_fence_against_chosen_principals_stops_them_and_leaves_others_alone(
    lab: Status, fenced: str
) -> None:
    principals = ("User:canary", "User:other")
    rights = (allow(fenced, "canary", "write"), allow(fenced, "canary", "describe"))
    async with (
        scratch_topic(lab, fenced),
        allowed(lab, *rights, allow(fenced, "svc-pricing", "write")),
        ports_of(lab) as ports,
        writer(lab, "canary", fenced) as seen,
    ):
        before = (await ports.source.acls()).bindings
        await until(lambda: _reached(seen, 3), timeout_s=10)
        await ports.effector.do(Fence((fenced,), principals))
        assert (await ports.effector.verify(Fence((fenced,), principals))).holds is True
        made = (await ports.source.acls()).bindings - before
        assert made == fence_bindings((fenced,), principals)
        await ports.effector.do(Unfence((fenced,), principals))
        assert (await ports.source.acls()).bindings == before


async def test_a_producer_that_no_acl_stops_is_named_before_anything_is_touched(
    lab: Status,
) -> None:
    plan = plan_of(lab)
    first = next(s for s in plan.services if s.produces)
    supers = dataclasses.replace(first, principal="User:admin")
    others = tuple(supers if s is first else s for s in plan.services)
    ports = connect_real(dataclasses.replace(plan, services=others), RealClock())
    try:
        before = (await ports.source.acls()).bindings
        with pytest.raises(PortError, match=r"no ACL lets User:admin write .*: is it a super user"):
            await ports.effector.precheck(Fence(first.produces))
        assert (await ports.source.acls()).bindings == before
    finally:
        await ports.close()


async def test_a_release_stands_on_the_fence_the_ends_and_what_the_target_lets_be_written(
    lab: Status, fenced: str
) -> None:
    writer_name = "User:svc-pricing"
    ends = tuple(((fenced, number), 0) for number in range(3))
    shut = ProveShut((fenced,), ends, ("User:*",), (writer_name,))
    rights = (allow(fenced, "canary", "write"), allow(fenced, "canary", "describe"))
    denied = AclBinding("topic", fenced, "literal", writer_name, "*", "write", "deny")
    async with (
        scratch_topic(lab, fenced, sides=("source", "target")),
        allowed(lab, *rights),
        ports_of(lab) as ports,
    ):
        effector = ports.effector
        found = await effector.verify(shut)
        assert (found.holds, found.detail) == (False, f"not fenced: {fenced}")

        await effector.do(Fence((fenced,)))
        await until(lambda: _holds(effector.verify(shut)), timeout_s=10)
        assert "3 partitions end where they did" in (await effector.verify(shut)).detail

        async with allowed(lab, denied, side="target"):
            found = await effector.verify(shut)
            assert found.holds is False
            assert f"an ACL on the target denies {writer_name} to write {fenced}" in found.detail
        await until(lambda: _holds(effector.verify(shut)), timeout_s=10)

        async with producer_as(lab, "admin") as escaping:
            await escaping.send_and_wait(fenced, b"a super user", partition=1)
        found = await effector.verify(shut)
        assert found.holds is False
        assert f"{fenced}/1 ended at 0 on the source, now at 1" in found.detail
        await effector.do(Unfence((fenced,)))


async def test_silence_is_proved_where_nothing_refuses(lab: Status, fenced: str) -> None:
    silence = ProveSilent((fenced,))
    rights = (allow(fenced, "canary", "write"), allow(fenced, "canary", "describe"))
    async with scratch_topic(lab, fenced), allowed(lab, *rights), ports_of(lab) as ports:
        found = await ports.effector.verify(silence)
        assert found.holds is True, found.detail
        assert "nothing refuses it" in found.detail
        async with writer(lab, "canary", fenced) as seen:
            await until(lambda: _reached(seen, 3), timeout_s=10)
            assert (await ports.effector.verify(silence)).holds is False


@pytest.mark.parametrize(
    "topic", ["*", "__consumer_offsets", "mm2-offset-syncs.a.internal", "nope"]
)
async def test_some_topics_are_never_fenced(lab: Status, topic: str) -> None:
    async with ports_of(lab) as ports:
        with pytest.raises(PortError):
            await ports.effector.do(Fence((topic,)))
        assert fence_binding(topic) not in (await ports.source.acls()).bindings


async def test_offsets_are_committed_read_back_and_deleted(lab: Status) -> None:
    group = "shop-scratch-group"
    first, second = ("shop.orders", 0), ("shop.orders", 1)
    set_both = CommitOffsets("target", group, ((first, 1), (second, 2)))
    back = CommitOffsets("target", group, ((first, None), (second, None)))
    async with ports_of(lab) as ports:
        effector = ports.effector
        assert (await effector.precheck(set_both)).holds is False
        assert await effector.do(set_both) == {
            "previous": {"shop.orders/0": None, "shop.orders/1": None}
        }
        assert (await effector.verify(set_both)).holds is True
        assert (await ports.target.groups()).groups[group].committed() == {first: 1, second: 2}

        mixed = CommitOffsets("target", group, ((first, 3), (second, None)))
        assert await effector.do(mixed) == {"previous": {"shop.orders/0": 1, "shop.orders/1": 2}}
        assert (await effector.verify(mixed)).holds is True
        assert (await effector.verify(set_both)).holds is False

        await effector.do(back)
        assert (await effector.verify(back)).holds is True
        assert (await effector.precheck(back)).holds is True
        await effector.do(back)


async def test_a_live_group_refuses_to_be_moved(lab: Status) -> None:
    group = "scratch-live"
    action = CommitOffsets("source", group, ((("shop.orders", 0), 1),))
    async with ports_of(lab) as ports:
        async with member_of(lab, group, "shop.orders"):

            async def stable() -> bool:
                return (await ports.source.groups()).groups[group].state == "Stable"

            await until(stable, timeout_s=20)
            with pytest.raises(PortError) as caught:
                await ports.effector.do(action)
            assert caught.value.kind == "refused"
            assert f"group {group} still has members" in caught.value.reason
            assert (await ports.effector.verify(action)).holds is False
        await ports.effector.do(CommitOffsets("source", group, ((("shop.orders", 0), None),)))


async def test_a_connector_is_patched_and_put_back(lab: Status) -> None:
    connector = plan_of(lab).replication.source_connector
    before = await _config(lab, connector)
    action = PatchConnector(
        connector, (("sync.topic.acls.enabled", "false"), ("emit.heartbeats.enabled", "false"))
    )
    async with ports_of(lab) as ports:
        assert (await ports.effector.precheck(action)).holds is False
        result = await ports.effector.do(action)
        assert result == {
            "previous": {"sync.topic.acls.enabled": "true", "emit.heartbeats.enabled": None}
        }
        assert (await ports.effector.verify(action)).holds is True
        assert await _config(lab, connector) == before | dict(action.settings)
        back = PatchConnector(connector, tuple(result["previous"].items()))
        await ports.effector.do(back)
        assert (await ports.effector.verify(back)).holds is True
        assert await _config(lab, connector) == before


async def test_groups_leave_the_mirrors_sync_and_come_back(lab: Status) -> None:
    connector = plan_of(lab).replication.checkpoint_connector
    before = await _config(lab, connector)
    out = ExcludeGroups(("shop-audit", "shop-search"), excluded=True)
    async with ports_of(lab) as ports:
        assert (await ports.effector.precheck(out)).holds is False
        assert await ports.effector.do(out) == {"previous": {"groups.exclude": None}}
        await until(lambda: _holds(ports.effector.verify(out)), timeout_s=40)
        back = ExcludeGroups(out.groups, excluded=False)
        assert (await ports.effector.precheck(back)).holds is False
        await ports.effector.do(back)
        assert (await ports.effector.verify(back)).holds is True
        assert await _config(lab, connector) == before


async def _holds(finding: Any) -> bool:
    return (await finding).holds is True


async def _config(lab: Status, connector: str) -> dict[str, str]:
    url = f"{lab.as_json()['connect']}/connectors/{connector}/config"
    async with httpx.AsyncClient(trust_env=False) as http:
        config: dict[str, str] = (await http.get(url)).json()
        return config


async def _mirror(lab: Status, verb: str) -> None:
    connector = plan_of(lab).replication.source_connector
    url = f"{lab.as_json()['connect']}/connectors/{connector}/{verb}"
    async with httpx.AsyncClient(trust_env=False) as http:
        (await http.put(url)).raise_for_status()


async def test_drained_means_that_the_last_record_is_there_markers_or_not(
    lab: Status, mirrored: str
) -> None:
    action = ProveDrained((mirrored,))
    async with (
        scratch_topic(lab, mirrored, sides=("source", "target")),
        ports_of(lab) as ports,
    ):
        found = await ports.effector.verify(action)
        assert found.holds is True, "an empty topic is drained"
        async with (
            producer_as(lab, "admin", transactional_id="scratch") as producer,
            producer.transaction(),
        ):
            for i in range(30):
                await producer.send(mirrored, b"%d" % i, partition=0, headers=[("h", b"1")])
            await producer.send(mirrored, b"one", partition=1)
        await until(lambda: _holds(ports.effector.verify(action)), timeout_s=40)
        ends = await ports.effector.do(action)
        assert ends["source_end"] == {f"{mirrored}/0": 31, f"{mirrored}/1": 2, f"{mirrored}/2": 0}
        assert ends["target_end"] == {f"{mirrored}/0": 30, f"{mirrored}/1": 1, f"{mirrored}/2": 0}

        await _mirror(lab, "pause")
        try:
            async with producer_as(lab, "admin", acks="all") as producer:
                for i in range(7):
                    await producer.send_and_wait(mirrored, b"late%d" % i, partition=1)
            found = await ports.effector.verify(action)
            assert found.holds is False
            assert found.detail.startswith(f"1 of 3 not drained: {mirrored}/1: about ")
            with pytest.raises(PortError):
                await ports.effector.do(action)
        finally:
            await _mirror(lab, "resume")
        await until(lambda: _holds(ports.effector.verify(action)), timeout_s=40)


async def test_an_open_transaction_is_not_drained(lab: Status, mirrored: str) -> None:
    action = ProveDrained((mirrored,))
    async with (
        scratch_topic(lab, mirrored, sides=("source", "target")),
        ports_of(lab) as ports,
        producer_as(lab, "admin", transactional_id="scratch-open") as producer,
    ):
        await producer.begin_transaction()
        await producer.send_and_wait(mirrored, b"maybe", partition=2)
        found = await ports.effector.verify(action)
        assert found.holds is False
        assert "a transaction is open from offset 0 on" in found.detail
        await producer.abort_transaction()
