"""What the flight was, what came of it, what clients felt, and each wave in a line."""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.report.document import Block, Cell, Line, Paragraph, Plot, Section, Table, Todo
from cockpit.report.material import Event, Life, Material
from cockpit.report.review import (
    NOTHING,
    UNKNOWN,
    Blocked,
    Review,
    at,
    count,
    numbers,
    span,
    text,
    time,
)
from cockpit.report.sections import figures
from cockpit.report.story import Attempt, Step
from cockpit.report.wording import duration, moment


def identity(review: Review) -> Section:
    """Section 1."""
    material = review.material
    last = review.seen.last
    rows = [
        ("plan", text(material.plan.name)),
        ("plan hash (SHA-256)", text(material.plan_hash)),
        ("environment", text(material.plan.environment)),
        ("session", text(material.session)),
        ("cockpit", text(", ".join(dict.fromkeys(life.version for life in material.lives)))),
        ("from", time(material.from_ms)),
        ("to", time(material.to_ms)),
        ("lasted", span(material.to_ms - material.from_ms)),
        ("engines", count(len(material.lives))),
        ("clusters", text("simulated" if material.simulated else "real")),
    ]
    for name, side in (
        ("source", last.source if last else None),
        ("target", last.target if last else None),
    ):
        known = side is not None and side.cluster_id
        rows.append((f"{name} cluster id", text(side.cluster_id if side and known else "unknown")))
        rows.append((f"{name} brokers", count(side.brokers if side and known else None)))
    table = Table("identity", ("what", "value"), tuple((Cell(n, n), cell) for n, cell in rows))
    return Section(1, "Identity", (table, Todo("a title that people will look for")))


def outcome(review: Review) -> Section:
    """Section 2, in three lines and what nobody saw."""
    material, story = review.material, review.story
    by_result: dict[str, list[str]] = {}
    ended: list[Event | None] = []
    for wave in material.plan.waves:
        tries = [a for a in story.attempts if a.wave == wave.name]
        result = tries[-1].result if tries else "not begun"
        ended.extend(a.ended for a in tries[-1:])
        by_result.setdefault(result, []).append(wave.name)
    waves = "; ".join(f"{result}: {', '.join(names)}" for result, names in by_result.items())
    blocks: list[Block] = [Paragraph(f"Waves - {waves}.", numbers(*ended))]
    blocks.append(_ending(review))
    last = review.seen.last
    if last is not None:
        risks = f"{len(last.alarms)} alarms" if last.alarms else "no alarm"
        writes = f"{last.status.wave}: {last.status.writes}"
        blocks.append(
            Paragraph(f"At the end writes were owned by - {writes}; {risks} stood; "
                      f"going back: {last.status.rollback}.")
        )  # fmt: skip
    for gap in material.gaps:
        what = f"Nothing was recorded from {moment(gap.from_ms)} to {moment(gap.to_ms)}"
        lasted = duration(gap.to_ms - gap.from_ms)
        blocks.append(Paragraph(f"{what} ({lasted}): {gap.cause}.", tone="bad"))
    blocks.extend(
        Paragraph(f"Engine {life.number} ended at {moment(life.to_ms)}: {_how(life)}.", tone="bad")
        for life in material.lives[:-1]
    )
    blocks.append(Todo("the outcome in the words of those who needed it"))
    return Section(2, "Outcome", tuple(blocks))


def _how(life: Life) -> str:
    return life.ended or "without a word"


def _ending(review: Review) -> Paragraph:
    end = review.story.outcome
    if end is None:
        how = review.material.lives[-1].ended or "nothing says how it ended"
        return Paragraph(f"The flight has no end in this recording: {how}.", tone="bad")
    word = end.word("outcome") or "ended"
    good = word == "completed"
    return Paragraph(f"The flight ended: {word}.", (end.number,), "good" if good else "bad")


def effect_on_clients(review: Review) -> Section:
    """Section 3: how long clients were blocked, what they met."""
    every = tuple(review.blocked())
    rows = tuple(map(_blocked_row, every))
    columns = (
        "wave",
        "try",
        "blocked at most",
        "cockpit",
        "mirror",
        "services",
        "fence",
        "deadline",
    )
    blocked = Table("clients_blocked", columns, rows, "no account of blocked clients was told")
    blocks: list[Block] = [blocked]
    known = [one for one in every if one.lasted_ms is not None]
    if known:
        longest = max(known, key=lambda one: one.lasted_ms or 0)
        lasted = duration(longest.lasted_ms or 0)
        how = "by what was seen" if longest.was_seen else "at most"
        told = f"Clients were blocked longest in wave {longest.attempt.wave}: {lasted} {how}."
        blocks.insert(0, Paragraph(told, numbers(longest.account or longest.attempt.ended)))
    blocks.extend(
        Paragraph(_no_account(one), numbers(one.account), "bad")
        for one in every
        if one.was_seen and one.account is not None
    )
    deadline_struck = [e for e in review.material.events if e.kind == "deadline"]
    blocks.extend(Paragraph(e.text, (e.number,), "bad") for e in deadline_struck)
    if (parts := figures.blocked(review)) is not None:
        blocks.append(parts)
    blocks.extend(_plots(review))
    blocks.append(Todo("the definition of downtime that was agreed, and whether it was kept"))
    return Section(3, "What clients felt", tuple(blocks))


def _blocked_row(one: Blocked) -> tuple[Cell, ...]:
    attempt, event = one.attempt, one.account
    shares = ("cockpit_ms", "mirror_ms", "services_ms")
    return (
        text(attempt.wave),
        count(attempt.number, attempt.begun),
        span(one.lasted_ms, event),
        *(UNKNOWN if event is None else span(event.count(share), event) for share in shares),
        at(attempt.fence()),
        text(_deadline(attempt)),
    )


def _no_account(one: Blocked) -> str:
    assert one.account is not None
    told = f"How long clients of wave {one.attempt.wave} were blocked is not known"
    if why := one.account.word("why"):
        told += f" ({why})"
    if one.lasted_ms is None:
        return f"{told}."
    return f"{told}; they were seen to be blocked for {duration(one.lasted_ms)}."


def _deadline(attempt: Attempt) -> str:
    struck = attempt.first("deadline")
    if attempt.fence() is None:
        return ""
    return "kept" if struck is None else f"struck: {struck.text}"


def _plots(review: Review) -> Iterator[Plot]:
    """The hand-over of writes, and the error rates."""
    from_ms, to_ms = review.material.from_ms, review.material.to_ms
    ticks, bands = review.ticks(from_ms, to_ms), review.bands()
    yield Plot(
        "writes",
        "records written a second, topics of the wave at work",
        "records/s",
        from_ms,
        to_ms,
        tuple(Line(side, tuple(points)) for side, points in review.seen.written.items()),
        ticks=ticks,
        bands=bands,
    )
    yield figures.reads(review)
    if any(value for points in review.seen.errors.values() for _, value in points):
        lines = tuple(Line(k, tuple(points)) for k, points in review.seen.errors.items())
        title = "errors in the running minute, by class"
        yield Plot("errors", title, "errors", from_ms, to_ms, lines, ticks=ticks, bands=bands)


def waves(review: Review) -> Section:
    """Section 4."""
    columns = (
        "wave", "try", "services", "topics written", "groups", "owner", "criticality", "begun",
        "lasted", "blocked at most", "fence deadline", "re-read at most", "skipped at most",
        "result", "closed at", "ordered by",
    )  # fmt: skip
    rows = tuple(_wave_row(review, attempt) for attempt in review.story.attempts)
    table = Table("waves", columns, rows, "no wave was begun")
    begun = {attempt.wave for attempt in review.story.attempts}
    left = [wave.name for wave in review.material.plan.waves if wave.name not in begun]
    steps = tuple(
        _step_row(review.material, attempt, step)
        for attempt in review.story.attempts
        for step in attempt.steps
    )
    headings = (
        "wave",
        "try",
        "step",
        "begun",
        "took",
        "without an engine",
        "begun again",
        "result",
    )
    blocks: list[Block] = [
        table,
        figures.course(review),
        Table("steps", headings, steps, "no step was begun"),
    ]
    if left:
        blocks.append(Paragraph(f"Not begun: {', '.join(left)}."))
    return Section(4, "Waves", tuple(blocks))


def _wave_row(review: Review, attempt: Attempt) -> tuple[Cell, ...]:
    plan = review.material.plan
    wave = next((w for w in plan.waves if w.name == attempt.wave), None)
    services = plan.wave_services(wave) if wave is not None else ()
    groups = [s.group for s in services if s.group]
    topics = list(dict.fromkeys(topic for s in services for topic in s.produces))
    owners = list(dict.fromkeys(s.owner for s in services if s.owner))
    critical = list(dict.fromkeys(s.criticality for s in services if s.criticality))
    blocked = next((one for one in review.blocked() if one.attempt is attempt), None)
    placed = attempt.all("offsets_placed")
    lasted = attempt.ended.at_ms - attempt.begun.at_ms if attempt.ended is not None else None
    deadline_ms = review.fence_deadline_ms(attempt.wave)
    order = attempt.order
    closed = attempt.no_return()
    return (
        text(attempt.wave),
        count(attempt.number, attempt.begun),
        text(", ".join(s.name for s in services)),
        text(", ".join(topics)),
        text(", ".join(groups)),
        text(", ".join(owners)),
        text(", ".join(map(str, critical))),
        at(attempt.begun),
        span(lasted, attempt.begun, attempt.ended) if attempt.number else NOTHING,
        NOTHING if blocked is None else span(blocked.lasted_ms, blocked.account),
        NOTHING if deadline_ms is None else span(deadline_ms),
        NOTHING if not placed else count(_sum(placed, "reread_max_records"), *placed),
        NOTHING if not placed else count(_sum(placed, "skipped_max_records"), *placed),
        text(attempt.result, attempt.ended),
        at(closed),
        NOTHING if order is None else text(order.word("by"), order),
    )


def _step_row(material: Material, attempt: Attempt, step: Step) -> tuple[Cell, ...]:
    """Its whole time, whatever engines it took, and how much of that none was there."""
    ended = step.over
    results = {"step_done": "done", "step_failed": "failed", "step_undone": "undone"}
    until_ms = ended.at_ms if ended is not None else material.to_ms
    nobody_ms = material.without_engine_ms(step.begun.at_ms, until_ms)
    return (
        text(attempt.wave),
        count(attempt.number, attempt.begun),
        text(f"undo {step.name}" if step.undo else step.name),
        at(step.begun),
        NOTHING if ended is None else span(ended.at_ms - step.begun.at_ms, step.begun, ended),
        span(nobody_ms, step.begun, *step.again, ended) if nobody_ms else NOTHING,
        count(len(step.again), *step.again) if step.again else NOTHING,
        text("under way" if ended is None else results.get(ended.kind, "broken off"), ended),
    )


def _sum(events: tuple[Event, ...], key: str) -> int | None:
    """Unknown as soon as one of them is."""
    values = [event.count(key) for event in events]
    return (
        None if any(value is None for value in values) else sum(v for v in values if v is not None)
    )
