"""An inventory over the wire: real readers, brokers that answer what a test tells them to."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from cockpit.cli.census import census
from cockpit.core.inventory import Inventory, Item, take_inventory
from cockpit.core.observe import Unknown
from cockpit.plan.loader import load_beginning
from tests.kafka.fake_broker import OLD, FakeCluster, Group, Partition, fake_cluster
from tests.kafka.fake_registry import FakeRegistry
from tests.kafka.fake_surveys import Dir, consumer_assignment
from tests.kafka.http_server import http_server

START = """\
cockpit: 1
name: wire
source: {{bootstrap: ["127.0.0.1:{source}"], security: {{protocol: plaintext}}}}
target: {{bootstrap: ["127.0.0.1:{target}"], security: {{protocol: plaintext}}}}
replication: {{kind: link, url: "http://127.0.0.1:1", name: nothing}}
registries: {{source: {{url: "{registry}"}}, target: {{url: "{registry}"}}}}
"""
SERVICES = """\
services:
  - {name: ledger, principal: "User:ledger", consumes: [orders], group: ledger,
     stop: {manual: a}, start: {manual: b}, undo: {manual: c}}
"""
PRODUCERS, ENDS, COMMITS = 61, 2, 9


@dataclass
class Sides:
    """What the two clusters are made of."""

    source: FakeCluster
    target: FakeCluster


def sides() -> Sides:
    source = FakeCluster(
        topics={
            "orders": [Partition(1, end=100), Partition(2, end=100)],
            "legacy": [Partition(2, start=5, end=9)],
        },
        groups={
            "ledger": Group(
                assignment=consumer_assignment({"orders": [0, 1]}),
                offsets={("orders", 0): 90, ("orders", 1): 100},
            ),
            "spy": Group(node=2, state="Empty", members=0, offsets={("orders", 0): 1}),
        },
    )
    source.surveyed.configs = {"retention.ms": "1000"}
    source.surveyed.quotas = [([("user", "ledger")], {"consumer_byte_rate": 5.0})]
    source.surveyed.users = {"ledger": [(2, 4096)]}
    source.surveyed.producers = {("orders", 0): [(7, 0, 10, 900, -1)]}
    source.surveyed.dirs = {
        1: [Dir("/a", [("orders", 0, 50, False)])],
        2: [Dir("/a", [("orders", 1, 60, False), ("legacy", 0, 7, False)])],
    }
    return Sides(source, FakeCluster(topics={"orders": [Partition(1), Partition(1)]}))


async def writing(cluster: FakeCluster) -> None:
    """Somebody writes to `legacy`, and no broker lists him."""
    while True:
        await asyncio.sleep(0.01)
        cluster.topics["legacy"][0].end += 1


@contextlib.asynccontextmanager
async def running(both: Sides) -> AsyncIterator[str]:
    """The start of a plan for both clusters and one registry."""
    registry = FakeRegistry()
    registry.register("orders-value", '"string"')
    async with (
        fake_cluster(both.source),
        fake_cluster(both.target),
        http_server(registry.answer) as server,
        asyncio.TaskGroup() as group,
    ):
        writer = group.create_task(writing(both.source), name="writer")
        ports = (both.source.ports[1], both.target.ports[1])
        yield START.format(source=ports[0], target=ports[1], registry=server.url)
        writer.cancel()


async def taken(both: Sides, services: str = "") -> Inventory:
    async with running(both) as start:
        beginning = load_beginning(start + services, origin="plan.yaml")
        facts = await census(beginning.plan, apart_ms=400)
    return take_inventory(beginning.plan, facts)


def item(inventory: Inventory, kind: str, name: str) -> Item:
    (found,) = (i for i in inventory.items if (i.kind, i.name) == (kind, name))
    return found


async def test_everything_that_brokers_and_a_registry_tell_is_an_item() -> None:
    inventory = await taken(sides(), SERVICES)
    orders, legacy = item(inventory, "topic", "orders"), item(inventory, "topic", "legacy")
    assert (orders.where(), orders.word) == ("both", "in the plan")
    assert (orders.values["bytes"], orders.values["retention.ms"]) == (110, "1000")
    assert orders.values["records_per_s"] == 0.0
    assert (legacy.where(), legacy.word) == ("source", "unassigned")
    rate = legacy.values["records_per_s"]
    assert isinstance(rate, float)
    assert rate > 1
    ledger, spy = item(inventory, "group", "ledger"), item(inventory, "group", "spy")
    assert (ledger.word, ledger.values["lag"], ledger.values["members"]) == ("in the plan", 10, 1)
    assert (spy.word, spy.why) == ("unassigned", "reads orders, which the plan moves")
    assert item(inventory, "user", "ledger").word == "in the plan"
    assert item(inventory, "quota", "user=ledger consumer_byte_rate").values["value"] == 5.0
    schema = item(inventory, "schema", "orders-value")
    assert (schema.word, schema.values["type"], schema.where()) == ("in the plan", "AVRO", "both")
    listed = item(inventory, "producer", "source producer 7")
    assert (listed.word, listed.why) == ("unassigned", "no service of the plan writes orders")
    assert item(inventory, "producer", "source unlisted writer of legacy").word == "unassigned"


async def test_what_these_brokers_cannot_answer_is_unread() -> None:
    inventory = await taken(sides())
    unread = {line.partition(":")[0] for line in inventory.unread}
    assert unread == {"source.acls", "target.acls"}  # the fakes have no ACL requests
    assert "connectors were not looked for: the plan names no Connect" in inventory.notes


async def test_old_brokers_leave_values_unknown_and_feeds_unread() -> None:
    both = sides()
    both.source.versions = dict(OLD)
    inventory = await taken(both)
    unread = {line.partition(":")[0] for line in inventory.unread}
    assert {"source.producers", "source.quotas", "source.users", "source.acls"} <= unread
    orders = item(inventory, "topic", "orders")
    assert isinstance(orders.values["retention.ms"], Unknown)
    assert item(inventory, "group", "spy").word == "unassigned"
    writer = item(inventory, "producer", "source writer of legacy")
    assert isinstance(writer.values["transactional_id"], Unknown)


async def test_who_writes_is_looked_at_before_and_after_what_was_written() -> None:
    """Else a listed producer's last record would be taken for somebody's whom nobody lists; and
    commits come before ends, so that no lag is negative by jitter."""
    both = sides()
    await taken(both)
    keys = [key for _, key in both.source.asked if key in (PRODUCERS, ENDS, COMMITS)]
    looks = [key for key, before in zip(keys, [0, *keys], strict=False) if key != before]
    assert looks[:3] == [PRODUCERS, COMMITS, ENDS]
    assert looks[-3:] == [COMMITS, ENDS, PRODUCERS]


async def test_a_cluster_that_is_looked_at_is_not_changed() -> None:
    """No topic is named that could be created, nobody joins a group, nothing is written."""
    both = sides()
    await taken(both, SERVICES)
    reading = {1, 2, 3, 9, 10, 15, 16, 18, 29, 32, 35, 48, 50, 60, 61, 65, 66, 69}
    for cluster in (both.source, both.target):
        assert {key for _, key in cluster.asked} <= reading
        assert set(cluster.topics) <= {"orders", "legacy"}
