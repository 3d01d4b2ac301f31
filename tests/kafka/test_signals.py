"""Signals: a finite number at the path, or Unknown with the reason."""

from __future__ import annotations

import json

import pytest

from cockpit.core.observe import Unknown
from cockpit.core.plan import SignalSpec
from cockpit.kafka.signals import PlanSignals, number_at
from cockpit.ports import PortError
from tests.kafka.clock import RealClock
from tests.kafka.http_server import Answer, http_server


@pytest.mark.parametrize(
    ("body", "path", "value"),
    [
        ({"errors": {"ratio": 0.25}}, "errors.ratio", 0.25),
        ([{"value": 3}], "0.value", 3.0),
        ({"a": [[1, 2]]}, "a.0.1", 2.0),
        ({"0": 7}, "0", 7.0),
        ({"n": -0.5}, "n", -0.5),
    ],
)
def test_numbers_are_found(body: object, path: str, value: float) -> None:
    assert number_at(body, path) == value


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ('{"n": NaN}', "n"),
        ('{"n": Infinity}', "n"),
        ('{"n": -Infinity}', "n"),
        ('{"n": true}', "n"),
        ('{"n": "1.5"}', "n"),
        ('{"n": null}', "n"),
        ('{"n": [1]}', "n"),
        ('{"n": {"v": 1}}', "n"),
        ('{"n": 1}', "m"),
        ('{"n": 1}', "n.v"),
        ("[1]", "1"),
        ("[1]", "-1"),
        ("[1]", "x"),
        ("{}", ""),
        ('{"n": 1' + "0" * 400 + "}", "n"),
    ],
)
def test_everything_else_is_unknown_with_a_reason(text: str, path: str) -> None:
    found = number_at(json.loads(text), path)
    assert isinstance(found, Unknown)
    assert found.reason


async def test_a_signal_is_read_from_its_url() -> None:
    async with http_server(lambda _: Answer.of({"errors": {"ratio": 0.02}})) as server:
        signals = PlanSignals(
            [SignalSpec("checkout", f"{server.url}/status", "errors.ratio")], RealClock()
        )
        sample = await signals.read("checkout")
        assert (sample.name, sample.value) == ("checkout", 0.02)
        assert sample.asked_at_ms <= sample.answered_at_ms
        assert server.asked[0].target == "/status"
        await signals.close()


@pytest.mark.parametrize(
    "answer",
    [Answer(500), Answer(404), Answer(302), Answer(200, b"<html>"), Answer(0), Answer(None)],
    ids=["500", "404", "302", "not JSON", "closed", "silent"],
)
async def test_an_answer_that_is_none_raises(answer: Answer) -> None:
    async with http_server(lambda _: answer) as server:
        spec = SignalSpec("checkout", server.url, "ratio", max_age_ms=500)
        signals = PlanSignals([spec], RealClock())
        with pytest.raises(PortError):
            await signals.read("checkout")
        await signals.close()
