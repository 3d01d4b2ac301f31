"""Sampled windows of records, compared by the records themselves: what is missing on the target,
and what is there that no source record explains.

A window is a sample: equal windows prove nothing about what lies outside of them.
"""

from __future__ import annotations

from cockpit.core.facts import Facts
from cockpit.core.observe import Unknown
from cockpit.core.parity.found import Found
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import Window, WindowsSurvey


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
        found.extend(_topic(topic, windows, topic in moved_topics))
    return found


def _topic(topic: str, windows: list[tuple[int, Window]], moved: bool) -> list[Found]:
    found: list[Found] = []
    equal = 0
    for partition, window in windows:
        name = f"{topic}/{partition}"
        if window.unknown is not None:
            found.append(Found(CheckView("records", name, "unknown", "?", "?", window.unknown)))
            continue
        compared = f"{window.compared} compared"
        if not window.missing and not window.surplus:
            equal += window.compared
            continue
        parts = []
        if window.missing:
            parts.append(f"{window.missing} missing")
        if window.surplus:
            parts.append(f"{window.surplus} surplus (foreign or repeated)")
        why = ", ".join(parts) + (f": {window.first_difference}" if window.first_difference else "")
        noted = moved and not window.missing
        if noted:
            why = f"written on the target by now: {why}"
        there = f"{window.compared - window.missing} of them there"
        word = "noted" if noted else "open"
        rank = 1 if noted or not window.missing else 0
        check = CheckView("records", name, word, compared, there, why, rank)  # type: ignore[arg-type]  # one of two literals
        found.append(Found(check, "records", (topic,)))
    if not found:
        count = f"{equal} records"
        check = CheckView("records", topic, "equal", count, count, f"{len(windows)} windows")
        found.append(Found(check))
    return found
