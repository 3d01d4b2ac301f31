"""Which of what an engine tells is worth a notice, and the JSON that goes out.

Pure. Slack's shape: `text` is what a chat shows, everything else is for programs. Whatever came
from a cluster can neither mention anybody there nor make a link.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from cockpit.core.ownsurvey import COORDINATION, RECORDING, WEBHOOK

MAX_TEXT_CHARS: Final = 2_000

ALWAYS: Final = frozenset(
    {
        "alarm",
        "all_waves_done",
        "asked_person",
        "clients_blocked",
        "confirmed",
        "flight_ended",
        "flight_resumed",
        "flight_started",
        "lease_ended",
        "no_return_proved",
        "point_of_no_return",
        "polled",
        "recovery_done",
        "recovery_started",
        "rollback_closed",
        "rollback_started",
        "rollback_wanted",
        "veto_lifted",
        "wave_done",
        "wave_found",
        "wave_rolled_back",
        "wave_started",
        "without_place",
        "without_target",
        "without_topic",
    }
)
SAID_BY_ALARM: Final = frozenset({"left_over", "service_away", "side"})
"""Bad news that an alarm tells as well: once is enough."""
SAID_BY_EVENT: Final = (COORDINATION, RECORDING, "deadline", "trigger ", "wave failed ")
"""Subjects of alarms, or how they begin, that an event of their own has told."""
BLOCKING: Final = frozenset({"stop", "fence"})
"""Steps from whose beginning a wave's clients are blocked."""
OWN: Final = frozenset({"webhook_failing", "webhook_again"})
"""About the webhook itself: it would chase its own tail."""
ACTIONS: Final = frozenset({"action_started", "action_finished"})
"""After each of them the journal's head is sent."""


@dataclass(frozen=True, slots=True)
class Flight:
    """What every notice says of where it comes from."""

    session: str
    plan: str
    environment: str
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """One message. The same `id` is the same message, however often it comes."""

    id: str
    entry: int | None
    """Number of the journal's entry that it tells of; None: the journal does not have it."""
    body: Mapping[str, Any]


def is_worth(event: Mapping[str, Any]) -> bool:
    """Whether an event, or an entry of the journal, is told outside."""
    kind = event.get("kind")
    if kind in OWN or kind in SAID_BY_ALARM or not isinstance(event.get("text"), str):
        return False
    if kind == "alarm":
        subject = str(event.get("subject", ""))
        return subject != WEBHOOK and not subject.startswith(SAID_BY_EVENT)
    if kind == "drives":
        return bool(event.get("of"))  # from one hand into another
    if kind == "step_started":
        return event.get("step") in BLOCKING
    return kind in ALWAYS or event.get("level") == "bad"


def notice(flight: Flight, event: Mapping[str, Any], *, head: str, number: int) -> Notice:
    """What is sent of an event. `head`: the journal's newest entry; `number`: of this engine's
    notices, for what no journal has."""
    entry = str(event.get("entry", ""))
    name = entry or f"{event.get('at_ms')}:not-in-the-journal-{number}"
    fields = {key: event[key] for key in ("wave", "step", "by", "of", "subject") if key in event}
    body = {
        **_common(flight, f"{flight.session}:{name}", str(event["kind"]), event.get("at_ms")),
        "level": str(event.get("level", "info")),
        "message": str(event["text"]),
        **{key: str(value) for key, value in fields.items()},
        "head": entry or head,
    }
    return Notice(body["id"], int(entry.partition(":")[0]) if entry else None, body)


def head_notice(flight: Flight, head: str, at_ms: int) -> Notice:
    """The journal's newest entry, to be kept by whoever gets it."""
    body = {
        **_common(flight, f"{flight.session}:head:{head}", "head", at_ms),
        "level": "info",
        "message": f"journal {head}",
        "head": head,
    }
    return Notice(body["id"], None, body)


def _common(flight: Flight, id_: str, kind: str, at_ms: object) -> dict[str, Any]:
    at_ms = at_ms if isinstance(at_ms, int) else 0
    when = datetime.datetime.fromtimestamp(at_ms / 1000, datetime.UTC)
    return {
        "id": id_,
        "session": flight.session,
        "plan": flight.plan,
        "environment": flight.environment,
        "simulated": flight.simulated,
        "kind": kind,
        "at": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
    }


def payload(body: Mapping[str, Any]) -> dict[str, Any]:
    """A notice as it goes out: with the line that a chat shows."""
    where = " ".join(word for word in (body["environment"], body["plan"]) if word)
    loud = {"bad": "ALARM: ", "warn": "look: "}.get(str(body["level"]), "")
    simulated = "SIMULATED " if body["simulated"] else ""
    line = f"{simulated}{where}: {loud}{body['message']}"
    cleaned = {key: _clean(v) if isinstance(v, str) else v for key, v in body.items()}
    plain = {"mrkdwn": False, "unfurl_links": False, "unfurl_media": False}
    return {"text": _chat(_clean(line)), **plain, **cleaned}


_CONTROLS: Final = {
    **dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " "),
    **dict.fromkeys((0x61C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF), " "),
    **dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), " "),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


def _clean(text: str) -> str:
    """Text without controls and without marks that turn its direction, of bounded length."""
    cut = text[: MAX_TEXT_CHARS - 3] + "..." if len(text) > MAX_TEXT_CHARS else text
    return cut.translate(_CONTROLS)


_CHAT: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "@\u2060"})


def _chat(text: str) -> str:
    """As chats want text that is nothing but text: no mention, no link."""
    return text.translate(_CHAT).replace("://", ":\u2060//")
