"""Where groups went on, what the clusters' contents had in common, what else differed."""

from __future__ import annotations

from cockpit.core.snapshot import CheckView
from cockpit.report.document import Block, Cell, Line, Paragraph, Plot, Section, Table, Todo
from cockpit.report.material import Event
from cockpit.report.review import NOTHING, Review, at, count, text, time
from cockpit.report.sections import figures
from cockpit.report.seen import Parity
from cockpit.report.story import Attempt


def offsets(review: Review) -> Section:
    """Section 9."""
    columns = (
        "wave", "try", "group", "owner", "method", "side", "placed", "re-read at most",
        "skipped at most", "worst lag on the target", "what was said",
    )  # fmt: skip
    rows = tuple(
        _group_row(review, attempt, event)
        for attempt in review.story.attempts
        for event in attempt.all("offsets_placed")
    )
    blocks: list[Block] = [Table("offsets", columns, rows, "no offsets were placed")]
    from_ms, to_ms = review.material.from_ms, review.material.to_ms
    lines = tuple(Line(group, tuple(points)) for group, points in review.seen.reread.items())
    title = "records that each group would read again, by the exact image"
    ticks, bands = review.ticks(from_ms, to_ms), review.bands()
    blocks.append(Plot("reread", title, "records", from_ms, to_ms, lines, ticks=ticks, bands=bands))
    blocks += [
        figures.delta_heat(review),
        figures.group_states(review),
        figures.behind_heat(review),
    ]
    blocks.append(Todo("why each group resumes as it does"))
    return Section(9, "Offsets", tuple(blocks))


def _group_row(review: Review, attempt: Attempt, event: Event) -> tuple[Cell, ...]:
    group, side = event.word("group"), event.word("side")
    service = next((s for s in review.material.plan.services if s.group == group), None)
    after = [
        value
        for at_ms, value in review.seen.groups.get((group, "target"), ())
        if value is not None and at_ms >= event.at_ms
    ]
    return (
        text(attempt.wave),
        count(attempt.number, attempt.begun),
        text(group),
        text(service.owner if service is not None else ""),
        text(service.resume if service is not None and service.resume else ""),
        text(side),
        at(event),
        count(event.count("reread_max_records"), event),
        count(event.count("skipped_max_records"), event),
        NOTHING if side == "source" else count(max(after, default=None)),
        text(event.text, event),
    )


def equality(review: Review) -> Section:
    """Section 10: what was proved to be the same, by content."""
    rows = []
    for attempt in review.story.attempts:
        for name in ("drain", "fence"):
            step = attempt.step(name)
            if step is None:
                continue
            ended = step.ended
            proved = ended is not None and ended.kind == "step_done"
            result = "proved" if proved else "not proved"
            words = ended.text if ended is not None else ""
            cells = (text(attempt.wave), count(attempt.number), text(name), at(step.begun),
                     text(result, ended), text(words))  # fmt: skip
            rows.append(cells)
    last = review.seen.last
    records = [c for c in last.checks if c.kind == "records"] if last is not None else []
    columns = ("wave", "try", "proof", "begun", "result", "what was said")
    proofs = Table("proofs", columns, tuple(rows), "no wave was fenced or drained")
    compared = tuple(_check_row(check) for check in records)
    blocks = (proofs, Table("records", _CHECKS, compared, "no records were compared by content"))
    return Section(10, "Data equality", blocks)


_CHECKS = ("object", "kind", "source", "target", "state", "why", "read at")


def parity(review: Review) -> Section:
    """Section 11."""
    counts = Table(
        "parity",
        ("moment", "time", "equal", "approved", "open", "unknown", "noted"),
        tuple(_parity_row(one) for one in review.seen.parity),
        "nothing was compared",
    )
    blocks: list[Block] = [counts]
    last = review.seen.parity[-1] if review.seen.parity else None
    if last is not None:
        blocks.append(Paragraph(f"What was not equal at the last of these moments, {last.what}:"))
        rows = tuple(_check_row(check) for check in last.checks)
        blocks.append(Table("differences", _CHECKS, rows, "everything was equal"))
    approved = review.material.plan.approved_differences
    rows = tuple((text(a.topic or ""), text(a.why), text(a.by)) for a in approved)
    blocks.append(
        Table("approvals", ("topic", "why", "by"), rows, "the plan approves no difference")
    )
    return Section(11, "Configuration, rights and schemas", tuple(blocks))


def _parity_row(one: Parity) -> tuple[Cell, ...]:
    words = ("equal", "approved", "open", "unknown", "noted")
    return (text(one.what), time(one.at_ms), *(count(one.counts.get(word, 0)) for word in words))


def _check_row(check: CheckView) -> tuple[Cell, ...]:
    return (
        text(check.name),
        text(check.kind),
        text(check.source),
        text(check.target),
        text(check.word),
        text(check.why),
        NOTHING if check.at_ms is None else time(check.at_ms),
    )
