"""Whether what was proved of a wave's logs still holds: nobody writes behind a fence, no log is
another than the one that was proved.

Watches from the fence's proof to the wave's end; tells and pauses, and undoes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from cockpit.core.fences import RELEASED, VOID, bindings_by_topic, fenced_topics
from cockpit.core.flight import WaveState
from cockpit.core.observe import MISSING, LogSample, TopicPartition, partition_of, partition_text
from cockpit.core.plan import (
    SIDES,
    DrainStep,
    FenceStep,
    OffsetsStep,
    ReverseStep,
    touched_topics,
)
from cockpit.core.progress import hold
from cockpit.core.reproving import prove_again
from cockpit.core.reversing import LATE, RETURNED, late_records
from cockpit.core.turn import Turn, is_reversed, services_of

NAMED: Final = 3
"""How many partitions are spelt out."""
FENCE, DRAIN = "fence", "drained"
"""What a proof's `source_end` and `at_ms` are remembered under."""
FALLEN: Final = "fallen"
"""Whether it was told that the fence fell after producers had been told to start."""
ANEW: Final = "anew"
"""Topics of the wave that had been made anew when it began, or was last ordered to go on."""


def watch_proofs(turn: Turn) -> None:
    """Say once, and pause before anything starts, where a proof does not hold any more."""
    wave = turn.wave
    if wave.back:
        _watch_return(turn)
    if wave.word not in ("running", "holding") or wave.back or wave.back_wanted:
        return
    anew = _made_anew(turn)
    if ANEW not in wave.memory:
        turn.remember({ANEW: anew})
    if wave.escape_told or is_reversed(wave):  # the second mirror writes there
        return
    grown = (*_before_the_drain(turn), *_grown(turn))
    if grown:
        _escaped(turn, grown)
    elif wave.start_intent_at_ms is not None:
        _tell_fallen(turn)
    elif void := _void(turn, anew):
        turn.remember({VOID: void})
        text = f"what was proved does not count any more: {void}"
        _say(turn, "proof_void", text, ())


def _tell_fallen(turn: Turn) -> None:
    """A fence that falls before the target shows that somebody was released: once, and writers
    behind it are told besides."""
    memory = turn.wave.memory
    if memory.get(RELEASED) or memory.get(FALLEN):
        return
    ends, at_ms = _baseline(turn.wave)
    if ends and (fallen := _fallen(turn, at_ms)):
        turn.remember({FALLEN: True})
        turn.tell("proof_void", fallen, "bad", wave=turn.wave.wave.name)


def go_on(turn: Turn) -> None:
    """A person has seen it and orders on: prove again what has lost its proof."""
    wave = turn.wave
    turn.set_wave(escape_told=False)
    if wave.start_intent_at_ms is not None:
        return
    memory = {key: value for key, value in wave.memory.items() if key != VOID}
    memory[ANEW] = _made_anew(turn)
    if _key(FENCE) in memory or _key(DRAIN) in memory:
        ends = {**memory.get(_key(FENCE), {}), **memory.get(_key(DRAIN), {})}
        memory[_key(FENCE)] = {**ends, **_newest_ends(turn, ends)}
        memory[f"{FENCE}.at_ms"] = turn.now_ms
    turn.set_wave(memory=memory)
    if VOID not in wave.memory:
        prove_again(turn, DrainStep)
    elif not prove_again(turn, FenceStep):
        prove_again(turn, OffsetsStep)


def _key(proof: str) -> str:
    return f"{proof}.source_end"


def _baseline(wave: WaveState) -> tuple[Mapping[str, int], int]:
    """The source's ends as the newest proof has them, and when that was."""
    proof = DRAIN if wave.memory.get(_key(DRAIN)) else FENCE
    return wave.memory.get(_key(proof)) or {}, wave.memory.get(f"{proof}.at_ms", 0)


def _before_the_drain(turn: Turn) -> tuple[str, ...]:
    """What came between the proof of the fence and that of the drain, once both are there."""
    memory = turn.wave.memory
    fence, drained = memory.get(_key(FENCE)), memory.get(_key(DRAIN))
    if not fence or not drained:
        return ()
    turn.set_wave(memory={k: v for k, v in memory.items() if not k.startswith(f"{FENCE}.")})
    began_ms, ended_ms = memory.get(f"{FENCE}.at_ms"), memory.get(f"{DRAIN}.at_ms")
    seconds = (ended_ms - began_ms) / 1000 if began_ms and ended_ms else 0
    found: list[str] = []
    for name, end in drained.items():
        if end > fence.get(name, end):
            by = end - fence[name]
            found.append(f"{name} by {by}" + (f" ({by / seconds:.1f}/s)" if seconds > 0 else ""))
    return tuple(found)


def _grown(turn: Turn) -> tuple[str, ...]:
    """Partitions of which the source has more than when it was proved that nobody writes."""
    wave, logs = turn.wave, turn.state.facts.newest_logs("source")
    ends, _ = _baseline(wave)
    if not ends or logs is None or logs.asked_at_ms <= (wave.fenced_at_ms or 0):
        return ()
    return _over(turn.state.facts.logs["source"], ends)


def _over(samples: tuple[LogSample, ...], ends: Mapping[str, int]) -> tuple[str, ...]:
    """Partitions that by the newest of the samples are past these ends, by how much and how fast,
    for people."""
    return tuple(
        f"{partition_text(name)} by {end - before}{_rate_text(samples, name, before)}"
        for name, before, end in _compared(samples[-1], ends)
        if end > before
    )


def _watch_return(turn: Turn) -> None:
    """Whoever writes on the target after all was proved to be back: nothing brings that back."""
    wave, logs = turn.wave, turn.state.facts.newest_logs("target")
    if wave.word not in ("rolling back", "holding") or not wave.memory.get(RETURNED):
        return
    known = wave.memory.get(LATE) or {}
    late = late_records(wave.wave, wave.memory, wave.cursor, logs)
    if late == known:
        return
    turn.remember({LATE: dict(late)})
    if known or logs is None:
        return  # told already
    samples = turn.state.facts.logs["target"]
    grown = _over(samples, wave.memory[RETURNED])
    undoing = isinstance(turn.current_step().step, ReverseStep)
    rest = "the second mirror has to bring it back" if undoing else "it stays there"
    text = f"after all was back somebody writes on the target, and {rest}: {_first(grown)}"
    turn.tell("return_escaped", text, "bad", wave=wave.wave.name, partitions=list(grown))
    if undoing and wave.word == "rolling back":
        hold(turn, text, "failed")


def _void(turn: Turn, anew: list[str]) -> str:
    """Why logs are not those of the proof; empty: they are, as far as they were read since."""
    known = turn.wave.memory.get(ANEW, anew)
    for topic in anew:
        if topic not in known:
            return f"{topic} was made anew"
    ends, at_ms = _baseline(turn.wave)
    if ends and (fallen := _fallen(turn, at_ms)):
        return fallen
    logs = turn.state.facts.newest_logs("source")
    if not ends or logs is None or logs.asked_at_ms <= at_ms:
        return ""
    for name, before, end in _compared(logs, ends):
        if end < before:
            return f"the source's end of {partition_text(name)} went back by {before - end}"
    return ""


def _fallen(turn: Turn, proved_ms: int) -> str:
    """The topics whose fence was taken down since it was proved; empty: none, as far as it was
    read since."""
    wave, acls = turn.wave.wave, turn.state.facts.acls.get("source")
    if acls is None or acls.asked_at_ms <= proved_ms:
        return ""
    wanted = bindings_by_topic(wave, turn.state.plan).keys()
    gone = sorted(wanted - fenced_topics(wave, turn.state.plan, acls))
    return f"the fence of {', '.join(gone)} does not stand any more" if gone else ""


def _made_anew(turn: Turn) -> list[str]:
    """The wave's topics that were made anew, each with its side."""
    topics = set(touched_topics(services_of(turn.state, turn.wave)))
    recreated = turn.state.facts.recreated
    return [
        f"{topic} on the {side}"
        for side in SIDES
        for topic in sorted(recreated.get(side, frozenset()) & topics)
    ]


def _compared(
    logs: LogSample, ends: Mapping[str, int]
) -> Iterator[tuple[TopicPartition, int, int]]:
    """Each partition with its end as proved and as it is now."""
    for text, before in ends.items():
        name = partition_of(text)
        index = logs.keys.position.get(name)
        if index is not None and logs.end[index] != MISSING:
            yield name, before, int(logs.end[index])


def _newest_ends(turn: Turn, ends: Mapping[str, int]) -> dict[str, int]:
    logs = turn.state.facts.newest_logs("source")
    found = _compared(logs, ends) if logs is not None else ()
    return {partition_text(name): end for name, _, end in found}


def _escaped(turn: Turn, grown: tuple[str, ...]) -> None:
    text = f"a writer escapes the fence on the source: {_first(grown)}"
    _say(turn, "fence_escaped", text, grown)


def _first(grown: tuple[str, ...]) -> str:
    more = f" and {len(grown) - NAMED} more" if len(grown) > NAMED else ""
    return f"{', '.join(grown[:NAMED])}{more}"


def _say(turn: Turn, kind: str, text: str, partitions: tuple[str, ...]) -> None:
    wave = turn.wave
    turn.set_wave(escape_told=True)
    data: dict[str, Any] = {"partitions": list(partitions)} if partitions else {}
    turn.tell(kind, text, "bad", wave=wave.wave.name, **data)
    if wave.start_intent_at_ms is None and not turn.state.paused:
        turn.set(paused=True)
        turn.tell("paused", "paused: R takes the wave back, A goes on", "warn")


def _rate_text(samples: tuple[LogSample, ...], name: TopicPartition, before: int) -> str:
    """How fast a partition grew since it was last seen at rest; empty where it never was."""
    newest = samples[-1]
    end = int(newest.end[newest.keys.position[name]])
    for sample in reversed(samples[:-1]):
        index = sample.keys.position.get(name)
        if index is not None and int(sample.end[index]) == before:
            seconds = (newest.asked_at_ms - sample.asked_at_ms) / 1000
            return f" ({(end - before) / seconds:.1f}/s)" if seconds > 0 else ""
    return ""
