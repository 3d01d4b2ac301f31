"""Differences planted between two real clusters: each one is found, none is invented."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from aiokafka.admin import NewTopic

from cockpit.core.facts import Facts, absorb
from cockpit.core.parity import all_checks
from cockpit.core.plan import Plan, Side
from cockpit.core.snapshot import CheckView
from cockpit.kafka.client import Client
from cockpit.kafka.configs import read_acls, read_configs
from cockpit.kafka.protocol.acls import create_acls, delete_acls
from cockpit.kafka.surveys.quotas import read_quotas
from cockpit.kafka.surveys.topics import read_topics
from cockpit.kafka.surveys.users import read_users
from tests.kafka.clock import RealClock, until
from tests.kafka.planting import (
    User,
    alter_quotas,
    alter_topic_config,
    alter_users,
    planted,
)
from tests.kafka.real import SIDES, client_as, library_admin, plan_of
from tests.kafka.real_differences import (
    BINDINGS,
    DIFFERENCES,
    ORDERS,
    PAYMENTS,
    QUOTAS,
    USERS,
    Difference,
    scratch_plan,
)

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

pytestmark = pytest.mark.broker
CLOCK = RealClock()

Clients = dict[Side, Client]


def test_there_are_forty_and_each_has_a_name_of_its_own() -> None:
    assert len({one.name for one in DIFFERENCES}) == len(DIFFERENCES) >= 40


async def test_every_difference_is_found_and_nothing_else(lab: Status) -> None:
    lab_plan = plan_of(lab)
    async with contextlib.AsyncExitStack() as stack:
        readers: Clients = {}
        writers: Clients = {}
        for side in SIDES:
            readers[side] = await stack.enter_async_context(client_as(lab, side, "cockpit"))
            writers[side] = await stack.enter_async_context(client_as(lab, side, "admin"))
        for side in SIDES:
            await stack.enter_async_context(
                planted(writers[side], acls=BINDINGS, quotas=QUOTAS, users=USERS)
            )
            await stack.enter_async_context(_topics(lab, {side: 3}, ORDERS, PAYMENTS))
        plain = scratch_plan(lab_plan)
        await until(lambda: _equal(readers, plain), timeout_s=10)
        wrong: list[str] = []
        for one in DIFFERENCES:
            plan = scratch_plan(lab_plan, one.finds) if one.partitions else plain
            async with _changed(one, writers, lab):
                wrong += await _judged(one, readers, plan)
            await until(lambda: _equal(readers, plain), timeout_s=5)
        assert not wrong, "\n".join(wrong)
    await until(lambda: _clean(lab), timeout_s=5)


async def _clean(lab: Status) -> bool:
    """Whether nothing that was planted is left."""
    left: list[object] = []
    for side in SIDES:
        async with client_as(lab, side, "cockpit") as client:
            left += (await read_acls(side, client, CLOCK)).bindings & set(BINDINGS)
            left += (await read_quotas(side, client, CLOCK)).quotas
            users = (await read_users(side, client, CLOCK)).credentials
            left += users & {user.credential for user in USERS}
            left += (await client.view()).topics.keys() & {ORDERS, PAYMENTS}
    return not left


async def _equal(readers: Clients, plan: Plan) -> bool:
    return not await _open(readers, plan)


async def _open(readers: Clients, plan: Plan) -> list[CheckView]:
    """What the real readers and the real judge call open."""
    facts = Facts()
    for side in SIDES:
        client = readers[side]
        facts = absorb(facts, await read_configs(side, client, CLOCK, plan.topics()))
        facts = absorb(facts, await read_acls(side, client, CLOCK))
        facts = absorb(facts, await read_topics(side, client, CLOCK))
        facts = absorb(facts, await read_quotas(side, client, CLOCK))
        facts = absorb(facts, await read_users(side, client, CLOCK))
    checks = all_checks(plan, facts, now_ms=CLOCK.now_ms())
    unknown = [check for check in checks if check.word == "unknown" and check.kind != "connector"]
    assert not unknown, unknown
    return [check for check in checks if check.word == "open" and check.kind != "connector"]


async def _judged(one: Difference, readers: Clients, plan: Plan) -> list[str]:
    """Complaints about how one difference shows."""
    found: list[CheckView] = []

    async def shown() -> bool:
        found[:] = await _open(readers, plan)
        return any(check.kind == one.kind and one.finds in check.name for check in found)

    try:
        await until(shown, timeout_s=3)
    except TimeoutError:
        return [f"{one.name}: not found; open: {[check.name for check in found]}"]
    invented = [c for c in found if c.kind != one.kind or one.about not in c.name]
    return [f"{one.name}: invented {check.kind} {check.name}" for check in invented]


@contextlib.asynccontextmanager
async def _changed(one: Difference, writers: Clients, lab: Status) -> AsyncIterator[None]:
    writer = writers[one.side]
    async with contextlib.AsyncExitStack() as stack:
        for side, count in one.partitions.items():
            await stack.enter_async_context(_topics(lab, {side: count}, one.finds))
        if one.config is not None:
            config, value = one.config
            assert await writer.ask_any(alter_topic_config(ORDERS, config, value)) == (0,)
            stack.push_async_callback(writer.ask_any, alter_topic_config(ORDERS, config, None))
        await _swap_acls(one, writer, stack)
        await _swap_limits(one, writer, stack)
        yield


async def _swap_acls(one: Difference, writer: Client, stack: contextlib.AsyncExitStack) -> None:
    if one.less:
        await writer.ask_any(delete_acls(one.less))
        stack.push_async_callback(writer.ask_any, create_acls(one.less))
    if one.more:
        await writer.ask_any(create_acls(one.more))
        stack.push_async_callback(writer.ask_any, delete_acls(one.more))


async def _swap_limits(one: Difference, writer: Client, stack: contextlib.AsyncExitStack) -> None:
    """Quotas and users; what was there before comes back last."""
    before = [quota for quota in QUOTAS if (one.quota_less or one.quota_more)]
    if before:
        stack.push_async_callback(writer.ask_any, alter_quotas(before, remove=False))
    for quotas, remove in ((one.quota_less, True), (one.quota_more, False)):
        if quotas:
            codes = await writer.ask_any(alter_quotas(quotas, remove=remove))
            assert set(codes) == {0}
    extra = [q for q in one.quota_more if all(q.entity != known.entity for known in QUOTAS)]
    if extra:
        stack.push_async_callback(writer.ask_any, alter_quotas(extra, remove=True))
    mine = {c.user for c in (*one.user_less, *one.user_more)}
    for user in USERS:
        if user.credential.user in mine:
            stack.push_async_callback(writer.ask_any, alter_users([user], remove=False))
    for credentials, remove in ((one.user_less, True), (one.user_more, False)):
        for credential in credentials:
            assert await writer.ask_any(alter_users([User(credential)], remove=remove)) == (0,)


@contextlib.asynccontextmanager
async def _topics(lab: Status, counts: dict[Side, int], *names: str) -> AsyncIterator[None]:
    """Topics with these partition counts, gone afterwards."""
    for side, count in counts.items():
        async with library_admin(lab, side) as admin:
            await admin.create_topics([NewTopic(name, count, 1) for name in names])
    try:
        yield
    finally:
        for side in counts:
            async with library_admin(lab, side) as admin:
                await admin.delete_topics(list(names))
