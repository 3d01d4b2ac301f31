"""What happened in order, and who decided what on which evidence."""

from __future__ import annotations

from cockpit.report.document import Cell, Section, Table, Todo
from cockpit.report.material import Event
from cockpit.report.review import NOTHING, Review, at, span, text, time
from cockpit.report.story import Effect

ROUTINE = frozenset({"action_started", "action_finished", "going_back", "gate"})
"""Kinds that the time line leaves to other sections and to the list of all events."""


def timeline(review: Review) -> Section:
    """Section 5: everything but the routine, with gaps and lives where they were."""
    rows: list[tuple[int, int, tuple[Cell, ...]]] = []
    for event in review.material.events:
        if event.kind not in ROUTINE or event.level == "bad":
            cells = (at(event), text(event.level), text(event.text, event))
            rows.append((event.at_ms, event.number, cells))
    for gap in review.material.gaps:
        told = f"nothing is recorded from here: {gap.cause}"
        rows.append((gap.from_ms, 0, (time(gap.from_ms), text("bad"), text(told))))
    rows.sort(key=lambda row: row[:2])
    table = Table("timeline", ("time", "level", "what"), tuple(cells for _, _, cells in rows))
    todo = Todo("corrections, as signed notes beside the recording and never as edits")
    return Section(5, "Time line", (table, todo))


def decisions(review: Review) -> Section:
    """Section 6: every order with its evidence, and every effect with its outcome."""
    columns = ("time", "who", "order", "answer", "on which readings", "gates open for", "why")
    rows = tuple(
        _order_row(review, event)
        for event in review.story.orders
        if event.kind not in ("armed", "retry")
    )
    orders = Table("decisions", columns, rows, "nobody ordered anything")
    effects = Table(
        "actions",
        ("action", "begun", "what", "outcome", "took"),
        tuple(_effect_row(effect) for effect in review.story.effects),
        "nothing was done to a cluster or a service",
    )
    return Section(6, "Decisions and effects", (orders, effects, Todo("why, in a sentence each")))


def _order_row(review: Review, event: Event) -> tuple[Cell, ...]:
    verb = event.word("verb") or event.kind
    who = event.word("by") or "the cockpit"
    answers = {"confirmed": "accepted", "refused": "refused", "disarmed": "taken back"}
    armed = _armed_before(review, event) if event.kind == "confirmed" else None
    view = review.seen.armed.get(armed.word("token")) if armed is not None else None
    readings = [line for line in view.lines if line.startswith("gate ")] if view else []
    opened = _opened(review, event) if verb == "advance" and event.kind == "confirmed" else None
    return (
        at(event),
        text(who, event),
        text(verb),
        text(answers.get(event.kind, event.kind), event),
        text("; ".join(readings), armed) if readings else NOTHING,
        NOTHING if opened is None else span(event.at_ms - opened.at_ms, opened, event),
        text(event.word("why") or (event.text if event.kind in ("paused", "resumed") else "")),
    )


def _armed_before(review: Review, event: Event) -> Event | None:
    found = (
        e
        for e in reversed(review.material.events[: event.number])
        if e.kind == "armed" and e.word("verb") == event.word("verb")
    )
    return next(found, None)


def _opened(review: Review, event: Event) -> Event | None:
    """With which event the last gate of the wave had opened at the order; None: not all had.
    While a wave may be begun, every verdict that changes is told."""
    begun = next((a for a in review.story.attempts if a.order is event), None)
    if begun is None:
        return None
    newest: dict[str, Event] = {}
    for told in review.material.events[: event.number]:
        if told.kind == "gate" and told.word("wave") == begun.wave:
            newest[told.word("gate")] = told
    if any(told.word("verdict") != "PASS" for told in newest.values()):
        return None
    return max(newest.values(), key=lambda told: told.number, default=None)


def _effect_row(effect: Effect) -> tuple[Cell, ...]:
    took = effect.ended.at_ms - effect.begun.at_ms if effect.ended is not None else None
    return (
        text(effect.action_id, effect.begun),
        at(effect.begun),
        text(effect.begun.text),
        _came_of_it(effect),
        span(took, effect.begun, effect.ended),
    )


def _came_of_it(effect: Effect) -> Cell:
    if effect.is_unknown and effect.read is not None:
        return text(f"{effect.read.word('outcome')}, by reading", effect.read)
    return text(effect.outcome, effect.ended)
