"""What only the page of zero-downtime-waves says, held against what is kept of its flight."""

from __future__ import annotations

from tests.migrations.kept import Kept

KEPT = Kept("zero-downtime-waves")
WAVE = "pricing"


def test_the_document_says_how_long_clients_were_blocked() -> None:
    blocked = KEPT.first(WAVE, "clients_blocked")
    row = f"| {WAVE} | {blocked['blocked_ms'] / 1000:.1f} s |"
    assert row in KEPT.document
    tail = KEPT.first("zero-downtime-long-tail", "clients_blocked")
    assert f"{tail['blocked_ms'] / 1000:.1f} s" in KEPT.answer("What became of the forgotten job?")


def test_the_job_went_on_where_it_had_stopped() -> None:
    placed = KEPT.first("zero-downtime-long-tail", "offsets_placed")
    assert placed["group"] == "shop-reports"
    assert (placed["reread_max_records"], placed["skipped_max_records"]) == (0, 0)
