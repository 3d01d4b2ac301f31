"""What is kept of the flight of zero-downtime-waves opens, and its document says what it holds."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cockpit.wire.recording import Reader

DOCS = Path(__file__).parents[2] / "docs" / "migrations"
KEPT = DOCS / "zero-downtime-waves"
WAVE = "pricing"
RECORDINGS = ("pricing", "zero-downtime-long-tail")
MOST_BYTES = 500_000
MOST_RECORDED_BYTES = 300_000


@functools.cache
def document() -> str:
    return (DOCS / "zero-downtime-waves.md").read_text()


@functools.cache
def recording(name: str) -> Reader:
    return Reader((KEPT / f"{name}.ckrec").read_bytes())


def told(name: str) -> Iterator[Mapping[str, Any]]:
    """Every event that is in the kept moments."""
    for number in range(recording(name).frames):
        yield from recording(name).frame(number).tells()


def first(name: str, kind: str) -> Mapping[str, Any]:
    return next(event for event in told(name) if event["kind"] == kind)


def clock(at_ms: int) -> str:
    """As the document and the report write a time of that day."""
    return f"{datetime.datetime.fromtimestamp(at_ms // 1000, tz=datetime.UTC):%H:%M:%S}Z"


def answer(question: str) -> str:
    """What the document says to a question of a review."""
    found = re.search(rf"\*\*{re.escape(question)}\*\*(.*?)(?=\n\n|\Z)", document(), re.DOTALL)
    assert found is not None, question
    return " ".join(found[1].split())


def test_it_is_small_enough_to_be_kept() -> None:
    sizes = {path.name: path.stat().st_size for path in KEPT.iterdir()}
    assert sum(sizes.values()) < MOST_BYTES
    assert max(size for name, size in sizes.items() if name.endswith(".ckrec")) < (
        MOST_RECORDED_BYTES
    )


@pytest.mark.parametrize("name", RECORDINGS)
def test_a_kept_recording_opens_and_every_moment_of_it_can_be_shown(name: str) -> None:
    reader = recording(name)
    assert not reader.damages()
    shown = [reader.frame(number).snapshot() for number in range(reader.frames)]
    assert shown[0].at_ms < shown[-1].at_ms
    wave = next(w for w in shown[-1].waves if w.name in (WAVE, "long-tail"))
    assert wave.word == "done"


def test_no_path_of_the_machine_that_it_was_flown_on_is_in_it() -> None:
    for path in KEPT.glob("*.md"):
        assert not re.search(r"/(home|root|work)/", path.read_text())


def test_the_document_says_who_advanced_wave_3_and_when() -> None:
    said = answer("Who advanced wave 3, on which readings, and how old were they?")
    order = first(WAVE, "confirmed")
    assert f"`{order['by']}`" in said
    assert clock(order["at_ms"]) in said
    report = (KEPT / "report.md").read_text().replace("\\", "")
    (row,) = [r for r in report.splitlines() if "| advance |" in r and f"{WAVE}-errors" in r]
    ages = re.findall(r"[\d.]+ s old", row)
    assert len(ages) == 4
    assert all(age in said for age in ages)


def test_the_document_says_when_rollback_closed() -> None:
    said = answer("When did rollback close?")
    assert clock(first(WAVE, "point_of_no_return")["at_ms"]) in said
    assert clock(first(WAVE, "no_return_proved")["at_ms"]) in said


def test_the_document_says_how_long_clients_were_blocked() -> None:
    blocked = first(WAVE, "clients_blocked")
    row = f"| {WAVE} | {blocked['blocked_ms'] / 1000:.1f} s |"
    assert row in document()
    tail = first("zero-downtime-long-tail", "clients_blocked")
    assert f"{tail['blocked_ms'] / 1000:.1f} s" in answer("What became of the forgotten job?")


def test_its_table_of_waves_is_the_report_s() -> None:
    report = (KEPT / "report.md").read_text().replace("\\", "")
    felt = report[report.index("## 3. What clients felt") : report.index("## 4. Waves")]
    rows = [row.split("|")[1:-1] for row in felt.splitlines() if row.startswith("| ")][2:]
    assert len(rows) == 6
    for row in rows:
        wave, _, blocked, own, *_ = (cell.partition("[")[0].strip() for cell in row)
        assert f"| {wave} | {blocked} | {own} |" in document(), wave


def test_the_verdict_is_the_checker_s() -> None:
    last = (KEPT / "verdict.txt").read_text().splitlines()[-1]
    assert last.startswith("lost 0, duplicated 0, reordered 0, flown in ")
    assert last in document()


def test_the_job_went_on_where_it_had_stopped() -> None:
    placed = first("zero-downtime-long-tail", "offsets_placed")
    assert placed["group"] == "shop-reports"
    assert (placed["reread_max_records"], placed["skipped_max_records"]) == (0, 0)
