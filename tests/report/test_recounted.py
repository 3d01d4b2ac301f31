"""The numbers and the answers of reports of recorded flights, worked out once more from the raw
recording."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from cockpit.cli.pilot import Orders
from cockpit.report.build import report
from cockpit.report.machine import as_json
from cockpit.report.reading import material
from cockpit.sim.faults import ClusterUnreachable, ErrorBurst, Fault, When
from tests.recorded import record
from tests.report.questions import assert_answered
from tests.report.raw import Raw
from tests.report.recount import assert_recounted

FLIGHTS: dict[str, tuple[Fault, ...]] = {
    "calm": (),
    "back": (
        ErrorBurst(
            signal="checkout-errors",
            value=0.5,
            when=When(event="fence", delay_ms=2_000, for_ms=20_000),
        ),
    ),
    "silent": (ClusterUnreachable(side="source", when=When(delay_ms=5_000, for_ms=20_000)),),
}
ORDERS = Orders(user="ana", fly_again=True)


@pytest.fixture(scope="module", params=FLIGHTS)
def raw(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Raw:
    path = tmp_path_factory.mktemp("flown") / "recording.ckrec"
    return Raw(record(path, *FLIGHTS[request.param], orders=ORDERS).reader())


def content(raw: Raw) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(as_json(report(material(raw.reader))))
    return found


def test_every_number_comes_out_the_same_again(raw: Raw) -> None:
    assert assert_recounted(raw, content(raw)) >= 100


def test_the_twelve_questions_have_the_recordings_answers(raw: Raw) -> None:
    assert_answered(raw, content(raw))


def _tampered(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """The document with one number of each table, heat map or strip changed, one at a time."""
    found = []
    for i, section in enumerate(document["sections"]):
        for j, block in enumerate(section["blocks"]):
            if block["kind"] != kind:
                continue
            other = copy.deepcopy(document)
            target = other["sections"][i]["blocks"][j]
            if _change(target, kind):
                found.append(other)
    return found


def _change(block: dict[str, Any], kind: str) -> bool:
    if kind == "table":
        cells = [cell for row in block["rows"] for cell in row if type(cell["value"]) is int]
        for cell in cells[:1]:
            cell["value"] += 1
        return bool(cells)
    for row in block["rows"]:
        for place, value in enumerate(row["values"]):
            if value is not None:
                row["values"][place] = value + 1
                return True
    return False


@pytest.mark.parametrize("kind", ["table", "heat"])
def test_another_number_would_be_noticed(raw: Raw, kind: str) -> None:
    tampered = _tampered(content(raw), kind)
    assert len(tampered) >= 3
    for document in tampered:
        with pytest.raises(AssertionError):
            assert_recounted(raw, document)
