"""The small parts of a service: its meter, its ledgers, its control port."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cockpit.lab.control import Answer, Call, serve
from cockpit.lab.ledger import Entry, Ledger, next_seq
from cockpit.lab.meter import Meter
from cockpit.lab.ports import free_ports
from cockpit.lab.workers import partition_of


class TestMeter:
    def test_nothing_attempted_is_unknown_and_not_zero(self) -> None:
        assert Meter().ratio(100.0) is None

    def test_the_ratio_is_of_the_last_seconds_only(self) -> None:
        meter = Meter()
        meter.error(0.0, "early", 10)
        meter.ok(5.0, 30)
        assert meter.ratio(5.0) == 0.25
        assert meter.ratio(12.0) == 0.0
        assert meter.ratio(30.0) is None
        assert (meter.errors, meter.last_error) == (10, "early")

    @pytest.mark.parametrize("ratio", [0.0, 0.2, 0.9])
    def test_a_fault_fails_its_share_of_the_attempts(self, ratio: float) -> None:
        meter = Meter()
        meter.set_fault(ratio)
        failed = sum(meter.fails_on_purpose() for _ in range(1000))
        assert abs(failed - 1000 * ratio) <= 1


class TestLedger:
    def test_a_line_is_the_entry_as_json(self, tmp_path: Path) -> None:
        path = tmp_path / "p.jsonl"
        ledger = Ledger(path)
        ledger.add(
            [Entry("source", "t", 3, 17, "p", 5, 1700), Entry("target", "t", 3, 1, "p", 6, 9)]
        )
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        assert abs(rows[0].pop("noted_at_ms") - time.time_ns() // 1_000_000) < 60_000
        assert rows[0] == {
            "cluster": "source",
            "topic": "t",
            "partition": 3,
            "offset": 17,
            "producer": "p",
            "seq": 5,
            "at_ms": 1700,
        }
        assert (len(rows), ledger.count) == (2, 2)

    def test_numbers_go_on_after_the_largest_one_also_behind_a_torn_line(
        self, tmp_path: Path
    ) -> None:
        path = tmp_path / "p.jsonl"
        assert next_seq(path) == 0
        Ledger(path).add([Entry("source", "t", 0, 0, "p", seq, 0) for seq in (0, 2, 1)])
        with path.open("a") as out:
            out.write('{"cluster": "sour')
        assert next_seq(path) == 3


def test_a_key_has_the_partition_that_any_kafka_client_gives_it() -> None:
    # Hashes -973932308, -790332482 and -985981536: the vectors of Kafka's own UtilsTest.
    keys = (b"21", b"foobar", b"a-little-bit-long-string")
    assert [partition_of(key) for key in keys] == [0, 6, 2]
    assert {partition_of(f"gateway-{n}".encode()) for n in range(61)} == set(range(10))


class TestControl:
    @pytest.fixture
    async def port(self) -> AsyncIterator[int]:
        async def handler(call: Call) -> Answer:
            return Answer(200, {"path": call.path, "query": call.query})

        port = free_ports(["x"])["x"]
        server = await serve(port, handler)
        yield port
        server.close()
        await server.wait_closed()

    async def test_path_and_query_reach_the_handler(self, port: int) -> None:
        reply = await _said(port, b"POST /start?cluster=target&x=%20y HTTP/1.1\r\nHost: h\r\n\r\n")
        head, _, body = reply.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 OK\r\n")
        assert json.loads(body) == {"path": "/start", "query": {"cluster": "target", "x": " y"}}

    @pytest.mark.parametrize(
        ("request_bytes", "status"),
        [
            (b"\r\n\r\n", b"400"),
            (b"nonsense\r\n\r\n", b"400"),
            (b"GET /\r\n\r\n", b"400"),
            (b"DELETE / HTTP/1.1\r\n\r\n", b"405"),
            (b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\n\r\n", b"400"),
            (b"\xff\xfe\x00 \x80 \x81\r\n\r\n", b"405"),
        ],
    )
    async def test_what_is_no_request_gets_an_answer_all_the_same(
        self, port: int, request_bytes: bytes, status: bytes
    ) -> None:
        assert (await _said(port, request_bytes)).split(b" ")[1] == status


async def _said(port: int, request_bytes: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request_bytes)
    await writer.drain()
    try:
        async with asyncio.timeout(5.0):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()
