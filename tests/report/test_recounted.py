"""The numbers and the answers of reports of recorded flights, worked out once more from the raw
recording."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from cockpit.cli.pilot import Orders
from cockpit.report.build import report
from cockpit.report.machine import as_json
from cockpit.report.reading import material
from cockpit.sim.faults import ClusterUnreachable, ErrorBurst, Fault, When
from cockpit.wire.recording import Reader
from tests.recorded import record
from tests.report.questions import Review, assert_answered
from tests.report.raw import Raw
from tests.report.recount import assert_recounted
from tests.taken_over import Death, record_taken_over

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
TAKEN_OVER: dict[str, tuple[Death, ...]] = {
    "onward": (
        Death("step_started", "readers", "stop"),
        Death("step_started", "readers", "offsets", in_order=True),
        Death("step_started", "readers", "start"),
        Death("step_started", "readers", "soak", late_ms=3_000, down_ms=20 * 60_000),
        Death("step_started", "writers", "fence"),
        Death("step_started", "writers", "drain"),
        Death("point_of_no_return", "writers"),
    ),
    "homeward": (
        Death("step_started", "writers", "drain", go_on=False),
        Death("undo_started", "writers", "fence", go_on=False),
        Death("undo_started", "writers", "stop", go_on=False),
    ),
    "left": (Death("step_started", "writers", "soak"),),
}
"""At which moments of a flight its engines die."""
ORDERS = Orders(user="ana", fly_again=True)


@pytest.fixture(scope="module", params=[*FLIGHTS, *TAKEN_OVER])
def raw(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Raw:
    path = tmp_path_factory.mktemp("flown") / "recording.ckrec"
    if request.param in FLIGHTS:
        record(path, *FLIGHTS[request.param], orders=ORDERS)
    else:
        record_taken_over(path, TAKEN_OVER[request.param], orders=ORDERS)
    return Raw(Reader(path.read_bytes()))


def content(raw: Raw) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(as_json(report(material(raw.reader))))
    return found


def test_the_time_without_an_engine_is_told_with_the_step_that_it_fell_into(
    tmp_path: Path,
) -> None:
    path = tmp_path / "recording.ckrec"
    record_taken_over(path, [Death("step_started", "readers", "soak", down_ms=20 * 60_000)])
    raw = Raw(Reader(path.read_bytes()))
    review = Review(content(raw))
    soak = next(row for row in review.rows("steps") if row["step"]["text"] == "soak")
    assert soak["took"]["value"] > soak["without an engine"]["value"] >= 20 * 60_000
    assert soak["without an engine"]["text"] == "20 min 00 s"
    assert (soak["begun again"]["value"], soak["result"]["text"]) == (1, "done")
    assert "Nothing was recorded from" in review.words(2)
    assert "(20 min 00 s): the engine was gone." in review.words(2)


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
