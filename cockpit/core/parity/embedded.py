"""Schema ids that sampled records carry: each must be the same schema on the target.

An id that the source does not know at all may be other data. Never waves through an id that the
target reads as something else, listed or not.
"""

from __future__ import annotations

from cockpit.core.observe import Unknown
from cockpit.core.parity.found import Found
from cockpit.core.parity.records import age_text, is_stale
from cockpit.core.parity.resolve import Named, Registries
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import WindowsSurvey

IN_RECORDS = ("source.registry", "target.registry", "windows")
"""The feeds that a finding about an id in records stands on."""
SILENT = "wrong schema, silent corruption"

Use = tuple[str, str, int]
"""Topic, part of the record, id."""


def embedded(plan: Plan, windows: WindowsSurvey, registries: Registries) -> list[Found]:
    """Every id that windows of the last half hour have, and topics of which there is none."""
    uses: dict[Use, tuple[int, int]] = {}
    sure: set[Use] = set()
    for (topic, _), window in windows.windows.items():
        if is_stale(window, windows.answered_at_ms):
            continue
        for use in window.schemas:
            key: Use = (topic, use.part, use.schema_id)
            records, at_ms = uses.get(key, (0, window.at_ms))
            uses[key] = records + use.records, min(at_ms, window.at_ms)
            if not use.doubtful:
                sure.add(key)
    found = [*_unsampled(plan, windows), *_notes(windows), *_unsure(windows)]
    for key, (records, at_ms) in sorted(uses.items()):
        one = _judged(key, records, at_ms, registries, doubtful=key not in sure)
        if one is not None:
            found.append(one)
    return found


def _unsampled(plan: Plan, windows: WindowsSurvey) -> list[Found]:
    """Topics of the plan of which no record could be looked at, or not of late."""
    known: set[str] = set()
    reasons: dict[str, str] = {}
    now_ms = windows.answered_at_ms
    for (topic, _), window in windows.windows.items():
        if is_stale(window, now_ms):
            reasons.setdefault(topic, f"stale: looked at {age_text(now_ms - window.at_ms)} ago")
        elif window.unknown is not None:
            reasons[topic] = window.unknown
        else:
            known.add(topic)
    found: list[Found] = []
    for topic in plan.topics():
        if topic not in known:
            why = reasons.get(topic, "no records sampled yet")
            check = CheckView("schema", f"{topic} ids in records", "unknown", "?", "?", why)
            found.append(Found(check, feeds=("windows",)))
    return found


def _notes(windows: WindowsSurvey) -> list[Found]:
    """What was seen of ids of a kind that is not checked."""
    by_topic: dict[str, set[str]] = {}
    for (topic, _), window in windows.windows.items():
        by_topic.setdefault(topic, set()).update(window.notes)
    return [
        Found(
            CheckView("schema", f"{topic} other ids", "noted", "-", "-", "; ".join(sorted(notes))),
            feeds=("windows",),
        )
        for topic, notes in sorted(by_topic.items())
        if notes
    ]


def _unsure(windows: WindowsSurvey) -> list[Found]:
    """Topics whose records may carry ids that could not be made out."""
    found: dict[str, Found] = {}
    for (topic, partition), window in sorted(windows.windows.items()):
        if window.ids_unknown and topic not in found:
            why = f"partition {partition}: {window.ids_unknown}"
            name = f"{topic} unsure ids"
            check = CheckView("schema", name, "unknown", "?", "?", why, at_ms=window.at_ms)
            found[topic] = Found(check, feeds=("windows",))
    return list(found.values())


def _judged(
    use: Use, records: int, at_ms: int, registries: Registries, *, doubtful: bool
) -> Found | None:
    topic, part, number = use
    here, there = registries.on_source(number), registries.on_target(number)
    counted = f"{records} sampled records carry it"
    words = _word(here), _word(there)
    names: tuple[str, ...] = ()
    if here is None and doubtful:
        return None
    if isinstance(here, Named) and isinstance(there, Named) and registries.same(here, there):
        word, why, rank = "equal", counted, 1
    elif isinstance(there, Unknown):
        word, why, rank = "unknown", f"{there.reason}; {counted}", 1
    elif isinstance(here, Named):
        names = (f"{topic}-{part}", f"id {number}")
        cause = "cannot be read on the target" if there is None else SILENT
        word, why, rank = "open", f"{cause}; {counted}", 0
    elif there is not None:
        names = (f"id {number}",)
        cause = f"the source does not list it, on the target it is {there.name}"
        word, why, rank = "open", f"{cause}: {SILENT}, unless they are the same; {counted}", 0
    elif isinstance(here, Unknown):
        word, why, rank = "unknown", f"{here.reason}; {counted}", 1
    else:
        cause = "the source's registry does not know it, it may be other data"
        word, why, rank = "noted", f"{cause}; {counted}", 1
    title = f"{topic} {part} id {number}"
    check = CheckView("schema", title, word, *words, why, rank, at_ms)  # type: ignore[arg-type]  # one of four literals
    return Found(check, "schema" if names else None, names, feeds=IN_RECORDS)


def _word(found: Named | Unknown | None) -> str:
    match found:
        case None:
            return "absent"
        case Unknown():
            return "?"
        case Named(listed=False):
            return "deleted"
        case _:
            return "resolves"
