"""An instant query gives one fresh number, or Unknown with the reason."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cockpit.core.observe import Unknown
from cockpit.core.plan import SignalSpec
from cockpit.kafka.prometheus import one_reading
from cockpit.kafka.signals import PlanSignals
from cockpit.ports import PortError
from tests.kafka.clock import RealClock
from tests.kafka.http_server import Answer, Asked, http_server

QUERY = 'errors{job="a"} # all of them'


def vector(*values: str, at_s: float | None = None, **more: Any) -> Answer:
    now_s = time.time() if at_s is None else at_s
    result = [{"metric": {"n": str(i)}, "value": [now_s, v]} for i, v in enumerate(values)]
    data = {"resultType": "vector", "result": result}
    return Answer.of({"status": "success", "data": data, **more})


def scalar(value: str) -> Answer:
    data = {"resultType": "scalar", "result": [time.time(), value]}
    return Answer.of({"status": "success", "data": data})


async def read(answer: Callable[[str], Answer], *, max_age_ms: int = 5_000) -> float | Unknown:
    def respond(asked: Asked) -> Answer:
        url = urlsplit(asked.target)
        assert url.path == "/prom/api/v1/query"
        return answer(parse_qs(url.query)["query"][0])

    async with http_server(respond) as server:
        spec = SignalSpec(
            "errors",
            kind="prometheus",
            url=f"{server.url}/prom/",
            query=QUERY,
            max_age_ms=max_age_ms,
        )
        signals = PlanSignals([spec], RealClock())
        try:
            return (await signals.read("errors")).value
        finally:
            await signals.close()


def sampled(value: str, age_s: float) -> Callable[[str], Answer]:
    """A server that knows when its sample was taken."""

    def answer(query: str) -> Answer:
        if query == f"timestamp(({QUERY}\n))":
            return vector(str(time.time() - age_s))
        assert query == QUERY
        return vector(value)

    return answer


async def test_one_fresh_sample_is_a_number() -> None:
    assert await read(sampled("0.02", 1)) == 0.02


async def test_a_scalar_is_a_number() -> None:
    assert await read(lambda _: scalar("7")) == 7


async def test_a_server_that_knows_no_timestamps_is_taken_at_its_word() -> None:
    assert await read(lambda _: vector("0.02")) == 0.02
    assert await read(lambda q: Answer(422) if "timestamp" in q else vector("3")) == 3


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda _: vector(), "finds no sample"),
        (lambda _: vector("1", "2"), "finds 2 samples"),
        (lambda _: vector("NaN"), "is nan"),
        (lambda _: vector("+Inf"), "is inf"),
        (lambda _: vector("-Inf"), "is -inf"),
        (lambda _: scalar("NaN"), "is nan"),
        (lambda _: vector("many"), "many is no number"),
        (lambda _: vector("1", at_s=time.time() - 60), "stale"),
        (sampled("1", 60), "stale"),
        (lambda _: vector("1", warnings=["store b did not answer"]), "store b did not answer"),
    ],
    ids=[
        *("empty", "many", "NaN", "+Inf", "-Inf", "scalar NaN", "text", "old answer", "old sample"),
        "warning",
    ],
)
async def test_everything_else_is_unknown(answer: Callable[[str], Answer], reason: str) -> None:
    found = await read(answer)
    assert isinstance(found, Unknown)
    assert reason in found.reason


async def test_remarks_on_the_query_are_no_warnings() -> None:
    remark = "PromQL info: metric might not be a counter"
    assert await read(lambda _: vector("1", warnings=[remark], infos=["x"])) == 1


def test_other_kinds_of_results_are_unknown() -> None:
    histogram = {"resultType": "vector", "result": [{"metric": {}, "histogram": [1, {}]}]}
    for data in (
        {"resultType": "matrix", "result": []},
        {"resultType": "string", "result": [1, "x"]},
        histogram,
    ):
        assert isinstance(one_reading(data), Unknown)


@pytest.mark.parametrize("data", [None, [], {}, {"resultType": 7}, {"result": []}, "x"])
def test_what_is_no_result_is_a_failure(data: object) -> None:
    with pytest.raises(PortError):
        one_reading(data)


@pytest.mark.parametrize(
    ("answer", "kind", "reason"),
    [
        (
            Answer.of({"status": "error", "error": "parse error: \x1b[0m"}, 400),
            "protocol",
            "HTTP 400: parse error: \ufffd[0m",
        ),
        (Answer.of({"status": "error"}), "protocol", "no success"),
        (Answer(401), "refused", "HTTP 401"),
        (Answer(503, b"<html>"), "protocol", "HTTP 503"),
        (Answer(200, b"<html>"), "protocol", "not JSON"),
        (Answer(0), "unreachable", ""),
        (Answer(None), "slow", ""),
    ],
    ids=["400", "error", "401", "503", "not JSON", "closed", "silent"],
)
async def test_no_answer_is_a_failure(answer: Answer, kind: str, reason: str) -> None:
    with pytest.raises(PortError) as caught:
        await read(lambda _: answer, max_age_ms=500)
    assert caught.value.kind == kind
    assert caught.value.reason.startswith("signal errors: ")
    assert reason in caught.value.reason
