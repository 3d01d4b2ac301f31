"""What of a flight must outlive its engine: a record that is on disk before any effect.

Observations are not in it but for topics that were seen to be made anew, and the ids of those of
the waves under way: all others are read again.
`restore` brings a flight back standing still, for a person to go on or to go back; what the dead
engine had under way is looked at again, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from cockpit.core import once
from cockpit.core.crew import Crew, VetoStands
from cockpit.core.flight import FlightState, StepState, WaveState, begin
from cockpit.core.late import LOST
from cockpit.core.plan import SIDES, Plan, Side, step_name, touched_topics
from cockpit.core.topicids import ids_of

_WAVE_FIELDS: Final = (
    "word",
    "attempt",
    "cursor",
    "back",
    "back_wanted",
    "detail",
    "blocked_since_ms",
    "fenced_at_ms",
    "start_intent_at_ms",
    "closed_at_ms",
    "done_at_ms",
    "deadline_told",
    "escape_told",
)
_STEP_FIELDS: Final = ("word", "begun", "started_at_ms", "ended_at_ms")
_UNDER_WAY: Final = ("running", "rolling back")


class RestoreError(Exception):
    """A record does not belong to this plan, or is not one."""


@dataclass(frozen=True, slots=True)
class OpenIntent:
    """An intent on disk without an outcome: the effect may have happened, whole, or not at all."""

    action_id: str
    text: str
    action: Mapping[str, Any]
    """As journalled, with its `type`."""
    before: Mapping[str, Any]
    """What it would have replaced."""


def record(state: FlightState) -> dict[str, Any]:
    """The record of a flight; JSON-able."""
    waves = [_wave(wave) for wave in state.waves if wave.word != "pending" or wave.attempt]
    found: dict[str, Any] = {
        "current": state.waves[state.current].wave.name,
        "next_action": state.next_action,
        "waves": waves,
    }
    if state.crew.token:
        found["lease_token"] = state.crew.token
    if (veto := state.crew.veto) is not None:
        found["veto"] = {"by": veto.by, "reason": veto.reason, "at_ms": veto.at_ms}
    if anew := {side: sorted(topics) for side, topics in state.facts.recreated.items() if topics}:
        found["recreated"] = anew
    if ids := ids_of(state.facts, _topics_under_way(state)):
        found["topic_ids"] = ids
    return found


def _topics_under_way(state: FlightState) -> tuple[str, ...]:
    """What waves that stand half-way have to do with."""
    under_way = [wave for wave in state.waves if wave.word in (*_UNDER_WAY, "holding")]
    names = {name for wave in under_way for name in wave.wave.services}
    return touched_topics(tuple(one for one in state.plan.services if one.name in names))


def _wave(wave: WaveState) -> dict[str, Any]:
    found: dict[str, Any] = {key: getattr(wave, key) for key in _WAVE_FIELDS}
    found["name"] = wave.wave.name
    found["memory"] = dict(wave.memory)
    found["steps"] = [{key: getattr(step, key) for key in _STEP_FIELDS} for step in wave.steps]
    return found


def is_under_way(content: Mapping[str, Any]) -> str:
    """The wave of a record that stands half-way; empty: none does."""
    for wave in content.get("waves", ()):
        begun = any(step.get("begun") for step in wave.get("steps", ()))
        if begun and wave.get("word") in (*_UNDER_WAY, "holding"):
            return str(wave.get("name", ""))
    return ""


def restore(
    plan: Plan,
    content: Mapping[str, Any],
    intents: Sequence[OpenIntent],
    *,
    intended: frozenset[str],
    session: str,
    simulated: bool,
    at_ms: int,
) -> FlightState:
    """The flight as its engine left it, standing still. `intended` has the types of all actions
    whose intent was ever on disk. Raises RestoreError."""
    state = begin(plan, session=session, simulated=simulated, at_ms=at_ms)
    names = [wave.name for wave in plan.waves]
    try:
        known = {wave["name"]: wave for wave in _by_now(content["waves"], at_ms)}
        if not known.keys() <= set(names):
            raise RestoreError("the record names waves that the plan does not have")
        waves = [_restored(w, known.get(w.wave.name), at_ms) for w in state.waves]
        current = names.index(content["current"])
        waves[current] = _with_intents(waves[current], intents, intended, at_ms)
        return replace(
            state,
            waves=tuple(waves),
            current=current,
            next_action=content["next_action"],
            crew=_crew(content),
            facts=replace(
                state.facts, recreated=_recreated(content), ids_before=_ids_before(content)
            ),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise RestoreError(f"the record of the flight cannot be read: {error}") from error


def _crew(content: Mapping[str, Any]) -> Crew:
    """Nobody is here yet; a token that was ever given is not given again, and a veto stands."""
    veto = content.get("veto")
    stands = None if veto is None else VetoStands(veto["by"], veto["reason"], veto["at_ms"])
    return Crew(token=int(content.get("lease_token", 0)), veto=stands)


def _recreated(content: Mapping[str, Any]) -> Mapping[Side, frozenset[str]]:
    """Topics that were seen to be made anew: no look of a later engine can show that again."""
    anew = content.get("recreated", {})
    return {side: frozenset(map(str, anew[side])) for side in SIDES if side in anew}


def _ids_before(content: Mapping[str, Any]) -> Mapping[Side, Mapping[str, str]]:
    ids = content.get("topic_ids", {})
    return {
        side: {str(name): str(id_) for name, id_ in ids[side].items()}
        for side in SIDES
        if side in ids
    }


def _restored(wave: WaveState, content: Mapping[str, Any] | None, at_ms: int) -> WaveState:
    if content is None:
        return wave
    if len(content["steps"]) != len(wave.steps):
        raise RestoreError(f"wave {wave.wave.name} has other steps than in the plan")
    steps = tuple(
        replace(step, **{key: was[key] for key in _STEP_FIELDS})
        for step, was in zip(wave.steps, content["steps"], strict=True)
    )
    restored = replace(
        wave,
        **{key: content[key] for key in _WAVE_FIELDS},
        memory=dict(content["memory"]),
        steps=steps,
    )
    if restored.word not in (*_UNDER_WAY, "holding"):
        return restored
    return _standing(restored, at_ms)


def _by_now(content: Any, at_ms: int) -> Any:  # noqa: ANN401  # JSON in, JSON out
    """The same with no time after `at_ms`: whatever a dead engine has done was done by now, and
    where the clock was set back since, every new sample would seem to be from before it. What lies
    between its times stays as long: a deadline has run for as long as it had."""
    ahead_ms = max(_times(content), default=at_ms) - at_ms
    return _earlier(content, ahead_ms) if ahead_ms > 0 else content


def _earlier(content: Any, by_ms: int) -> Any:  # noqa: ANN401  # JSON in, JSON out
    match content:
        case dict():
            return {
                key: value - by_ms if _is_time(key, value) else _earlier(value, by_ms)
                for key, value in content.items()
            }
        case list():
            return [_earlier(value, by_ms) for value in content]
        case _:
            return content


def _times(content: Any) -> Iterator[int]:  # noqa: ANN401  # JSON in
    match content:
        case dict():
            for key, value in content.items():
                if _is_time(key, value):
                    yield value
                else:
                    yield from _times(value)
        case list():
            for value in content:
                yield from _times(value)
        case _:
            return


def _is_time(key: str, value: object) -> bool:
    return isinstance(value, int) and (key.endswith(("at_ms", "since_ms")))


def _standing(wave: WaveState, at_ms: int) -> WaveState:
    """A wave that was under way waits for a person: nothing goes on by itself after a crash."""
    memory = {
        k: v
        for k, v in once.given_up(wave.memory, at_ms).items()
        if k not in ("soak.since_ms", "fresh_until_ms", "fresh_sent_ms", "shut.until_ms")
    }
    if not any(step.begun for step in wave.steps):
        steps = tuple(StepState(step.step) for step in wave.steps)
        return replace(wave, word="ready", back=False, back_wanted="", detail="", steps=steps)
    steps = tuple(
        replace(step, word="pending") if step.word in ("running", "waiting", "undoing") else step
        for step in wave.steps
    )
    return replace(
        wave,
        word="holding",
        steps=steps,
        memory=memory,
        back_wanted="",
        detail=_where(wave),
        restored_at_ms=at_ms,
    )


def _where(wave: WaveState) -> str:
    """Where a wave stood, in words."""
    at = min(max(wave.cursor, 0), len(wave.steps) - 1)
    name = step_name(wave.steps[at].step)
    if wave.word == "holding" and not wave.back_wanted:
        return wave.detail
    doing = f"undo {name}" if wave.back else name
    wanted = ", and was to go back" if wave.back_wanted else ""
    return f"{doing}: the engine ended here{wanted}"


def _with_intents(
    wave: WaveState, intents: Sequence[OpenIntent], intended: frozenset[str], at_ms: int
) -> WaveState:
    """Learn what open intents would have replaced: the way back needs it if they happened."""
    if wave.word != "holding":
        return wave
    memory = dict(wave.memory)
    if "PatchConnector" not in intended:
        memory.pop("patched.unsure", None)  # the record came to disk, and the engine no further
    own = f"{wave.wave.name}.{wave.attempt}."
    for intent in intents:
        if not intent.action_id.startswith(own):
            continue  # of a wave that was finished since, or of an attempt before this one
        for key, value in _learnt(intent, at_ms).items():
            memory.setdefault(key, value)
    return replace(wave, memory=memory)


def _learnt(intent: OpenIntent, at_ms: int) -> Mapping[str, Any]:
    action, previous = intent.action, intent.before.get("previous")
    match action.get("type"):
        case "PatchConnector" if previous is not None:
            return {"patched.previous": previous}
        case "ExcludeGroups" if action.get("excluded"):
            return {"excluded.groups": list(action["groups"])}
        case "CommitOffsets" if action.get("side") == "target" and previous is not None:
            return {f"placed.{action['group']}.previous": previous}
        case "Fence":
            return {LOST: at_ms}  # it may be on its way still
        case _:
            return {}
