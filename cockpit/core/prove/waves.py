"""What a proof asks of each wave by itself, without exploring anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from cockpit.core.prove.model import Model, ServiceModel, StepModel, WaveModel
from cockpit.core.prove.proof import Anchor, Violation
from cockpit.core.schedule import longest_daily_gap_ms

_EFFECTS: Final = frozenset({"stop", "offsets", "start", "command", "http"})
"""What may fail half way over a link, which is all that promotes; the rest is refused there."""
_OWN_PLACES: Final = frozenset({"", "translated", "external"})


def proxy_not_fenced(model: Model) -> Iterator[Violation]:
    """Over a link nothing is fenced or drained: until the promotion a producer on the target writes
    on the source, through the link's proxy."""
    for index, wave in enumerate(model.waves if model.kind == "link" else ()):
        writers = [model.services[s] for s in wave.services if model.services[s].produces]
        for number, step in enumerate(wave.steps):
            # of waves that write nothing fence_needs_producer speaks
            if writers and step.word in ("fence", "drain"):
                yield _not_over_a_link(wave, step, writers[0], Anchor("step", index, step=number))


def _not_over_a_link(
    wave: WaveModel, step: StepModel, writer: ServiceModel, anchor: Anchor
) -> Violation:
    topic = writer.produces[0]
    message = f"{step.word} in wave {wave.name}: over a link nothing is fenced or drained"
    begins, ends = f"what the source has of {topic} arrives on the target", "all the same"
    if step.word == "fence" and step.deny == "nobody":
        begins = f"the source is watched for writes to {topic}"
    elif step.word == "fence":
        message = (
            f"the fence of wave {wave.name} also refuses what {writer.name} writes through the "
            "link's proxy"
        )
        begins, ends = f"{topic} refuses writes on the source", "and is refused"
    return Violation(
        "proxy-not-fenced",
        message,
        f"remove {step.word}: a link needs none",
        (
            f"wave {wave.name}, step {step.word}: {begins}",
            f"until the promotion what {writer.name} writes on the target goes to the source, "
            f"{ends}",
        ),
        anchor,
    )


def fence_needs_producer(model: Model) -> Iterator[Violation]:
    """A wave that produces nothing has neither fence nor drain nor reverse."""
    for index, wave in enumerate(model.waves):
        if model.written_by_wave[index]:
            continue
        for number, step in enumerate(wave.steps):
            if step.word in ("fence", "drain", "reverse"):
                yield Violation(
                    "fence-needs-producer",
                    f"{step.word} in wave {wave.name}, which produces nothing",
                    "remove it",
                    (
                        f"wave {wave.name}, step {step.word}: none of its services writes a topic",
                        f"there is nothing to {step.word}",
                    ),
                    Anchor("step", index, step=number),
                )


def undo_until_no_return(model: Model) -> Iterator[Violation]:
    """Up to the point of no return each step can be undone: a call of the plan says its undo, or
    `undo: nothing`; and after a promotion, which cannot, a wave does nothing more that could fail
    half way."""
    for index, wave in enumerate(model.waves):
        words = [step.word for step in wave.steps]
        for number, step in enumerate(wave.steps[: _no_return(model, index)]):
            if not step.undoable:
                yield _without_undo(wave, step, Anchor("step", index, step=number))
        if "promote" not in words:
            continue
        first = words.index("promote")
        for number, word in enumerate(words[first:], first):
            if word in _EFFECTS:
                yield Violation(
                    "undo-until-no-return",
                    f"{word} after promote in wave {wave.name}: promote has no undo",
                    "put promote after it, or into a wave of its own",
                    (
                        f"wave {wave.name}, step promote: there is no way back from here",
                        f"wave {wave.name}, step {word}: fails",
                        "the wave stands half way and cannot be taken back",
                    ),
                    Anchor("step", index, step=number),
                )


def _no_return(model: Model, index: int) -> int:
    """How many steps of a wave come before it can no longer go back."""
    words = [step.word for step in model.waves[index].steps]
    if model.kind == "link":
        closes = "promote"
    elif model.written_by_wave[index] and "reverse" not in words:
        closes = "start"
    else:
        return len(words)
    return words.index(closes) if closes in words else len(words)


def _without_undo(wave: WaveModel, step: StepModel, anchor: Anchor) -> Violation:
    alone = "; a list alone becomes {run: [...], undo: ...}" if step.word == "command" else ""
    return Violation(
        "undo-until-no-return",
        f"{step.word} in wave {wave.name} does not say what takes it back",
        f"add undo: and what it calls, or undo: nothing{alone}",
        (
            f"wave {wave.name}, step {step.word}: is done",
            f"wave {wave.name} is taken back",
            f"what the {step.word} did stays as it is, and nobody has said that it may",
        ),
        anchor,
    )


def place_holds(model: Model) -> Iterator[Violation]:
    """MSK Replicator goes on writing the places of groups that are not active on the target, and
    leaves none out: a place that is set beside it would not hold."""
    if model.kind != "msk-replicator":
        return
    for index, wave in enumerate(model.waves):
        for service in wave.services:
            resume = model.services[service].resume
            if resume in _OWN_PLACES:
                continue
            name = model.services[service].name
            yield Violation(
                "place-holds",
                f"{name} resumes by {resume}, and MSK Replicator writes its group's place too",
                "use resume: translated",
                (
                    f"wave {wave.name}, step offsets: the group of {name} gets its place",
                    "MSK Replicator syncs the group, which is not active yet, to its own place",
                    f"wave {wave.name}, step start: {name} starts at a place that nobody chose",
                ),
                Anchor("offsets", index, service=service),
            )


_MUST_ACCEPT: Final[Mapping[str, tuple[frozenset[str], str, str, str]]] = {
    "latest": (
        frozenset({"accept_loss"}),
        "resumes at latest, which skips what it has not read: nobody has accepted that loss",
        "write resume: exact, or accept_loss: {why: ..., by: ...}",
        "{p} never reads what lies between its last record and the end: those records are lost",
    ),
    "earliest": (
        frozenset({"accept_replay", "replay_tolerance"}),
        "resumes at earliest, which reads everything again: nobody has accepted that",
        "write resume: exact, a replay_tolerance, or accept_replay: {why: ..., by: ...}",
        "{p} reads again whatever the target still has of its topics",
    ),
    "timestamp": (
        frozenset({"accept_loss", "accept_replay", "replay_tolerance"}),
        "resumes at a timestamp, which is hardly ever where it stopped: nobody has accepted that",
        "write resume: exact, a replay_tolerance, accept_replay or accept_loss",
        "{p} skips the records up to there that it has not read, or reads again those after it",
    ),
}
"""What must be said with a place that is not where a group stopped."""


def place_accepted(model: Model) -> Iterator[Violation]:
    """A group that does not go on where it stopped says what its owner accepts: at `latest`
    accept_loss, at `earliest` replay_tolerance or accept_replay, at a `timestamp` one of them."""
    for index, wave in enumerate(model.waves):
        for number in wave.services:
            service = model.services[number]
            needed = _MUST_ACCEPT.get(service.resume)
            if needed is None or service.accepts & needed[0]:
                continue
            _, message, hint, then = needed
            yield Violation(
                "place-accepted",
                f"{service.name} {message}",
                hint,
                (
                    f"wave {wave.name}, step stop: {service.name} stops on the source",
                    f"wave {wave.name}, step offsets: its group is put at {service.resume}",
                    then.format(p=service.name),
                ),
                Anchor("offsets", index, service=number),
            )


def probe_has_a_place(model: Model) -> Iterator[Violation]:
    """A probe comes after offsets, where groups have their places, and before start, where they
    leave them."""
    for index, wave in enumerate(model.waves):
        words = [step.word for step in wave.steps]
        for number, word in enumerate(words):
            if word != "probe" or ("offsets" in words[:number] and "start" not in words[:number]):
                continue
            late = "start" in words[:number]
            then = (
                "its groups have gone on: their next record is not the one that was placed"
                if late
                else "no group has a place on the target that could be probed"
            )
            yield Violation(
                "probe-has-a-place",
                f"probe in wave {wave.name} {'after start' if late else 'without offsets before'}",
                "put probe between offsets and start",
                (f"wave {wave.name}, step probe: reads each group's next record", then),
                Anchor("step", index, step=number),
            )


def not_in_a_freeze(model: Model) -> Iterator[Violation]:
    """The window that a wave is meant for meets no freeze window."""
    for index, wave in enumerate(model.waves):
        if wave.window is None:
            continue
        for freeze in model.freezes:
            if freeze.meets(wave.window.from_ms, wave.window.to_ms):
                yield Violation(
                    "freeze-windows",
                    f"wave {wave.name} is meant for a freeze: {freeze.words()}",
                    "move the wave's window",
                    (
                        f"wave {wave.name} is flown from {wave.window.words()}",
                        f"nothing may be moved in {freeze.words()}",
                    ),
                    Anchor("window", index),
                )


def fits_between_freezes(model: Model) -> Iterator[Violation]:
    """There is time between two freezes, and the shortest time that a wave takes, its soaks, fits
    into it and into the wave's own window."""
    gap_ms = longest_daily_gap_ms(model.freezes)
    if gap_ms == 0 and model.waves:
        yield _never(model)
        return
    for index, wave in enumerate(model.waves):
        own_ms = None if wave.window is None else wave.window.to_ms - wave.window.from_ms
        limits = [
            (room_ms, what)
            for room_ms, what in ((gap_ms, "between two freezes"), (own_ms, "in its window"))
            if room_ms is not None and wave.duration_ms > room_ms
        ]
        for room_ms, what in limits[:1]:
            yield Violation(
                "freeze-fits",
                f"wave {wave.name} takes at least {_span(wave.duration_ms)}, "
                f"and there are {_span(room_ms)} {what}",
                "shorten its soaks, or split it",
                (
                    f"wave {wave.name}: its soaks take {_span(wave.duration_ms)}",
                    f"the longest time {what} is {_span(room_ms)}",
                ),
                Anchor("window" if what == "in its window" else "wave", index),
            )


def _never(model: Model) -> Violation:
    daily = [freeze.words() for freeze in model.freezes if freeze.daily]
    return Violation(
        "freeze-fits",
        "no wave can ever begin: the daily freezes leave no time between them",
        "shorten one of them",
        (*(f"nothing may be moved in {words}" for words in daily), "that is the whole day"),
        Anchor("wave", 0),
    )


CHECKS: Final = (
    ("proxy-not-fenced", proxy_not_fenced),
    ("fence-needs-producer", fence_needs_producer),
    ("undo-until-no-return", undo_until_no_return),
    ("place-holds", place_holds),
    ("place-accepted", place_accepted),
    ("probe-has-a-place", probe_has_a_place),
    ("freeze-windows", not_in_a_freeze),
    ("freeze-fits", fits_between_freezes),
)


def _span(duration_ms: int) -> str:
    """`1h 30m`."""
    seconds, rest_ms = divmod(duration_ms, 1_000)
    parts = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join([*parts, *([f"{rest_ms}ms"] if rest_ms else [])]) or "0s"
