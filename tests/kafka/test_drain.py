"""The drain's proof on two clusters of one partition: what holds it up, and what it says then."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from aiokafka.record.default_records import DefaultRecordBatchBuilder

from cockpit.core.actions import Finding
from cockpit.kafka.client import Client
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.effects.drain import DrainProof
from cockpit.kafka.http import Http
from tests.kafka.fake_broker import FakeCluster, Partition, fake_cluster
from tests.kafka.http_server import Answer, Asked, http_server

AT_MS = 1_700_000_000_000


def log(*values: bytes, start: int = 0) -> tuple[Partition, bytes]:
    """A partition that holds these records, all of one millisecond, from its start on."""
    builder = DefaultRecordBatchBuilder(2, 0, False, -1, -1, -1, 1 << 16)
    for i, value in enumerate(values):
        builder.append(i, AT_MS, b"k", value, [])
    batch = bytearray(builder.build()) if values else bytearray()
    batch[:8] = start.to_bytes(8, "big") if values else b""
    return Partition(1, start=start, end=start + len(values)), bytes(batch)


@dataclass
class Sides:
    """Both clusters, and how far the mirror says that it is; None: it has no position."""

    source: tuple[Partition, bytes]
    target: tuple[Partition, bytes]
    position: int | None = None
    status: int = 200
    """With what Connect answers."""
    producers: dict[tuple[str, int], list[tuple[int, int, int, int, int]]] = field(
        default_factory=dict
    )
    lacks: set[int] = field(default_factory=set)
    """API keys that the brokers are too old for."""

    async def finding(self) -> Finding:
        async with (
            fake_cluster(self._cluster(self.source)) as source,
            fake_cluster(self._cluster(self.target)) as target,
            http_server(self._answer) as server,
        ):
            http = Http()
            rest = ConnectRest(http, server.url)
            clients = (Client(source.access()), Client(target.access()))
            proof = DrainProof(source=clients[0], target=clients[1], rest=rest, mirror="m")
            try:
                return await proof.verify(["t"])
            finally:
                for client in clients:
                    await client.close()
                await http.close()

    def _cluster(self, log: tuple[Partition, bytes]) -> FakeCluster:
        found = FakeCluster(topics={"t": [log[0]]}, batches={"t": log[1]})
        found.versions = {
            key: span for key, span in found.versions.items() if key not in self.lacks
        }
        found.surveyed.producers = self.producers
        return found

    def _answer(self, asked: Asked) -> Answer:
        if not asked.target.endswith("/offsets"):
            return Answer.of({})
        entry = {"partition": {"topic": "t", "partition": 0}}
        if self.position is None:
            return Answer.of({"offsets": []}, self.status)
        return Answer.of({"offsets": [entry | {"offset": {"offset": self.position - 1}}]})


async def test_a_record_that_stands_twice_within_a_millisecond_waits_for_the_mirrors_position() -> (
    None
):
    sides = Sides(log(b"x", b"on", b"off", b"on"), log(b"x", b"on"), position=2)
    found = await sides.finding()
    assert found.holds is None
    assert "t/0: equal last records prove little, and the mirror's position is 2, not yet 4" in (
        found.detail
    )
    sides.target, sides.position = sides.source, 4
    assert (await sides.finding()).holds is True


async def test_a_partition_that_never_had_a_record_is_drained() -> None:
    assert (await Sides(log(), log()).finding()).holds is True


@pytest.mark.parametrize(("position", "holds"), [(100, True), (60, None), (None, None)])
async def test_a_partition_that_retention_has_emptied_is_proved_by_the_mirrors_position(
    position: int | None, holds: bool | None
) -> None:
    found = await Sides(log(start=100), log(start=60), position).finding()
    assert found.holds is holds
    if holds is None:
        said = "the mirror has no position" if position is None else "the mirror was at 60"
        assert f"t/0: its records before 100 are gone from the source, and {said}" in found.detail
        assert "set the mirror's position to where the log begins" in found.detail


async def test_where_connect_tells_no_position_the_partition_that_needs_one_is_named() -> None:
    found = await Sides(log(start=100), log(), status=500).finding()
    assert found.holds is None
    assert found.detail.startswith("t/0: only the mirror's position proves it: Connect")


@pytest.mark.parametrize(
    ("told", "said"),
    [(True, "offset 1 on, by producer 4001 epoch 3;"), (False, "offset 1 on;")],
    ids=["a broker that tells of producers", "an older one"],
)
async def test_an_open_transaction_is_named_with_its_producer_and_how_to_end_it(
    told: bool, said: str
) -> None:
    part, records = log(b"a", b"b")
    part.stable = 1
    sides = Sides((part, records), log(b"a"), producers={("t", 0): [(4001, 3, 9, AT_MS, 1)]})
    sides.lacks = set() if told else {61}
    found = await sides.finding()
    assert found.holds is False
    assert f"t/0: a transaction is open from {said}" in found.detail
    assert "kafka-transactions.sh find-hanging" in found.detail
    assert "kafka-transactions.sh abort" in found.detail
