"""People, the tool itself, what to think about, what to do next, and everything that was told."""

from __future__ import annotations

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import CheckView
from cockpit.core.tuning import Proposal
from cockpit.report.document import Block, Cell, Line, Paragraph, Plot, Section, Table, Todo
from cockpit.report.material import Event
from cockpit.report.review import NOTHING, Review, at, count, span, text, time
from cockpit.report.sections import figures
from cockpit.report.sections.judged import near_misses
from cockpit.report.seen import Met
from cockpit.report.wording import amount, duration

STALE_MS = 5_000
"""Orders on evidence that was about to be this old are worth a thought."""


def people(review: Review) -> Section:
    """Section 13."""
    by: dict[str, list[Event]] = {}
    for event in (*review.story.orders, *review.story.notes):
        if who := event.word("by"):
            by.setdefault(who, []).append(event)
    rows = tuple(
        (
            text(who),
            *(_how_many(events, kind) for kind in ("confirmed", "refused", "note")),
            at(events[0]),
            at(events[-1]),
        )
        for who, events in by.items()
    )
    columns = ("who", "orders", "refused", "notes", "first", "last")
    table = Table("people", columns, rows, "nobody acted")
    return Section(13, "People", (table, Todo("owners who needed more context than they had")))


def _how_many(events: list[Event], kind: str) -> Cell:
    found = [event for event in events if event.kind == kind]
    return count(len(found), *found)


def tool_health(review: Review) -> Section:
    """Section 14: gaps, engines, feeds, effects that ended as unknown."""
    material = review.material
    gaps = tuple(
        (time(g.from_ms), time(g.to_ms), span(g.to_ms - g.from_ms), text(g.cause),
         text("every sample and verdict of that time"))
        for g in material.gaps
    )  # fmt: skip
    lives = tuple(
        (
            count(life.number),
            time(life.from_ms),
            time(life.to_ms),
            text("took over" if life.takes_over else "began"),
            text(life.ended or "no word"),
        )
        for life in material.lives
    )
    sides = tuple(
        (at(e), text(e.word("side")), text(e.word("word")), text(e.text, e))
        for e in material.events
        if e.kind == "side"
    )
    unknown = tuple(
        (
            text(x.action_id, x.begun),
            at(x.begun),
            text(x.outcome, x.ended),
            NOTHING if x.read is None else text(x.read.word("outcome"), x.read),
            at(x.read),
        )
        for x in review.story.effects
        if x.is_unknown
    )
    ages = tuple(
        Line(feed, tuple((at_ms, None if v is None else v / 1_000) for at_ms, v in points))
        for feed, points in review.seen.ages.items()
        if feed.endswith((".logs", ".groups")) or feed in ("mirror", "recording")
    )
    plot = Plot("ages", "age of what was known, by feed", "s", material.from_ms, material.to_ms,
                ages, bands=review.bands())  # fmt: skip
    blocks: tuple[Block, ...] = (
        Table("gaps", ("from", "to", "lasted", "cause", "not known because of it"), gaps, "no gap"),
        Table("engines", ("engine", "from", "to", "how it began", "how it ended"), lives),
        Table("sides", ("time", "side", "state", "what"), sides, "both sides answered throughout"),
        Table("unknown_outcomes", ("action", "begun", "outcome", "by reading", "read"), unknown,
              "every effect has a certain outcome"),
        plot,
        figures.answers(review),
    )  # fmt: skip
    return Section(14, "The tool itself", blocks)


def lessons(review: Review) -> Section:
    """Section 15: candidates; the judgement is left to people."""
    blocks: list[Block] = [Paragraph(f"Near miss: {words}.") for words in near_misses(review)]
    for gate in review.seen.gates.values():
        opened = sum(run[2] == "PASS" for run in gate.runs)
        if opened > 2:
            blocks.append(Paragraph(f"{gate.wave}: gate {gate.name} opened {opened} times."))
    kinds = {
        "retry": "tried again",
        "rollback_not_by_itself": "not taken back by itself",
        "not_as_left": "not as left",
        "fence_escaped": "a writer escaped",
        "service_away": "gone after its move",
        "defect": "a defect",
    }
    blocks.extend(
        Paragraph(f"{kinds[event.kind]}: {event.text}", (event.number,))
        for event in review.material.events
        if event.kind in kinds
    )
    if not blocks:
        blocks.append(Paragraph("No near miss, no flapping gate, nothing tried twice."))
    blocks += [Todo("what went well"), Todo("what went badly"), Todo("where it was luck")]
    return Section(15, "Went well, went badly, was lucky", tuple(blocks))


def follow_ups(review: Review) -> Section:
    """Section 16: todo notes, and what the recording shows to be unfinished."""
    rows: list[tuple[Cell, ...]] = []
    for note in review.story.notes:
        said = note.text.partition(": ")[2] or note.text
        if said.lower().startswith("todo"):
            rows.append((text(said, note), text("note"), text(note.word("by")), NOTHING, NOTHING))
    found = {attempt.wave for attempt in review.story.attempts if not attempt.number}
    for gate in review.seen.gates.values():
        if not gate.looks.get("PASS") and gate.wave not in found:
            told = f"{gate.wave}: gate {gate.name} never passed"
            rows.append((text(told), text("recording"), NOTHING, NOTHING, NOTHING))
    last = review.seen.last
    if last is not None:
        standing = [f"still open: {a.subject} - {a.text}" for a in last.alarms]
        standing += [_difference(check) for check in last.checks if check.word == "open"]
        standing += [f"left over: {one.text}; {one.command}" for one in last.left_over]
        rows.extend((text(t), text("recording"), NOTHING, NOTHING, NOTHING) for t in standing)
    columns = ("what", "from", "who", "ticket", "due")
    table = Table("follow_ups", columns, tuple(rows), "nothing is known to be unfinished")
    return Section(16, "Follow-ups", (table, Todo("an owner, a ticket and a date for each")))


def _difference(check: CheckView) -> str:
    why = check.why or f"source {check.source or '-'}, target {check.target or '-'}"
    return f"difference open: {check.kind} {check.name} ({why})"


def next_wave(review: Review, proposals: tuple[Proposal, ...]) -> Section:
    """Section 17: tolerances from what was seen."""
    columns = ("condition", "gate", "limit", "proposed", "why", "samples", "unknown", "over",
               "median", "p99", "most", "at")  # fmt: skip
    rows = tuple(_proposal_row(one) for one in proposals)
    table = Table("tolerances", columns, rows, "nothing was measured")
    return Section(17, "Changes for the next wave", (table, Todo("accept or reject each")))


def _proposal_row(one: Proposal) -> tuple[Cell, ...]:
    stats = (one.median, one.p99, one.most)
    return (
        text(one.path),
        text(one.name),
        count(one.limit, unit=one.unit),
        NOTHING if one.proposed is None else count(one.proposed, unit=one.unit),
        text(one.why),
        count(one.known),
        count(one.unknown),
        span(one.span_ms),
        *(NOTHING if value is None else count(value, unit=one.unit) for value in stats),
        NOTHING if one.most_at_ms is None else time(one.most_at_ms),
    )


def decommission(review: Review) -> Section:
    """Section 18: who still touches the source."""
    columns = ("kind", "name", "service", "where", "who", "rate", "first seen", "last seen",
               "at the end")  # fmt: skip
    rows = tuple(_straggler_row(one, review.seen.looks) for one in review.seen.met.values())
    table = Table("stragglers", columns, rows, "nobody was seen on the source after its move")
    moved = [a for a in review.story.attempts if a.result == "done" and a.ended is not None]
    blocks: list[Block] = [table]
    if (plot := figures.touching(review)) is not None:
        blocks.append(plot)
    for attempt in moved:
        assert attempt.ended is not None
        watched = duration(review.material.to_ms - attempt.ended.at_ms)
        told = f"{attempt.wave} was watched for {watched} after its move."
        blocks.append(Paragraph(told, (attempt.ended.number,)))
    blocks.append(Todo("approval to take the source down, and what must be kept for audits"))
    return Section(18, "Ready to take the source down?", tuple(blocks))


def _straggler_row(met: Met, looks: int) -> tuple[Cell, ...]:
    one = met.one
    known = not isinstance(one.rate_milli, Unknown)
    rate = float(one.rate_milli) / 1_000 if known else None  # type: ignore[arg-type]  # known
    return (
        text(one.kind),
        text(one.name),
        text(one.service),
        text(one.where),
        text(one.who),
        Cell("unknown") if rate is None else Cell(amount(rate, "records/s"), rate),
        time(met.first_ms),
        time(one.at_ms),
        text("there" if met.looks == looks else "gone"),
    )


def appendix(review: Review) -> Section:
    """Section 19: the services, heads of the journal, and every event with its number."""
    plan = review.material.plan
    waves = {name: wave.name for wave in plan.waves for name in wave.services}
    services = tuple(
        (
            text(s.name),
            text(s.owner),
            text(waves.get(s.name, "")),
            text(", ".join(s.produces)),
            text(", ".join(s.consumes)),
            text(s.group or ""),
            text(s.principal or ""),
        )
        for s in plan.services
    )
    events = tuple(
        (
            Cell(f"e{event.number}", event.number),
            time(event.at_ms),
            text(event.kind),
            text(event.level),
            text(event.text),
        )
        for event in review.material.events
    )
    columns = ("service", "owner", "wave", "writes", "reads", "group", "principal")
    heads = tuple((time(at_ms), text(head)) for at_ms, head in review.seen.heads.values())
    blocks = (
        Table("services", columns, services),
        Table("journal_heads", ("seen at", "head"), heads, "no journal was kept"),
        Paragraph(
            "`cockpit verify SESSION --head HEAD` proves by each of them that nothing "
            "before it was changed."
        ),
        Table("events", ("event", "time", "kind", "level", "what"), events, "nothing was told"),
    )
    return Section(19, "Appendix", blocks)
