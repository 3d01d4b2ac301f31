"""Which events become notices, and that what a cluster says stays text."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cockpit.notify.notices import Flight, head_notice, is_worth, notice, payload

HOSTILE = (
    "\x1b]0;title\x07", "\x1b[2J\x1b[31m", "\x9b31m", "a\r\nb\tc", "\u202egnp.exe", "\u2066x\u2069",
    "\u200f\u200e\u061c", "\ud800", "[red]markup[/]", "\0", "\u2028\u2029",
    '"}\n{"text": "forged"}',
)  # fmt: skip
FLIGHT = Flight("20260101-000000-first-move", "first-move", "PROD")


def event(kind: str, level: str = "info", **data: Any) -> dict[str, Any]:
    return {"seq": 1, "at_ms": 1_700_000_000_123, "kind": kind, "level": level, "text": "x", **data}


@pytest.mark.parametrize(
    "told",
    [
        event("wave_started", wave="readers"),
        event("wave_done", "good"),
        event("wave_rolled_back", "warn"),
        event("without_target", "warn", by="ana"),
        event("without_topic", "warn", by="ana"),
        event("step_started", step="stop"),
        event("step_started", step="fence"),
        event("clients_blocked"),
        event("drives", "warn", of="ana"),
        event("alarm", "bad", subject="writers left on the source"),
        event("trigger", "bad"),
        event("topic_lost", "bad"),
        event("deadline", "bad"),
        event("defect", "bad"),
        event("journal_broken", "bad"),
        event("anything_new", "bad"),
    ],
    ids=lambda told: f"{told['kind']} {told.get('step', '')}",
)
def test_these_are_told(told: dict[str, Any]) -> None:
    assert is_worth(told)


@pytest.mark.parametrize(
    "told",
    [
        event("gate"),
        event("action_started"),
        event("step_started", step="drain"),
        event("refused", "warn"),
        event("note"),
        event("drives", "warn", of=""),
        event("attached"),
        event("side", "bad"),  # an alarm says it
        event("alarm", "bad", subject="recording"),  # an event of its own says it
        event("alarm", "bad", subject="coordination"),
        event("alarm", "bad", subject="webhook"),
        event("webhook_failing", "warn"),
        event("webhook_again", "good"),
        {"kind": "intent", "at_ms": 1, "action_id": "1"},
        {"kind": "state", "at_ms": 1},
    ],
    ids=lambda told: f"{told['kind']} {told.get('subject', '')}",
)
def test_these_are_not(told: dict[str, Any]) -> None:
    assert not is_worth(told)


def test_a_notice_has_a_line_for_a_chat_and_fields_for_programs() -> None:
    told = event("trigger", "bad", wave="writers", entry="12:abcdef0123456789")
    one = notice(FLIGHT, told, head="11:0", number=3)
    assert one.entry == 12
    sent = payload(one.body)
    assert sent["text"] == "PROD first-move: ALARM: x"
    assert sent["id"] == "20260101-000000-first-move:12:abcdef0123456789"
    assert (sent["kind"], sent["level"], sent["wave"]) == ("trigger", "bad", "writers")
    assert sent["at"] == "2023-11-14T22:13:20.123Z"
    assert sent["head"] == "12:abcdef0123456789"
    assert (sent["session"], sent["plan"]) == (FLIGHT.session, "first-move")


def test_the_same_entry_has_the_same_id_and_others_have_others() -> None:
    told = event("trigger", "bad", entry="12:abcdef0123456789")
    first = notice(FLIGHT, told, head="", number=1)
    again = notice(FLIGHT, told, head="99:x", number=7)
    assert first.id == again.id
    other = notice(FLIGHT, {**told, "entry": "12:ffff"}, head="", number=1)
    unwritten = [notice(FLIGHT, event("defect", "bad"), head="", number=n) for n in (1, 2)]
    heads = [head_notice(FLIGHT, f"{n}:aa", 5) for n in (1, 2)]
    assert len({one.id for one in (first, other, *unwritten, *heads)}) == 6


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(text: str) -> None:
    told = {**event("wave_started", wave=text, subject=text), "text": text}
    plan = Flight("s", text, text)
    sent = json.loads(json.dumps(payload(notice(plan, told, head="", number=1).body)))
    for key, value in sent.items():
        if isinstance(value, str):
            bad = [c for c in value if ord(c) < 0x20 or 0x7F <= ord(c) < 0xA0]
            assert not bad, key
            assert not set(value) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2028\u200f"), key


@pytest.mark.parametrize(
    "text", ["<!channel>", "<@U123>", "@here", "<https://evil|click>", "https://evil.example/x"]
)
def test_nobody_is_mentioned_and_nothing_becomes_a_link(text: str) -> None:
    sent = payload(notice(FLIGHT, {**event("defect", "bad"), "text": text}, head="", number=1).body)
    assert not {"<", ">"} & set(sent["text"])
    assert "@here" not in sent["text"]
    assert "://" not in sent["text"]
    assert (sent["mrkdwn"], sent["unfurl_links"]) == (False, False)
    assert sent["message"] == text  # for programs it is what it was


def test_a_text_without_end_is_cut() -> None:
    sent = payload(notice(FLIGHT, {**event("note"), "text": "x" * 10**6}, head="", number=1).body)
    assert len(json.dumps(sent)) < 10_000
