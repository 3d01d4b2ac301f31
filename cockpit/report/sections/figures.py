"""Figures with a row for each thing: waves, gates, alarms, groups, partitions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, Literal

from cockpit.report.document import Heat, Line, Plot, Stretch, Strip, Strips
from cockpit.report.review import Blocked, Review
from cockpit.report.seen_rows import Run
from cockpit.report.story import Attempt, Step

Kind = Literal["good", "warn", "bad", "off", "plain"]
LOOK_MS: Final = 2_500
"""Two looks that are no further apart are of one stretch."""
_VERDICTS: Final[Mapping[str, Kind]] = {
    "PASS": "good",
    "FAIL": "bad",
    "UNKNOWN": "off",
    "INCONCLUSIVE": "warn",
}
_STATES: Final[Mapping[str, Kind]] = {"Stable": "good", "Empty": "plain", "absent": "off"}
"""Other states are those of a group that rebalances, or that nobody could be asked about."""
_RECORDS: Final = (1.0, 10.0, 100.0, 1_000.0, 10_000.0)
_SECONDS: Final = (1.0, 5.0, 10.0, 60.0, 600.0)
_SHARES: Final = (0.1, 0.5, 0.9, 1.0)


def course(review: Review) -> Strips:
    """Each try of a wave, by whom it was ordered, with its steps under it."""
    strips: list[Strip] = []
    for attempt in review.story.attempts:
        last_ms = attempt.ended.at_ms if attempt.ended is not None else review.material.to_ms
        strips.append(_attempt_strip(attempt, last_ms))
        strips.extend(
            Strip(f"{attempt.wave}: {stretch.text}", (stretch,))
            for stretch in (_step_stretch(step, last_ms) for step in attempt.steps)
        )
    return _strips(review, "course", "waves, who ordered them, and their steps", tuple(strips))


def _attempt_strip(attempt: Attempt, last_ms: int) -> Strip:
    by = attempt.order.word("by") if attempt.order is not None else ""
    name = f"{attempt.wave}, try {attempt.number}" + (f", by {by}" if by else "")
    if not attempt.number:
        return Strip(f"{attempt.wave}, {attempt.result}", ())
    kinds: dict[str, Kind] = {"done": "good", "rolled back": "warn", "failed": "bad"}
    kind = kinds.get(attempt.result, "plain")
    begun = attempt.begun
    return Strip(name, (Stretch(begun.at_ms, last_ms, attempt.result, kind, begun.number),))


def _step_stretch(step: Step, last_ms: int) -> Stretch:
    ends: dict[str, Kind] = {"step_done": "plain", "step_failed": "bad", "step_undone": "warn"}
    ended = step.over
    kind = ends.get(ended.kind, "off") if ended is not None else "off"
    to_ms = ended.at_ms if ended is not None else max(last_ms, step.begun.at_ms)
    words = f"undo {step.name}" if step.undo else step.name
    return Stretch(step.begun.at_ms, to_ms, words, kind, step.begun.number)


def blocked(review: Review) -> Strips | None:
    """How long clients of each wave were blocked, whose share it was, and until when they might
    be; None: nobody was told."""
    strips = [_blocked_strip(review, one) for one in review.blocked()]
    if not strips:
        return None
    ends = [one.to_ms for strip in strips for one in strip.stretches]
    ends += [strip.limit_ms for strip in strips if strip.limit_ms is not None]
    title = "how long clients were blocked, and the fence's deadline"
    return Strips("blocked", title, 0, max(ends, default=1), tuple(strips), relative=True,
                  limit="deadline")  # fmt: skip


def _blocked_strip(review: Review, one: Blocked) -> Strip:
    shares: tuple[tuple[str, Kind], ...] = (
        ("cockpit", "plain"),
        ("mirror", "warn"),
        ("services", "good"),
    )
    attempt, event = one.attempt, one.account
    begun, stretches = 0, []
    if one.was_seen and one.lasted_ms:
        words = "until it was back" if event is None else "by what was seen"
        stretches.append(Stretch(0, one.lasted_ms, words, "off"))
    for share, kind in shares:
        lasted = event.count(f"{share}_ms") or 0 if event is not None else 0
        if event is not None and lasted:
            stretches.append(Stretch(begun, begun + lasted, share, kind, event.number))
            begun += lasted
    return Strip(
        f"{attempt.wave}, try {attempt.number}",
        tuple(stretches),
        review.fence_deadline_ms(attempt.wave) if attempt.fence() else None,
    )


def gate_strips(review: Review) -> Strips:
    """How each gate stood while its wave was at work."""
    order = {wave.name: number for number, wave in enumerate(review.material.plan.waves)}
    gates = sorted(review.seen.gates.values(), key=lambda one: order.get(one.wave, len(order)))
    strips = tuple(
        Strip(f"{gate.wave}: {gate.name}", _run_stretches(gate.runs, _VERDICTS, "off"))
        for gate in gates
    )
    return _strips(review, "gate_strips", "how each gate stood", strips)


def alarm_raster(review: Review) -> Strips:
    """When each alarm stood."""
    strips = tuple(
        Strip(
            alarm.subject,
            tuple(
                Stretch(from_ms, to_ms, alarm.level, "bad" if alarm.level == "bad" else "warn")
                for from_ms, to_ms in alarm.spans
            ),
        )
        for alarm in review.seen.alarms.values()
    )
    return _strips(review, "alarm_raster", "when each alarm stood", strips)


def group_states(review: Review) -> Strips:
    """How each group stood on each side: every stretch of another word than Stable or Empty is a
    rebalance, or somebody who did not answer."""
    strips = tuple(
        Strip(f"{group} on {side}", _run_stretches(runs, _STATES, "warn"))
        for (group, side), runs in review.seen.rows.states.items()
    )
    return _strips(review, "group_states", "states of the plan's groups, both clusters", strips)


def _run_stretches(
    runs: Iterable[Run], kinds: Mapping[str, Kind], other: Kind
) -> tuple[Stretch, ...]:
    """A run lasts until the look that showed another word, if that came soon."""
    found: list[Stretch] = []
    for from_ms, to_ms, word in runs:
        if found and from_ms - found[-1].to_ms <= LOOK_MS:
            before = found[-1]
            found[-1] = Stretch(before.from_ms, from_ms, before.text, before.kind)
        found.append(Stretch(from_ms, to_ms, word, kinds.get(word, other)))
    return tuple(found)


def _strips(review: Review, name: str, title: str, strips: tuple[Strip, ...]) -> Strips:
    from_ms, to_ms = review.material.from_ms, review.material.to_ms
    return Strips(name, title, from_ms, to_ms, strips, *review.marks())


def lag_heat(review: Review) -> Heat:
    """Replication lag by partition."""
    title = "replication lag by partition"
    return review.seen.rows.lag.heat("lag_heat", title, "records", _RECORDS, *review.marks())


def delta_heat(review: Review) -> Heat:
    """Offset delta by partition of a group."""
    title = "offset delta by partition: target's commit less the translated one, without its sign"
    grid = review.seen.rows.deltas
    return grid.heat("delta_heat", title, "records", _RECORDS, *review.marks())


def behind_heat(review: Review) -> Heat:
    """How far behind each group reads, in time."""
    title = "age of the oldest record that each group has not read yet, both clusters"
    grid = review.seen.rows.behind
    return grid.heat("behind_heat", title, "s", _SECONDS, *review.marks())


def trigger_heat(review: Review) -> Heat:
    """How near each trigger came to its limit, and when."""
    title = "each trigger's value as a share of its limit"
    grid = review.seen.rows.near
    return grid.heat("trigger_heat", title, "ratio", _SHARES, *review.marks(), alarming=True)


def touching(review: Review) -> Plot | None:
    """What moved services still do on the source; None: nothing."""
    lines = tuple(Line(kind, tuple(points)) for kind, points in review.seen.rows.touching.items())
    title = "records a second that moved services still read or write on the source"
    return _plot(review, "touching", title, "records/s", lines) if lines else None


def reads(review: Review) -> Plot:
    """The hand-over of reads."""
    rows = review.seen.rows.read.items()
    lines = tuple(Line(side, tuple(points)) for side, points in rows)
    title = "records read a second, all groups of the plan together"
    return _plot(review, "reads", title, "records/s", lines)


def answers(review: Review) -> Plot:
    """How long the clusters took to answer."""
    feeds = review.seen.rows.took.items()
    lines = tuple(Line(f, tuple(p)) for f, p in feeds if f.endswith((".logs", ".groups")))
    return _plot(review, "answers", "how long the newest answer took, by feed", "s", lines)


def _plot(review: Review, name: str, title: str, unit: str, lines: tuple[Line, ...]) -> Plot:
    from_ms, to_ms = review.material.from_ms, review.material.to_ms
    ticks, bands = review.marks()
    return Plot(name, title, unit, from_ms, to_ms, lines, ticks=ticks, bands=bands)
