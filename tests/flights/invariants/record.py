"""I16: the recording is whole, and what it says of the state is what was on the screen.

Samples are not recorded yet, so a flight cannot be flown again from its journal alone; what can be
compared is every record of the state with every snapshot.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from cockpit.core.snapshot import Snapshot
from tests.flights.invariants.case import Case
from tests.flights.invariants.trace import Line, Shot, in_order

FIRST: Final = "0" * 64


def check_record(case: Case) -> Iterator[str]:
    """I16."""
    yield from _chain(case)
    record: Mapping[str, Any] = {}
    for item in in_order(case.lines, case.shots):
        if isinstance(item, Line):
            if item.kind == "state":
                record = item.entry["state"]
        elif isinstance(item, Shot) and case.lines and (wrong := _differs(record, item.snapshot)):
            yield f"I16: at {item.at_ms} ms the record says otherwise: {wrong}"
            return


def _chain(case: Case) -> Iterator[str]:
    """By the format's own rule, from the first entry on: nothing cut out, moved or changed."""
    head = FIRST
    entries: list[Mapping[str, Any]] = [dict(e) for e in case.flown.journal]
    for number, entry in enumerate(entries, 1):
        content = {key: value for key, value in entry.items() if key != "hash"}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        digest = hashlib.sha256(text.encode()).hexdigest()
        if (entry["prev"], entry["hash"], entry["seq"]) != (head, digest, number):
            yield f"I16: entry {number} of the journal does not follow from the one before it"
            return
        head = digest
    there = {(entry["seq"], entry["prev"]) for entry in entries}
    kept = [line.entry for line in case.lines if line.synced]
    lost = [entry for entry in kept if (entry["seq"], entry["prev"]) not in there]
    if entries and lost:
        yield f"I16: {len(lost)} entries are not there that the disk had taken"


def _differs(record: Mapping[str, Any], snapshot: Snapshot) -> str:
    known = {wave["name"]: wave for wave in record.get("waves", ())}
    for view in snapshot.waves:
        wave = known.get(view.name)
        if wave is None:
            # before its first attempt a wave is in no record
            if view.word not in ("pending", "ready", "done"):
                return f"{view.name} is {view.word}, unrecorded"
            continue
        if wave["word"] != view.word:
            return f"{view.name} is {view.word}, recorded {wave['word']}"
        steps = [step["word"] for step in wave["steps"]]
        if steps != [step.word for step in view.steps]:
            return f"steps of {view.name} are {[s.word for s in view.steps]}, recorded {steps}"
    return ""
