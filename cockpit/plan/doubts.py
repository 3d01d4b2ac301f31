"""What a good plan says that is hardly meant so: warnings, each with its place.

Never refuses anything.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator

from cockpit.core.leftout import Exclusion
from cockpit.core.plan import Plan, SoakStep, Wave, step_name
from cockpit.core.schedule import instant_words
from cockpit.plan.loader import LoadedPlan
from cockpit.plan.problems import Place, Problem
from cockpit.plan.step_doubts import step_doubts
from cockpit.plan.text import clean
from cockpit.plan.units import format_duration

_ALIKE = 0.85


def doubts(loaded: LoadedPlan) -> tuple[Problem, ...]:
    """All of them, by place."""
    plan = loaded.plan
    found = [(Place(1, 1), text) for text in _misspelt(plan)]
    found += [(at, text) for at, left in loaded.exclusions for text in _left_out(plan, left)]
    found += [(loaded.waves[index], text) for index, text in _of_waves(plan)]
    found += step_doubts(loaded)
    return tuple(Problem(at.line, at.column, clean(text)) for at, text in sorted(found))


def _misspelt(plan: Plan) -> Iterator[str]:
    """Topics that nobody of the plan writes, and that are spelt much like one that somebody does:
    an order is proved for the plan's own writers alone."""
    written = {topic for service in plan.services for topic in service.produces}
    meant: dict[str, str] = {}
    for service in plan.services:
        for topic in service.consumes:
            if topic in written:
                continue
            if topic not in meant:  # looking through all names is dear: once for each topic
                meant[topic] = _meant(topic, written)
            if meant[topic]:
                yield (
                    f"{service.name} reads {topic}, which nobody of the plan writes: did you mean "
                    f"{meant[topic]}?"
                )


def _meant(topic: str, written: Collection[str]) -> str:
    """The written topic that is spelt most like this one, if not in its numbers alone; empty: none
    comes close."""
    near = difflib.get_close_matches(topic, written, n=1, cutoff=_ALIKE)
    return near[0] if near and _letters(near[0]) != _letters(topic) else ""


def _left_out(plan: Plan, left: Exclusion) -> Iterator[str]:
    """What is excluded of what the plan moves: its topics, its groups, and producers that stay on
    the source."""
    if left.kind == "producer" and left.how == "leave":
        for topic in sorted({topic for service in plan.services for topic in service.produces}):
            if left.covers(topic):
                yield (
                    f"the plan moves {topic}, and a producer of it stays on the source "
                    f"({left.text()}): what it writes there is refused, or not read any more"
                )
    own = {"topic": plan.topics(), "group": plan.groups()}.get(left.kind, ())
    covered = [name for name in own if left.covers(name)]
    if covered:
        more = f" and {len(covered) - 1} more" if len(covered) > 1 else ""
        yield (
            f"excluded {left.kind} {left.name} covers {covered[0]}{more}, which the plan moves all "
            "the same"
        )


def _letters(topic: str) -> str:
    """Names that differ in a number are different topics."""
    return re.sub(r"\d+", "", topic)


def _of_waves(plan: Plan) -> Iterator[tuple[int, str]]:
    for index, wave in enumerate(plan.waves):
        if wave.rollback.on_trigger == "rollback" and not wave.rollback.triggers:
            yield index, f"wave {wave.name}: on_trigger without triggers never happens"
        words = [step_name(step) for step in wave.steps]
        if "confirm" in words[words.index("stop") : words.index("start")]:
            yield index, f"wave {wave.name}: clients are blocked until somebody answers its confirm"
        later = [
            earlier.name
            for earlier in plan.waves[:index]
            if earlier.window and wave.window and earlier.window.from_ms >= wave.window.to_ms
        ]
        if later:
            yield index, f"wave {wave.name}: its window is over before that of {later[0]} begins"
        closing = _closed_before(plan, index)
        if wave.rollback_window_ms is not None and closing is not None and closing.window:
            yield (
                index,
                f"wave {wave.name}: no flight within the windows keeps its rollback_window of "
                f"{format_duration(wave.rollback_window_ms)}: wave {closing.name} begins before "
                f"{instant_words(closing.window.to_ms)}, and beyond its point of no return nothing "
                "before it goes back",
            )


def _closed_before(plan: Plan, index: int) -> Wave | None:
    """The first later wave that closes this one's way back before its time is over, by the windows
    of both: this one flown as early as it may be, that one as late."""
    wave = plan.waves[index]
    if wave.window is None or wave.rollback_window_ms is None:
        return None
    soaks_ms = sum(step.for_ms for step in wave.steps if isinstance(step, SoakStep))
    until_ms = wave.window.from_ms + soaks_ms + wave.rollback_window_ms
    for later in plan.waves[index + 1 :]:
        if later.window is not None and later.window.to_ms < until_ms and _closes(plan, later):
            return later
    return None


def _closes(plan: Plan, wave: Wave) -> bool:
    """Whether it has a point of no return."""
    words = [step_name(step) for step in wave.steps]
    if plan.replication.kind == "link":
        return "promote" in words
    return "reverse" not in words and any(s.produces for s in plan.wave_services(wave))
