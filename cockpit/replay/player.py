"""Where a replay stands and how it moves: a pure function of keys and of the time that passes.

Never reads a clock and never decodes a sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final, Literal, assert_never

from cockpit.core.playing import SPEEDS, Mark, PlayVerb
from cockpit.replay.moments import MomentError, parse_moment, utc, utc_day
from cockpit.replay.tape import Tape

MARK_GRACE_MS: Final = 1_000
"""While it plays, "the mark before" is not the one that has just been passed."""
END_WORDS: Final = "this is the end: [ { or t go back"
START_WORDS: Final = "this is the beginning"


@dataclass(frozen=True, slots=True)
class State:
    """Times are UTC milliseconds of the recording."""

    at_ms: float
    """Between the first and the last snapshot."""
    speed: float = 1.0
    is_playing: bool = False
    grows: bool = False
    """The recording may still become longer: its end is waited at."""
    follows: bool = False
    """It stays at the end."""


def moved(state: State, tape: Tape, passed_ms: float) -> State:
    """So much later, in real time."""
    if state.follows:
        return replace(state, at_ms=float(tape.last_ms))
    if not state.is_playing:
        return state
    at_ms, left = state.at_ms, passed_ms * state.speed
    while at_ms < tape.last_ms:
        pace, until = tape.pace_at(at_ms)
        if at_ms + left * pace < until:
            return replace(state, at_ms=at_ms + left * pace)
        left -= (until - at_ms) / pace
        at_ms = until
    return _at_the_end(state, tape)


def _at_the_end(state: State, tape: Tape) -> State:
    end = replace(state, at_ms=float(tape.last_ms), is_playing=False)
    return replace(end, follows=state.grows)


def wait_ms(state: State, tape: Tape) -> float | None:
    """How long, in real time, until another snapshot is due; None: never by itself."""
    if not state.is_playing:
        return None
    ahead = tape.next_time(state.at_ms)
    if ahead is None:
        return 0.0
    pace, until = tape.pace_at(state.at_ms)
    return (min(float(ahead), until) - state.at_ms) / pace / state.speed


Answer = tuple[State, str]
"""What became of a key, and the words for it."""


def pressed(state: State, tape: Tape, verb: PlayVerb, argument: str = "") -> Answer:
    """What a key does. A bookmark moves nothing and is not made here."""
    match verb:
        case "toggle":
            return _toggle(state, tape)
        case "faster" | "slower" | "normal":
            return _paced(state, verb)
        case "step" | "back":
            return _step(state, tape, 1 if verb == "step" else -1)
        case "next_mark" | "previous_mark":
            return _mark(state, tape, 1 if verb == "next_mark" else -1)
        case "jump":
            return _jump(state, tape, argument)
        case "first" | "last":
            return _jump(state, tape, "start" if verb == "first" else "end")
        case "bookmark":
            return state, ""
        case _:
            assert_never(verb)


def _toggle(state: State, tape: Tape) -> Answer:
    if state.is_playing or state.follows:
        stopped = replace(state, is_playing=False, follows=False)
        return stopped, f"paused at {utc(int(state.at_ms))}"
    if state.at_ms < tape.last_ms:
        return replace(state, is_playing=True), f"playing, {speed_words(state.speed)}"
    if state.grows:
        return _at_the_end(state, tape), "following what is still being recorded"
    return state, END_WORDS


def speed_words(speed: float) -> str:
    """`0.25x`, `16x`."""
    return f"{speed:g}x"


def _paced(state: State, verb: Literal["faster", "slower", "normal"]) -> Answer:
    place = SPEEDS.index(state.speed) if state.speed in SPEEDS else SPEEDS.index(1.0)
    if verb == "normal":
        speed = 1.0
    else:
        wanted = place + (1 if verb == "faster" else -1)
        if not 0 <= wanted < len(SPEEDS):
            return state, f"{speed_words(state.speed)} is the {verb.removesuffix('er')}est"
        speed = SPEEDS[wanted]
    return replace(state, speed=speed), f"speed {speed_words(speed)}"


def _stopped(state: State, at_ms: int) -> State:
    return replace(state, at_ms=float(at_ms), is_playing=False, follows=False)


def _step(state: State, tape: Tape, way: int) -> Answer:
    there = tape.next_time(state.at_ms) if way > 0 else tape.previous_time(state.at_ms)
    if there is None and way > 0:
        return state, "this is the newest sample so far" if state.grows else END_WORDS
    if there is None:
        return _stopped(state, tape.first_ms), START_WORDS
    return _stopped(state, there), f"paused at {utc(there)}"


def _mark(state: State, tape: Tape, way: int) -> Answer:
    if way > 0:
        there = tape.next_mark(state.at_ms)
    else:
        grace = MARK_GRACE_MS * state.speed if state.is_playing else 0.0
        there = tape.previous_mark(state.at_ms - grace)
    if there is None:
        return state, f"no mark {'after' if way > 0 else 'before'} this"
    return replace(state, at_ms=float(there), follows=False), mark_words(tape.marks_at(there))


def mark_words(marks: list[Mark]) -> str:
    """The first of some marks, and how many more there are."""
    first, *rest = marks
    more = f" (+{len(rest)} more)" if rest else ""
    return f"{utc(first.at_ms)} {first.kind}: {first.text}{more}"


def _jump(state: State, tape: Tape, text: str) -> Answer:
    at_ms = math.floor(state.at_ms)
    try:
        there = parse_moment(text, first_ms=tape.first_ms, last_ms=tape.last_ms, at_ms=at_ms)
    except MomentError as error:
        return state, str(error)
    if there >= tape.last_ms and (state.grows or not state.is_playing):
        return _at_the_end(state, tape), f"the end, {utc_day(tape.last_ms)}"
    where = f"at {utc_day(there)}"
    return replace(state, at_ms=float(there), follows=False), where
