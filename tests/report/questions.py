"""The twelve questions of a reviewer who was not there, asked of any report, as JSON: what it
answers is what the recording says."""

from __future__ import annotations

import re
from typing import Any

from tests.report.raw import Event, Raw
from tests.report.recount import gates_opened_ms
from tests.report.said import said

Json = dict[str, Any]


class Review:
    """A report as somebody reads it."""

    def __init__(self, document: Json) -> None:
        self._sections = document["sections"]

    def rows(self, name: str) -> list[dict[str, Json]]:
        """The rows of a table, by column."""
        blocks = (block for section in self._sections for block in section["blocks"])
        table = next(b for b in blocks if b["kind"] == "table" and b["name"] == name)
        return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]

    def sentences(self, number: int) -> list[str]:
        """The paragraphs of a section."""
        blocks = self._sections[number - 1]["blocks"]
        return [block["text"] for block in blocks if block["kind"] == "text"]

    def words(self, number: int) -> str:
        """The same, together."""
        return " ".join(self.sentences(number))


def waves_moved(raw: Raw, review: Review) -> None:
    """1. Which waves moved, and which came back?"""
    words = {
        "wave_done": "done",
        "wave_rolled_back": "rolled back",
        "wave_found": "found on target",
    }
    last: dict[str, str] = {}
    rows = review.rows("waves")
    for one, row in zip(raw.tries, rows, strict=True):
        ended = raw.ended(one)
        last[one.wave] = "under way" if ended is None else words[ended["kind"]]
        assert (row["wave"]["text"], row["result"]["text"]) == (one.wave, last[one.wave])
    results = review.sentences(2)[0].removeprefix("Waves - ").removesuffix(".").split("; ")
    told = {
        name: result.partition(": ")[0]
        for result in results
        for name in result.partition(": ")[2].split(", ")
    }
    planned = [wave["name"] for wave in raw.plan["waves"]]
    assert told == {name: last.get(name, "not begun") for name in planned}


def who_advanced(raw: Raw, review: Review) -> None:
    """2. Who advanced each wave, on which readings, and how old were they? 3. How long had the
    gates been open?"""
    orders = raw.told("confirmed", verb="advance")
    rows = [row for row in review.rows("decisions") if row["order"]["text"] == "advance"]
    rows = [row for row in rows if row["answer"]["text"] == "accepted"]
    for order, row in zip(orders, rows, strict=True):
        assert row["who"]["text"] == order["by"]
        armed = [e for e in raw.told("armed", verb="advance") if e["at_ms"] <= order["at_ms"]][-1]
        shown = next(
            look.armed
            for _, look in raw.frames
            if look.armed is not None and look.armed.token == armed["token"]
        )
        lines = [line for line in shown.lines if line.startswith("gate ")]
        begun = raw.begun_by(order)
        if begun is None:  # it went on with a wave that was under way
            assert row["gates open for"]["value"] is None
            continue
        assert len(lines) == len(raw.wave(begun["wave"])["gates"])
        assert row["on which readings"]["text"] == "; ".join(lines)
        assert all(re.search(r"[\d.]+ s old", line) for line in lines)
        opened_ms = gates_opened_ms(raw, order)
        assert opened_ms is not None
        assert row["gates open for"]["value"] == order["at_ms"] - opened_ms


def longest_block(raw: Raw, review: Review) -> None:
    """4. How long were clients blocked longest, and whose share was it?"""
    longest: tuple[int, str] = (0, "")
    accounts: dict[tuple[str, int], Event] = {}
    for one in raw.tries:
        told = raw.during(one, "clients_blocked")
        known = [event["blocked_ms"] for event in told if event["blocked_ms"] is not None]
        seen = raw.blocked_ms(one) if one.number and not known else None
        longest = max(longest, *((ms, one.wave) for ms in (*known, seen or 0)))
        accounts.update({(one.wave, event["blocked_ms"]): event for event in told})
    # whenever a screen said that clients are blocked, the report has it
    shown = {look.status.wave for _, look in raw.frames if look.status.blocked_since_ms is not None}
    rows = review.rows("clients_blocked")
    assert shown <= {row["wave"]["text"] for row in rows}
    for event in raw.told("clients_blocked", blocked_ms=None):
        assert f"{event['wave']} were blocked is not known ({event['why']})" in review.words(3)
    if not rows:
        return
    row = max(rows, key=lambda row: row["blocked at most"]["value"] or 0)
    assert (row["blocked at most"]["value"], row["wave"]["text"]) == longest
    account = accounts.get((longest[1], longest[0]), {})
    for share in ("cockpit", "mirror", "services"):
        assert row[share]["value"] == account.get(f"{share}_ms")
    words = r"longest in wave (\S+): (.+?) (at most|by what was seen)\."
    sentence = re.search(words, review.words(3))
    assert sentence is not None
    assert sentence[1] == longest[1]
    assert said(sentence[2], longest[0])
    assert (sentence[3] == "at most") == bool(account)


def first_failure(raw: Raw, review: Review) -> None:
    """5. Which check failed first, when, and on what? Looks are a second apart."""
    failed: dict[tuple[str, str], list[int]] = {}
    evidence: dict[tuple[str, str], set[str]] = {}
    for _, shown in raw.frames:
        for gate in shown.gates:
            if gate.verdict == "FAIL":
                key = (shown.status.wave, gate.name)
                failed.setdefault(key, []).append(shown.at_ms)
                evidence.setdefault(key, set()).add(gate.evidence)
    rows = {
        (row["wave"]["text"], row["gate"]["text"]): row
        for row in review.rows("gates")
        if row["first fail"]["value"] is not None
    }
    assert rows.keys() <= failed.keys()
    assert {key for key, times in failed.items() if times[-1] - times[0] > 1_500} <= rows.keys()
    for key, row in rows.items():
        assert 0 <= row["first fail"]["value"] - failed[key][0] <= 1_500
        assert row["on"]["text"] in {" ".join(text.split()) for text in evidence[key]}
    for event in raw.told("gate", verdict="FAIL"):
        assert (event["wave"], event["gate"]) in rows


def no_return(raw: Raw, review: Review) -> None:
    """6. When was going back closed, and what proved it?"""
    rows = {(row["wave"]["text"], row["try"]["value"]): row for row in review.rows("no_return")}
    closed = {(t.wave, t.number): e for t in raw.tries for e in raw.during(t, "point_of_no_return")}
    assert rows.keys() == closed.keys()
    for key, event in closed.items():
        proved = raw.told("no_return_proved", wave=key[0])
        assert rows[key]["producers started on the target"]["value"] == event["at_ms"]
        assert rows[key]["proved by a record"]["value"] in {None, *(e["at_ms"] for e in proved)}
        assert bool(proved) == (rows[key]["proved by a record"]["value"] is not None)


def way_back(raw: Raw, review: Review) -> None:
    """7. Why, and how fast, did a wave come back?"""
    begun = raw.told("rollback_started")
    for event, row in zip(begun, review.rows("ways_back"), strict=True):
        assert row["wave"]["text"] == event["wave"]
        assert row["why"]["text"] == event["text"]
        back = [e for e in raw.told("wave_rolled_back", wave=event["wave"])
                if e["at_ms"] >= event["at_ms"]]  # fmt: skip
        assert row["took"]["value"] == (back[0]["at_ms"] - event["at_ms"] if back else None)


def triggers(raw: Raw, review: Review) -> None:
    """8. How near did each trigger come, and did it fire?"""
    fired = {(event["wave"], event["trigger"]) for event in raw.told("trigger")}
    rows = review.rows("triggers")
    told = {(r["wave"]["text"], r["trigger"]["text"]) for r in rows if r["fired"]["text"] != "no"}
    assert told == fired
    for row in rows:
        share = row["share of the limit"]["value"]
        over = share is not None and share > 1
        assert not (row["fired"]["text"] != "no" and share is not None and not over)


def offsets(raw: Raw, review: Review) -> None:
    """9. Where did each group go on, and what did it read again?"""
    told = sorted(
        (e["group"], e["at_ms"], e["side"], e["text"]) for e in raw.told("offsets_placed")
    )
    rows = review.rows("offsets")
    assert told == sorted(
        (r["group"]["text"], r["placed"]["value"], r["side"]["text"], r["what was said"]["text"])
        for r in rows
    )


def proved_equal(raw: Raw, review: Review) -> None:
    """10. Were the data proved equal before the writers moved?"""
    proved = {
        (row["wave"]["text"], row["try"]["value"])
        for row in review.rows("proofs")
        if row["proof"]["text"] == "drain" and row["result"]["text"] == "proved"
    }
    for one in raw.tries:
        done = raw.during(one, "step_done", step="drain")
        assert ((one.wave, one.number) in proved) == bool(done)
        for closed in raw.during(one, "point_of_no_return"):
            assert done
            assert done[0]["at_ms"] <= closed["at_ms"]


def unknown_outcomes(raw: Raw, review: Review) -> None:
    """11. Which effects ended as unknown?"""
    ended: dict[str, Event] = {e["action_id"]: e for e in raw.told("action_finished")}
    unknown = [
        event["action_id"]
        for event in raw.told("action_started")
        if ended.get(event["action_id"], {}).get("outcome", "unknown") == "unknown"
    ]
    rows = review.rows("unknown_outcomes")
    assert [row["action"]["text"] for row in rows] == unknown
    for row in rows:
        read = raw.told("outcome_read", action_id=row["action"]["text"])
        assert row["by reading"]["text"] == (read[-1]["outcome"] if read else "-")


def the_end(raw: Raw, review: Review) -> None:
    """12. Who owned the writes at the end, and what is unfinished?"""
    last = raw.frames[-1][1]
    assert f"{last.status.wave}: {last.status.writes}" in review.words(2)
    unfinished = " ".join(row["what"]["text"] for row in review.rows("follow_ups"))
    for alarm in last.alarms:
        assert alarm.subject in unfinished
    for check in last.checks:
        assert check.word != "open" or check.name in unfinished
    ended = raw.told("flight_ended")
    outcome = ended[-1]["outcome"] if ended else "no end in this recording"
    assert outcome in review.words(2)


QUESTIONS = (
    waves_moved, who_advanced, longest_block, first_failure, no_return, way_back, triggers, offsets,
    proved_equal, unknown_outcomes, the_end,
)  # fmt: skip


def assert_answered(raw: Raw, document: Json) -> None:
    """All of them."""
    review = Review(document)
    for question in QUESTIONS:
        question(raw, review)
