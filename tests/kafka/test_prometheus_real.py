"""Signals by a real Prometheus: fresh, stale, ambiguous, absent, wrong, and gone."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cockpit.core.observe import Unknown
from cockpit.core.plan import SignalSpec
from cockpit.kafka.signals import PlanSignals
from cockpit.ports import PortError
from tests.kafka.clock import RealClock, until
from tests.kafka.http_server import Answer, Asked, http_server
from tests.kafka.prometheus_server import Prometheus, prometheus

pytestmark = pytest.mark.broker


def exporter(_: Asked) -> Answer:
    """A few numbers, one of them with a time of long ago."""
    old_ms = int((time.time() - 60) * 1000)
    text = (
        'errors_ratio{service="checkout"} 0.25\nnothing_ratio NaN\n'
        f'old_ratio 0.5 {old_ms}\nparts{{n="1"}} 1\nparts{{n="2"}} 2\n'
    )
    return Answer(200, text.encode(), (("Content-Type", "text/plain; version=0.0.4"),))


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Prometheus]:
    async with http_server(exporter) as target:
        with prometheus(tmp_path, target.url.removeprefix("http://")) as running:
            yield running


async def read(server: Prometheus, query: str, *, max_age_ms: int = 5_000) -> float | Unknown:
    spec = SignalSpec("s", kind="prometheus", url=server.url, query=query, max_age_ms=max_age_ms)
    signals = PlanSignals([spec], RealClock())
    try:
        return (await signals.read("s")).value
    finally:
        await signals.close()


async def test_a_real_prometheus_from_its_start_to_its_end(server: Prometheus) -> None:
    async def scraped() -> bool:
        try:
            return not isinstance(await read(server, "errors_ratio"), Unknown)
        except PortError:
            return False

    await until(scraped, timeout_s=30)
    assert await read(server, 'errors_ratio{service="checkout"}') == 0.25
    assert await read(server, "errors_ratio # of all") == 0.25
    assert await read(server, "sum(parts) / 2") == 1.5
    assert await read(server, "scalar(sum(parts))") == 3
    assert await read(server, "max_over_time(errors_ratio[1m])") == 0.25
    for query, reason in (
        ("parts", "finds 2 samples"),
        ("no_such_metric", "finds no sample"),
        ("nothing_ratio", "is nan"),
        ("1 / 0", "is inf"),
        ("parts[1m]", "matrix"),
        ('"text"', "string"),
        ("old_ratio", "stale"),
    ):
        found = await read(server, query)
        assert isinstance(found, Unknown), query
        assert reason in found.reason
    assert await read(server, "old_ratio", max_age_ms=120_000) == 0.5
    with pytest.raises(PortError) as caught:
        await read(server, "sum(")
    assert caught.value.kind == "protocol"
    assert "HTTP 400" in caught.value.reason
    assert "parse error" in caught.value.reason
    server.kill()
    with pytest.raises(PortError) as caught:
        await read(server, "errors_ratio", max_age_ms=500)
    assert caught.value.kind == "unreachable"
