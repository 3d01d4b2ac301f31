"""Rules about the steps of a wave and what they need.

Never about who moves when.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.plan.draft import PARITY_LOOKS, Draft, ServiceDraft, WaveDraft, Word
from cockpit.plan.problems import Problems

_PARITY_HINT = f"set one of these to all: {', '.join(PARITY_LOOKS)}"
_ONCE = ("stop", "fence", "drain", "offsets", "start")
_BEFORE = (
    ("fence", "drain", "only what no longer grows can drain"),
    ("drain", "start", "the target must have everything before it is written to"),
    ("offsets", "start", "a group must have its place before it reads"),
)


def one_stop_one_start(draft: Draft, problems: Problems) -> None:
    """A wave has exactly one stop and one start, and no other step but soak and confirm twice."""
    for wave, steps in _steps(draft):
        for needed in ("stop", "start"):
            if needed not in steps:
                problems.add(wave.steps_at, f"{wave.label} has no {needed} step", f"add {needed}")
        seen: set[str] = set()
        for step in wave.steps:
            if step.text in seen and step.text in _ONCE:
                problems.add(
                    step.place, f"{step.text} is there twice in {wave.label}", "remove one"
                )
            seen.add(step.text)


def stop_first(draft: Draft, problems: Problems) -> None:
    """Nothing but confirm comes before stop; above all, offsets are set only after it."""
    for wave, steps in _steps(draft):
        if "stop" not in steps:
            continue
        for step in wave.steps[: steps["stop"]]:
            if step.text != "confirm":
                message = f"{step.text} before stop: the services are still running"
                problems.add(step.place, message, "put stop first")


def step_order(draft: Draft, problems: Problems) -> None:
    """fence before drain, drain before start, offsets before start."""
    for wave, steps in _steps(draft):
        for earlier, later, why in _BEFORE:
            if earlier in steps and later in steps and steps[earlier] > steps[later]:
                place = wave.steps[steps[earlier]].place
                problems.add(place, f"{earlier} after {later}: {why}", f"put {earlier} first")


def writers_fence_and_drain(draft: Draft, problems: Problems) -> None:
    """A wave that produces has a fence and a drain."""
    for wave, steps in _steps(draft):
        producer = _one_that(draft, wave, "produces")
        missing = [name for name in ("fence", "drain") if name not in steps]
        if producer and missing:
            message = f"{wave.label} moves {producer}, which produces: it needs "
            problems.add(wave.steps_at, message + " and ".join(missing), "between stop and start")


def fence_needs_producer(draft: Draft, problems: Problems) -> None:
    """A wave that produces nothing has neither fence nor drain."""
    for wave, steps in _steps(draft):
        if not draft.knows_members(wave) or _one_that(draft, wave, "produces"):
            continue
        for name in ("fence", "drain"):
            if name in steps:
                message = f"{name} in {wave.label}, which produces nothing"
                problems.add(wave.steps[steps[name]].place, message, "remove it")


def readers_set_offsets(draft: Draft, problems: Problems) -> None:
    """A wave that consumes has an offsets step, and only such a wave has one."""
    for wave, steps in _steps(draft):
        consumer = _one_that(draft, wave, "consumes")
        if consumer and "offsets" not in steps:
            message = f"{wave.label} moves {consumer}, which consumes: it needs offsets"
            problems.add(wave.steps_at, message, "between stop and start")
        if not consumer and "offsets" in steps and draft.knows_members(wave):
            message = f"offsets in {wave.label}, which consumes nothing"
            problems.add(wave.steps[steps["offsets"]].place, message, "remove it")


def fence_needs_canary(draft: Draft, problems: Problems) -> None:
    """A fence is proved with the source's canary."""
    source = draft.root.fields.get("source")
    if source is None or not source.valid or "canary" in source.key_places:
        return
    for wave, steps in _steps(draft):
        if "fence" in steps:
            message = "a fence needs source.canary to be proved with"
            hint = "add canary: {username: ..., password: ...} to source"
            problems.add(wave.steps[steps["fence"]].place, message, hint)


def write_owner_fits(draft: Draft, problems: Problems) -> None:
    """The source owns writes before a wave; the target after it exactly when the wave produces."""
    for wave in draft.waves:
        if wave.before and wave.before.text != "source":
            message = f"before {wave.label} its topics are written on the source"
            problems.add(wave.before.place, message, "write before: source")
        if wave.after is None or not draft.knows_members(wave):
            continue
        producer = _one_that(draft, wave, "produces")
        side = "target" if producer else "source"
        if wave.after.text != side:
            why = f"{producer} produces" if producer else "it produces nothing"
            message = f"after {wave.label} the {side} owns writes: {why}"
            problems.add(wave.after.place, message, f"write after: {side}")


def soak_needs_gates(draft: Draft, problems: Problems) -> None:
    """A soak holds the wave's gates, so there must be some."""
    for wave, _steps_by_name in _steps(draft):
        for step in wave.steps:
            if step.text == "soak" and not wave.says_gates:
                message = f"soak in {wave.label}, which has no gates to hold"
                problems.add(step.place, message, "add gates to the wave")


def parity_looks_at_something(draft: Draft, problems: Problems) -> None:
    """A parity gate looks at something."""
    for wave in draft.waves:
        for place in wave.idle_parity_at:
            problems.add(place, "parity of nothing proves nothing", _PARITY_HINT)


CHECKS = (
    ("one-stop-one-start", one_stop_one_start),
    ("stop-first", stop_first),
    ("step-order", step_order),
    ("writers-fence-and-drain", writers_fence_and_drain),
    ("fence-needs-producer", fence_needs_producer),
    ("readers-set-offsets", readers_set_offsets),
    ("fence-needs-canary", fence_needs_canary),
    ("write-owner-fits", write_owner_fits),
    ("soak-needs-gates", soak_needs_gates),
    ("parity-looks-at-something", parity_looks_at_something),
)


def _steps(draft: Draft) -> Iterator[tuple[WaveDraft, dict[str, int]]]:
    """Each wave whose steps were readable, with the first position of each step."""
    for wave in draft.waves:
        if wave.steps_whole:
            yield wave, _first_positions(wave.steps)


def _first_positions(steps: tuple[Word, ...]) -> dict[str, int]:
    found: dict[str, int] = {}
    for index, step in enumerate(steps):
        found.setdefault(step.text, index)
    return found


def _one_that(draft: Draft, wave: WaveDraft, how: str) -> str | None:
    """The first service of the wave that produces (or consumes); None: no known one."""

    def topics(service: ServiceDraft) -> tuple[Word, ...]:
        return service.produces if how == "produces" else service.consumes

    return next((s.label for s in draft.members(wave) if topics(s)), None)
