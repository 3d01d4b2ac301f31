"""What is kept of the flight of zero-downtime-waves opens, and its document says what it holds."""

from __future__ import annotations

import re

import pytest

from tests.migrations.kept import Kept, clock

KEPT = Kept("zero-downtime-waves")
WAVE = "pricing"
RECORDINGS = ("pricing", "zero-downtime-long-tail")
MOST_BYTES = 500_000
MOST_RECORDED_BYTES = 300_000


def test_it_is_small_enough_to_be_kept() -> None:
    sizes = {path.name: path.stat().st_size for path in KEPT.folder.iterdir()}
    assert sum(sizes.values()) < MOST_BYTES
    assert max(size for name, size in sizes.items() if name.endswith(".ckrec")) < (
        MOST_RECORDED_BYTES
    )


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_kept_recording_opens_and_every_moment_of_it_can_be_shown(name: str) -> None:
    reader = KEPT.recording(name)
    assert not reader.damages()
    shown = [reader.frame(number).snapshot() for number in range(reader.frames)]
    assert shown[0].at_ms < shown[-1].at_ms
    wave = next(w for w in shown[-1].waves if w.name in (WAVE, "long-tail"))
    assert wave.word == "done"


def test_no_path_of_the_machine_that_it_was_flown_on_is_in_it() -> None:
    for path in KEPT.folder.glob("*.md"):
        assert not re.search(r"/(home|root|work)/", path.read_text())


def test_the_document_says_who_advanced_wave_3_and_when() -> None:
    said = KEPT.answer("Who advanced wave 3, on which readings, and how old were they?")
    order = KEPT.first(WAVE, "confirmed")
    assert f"`{order['by']}`" in said
    assert clock(order["at_ms"]) in said
    (row,) = [r for r in KEPT.report.splitlines() if "| advance |" in r and f"{WAVE}-errors" in r]
    ages = re.findall(r"[\d.]+ s old", row)
    assert len(ages) == 4
    assert all(age in said for age in ages)


def test_the_document_says_when_rollback_closed() -> None:
    said = KEPT.answer("When did rollback close?")
    assert clock(KEPT.first(WAVE, "point_of_no_return")["at_ms"]) in said
    assert clock(KEPT.first(WAVE, "no_return_proved")["at_ms"]) in said


def test_the_document_says_how_long_clients_were_blocked() -> None:
    blocked = KEPT.first(WAVE, "clients_blocked")
    row = f"| {WAVE} | {blocked['blocked_ms'] / 1000:.1f} s |"
    assert row in KEPT.document
    tail = KEPT.first("zero-downtime-long-tail", "clients_blocked")
    assert f"{tail['blocked_ms'] / 1000:.1f} s" in KEPT.answer("What became of the forgotten job?")


def test_its_table_of_waves_is_the_report_s() -> None:
    rows = KEPT.felt()
    assert len(rows) == 6
    for wave, blocked, own in rows:
        assert f"| {wave} | {blocked} | {own} |" in KEPT.document, wave


def test_the_verdict_is_the_checker_s() -> None:
    last = KEPT.verdict()
    assert last.startswith("lost 0, duplicated 0, reordered 0, flown in ")
    assert last in KEPT.document


def test_the_job_went_on_where_it_had_stopped() -> None:
    placed = KEPT.first("zero-downtime-long-tail", "offsets_placed")
    assert placed["group"] == "shop-reports"
    assert (placed["reread_max_records"], placed["skipped_max_records"]) == (0, 0)
