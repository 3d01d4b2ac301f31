"""Ways into a running lab for tests: its plan, its ports, its admin, and scratch topics."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError

from cockpit.core.observe import AclBinding
from cockpit.core.plan import Login, Plan, SecretRef, Side
from cockpit.kafka.client import CHANGE_TIMEOUT_MS, Client
from cockpit.kafka.factory import RealPorts, connect_real, reveal_secret
from cockpit.kafka.protocol.acls import create_acls, delete_acls
from cockpit.kafka.security import access
from cockpit.plan import load_plan_file
from tests.kafka.clock import RealClock

if TYPE_CHECKING:
    from cockpit.lab.looking import Status


def plan_of(lab: Status) -> Plan:
    """The plan that the lab wrote for itself."""
    return load_plan_file(Path(lab.as_json()["plan"]))


def address_of(lab: Status, side: Side) -> str:
    """Where the plan's principals reach one cluster."""
    spec = getattr(plan_of(lab), side)
    return str(spec.bootstrap[0])


def login_of(lab: Status, user: str) -> Login:
    """One of the lab's users."""
    return Login(user, SecretRef("file", str(lab.folder / "secrets" / user)))


@contextlib.asynccontextmanager
async def ports_of(lab: Status) -> AsyncIterator[RealPorts]:
    """The real ports of the lab's plan."""
    ports = connect_real(plan_of(lab), RealClock())
    try:
        yield ports
    finally:
        await ports.close()


@contextlib.asynccontextmanager
async def client_as(lab: Status, side: Side, user: str) -> AsyncIterator[Client]:
    """A client of one cluster as another user, with the patience that changes need: the first one
    of a broker that has just started may take it seconds."""
    spec = getattr(plan_of(lab), side)
    found = access(spec, reveal_secret, login=login_of(lab, user))
    client = Client(found, timeout_ms=CHANGE_TIMEOUT_MS)
    try:
        yield client
    finally:
        await client.close()


def library_options(lab: Status, side: Side, user: str) -> dict[str, Any]:
    """What the Kafka library's own clients take to log in."""
    login = login_of(lab, user)
    return {
        "bootstrap_servers": lab.as_json()["bootstrap"][side],
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": reveal_secret(login.password),
    }


@contextlib.asynccontextmanager
async def producer_as(
    lab: Status, user: str, *, side: Side = "source", **more: Any
) -> AsyncIterator[Any]:
    """A producer, on the source unless said otherwise."""
    producer = AIOKafkaProducer(**library_options(lab, side, user), **more)
    await producer.start()
    try:
        yield producer
    finally:
        await producer.stop()


@contextlib.asynccontextmanager
async def member_of(lab: Status, group: str, topic: str) -> AsyncIterator[None]:
    """A live member of a group on the source."""
    consumer = AIOKafkaConsumer(
        topic, group_id=group, enable_auto_commit=False, **library_options(lab, "source", "admin")
    )
    await consumer.start()
    try:
        yield
    finally:
        await consumer.stop()


@contextlib.asynccontextmanager
async def scratch_topic(
    lab: Status,
    name: str,
    *,
    sides: Iterable[Side] = ("source",),
    config: dict[str, str] | None = None,
) -> AsyncIterator[str]:
    """A topic of three partitions that is gone afterwards, on both sides."""
    for side in sides:
        async with library_admin(lab, side) as admin:
            with contextlib.suppress(TopicAlreadyExistsError):
                await admin.create_topics([NewTopic(name, 3, 1, topic_configs=config or {})])
    try:
        yield name
    finally:
        for side in SIDES:
            async with library_admin(lab, side) as admin:
                if name in await admin.list_topics():
                    await admin.delete_topics([name])


@contextlib.asynccontextmanager
async def library_admin(lab: Status, side: Side) -> AsyncIterator[Any]:
    """For one step only: the lab's brokers end a login after a while, and it does not renew it."""
    admin = AIOKafkaAdminClient(**library_options(lab, side, "admin"))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


SIDES: tuple[Side, Side] = ("source", "target")


def allow(topic: str, user: str, operation: str) -> AclBinding:
    """An ACL that lets a user do something with one topic."""
    return AclBinding("topic", topic, "literal", f"User:{user}", "*", operation, "allow")


@contextlib.asynccontextmanager
async def allowed(lab: Status, *bindings: AclBinding, side: Side = "source") -> AsyncIterator[None]:
    """ACLs that are gone afterwards."""
    async with client_as(lab, side, "admin") as admin:
        await admin.ask_any(create_acls(bindings))
        try:
            yield
        finally:
            await admin.ask_any(delete_acls(bindings))


def with_login(plan: Plan, side: Side, login: Login, **security: Any) -> Plan:
    """The plan with another login for one side."""
    spec = getattr(plan, side)
    changed = replace(spec, security=replace(spec.security, login=login, **security))
    return replace(plan, **{side: changed})
