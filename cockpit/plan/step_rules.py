"""Rules about the steps of a wave and what they need.

Never about who moves when.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.plan import FenceStep
from cockpit.plan.draft import PARITY_LOOKS, Draft, ServiceDraft, WaveDraft, Word, word
from cockpit.plan.problems import Problems
from cockpit.plan.reader import Item

_PARITY_HINT = f"set one of these to all: {', '.join(PARITY_LOOKS)}"
_ONCE = ("stop", "fence", "drain", "offsets", "probe", "start", "reverse", "promote")
DEADLINE_MS = FenceStep().deadline_ms
_AFTER_STOP = frozenset({"fence", "drain", "soak", "reverse", "promote"})


def one_stop_one_start(draft: Draft, problems: Problems) -> None:
    """A wave has exactly one stop and one start, and only soak, confirm, http,
    command and drill more than once."""
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
    """No fence, drain, soak, reverse or promotion comes before stop."""
    for wave, steps in _steps(draft):
        for step in wave.steps[: steps.get("stop", 0)]:
            if step.text in _AFTER_STOP:
                message = f"{step.text} before stop: the services are still running"
                problems.add(step.place, message, "put stop first")


def blocked_soaks_end_in_time(draft: Draft, problems: Problems) -> None:
    """Soaks between stop and start, while clients are blocked, end before the fence's deadline;
    without a fence that says another one, within 60 s."""
    for wave, steps in _steps(draft):
        blocked = slice(steps.get("stop", 0), steps.get("start", 0))
        left_ms = _deadline_ms(draft, wave)
        for step, item in zip(wave.steps[blocked], _items_of(draft, wave)[blocked], strict=False):
            if step.text == "soak":
                left_ms -= _duration_ms(item, "soak", "for")
            if step.text == "soak" and left_ms <= 0:
                message = "a soak while clients are blocked, and not over before the deadline"
                problems.add(step.place, message, "put it after start")


def _deadline_ms(draft: Draft, wave: WaveDraft) -> int:
    """Of the wave's fence, or what one has that says none."""
    said = (_duration_ms(item, "fence", "deadline") for item in _items_of(draft, wave))
    return max(said, default=0) or DEADLINE_MS


def _items_of(draft: Draft, wave: WaveDraft) -> tuple[Item, ...]:
    waves = draft.root.fields.get("waves")
    steps = waves.items[wave.index].fields.get("steps") if waves is not None else None
    return tuple(steps.items) if steps is not None else ()


def _duration_ms(step: Item, kind: str, key: str) -> int:
    """What a step says; 0 where it says nothing that can be read."""
    body = step.fields.get(kind)
    said = body.fields.get(key) if body is not None else None
    return said.value if said is not None and isinstance(said.value, int) else 0


def is_well_formed(wave: WaveDraft) -> bool:
    """Whether the steps are such that proving them says more than the rules here."""
    words = [step.text for step in wave.steps]
    once = all(words.count(word) <= 1 for word in _ONCE)
    early = words[: words.index("stop")] if "stop" in words else []
    return once and {"stop", "start"} <= set(words) and not _AFTER_STOP.intersection(early)


def offsets_need_reader(draft: Draft, problems: Problems) -> None:
    """Only a wave that consumes has an offsets step."""
    for wave, steps in _steps(draft):
        consumer = _one_that(draft, wave, "consumes")
        if not consumer and "offsets" in steps and draft.knows_members(wave):
            message = f"offsets in {wave.label}, which consumes nothing"
            problems.add(wave.steps[steps["offsets"]].place, message, "remove it")


def fence_needs_canary(draft: Draft, problems: Problems) -> None:
    """A fence by ACL is proved with the source's canary."""
    source = draft.root.fields.get("source")
    if source is None or not source.valid or "canary" in source.key_places:
        return
    if _is_link(draft):  # where proxy_not_fenced refuses it
        return
    for wave, steps in _steps(draft):
        if "fence" in steps and not _only_stops(draft, wave):
            message = "a fence needs source.canary to be proved with"
            hint = "add canary: {username: ..., password: ...} to source"
            problems.add(wave.steps[steps["fence"]].place, message, hint)


def _only_stops(draft: Draft, wave: WaveDraft) -> bool:
    """Whether the wave's fence is no ACL."""
    for step in draft.root.fields["waves"].items[wave.index].fields["steps"].items:
        by = step.fields["fence"].fields.get("by") if "fence" in step.fields else None
        if by is not None:
            return by.value == "stop"
    return False


def write_owner_fits(draft: Draft, problems: Problems) -> None:
    """The source owns writes before a wave; the target after it exactly when the wave produces,
    behind a link's proxy when it promotes. Where nobody of the plan writes what a wave reads, the
    target may own them before and after: its readers are late."""
    for wave in draft.waves:
        late = (
            wave.before is not None and wave.before.text == "target" and _may_be_late(draft, wave)
        )
        if wave.before and wave.before.text != "source" and not late:
            message = f"before {wave.label} its topics are written on the source"
            problems.add(wave.before.place, message, "write before: source")
        if wave.after is None or not draft.knows_members(wave):
            continue
        late_after = ("target", "it does before")
        side, why = late_after if late else _owner_after(draft, wave)
        if wave.after.text != side:
            message = f"after {wave.label} the {side} owns writes: {why}"
            problems.add(wave.after.place, message, f"write after: {side}")


def write_owners_agree(draft: Draft, problems: Problems) -> None:
    """Of a topic that nobody of the plan writes all waves that read nothing else tell one story:
    where one says that it is written afterwards, the next finds it."""
    told: dict[str, tuple[WaveDraft, Word]] = {}
    for wave in draft.waves:
        if wave.before is None or not (draft.knows_members(wave) and _may_be_late(draft, wave)):
            continue
        topics = sorted({topic.text for s in draft.members(wave) for topic in s.consumes})
        for topic in topics:
            other, after = told.get(topic, (wave, wave.before))
            if after.text != wave.before.text:
                message = (
                    f"before {wave.label} {topic} is written on the {wave.before.text}, and after "
                    f"{other.label} (line {after.place.line}) on the {after.text}"
                )
                hint = f"nobody of the plan moves who writes {topic}: say the same in both waves"
                problems.add(wave.before.place, message, hint)
                break  # one word, one problem
        # what is owned after a promotion is said of the topics that it promotes
        promotes = any(step.text == "promote" for step in wave.steps)
        said = wave.before if promotes or wave.after is None else wave.after
        told |= dict.fromkeys(topics, (wave, said))


def soak_needs_gates(draft: Draft, problems: Problems) -> None:
    """A soak holds the wave's gates of lag and of signals, so there must be one: the others are
    about before the move."""
    for wave, _steps_by_name in _steps(draft):
        for step in wave.steps:
            if step.text != "soak" or wave.says_lasting_gates:
                continue
            lack = "whose gates all look at before the move"
            lack = lack if wave.says_gates else "which has no gates to hold"
            hint = "add replication_lag, group_lag or signal to its gates"
            problems.add(step.place, f"soak in {wave.label}, {lack}", hint)


def recovery_needs_producer(draft: Draft, problems: Problems) -> None:
    """Only a wave that produces has a point of no return, and recovers from beyond it."""
    for wave in draft.waves:
        recovery = draft.root.fields["waves"].items[wave.index].key_places.get("recovery")
        if recovery is None or not draft.knows_members(wave) or _one_that(draft, wave, "produces"):
            continue
        message = f"recovery of {wave.label}, which produces nothing and can always go back"
        problems.add(recovery, message, "remove it: R takes the wave back")


def parity_looks_at_something(draft: Draft, problems: Problems) -> None:
    """A parity gate looks at something."""
    for wave in draft.waves:
        for place in wave.idle_parity_at:
            problems.add(place, "parity of nothing proves nothing", _PARITY_HINT)


CHECKS = (
    ("one-stop-one-start", one_stop_one_start),
    ("stop-first", stop_first),
    ("blocked-soaks-end-in-time", blocked_soaks_end_in_time),
    ("offsets-need-reader", offsets_need_reader),
    ("fence-needs-canary", fence_needs_canary),
    ("write-owner-fits", write_owner_fits),
    ("write-owners-agree", write_owners_agree),
    ("soak-needs-gates", soak_needs_gates),
    ("recovery-needs-producer", recovery_needs_producer),
    ("parity-looks-at-something", parity_looks_at_something),
)


def _steps(draft: Draft) -> Iterator[tuple[WaveDraft, dict[str, int]]]:
    """Each wave whose steps were readable, with the first position of each step."""
    for wave in draft.waves:
        if wave.steps_whole:
            yield wave, _first_positions(wave.steps)


def _owner_after(draft: Draft, wave: WaveDraft) -> tuple[str, str]:
    """Which side owns writes after a wave, and why."""
    if _is_link(draft):
        promotes = any(step.text == "promote" for step in wave.steps)
        return ("target", "it promotes") if promotes else ("source", "the proxy writes there")
    producer = _one_that(draft, wave, "produces")
    return ("target", f"{producer} produces") if producer else ("source", "it produces nothing")


def _is_link(draft: Draft) -> bool:
    replication = draft.root.fields.get("replication")
    kind = word(replication.fields.get("kind")) if replication is not None else None
    return kind is not None and kind.text == "link"


def _may_be_late(draft: Draft, wave: WaveDraft) -> bool:
    """Whether a wave only reads, and only what no service of the plan writes."""
    members = draft.members(wave)
    read = {topic.text for service in members for topic in service.consumes}
    written = {topic.text for service in draft.services for topic in service.produces}
    return bool(read) and not read & written and not _one_that(draft, wave, "produces")


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
