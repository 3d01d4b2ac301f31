"""What a group would read again and skip if it moved now, by the way that its service's plan says.

Bounds in records, and unknown where nothing that is fresh gives one. Nothing is committed or read
here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import assert_never

from cockpit.core.delta import (
    Bounds,
    bounds,
    delta_rows,
    exact_reread,
    translated_reread,
)
from cockpit.core.facts import Facts
from cockpit.core.observe import Unknown
from cockpit.core.plan import SOUGHT, Service
from cockpit.core.remember import Remembered
from cockpit.core.skips import overshoot, proved_skip
from cockpit.core.snapshot import DeltaRow
from cockpit.core.survey import ImagesSurvey


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one partition, or of a group: at most so many read again; skipped at least and at most."""

    reread_max: int
    skipped_min: int
    skipped_max: int


def row_cost(facts: Facts, service: Service, row: DeltaRow) -> Cost | Unknown:
    """What one partition would cost."""
    match service.resume:
        case "exact" | "translated":
            again = exact_reread(row) if service.resume == "exact" else row.reread_max
            for number in (again, row.skipped_max, row.skipped_min):
                if isinstance(number, Unknown):
                    return number
            assert not isinstance(again, Unknown)
            assert not isinstance(row.skipped_min, Unknown)
            assert not isinstance(row.skipped_max, Unknown)
            past = max(row.skipped_min, overshoot(row), proved_skip(row))
            return Cost(again, past, row.skipped_max)
        case "earliest" | "latest" | "timestamp":
            return _elsewhere(facts, service, row)
        case "external":
            return Unknown("its offsets are kept outside Kafka")
        case _:
            assert_never(service.resume)


def _elsewhere(facts: Facts, service: Service, row: DeltaRow) -> Cost | Unknown:
    """Of a group that is put at the target's start or end, or at a time."""
    log = bounds(facts, (row.topic, row.partition))
    if isinstance(log, Unknown):
        return log
    place = _place(facts, service, row, log)
    if isinstance(place, Unknown):
        return place
    exact = row.exact
    if isinstance(exact, Unknown) or isinstance(exact.low, Unknown) or not exact.is_fresh:
        reason = exact.reason or "its image is old"
        if service.resume == "earliest" and log.target_start == 0:
            # nothing was ever removed, so nothing lies before it
            return Cost(log.target_end - place, 0, 0)
        return Unknown(reason)
    # a commit that has moved on since has its place later, but in the log
    last = exact.high if exact.is_current else log.target_end
    assert not isinstance(last, Unknown)
    again = max(0, last - place)
    if exact.word != "EXACT" and place <= last:
        again = max(1, again)
    skipped = max(0, place - exact.low)
    sure = exact.word == "EXACT" and exact.is_current
    return Cost(again, skipped if sure else 0, skipped)


def _place(facts: Facts, service: Service, row: DeltaRow, log: Bounds) -> int | Unknown:
    if service.resume == "earliest":
        return log.target_start
    if service.resume == "latest":
        return log.target_end
    survey = facts.survey(ImagesSurvey, "images")
    if survey is None or "images" in facts.failures:
        return Unknown("what the target has since its time is not looked up yet")
    found = survey.sought.get((row.group, (row.topic, row.partition)))
    if found is None:
        return Unknown("what the target has since its time could not be read")
    return found


def group_cost(facts: Facts, service: Service, rows: Iterable[DeltaRow]) -> Cost | Unknown:
    """The sum over a group's partitions; unknown as soon as one is."""
    total = Cost(0, 0, 0)
    for row in rows:
        cost = row_cost(facts, service, row)
        if isinstance(cost, Unknown):
            return Unknown(f"{row.topic}/{row.partition}: {cost.reason}")
        total = Cost(
            total.reread_max + cost.reread_max,
            total.skipped_min + cost.skipped_min,
            total.skipped_max + cost.skipped_max,
        )
    return total


_RELEASES: dict[str, Remembered[str]] = {}


def release_text(facts: Facts, service: Service) -> str:
    """What its group would read again and skip if it moved now, and by MirrorMaker beside it."""
    rows = delta_rows(facts, service)
    kept = _RELEASES.setdefault(service.name, Remembered())
    return kept.get((service, rows), lambda: _release(facts, service, rows))


def _release(facts: Facts, service: Service, rows: tuple[DeltaRow, ...]) -> str:
    if service.resume == "external":
        return "external: kept outside Kafka, a person sets them"
    if service.resume in SOUGHT:
        cost = group_cost(facts, service, rows)
        if isinstance(cost, Unknown):
            return f"{service.resume}, reads ? again, skips ? ({cost.reason})"
        again, skipped = _said(cost.reread_max), _said(cost.skipped_max)
        return f"{service.resume}, reads {again} again, skips {skipped}"
    theirs = _said(translated_reread(rows))
    if service.resume == "translated":
        return f"translated, reads {theirs} again, skips {sum(overshoot(row) for row in rows):,}"
    return (
        f"exact, reads {_said(_exact_sum(rows))} again, skips 0;"
        f" by MirrorMaker's translation it would read {theirs} again"
    )


def _exact_sum(rows: Iterable[DeltaRow]) -> int | Unknown:
    total = 0
    for row in rows:
        value = exact_reread(row)
        if isinstance(value, Unknown):
            return Unknown(f"{row.topic}/{row.partition}: {value.reason}")
        total += value
    return total


def _said(value: int | Unknown) -> str:
    if isinstance(value, Unknown):
        return f"? ({value.reason})"
    return f"at most {value:,}" if value else "none"
