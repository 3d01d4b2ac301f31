"""What is kept of the flight of msk-to-byoc opens, and its document says what it holds."""

from __future__ import annotations

import re

import pytest

from tests.migrations.kept import Kept, clock

KEPT = Kept("msk-to-byoc")
WAVE, LAST = "scoring", "branches"
MOST_BYTES = 400_000


def test_it_is_small_enough_to_be_kept() -> None:
    assert sum(path.stat().st_size for path in KEPT.folder.iterdir()) < MOST_BYTES


@pytest.mark.parametrize("name", [WAVE, LAST])
def test_a_kept_recording_opens_and_every_moment_of_it_can_be_shown(name: str) -> None:
    reader = KEPT.recording(name)
    assert not reader.damages()
    shown = [reader.frame(number).snapshot() for number in range(reader.frames)]
    assert shown[0].at_ms < shown[-1].at_ms
    assert next(wave for wave in shown[-1].waves if wave.name == name).word == "done"


def test_no_path_of_the_machine_that_it_was_flown_on_is_in_it() -> None:
    for path in KEPT.folder.glob("*.md"):
        assert not re.search(r"/(home|root|work|tmp)/", path.read_text())


def test_the_document_says_who_advanced_wave_3_and_when() -> None:
    said = KEPT.answer("Who advanced wave 3, on which readings, and how old were they?")
    order = KEPT.first(WAVE, "confirmed")
    assert f"`{order['by']}`" in said
    assert clock(order["at_ms"]) in said
    (row,) = [r for r in KEPT.report.splitlines() if "| advance |" in r and f"{WAVE}-errors" in r]
    ages = re.findall(r"[\d.]+ s old", row)
    assert len(ages) == 6
    assert all(age in said for age in ages)


@pytest.mark.parametrize("name", [WAVE, LAST])
def test_the_document_says_when_rollback_closed(name: str) -> None:
    said = KEPT.answer("When did rollback close?")
    assert clock(KEPT.first(name, "point_of_no_return")["at_ms"]) in said
    assert clock(KEPT.first(name, "no_return_proved")["at_ms"]) in said


def test_its_table_of_waves_is_the_report_s() -> None:
    rows = KEPT.felt()
    assert len(rows) == 4
    for wave, blocked, own in rows:
        assert f"| {wave} | {blocked} | {own} |" in KEPT.document, wave


def test_the_document_says_which_check_failed_first() -> None:
    said = KEPT.answer("Which check failed first?")
    failed = next(row for row in KEPT.report.splitlines() if "| gate " in row and "FAIL" in row)
    assert "parity" in failed
    assert failed.split("|")[2].split()[1] in said


def test_the_document_says_how_the_last_wave_was_recovered() -> None:
    said = KEPT.answer("What happened once there was no way back?")
    fired = [event for event in KEPT.told(LAST) if event["kind"] == "trigger"]
    assert {event["trigger"] for event in fired} == {
        "signal failing-clients",
        "signal sink-duplicates",
    }
    for kind in ("paused", "recovery_started", "recovery_done"):
        assert clock(KEPT.first(LAST, kind)["at_ms"]) in said, kind
    assert not [event for event in KEPT.told(LAST) if event["kind"] == "wave_rolled_back"]


def test_the_verdict_is_the_checker_s_and_what_was_doubled_is_what_was_predicted() -> None:
    *rows, last = (KEPT.folder / "verdict.txt").read_text().splitlines()
    assert last in KEPT.document
    again = {row.split()[0]: int(row.split()[5]) for row in rows[1:]}
    doubled = {name: records for name, records in again.items() if records}
    assert doubled.keys() <= {"warehouse", "triage"}
    predicted = re.search(r"predicted: (\d+) rows and (\d+) dead letters?", KEPT.document)
    assert predicted is not None
    assert [doubled.get("warehouse", 0), doubled.get("triage", 0)] == list(
        map(int, predicted.groups())
    )
