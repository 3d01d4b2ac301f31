"""A canary that is a super user is found by what it may do though no ACL lets it."""

from __future__ import annotations

import pytest

from cockpit.core.actions import Fence
from cockpit.core.observe import AclBinding
from cockpit.kafka.client import Client
from cockpit.kafka.effects import fence as fencing_module
from cockpit.kafka.effects.authorizer import KNOWN
from cockpit.kafka.effects.canary import why_canary_is_no_proof
from cockpit.kafka.effects.fence import Fencing
from cockpit.kafka.protocol.acls import OPERATIONS
from cockpit.ports import PortError
from tests.core.build import acl
from tests.kafka.fake_broker import FakeCluster, Partition, fake_cluster
from tests.kafka.test_silence import Clock

ALL = ("read", "write", "create", "delete", "alter", "describe", "describe_configs",
       "alter_configs")  # fmt: skip
CODES = {word: code for code, word in OPERATIONS.items()}
PRODUCER = acl("checkout", "write", "topic", "orders")
CANARY = acl("canary", "write", "topic", "orders")
FENCE = Fence(("orders",), ("User:*",))
ADMIN_ACL = acl("admin", "alter", "cluster", "kafka-cluster")
ON_CLUSTER = sum(1 << CODES[word] for word in ("alter", "describe", "cluster_action"))


def bits(*operations: str) -> int:
    return sum(1 << CODES[word] for word in operations)


def judged(operations: int, *bindings: AclBinding) -> str:
    views = [{"orders": bits("describe", "write")}, {"orders": operations}]
    return why_canary_is_no_proof("User:canary", ("orders",), frozenset(bindings), views)


def test_a_canary_that_may_do_on_one_broker_what_no_acl_lets_it_is_a_super_user() -> None:
    why = judged(bits(*ALL), PRODUCER, CANARY)
    assert why.startswith("canary User:canary may read topic orders, and no ACL lets it")
    assert "a canary with an ACL of its own" in why
    assert "may write topic orders" in judged(bits("write", "describe"), PRODUCER)


@pytest.mark.parametrize(
    ("binding", "operations"),
    [
        (CANARY, ("write", "describe")),
        (acl("canary", "write", "topic", "ord", pattern="prefixed"), ("write", "describe")),
        (acl("canary", "write", "topic", "*", host="10.0.0.1"), ("write", "describe")),
        (acl("*", "all", "topic", "orders"), ALL),
    ],
    ids=["its own", "prefixed", "from one host", "everybody's"],
)
def test_what_an_acl_lets_the_canary_do_is_no_sign(
    binding: AclBinding, operations: tuple[str, ...]
) -> None:
    assert judged(bits(*operations), PRODUCER, binding) == ""


def test_on_a_topic_without_acls_everybody_may_be_let_through() -> None:
    assert judged(bits(*ALL), acl("checkout", "write", "topic", "other")) == ""


def test_a_denial_that_has_not_reached_every_broker_makes_no_super_user() -> None:
    denied = acl("*", "write", "topic", "orders", permission="deny")
    assert judged(bits("write", "describe"), PRODUCER, CANARY, denied) == ""


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> set[AclBinding]:
    """The ACLs that every broker knows, under an authorizer of Kafka's own."""
    bindings = {PRODUCER, CANARY}

    async def classes(_: Client) -> dict[int, str]:
        return {1: min(KNOWN), 2: min(KNOWN)}

    async def by_broker(_: Client) -> dict[int, frozenset[AclBinding]]:
        return {node: frozenset(bindings) for node in (1, 2)}

    monkeypatch.setattr(fencing_module, "authorizers", classes)
    monkeypatch.setattr(fencing_module, "bindings_by_broker", by_broker)
    return bindings


async def unfit(operations: int, on_cluster: int = 0) -> str:
    """Why a fence is unfit, and that its precheck refuses with the same words."""
    topics = {"orders": [Partition(1, 3, 10), Partition(2, 0, 20)]}
    cluster = FakeCluster(topics=topics)
    cluster.surveyed.topic_operations["orders"] = operations
    cluster.surveyed.cluster_operations = on_cluster
    async with fake_cluster(cluster):
        client = Client(cluster.access())
        fencing = Fencing(
            Clock(), admin=client, changer=client, canary=client, name="User:canary",
            writers={"orders": frozenset({"User:checkout"})},
        )  # fmt: skip
        why = await fencing.why_unfit(FENCE)
        if why:
            with pytest.raises(PortError) as refused:
                await fencing.precheck(FENCE)
            assert refused.value.reason == why
        await client.close()
    return why


async def test_a_super_user_canary_is_refused_before_anything_is_touched(
    known: set[AclBinding],
) -> None:
    assert await unfit(bits("write", "describe")) == ""
    assert "may read topic orders, and no ACL lets it" in await unfit(bits(*ALL), ON_CLUSTER)


async def test_one_that_has_every_right_on_the_topic_shows_on_the_cluster_where_acls_are_about_it(
    known: set[AclBinding],
) -> None:
    known.add(acl("canary", "all", "topic", "orders"))
    assert await unfit(bits(*ALL), ON_CLUSTER) == ""
    known.add(ADMIN_ACL)
    assert "may do everything with the cluster" in await unfit(bits(*ALL), ON_CLUSTER)
    assert await unfit(bits(*ALL), 0) == ""
    known.add(acl("canary", "all", "cluster", "kafka-cluster"))
    assert await unfit(bits(*ALL), ON_CLUSTER) == ""
