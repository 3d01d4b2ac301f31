"""Sampled windows of records, compared by the records themselves: what is missing on the target,
and what is there that no source record explains.

A window is a sample: equal windows prove nothing about what lies outside of them.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.observe import Unknown
from cockpit.core.parity.found import Found
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import Window, WindowsSurvey

STALE_MS: Final = 1_800_000
"""A window that was older than this when its survey was made is unknown."""


def records(
    plan: Plan, facts: Facts, moved_topics: frozenset[str] = frozenset()
) -> list[Found] | Unknown:
    """Windows of every topic of the plan. Topics that are written on the target by now have records
    of their own there: that is noted, not open."""
    survey = facts.survey(WindowsSurvey, "windows")
    if survey is None:
        failure = facts.failures.get("windows")
        return Unknown(failure.reason if failure else "no record windows read yet")
    by_topic: dict[str, list[tuple[int, Window]]] = {}
    for (topic, partition), window in sorted(survey.windows.items()):
        by_topic.setdefault(topic, []).append((partition, window))
    found: list[Found] = []
    for topic in plan.topics():
        windows = by_topic.get(topic)
        if windows is None:
            why = "no window sampled yet"
            found.append(Found(CheckView("records", topic, "unknown", "?", "?", why)))
            continue
        found.extend(_topic(topic, windows, topic in moved_topics, survey.answered_at_ms))
    return found


def _topic(topic: str, windows: list[tuple[int, Window]], moved: bool, now_ms: int) -> list[Found]:
    found: list[Found] = []
    for partition, window in windows:
        name = f"{topic}/{partition}"
        why = _blind(window, now_ms)
        if why is not None:
            check = CheckView("records", name, "unknown", "?", "?", why, at_ms=window.at_ms)
            found.append(Found(check))
        elif window.missing or window.surplus:
            found.append(_different(topic, name, window, moved))
    return found or [_equal(topic, [window for _, window in windows], now_ms)]


def _blind(window: Window, now_ms: int) -> str | None:
    """Why a window says nothing; None: it does."""
    if window.unknown is not None:
        return window.unknown
    if is_stale(window, now_ms):
        return f"stale: looked at {age_text(now_ms - window.at_ms)} ago"
    if not (window.compared or window.missing or window.surplus or window.both_empty):
        return "nothing was compared"
    return None


def _different(topic: str, name: str, window: Window, moved: bool) -> Found:
    parts = []
    if window.missing:
        parts.append(f"{window.missing} missing")
    if window.surplus:
        parts.append(f"{window.surplus} surplus (foreign or repeated)")
    why = ", ".join(parts) + (f": {window.first_difference}" if window.first_difference else "")
    noted = moved and not window.missing
    if noted:
        why = f"written on the target by now: {why}"
    compared = f"{window.compared} compared"
    there = f"{window.compared - window.missing} of them there"
    word = "noted" if noted else "open"
    rank = 1 if noted or not window.missing else 0
    check = CheckView("records", name, word, compared, there, why, rank, window.at_ms)  # type: ignore[arg-type]  # one of two literals
    return Found(check, "records", (topic,))


def _equal(topic: str, windows: list[Window], now_ms: int) -> Found:
    """A topic without a difference, and how little was looked at for it."""
    compared = sum(window.compared for window in windows)
    at_ms = min(window.at_ms for window in windows)
    empty = sum(window.both_empty for window in windows)
    if not compared:
        why = f"{len(windows)} partitions, both empty"
        return Found(CheckView("records", topic, "equal", "empty", "empty", why, at_ms=at_ms))
    count = f"{compared} records"
    oldest = age_text(now_ms - at_ms)
    some = f", {empty} both empty" if empty else ""
    why = f"{len(windows)} windows{some}, the oldest {oldest} old"
    return Found(CheckView("records", topic, "equal", count, count, why, at_ms=at_ms))


def is_stale(window: Window, now_ms: int) -> bool:
    """Whether a window was looked at too long ago; `now_ms` is the time of its survey."""
    return now_ms - window.at_ms > STALE_MS


def age_text(age_ms: int) -> str:
    """An age in words."""
    seconds = age_ms // 1000
    return f"{seconds // 60} min" if seconds >= 60 else f"{seconds} s"
