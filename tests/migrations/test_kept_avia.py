"""What is kept of the flight of avia-linking opens, and its document says what it holds."""

from __future__ import annotations

import re

from tests.migrations.kept import Kept, clock

KEPT = Kept("avia-linking")
WAVE = "scores"
MOST_BYTES = 400_000


def test_it_is_small_enough_to_be_kept() -> None:
    assert sum(path.stat().st_size for path in KEPT.folder.iterdir()) < MOST_BYTES


def test_the_kept_recording_opens_and_every_moment_of_it_can_be_shown() -> None:
    reader = KEPT.recording(WAVE)
    assert not reader.damages()
    shown = [reader.frame(number).snapshot() for number in range(reader.frames)]
    assert shown[0].at_ms < shown[-1].at_ms
    assert next(wave for wave in shown[-1].waves if wave.name == WAVE).word == "done"


def test_no_path_of_the_machine_that_it_was_flown_on_is_in_it() -> None:
    assert not re.search(r"/(home|root|work|tmp)/", KEPT.report)


def test_the_document_says_who_advanced_wave_3_and_when() -> None:
    said = KEPT.answer("Who advanced wave 3, on which readings, and how old were they?")
    order = KEPT.first(WAVE, "confirmed")
    assert f"`{order['by']}`" in said
    assert clock(order["at_ms"]) in said
    (row,) = [r for r in KEPT.report.splitlines() if "| advance |" in r and "leaderboard" in r]
    ages = re.findall(r"[\d.]+ s old", row)
    assert len(ages) == 5
    assert all(age in said for age in ages)


def test_the_document_says_when_rollback_closed() -> None:
    said = KEPT.answer("When did rollback close?")
    assert clock(KEPT.first(WAVE, "point_of_no_return")["at_ms"]) in said


def test_its_table_of_waves_is_the_report_s() -> None:
    rows = KEPT.felt()
    assert [wave for wave, _, _ in rows] == [
        "producers-a",
        "producers-b",
        WAVE,
        "matches",
        "payments",
    ]
    for wave, blocked, own in rows:
        assert f"| {wave} | {blocked} | {own} |" in KEPT.document, wave


def test_the_verdict_is_the_checker_s() -> None:
    assert KEPT.verdict().startswith("lost 0, duplicated 0, reordered 0, flown in ")
    assert KEPT.verdict() in KEPT.document
