"""The mirror's own words: what one worker cannot tell takes nothing else away."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from cockpit.core.facts import Facts, absorb
from cockpit.core.lag import replication_lag
from cockpit.core.observe import Unknown
from cockpit.core.plan import Replication
from cockpit.kafka import mirror as mirror_module
from cockpit.kafka.mirror import MirrorMaker
from cockpit.kafka.security import Access
from cockpit.ports import PortError
from tests.kafka.clock import RealClock
from tests.kafka.http_server import Answer, Asked, http_server

NOWHERE = Access((("127.0.0.1", 1),), "PLAINTEXT")
STATUS = {"connector": {"state": "RUNNING"}, "tasks": [{"id": 0, "state": "FAILED", "trace": "x"}]}
NOT_FOUND = Answer.of({"error_code": 404, "message": "HTTP 404 Not Found"}, 404)
POSITIONS = Answer.of(
    {"offsets": [{"partition": {"topic": "orders", "partition": 0}, "offset": {"offset": 4}}]}
)


def worker(version: str, offsets: Answer) -> Callable[[Asked], Answer]:
    def respond(asked: Asked) -> Answer:
        if asked.target == "/":
            return Answer.of({"version": version})
        return offsets if asked.target.endswith("/offsets") else Answer.of(STATUS)

    return respond


@contextlib.asynccontextmanager
async def mirror_at(respond: Callable[[Asked], Answer]) -> AsyncIterator[MirrorMaker]:
    async with http_server(respond) as server:
        spec = Replication(server.url, "mm2", "mm2-checkpoints")
        mirror = MirrorMaker(spec, RealClock(), source=NOWHERE, target=NOWHERE)
        try:
            yield mirror
        finally:
            await mirror.close()


@pytest.mark.parametrize("version", ["2.8.2", "3.4.1", "3.4.0-IV1"])
async def test_before_3_5_connectors_and_tasks_are_known_and_positions_are_not(
    version: str,
) -> None:
    async with mirror_at(worker(version, NOT_FOUND)) as mirror:
        sample = await mirror.mirror()
    assert [task.state for task in sample.connectors[0].tasks] == ["FAILED"]
    assert sample.positions == {}
    assert sample.positions_unknown == "Connect before 3.5 does not tell offsets"
    assert replication_lag(absorb(Facts(), sample)) == Unknown(sample.positions_unknown)


async def test_a_newer_worker_that_denies_positions_is_not_called_old() -> None:
    async with mirror_at(worker("3.9.1", NOT_FOUND)) as mirror:
        sample = await mirror.mirror()
    assert sample.positions_unknown == "Connect, offsets of mm2: HTTP 404: HTTP 404 Not Found"
    assert sample.connectors[0].state == "RUNNING"


async def test_positions_of_a_worker_that_tells_them() -> None:
    async with mirror_at(worker("4.0.0", POSITIONS)) as mirror:
        sample = await mirror.mirror()
    assert (sample.positions, sample.positions_unknown) == ({("orders", 0): 5}, "")


async def test_a_connect_that_hangs_is_known_within_three_seconds() -> None:
    """A look each second, and this long for its answer."""
    loop = asyncio.get_running_loop()
    async with mirror_at(lambda _: Answer(None)) as mirror:
        began_s = loop.time()
        with pytest.raises(PortError) as caught:
            await mirror.mirror()
        assert caught.value.kind == "slow"
        assert "no answer from Connect within 1.8 s" in caught.value.reason
        assert loop.time() - began_s < 2.0


async def test_a_connect_that_needs_long_is_late_and_not_unknown_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mirror_module, "WITHIN_S", 0.05)
    clock, answer = RealClock(), worker("4.0.0", POSITIONS)
    async with mirror_at(answer) as mirror:
        slow = mirror._mirror

        async def slowly() -> object:
            await asyncio.sleep(0.1)
            return await slow()

        monkeypatch.setattr(mirror, "_mirror", slowly)
        began_ms = clock.now_ms()
        with pytest.raises(PortError):
            await mirror.mirror()
        async with asyncio.timeout(2):
            while True:
                with contextlib.suppress(PortError):
                    sample = await mirror.mirror()
                    break
    assert sample.asked_at_ms >= began_ms
    assert sample.positions == {("orders", 0): 5}
