"""Gates, alarms and triggers: how they stood, how often, how near."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from cockpit.report.document import Block, Cell, Figure, Line, Paragraph, Plot, Section, Table, Todo
from cockpit.report.material import Event
from cockpit.report.review import NOTHING, Review, at, count, span, text, time
from cockpit.report.sections import figures
from cockpit.report.seen import AlarmSpan, Condition, Verdicts
from cockpit.report.story import Attempt
from cockpit.report.wording import amount, moment

NEAR = 0.9
"""A value over this share of its limit was a near miss."""


def gates(review: Review) -> Section:
    """Section 7."""
    columns = (
        "wave", "gate", "limit", "looks", "pass", "fail", "unknown", "inconclusive",
        "first fail", "on", "longest not passing", "flaps", "worst value", "at",
    )  # fmt: skip
    known = _in_plan_order(review, review.seen.gates)
    table = Table("gates", columns, tuple(map(_gate_row, known)), "no gate")
    told = (
        "Looks are about a second apart; among them are all at which a verdict changed while its "
        "wave could begin, or a trigger fired."
    )
    blocks: list[Block] = [Paragraph(told), table, figures.gate_strips(review)]
    blocks.extend(_lag_plots(review))
    blocks.append(Todo("which checks caught something real, and which assumption was wrong"))
    return Section(7, "Gates and checks", tuple(blocks))


def _in_plan_order(review: Review, known: Mapping[Condition, Verdicts]) -> tuple[Verdicts, ...]:
    order = {wave.name: number for number, wave in enumerate(review.material.plan.waves)}
    return tuple(sorted(known.values(), key=lambda one: order.get(one.wave, len(order))))


def _gate_row(gate: Verdicts) -> tuple[Cell, ...]:
    words = ("PASS", "FAIL", "UNKNOWN", "INCONCLUSIVE")
    shut = [to - begun for begun, to, word in gate.runs if word != "PASS"]
    flaps = sum(a[2] == "PASS" and b[2] == "FAIL" for a, b in pairwise(gate.runs))
    fail, closest = gate.first_fail, gate.closest
    return (
        text(gate.wave),
        text(gate.name),
        count(gate.limit, unit=gate.unit),
        count(sum(gate.looks.values())),
        *(count(gate.looks.get(word, 0)) for word in words),
        NOTHING if fail is None else time(fail[0]),
        NOTHING if fail is None else text(fail[1]),
        span(max(shut, default=0)),
        count(flaps),
        NOTHING if closest is None else count(closest[1], unit=gate.unit),
        NOTHING if closest is None else time(closest[0]),
    )


def _lag_plots(review: Review) -> list[Figure]:
    from_ms, to_ms = review.material.from_ms, review.material.to_ms
    ticks, bands = review.ticks(from_ms, to_ms), review.bands()
    limits: dict[float, dict[str, None]] = {}
    for gate in _in_plan_order(review, review.seen.gates):
        if gate.name == "replication_lag":
            limits.setdefault(gate.limit, {})[gate.wave] = None
    lag = Plot(
        "replication_lag",
        "replication lag, worst partition of the wave at work",
        "records",
        from_ms,
        to_ms,
        (
            *(Line(wave, tuple(points)) for wave, points in review.seen.lag.items()),
            Line("95 of 100 stay under", tuple(review.seen.rows.most_lag)),
        ),
        limits=tuple((f"max of {', '.join(waves)}", limit) for limit, waves in limits.items()),
        ticks=ticks,
        bands=bands,
    )
    groups: dict[str, list[Line]] = {}
    for (group, side), points in review.seen.groups.items():
        groups.setdefault(group, []).append(Line(f"{group} on {side}", tuple(points)))
    return [
        lag,
        figures.lag_heat(review),
        *(
            Plot(
                f"group_lag_{number}",
                f"lag of group {group}, both clusters",
                "records",
                from_ms,
                to_ms,
                tuple(lines),
                ticks=ticks,
                bands=bands,
            )
            for number, (group, lines) in enumerate(groups.items())
        ),
    ]


def alarms(review: Review) -> Section:
    """Section 8."""
    columns = ("alarm", "level", "times", "first", "last", "stood for", "longest", "what")
    rows = tuple(_alarm_row(alarm) for alarm in review.seen.alarms.values())
    told = tuple(_told_row(e) for e in review.material.events if e.level == "bad")
    blocks = (
        Table("alarms", columns, rows, "no alarm was raised"),
        *((figures.alarm_raster(review),) if rows else ()),
        Table("bad_news", ("time", "kind", "what"), told, "nothing bad was told"),
        Todo("which of these were noise, and which led to something"),
    )
    return Section(8, "Alarms", blocks)


def _alarm_row(alarm: AlarmSpan) -> tuple[Cell, ...]:
    lengths = [to - begun for begun, to in alarm.spans]
    return (
        text(alarm.subject),
        text(alarm.level),
        count(len(alarm.spans)),
        time(alarm.spans[0][0]),
        time(alarm.spans[-1][1]),
        span(sum(lengths)),
        span(max(lengths)),
        text(alarm.text),
    )


def _told_row(event: Event) -> tuple[Cell, ...]:
    return at(event), text(event.kind), text(event.text, event)


def rollback(review: Review) -> Section:
    """Section 12: triggers, prices, points of no return, and the ways back that were flown."""
    closest = (
        "wave", "trigger", "limit", "for", "nearest value", "share of the limit", "at", "fired",
    )  # fmt: skip
    fired = [e for e in review.material.events if e.kind == "trigger"]
    known = _in_plan_order(review, review.seen.triggers)
    rows = tuple(_trigger_row(trigger, fired) for trigger in known)
    triggers = Table("triggers", closest, rows, "no trigger")
    closed = Table(
        "no_return",
        ("wave", "try", "producers started on the target", "proved by a record", "price then"),
        tuple(_closed_row(a) for a in review.story.attempts if a.no_return()),
        "no wave passed its point of no return",
    )
    back = Table(
        "ways_back",
        ("wave", "try", "wanted", "begun", "ended", "took", "why"),
        tuple(_back_row(a) for a in review.story.attempts if a.first("rollback_started")),
        "nothing was taken back",
    )
    near = figures.trigger_heat(review)
    return Section(12, "Going back", (triggers, near, closed, back, Todo("would it have worked?")))


def _trigger_row(trigger: Verdicts, fired: list[Event]) -> tuple[Cell, ...]:
    own = [e for e in fired if e.word("trigger") == trigger.name and e.word("wave") == trigger.wave]
    near = trigger.closest
    if own and near is not None and near[1] <= trigger.limit:
        near = None  # it fired when no screen showed its value: its wave had moved before
    share = near[1] / trigger.limit if near is not None and trigger.limit else None
    return (
        text(trigger.wave),
        text(trigger.name),
        count(trigger.limit, unit=trigger.unit),
        span(trigger.for_ms),
        NOTHING if near is None else count(near[1], unit=trigger.unit),
        NOTHING if share is None else Cell(f"{share * 100:.0f}%", share),
        NOTHING if near is None else time(near[0]),
        text("; ".join(moment(e.at_ms) for e in own) or "no", *own),
    )


def _closed_row(attempt: Attempt) -> tuple[Cell, ...]:
    started, proved = attempt.no_return(), attempt.first("no_return_proved")
    assert started is not None
    later = (e for e in attempt.all("going_back") if e.number > started.number)
    price = next(later, None)
    return (
        text(attempt.wave),
        count(attempt.number),
        at(started),
        at(proved),
        NOTHING if price is None else text(price.text, price),
    )


def _back_row(attempt: Attempt) -> tuple[Cell, ...]:
    wanted, begun = attempt.first("rollback_wanted"), attempt.first("rollback_started")
    ended = attempt.ended if attempt.result == "rolled back" else None
    took = ended.at_ms - begun.at_ms if ended is not None and begun is not None else None
    return (
        text(attempt.wave),
        count(attempt.number),
        at(wanted),
        at(begun),
        at(ended),
        span(took, begun, ended),
        text((begun or attempt.begun).text, begun),
    )


def near_misses(review: Review) -> list[str]:
    """Values that came within a tenth of their limit without passing it."""
    found = []
    for one in (*review.seen.gates.values(), *review.seen.triggers.values()):
        if one.closest is None or not one.limit:
            continue
        at_ms, value = one.closest
        if NEAR * one.limit <= value <= one.limit:
            shown = f"{amount(value, one.unit)} of at most {amount(one.limit, one.unit)}"
            found.append(f"{one.wave}: {one.name} came to {shown} at {moment(at_ms)}")
    return list(dict.fromkeys(found))
