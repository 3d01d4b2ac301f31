"""What only the page of msk-to-byoc says, held against what is kept of its flight."""

from __future__ import annotations

import re

from tests.migrations.kept import Kept, clock

KEPT = Kept("msk-to-byoc")
WAVE, LAST = "scoring", "branches"


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
