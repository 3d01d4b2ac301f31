"""A report from a recording alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.report.build import report
from cockpit.report.document import Table
from cockpit.report.html import html
from cockpit.report.reading import MaterialError, material
from cockpit.wire.recording import Reader
from tests.recorded import Recorded, record


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    return record(tmp_path_factory.mktemp("flown") / "recording.ckrec")


def test_the_material_is_what_the_engine_told_and_showed(flown: Recorded) -> None:
    found = material(flown.reader())
    assert found.plan == flown.plan
    assert found.session == "s-1"
    assert found.simulated
    told = [event for event in flown.told if "level" in event]
    assert [event.text for event in found.events] == [event["text"] for event in told]
    assert [event.number for event in found.events] == list(range(1, len(told) + 1))
    (life,) = found.lives
    assert (life.number, life.version, life.ended) == (1, "0.1.0", "the flight ended")
    snapshots = list(found.snapshots())
    assert snapshots[0].seq == 1
    assert snapshots[-1].seq == flown.shown[-1].seq
    assert len(snapshots) < len(flown.shown)


def test_every_verdict_that_changes_before_its_wave_is_looked_at(flown: Recorded) -> None:
    looked_ms = {snapshot.at_ms for snapshot in material(flown.reader()).snapshots()}
    told = [frame for frame in flown.reader().walk()
            if any(event["kind"] in ("gate", "trigger") for event in frame.tells())]  # fmt: skip
    assert told
    assert {frame.at_ms for frame in told} <= looked_ms


def test_the_report_names_who_ordered_on_which_readings(flown: Recorded) -> None:
    document = report(material(flown.reader()))
    tables = {b.name: b for s in document.sections for b in s.blocks if isinstance(b, Table)}
    orders = tables["decisions"].rows
    assert [row[1].text for row in orders] == ["ana", "ana"]
    assert all("gate replication_lag PASS" in row[4].text for row in orders)
    assert html(document) == html(report(material(flown.reader())))


def test_a_torn_recording_has_a_report_that_says_so(flown: Recorded) -> None:
    data = flown.path.read_bytes()
    found = material(Reader(data[: len(data) * 2 // 3]))
    assert found.lives[-1].ended == ""
    assert html(report(found))


def test_damage_in_the_middle_is_told_as_a_gap(flown: Recorded) -> None:
    data = bytearray(flown.path.read_bytes())
    begin = len(data) // 3
    data[begin : begin + 40] = b"x" * 40
    found = material(Reader(bytes(data)))
    assert found.gaps
    document = report(found)
    assert "damaged" in html(document)


def test_what_is_no_session_has_no_report(tmp_path: Path) -> None:
    from cockpit.wire.composer import Composer

    with pytest.raises(MaterialError, match="no part"):
        material(Reader(Composer().begin(5, {"session": "s"})))
    assert not list(tmp_path.iterdir())
