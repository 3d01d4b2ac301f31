"""The position: how it moves with time and with keys. No clock and no file."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.observe import MISSING
from cockpit.core.playing import SPEEDS, Gap, PlayVerb
from cockpit.replay.player import State, moved, pressed, wait_ms
from cockpit.replay.tape import Tape
from tests.replay.taped import Said, Taped, at, seconds, tape, totals

HOUR = tape(Taped(*seconds(3600)))
EVENTS = (
    Said(at(10_300), "armed by ana", "armed"),
    Said(at(10_900), "confirmed by ana"),
    Said(at(20_000), "trigger fired", "trigger", "bad"),
    Said(at(30_500), "target unreachable", "side", "bad"),
    Said(at(40_000), "half-way", "note"),
    Said(at(41_000), "going back: nothing", "going_back"),
)
TOLD = tape(Taped(*seconds(60), events=EVENTS))


def playing(at_ms: float, speed: float = 1.0) -> State:
    return State(float(at(0)) + at_ms, speed, is_playing=True)


def paused(at_ms: float, **more: bool) -> State:
    return State(float(at(0)) + at_ms, **more)


def after(state: State) -> float:
    return state.at_ms - at(0)


def do(state: State, reel: Tape, verb: PlayVerb, argument: str = "") -> tuple[float, str]:
    now, said = pressed(state, reel, verb, argument)
    assert said or verb == "bookmark"
    return after(now), said


@pytest.mark.parametrize("speed", SPEEDS)
def test_playing_moves_by_the_time_that_passes_times_the_speed(speed: float) -> None:
    assert after(moved(playing(5_000, speed), HOUR, 2_000)) == 5_000 + 2_000 * speed


def test_many_small_moves_are_one_large_move() -> None:
    state = playing(0, 0.25)
    for _ in range(1_000):
        state = moved(state, HOUR, 7)
    assert after(state) == 1_750


def test_paused_it_stands_still() -> None:
    assert moved(paused(5_000), HOUR, 9_999) == paused(5_000)


def test_it_stops_at_the_end_and_says_so() -> None:
    end = moved(playing(3_598_000, 64.0), HOUR, 1_000)
    assert after(end) == 3_599_000
    assert not end.is_playing
    assert pressed(end, HOUR, "toggle") == (end, "this is the end: [ { or t go back")


def test_at_the_end_of_a_recording_that_grows_it_follows() -> None:
    end = moved(replace(playing(3_598_000), grows=True), HOUR, 5_000)
    assert end.follows
    assert not end.is_playing
    longer = tape(Taped(*seconds(4_000)))
    assert after(moved(end, longer, 0)) == 3_999_000
    stopped, said = pressed(end, HOUR, "toggle")
    assert not stopped.follows
    assert said.startswith("paused at")
    assert pressed(stopped, HOUR, "toggle")[0].follows


def test_a_snapshot_is_due_when_its_time_comes() -> None:
    assert wait_ms(playing(5_250), HOUR) == 750
    assert wait_ms(playing(5_250, 4.0), HOUR) == 187.5
    assert wait_ms(paused(5_250), HOUR) is None


def test_speeds_go_up_and_down_a_ladder_and_keep_the_place() -> None:
    state = playing(7_000)
    for speed in (*SPEEDS[3:], SPEEDS[-1]):
        state, said = pressed(state, HOUR, "faster")
        assert state.speed == speed
    assert said == "64x is the fastest"
    for _ in SPEEDS:
        state, said = pressed(state, HOUR, "slower")
    assert said == "0.25x is the slowest"
    assert pressed(state, HOUR, "normal")[0].speed == 1.0
    assert after(state) == 7_000


def test_a_step_is_one_sample_and_stops_the_play() -> None:
    assert do(playing(5_400), HOUR, "step") == (6_000, "paused at 02:14:13Z")
    assert do(playing(5_400), HOUR, "back") == (4_000, "paused at 02:14:11Z")
    assert not pressed(playing(5_400), HOUR, "step")[0].is_playing
    assert do(paused(0), HOUR, "back") == (0, "this is the beginning")
    assert do(paused(3_599_000), HOUR, "step")[1].startswith("this is the end")
    assert do(paused(3_599_000, grows=True), HOUR, "step")[1] == "this is the newest sample so far"


def test_stepping_through_a_recording_shows_each_sample_once_both_ways() -> None:
    uneven = tape(Taped(0, 1_000, 1_100, 1_200, 9_000, 9_001))
    state, there = paused(0), []
    for _ in range(5):
        state = pressed(state, uneven, "step")[0]
        there.append(after(state))
    assert there == [1_000, 1_100, 1_200, 9_000, 9_001]
    for expected in (9_000, 1_200, 1_100, 1_000, 0):
        state = pressed(state, uneven, "back")[0]
        assert after(state) == expected


def test_the_next_mark_is_where_a_snapshot_first_shows_it() -> None:
    there, said = do(paused(0), TOLD, "next_mark")
    assert there == 11_000
    assert said == "02:14:17Z action: armed by ana (+1 more)"
    places = [there]
    state = paused(there)
    for _ in range(3):
        state = pressed(state, TOLD, "next_mark")[0]
        places.append(after(state))
    assert places == [11_000, 20_000, 31_000, 40_000]
    assert do(state, TOLD, "next_mark")[1] == "no mark after this"
    assert do(state, TOLD, "previous_mark")[0] == 31_000
    assert do(paused(0), TOLD, "previous_mark")[1] == "no mark before this"


def test_the_mark_before_is_not_the_one_just_passed_while_it_plays() -> None:
    assert do(playing(20_300), TOLD, "previous_mark")[0] == 11_000
    assert do(paused(20_300), TOLD, "previous_mark")[0] == 20_000


def test_marks_have_kinds() -> None:
    kinds = [mark.kind for mark in TOLD.marks]
    assert kinds == ["life", "action", "action", "gate", "alarm", "note"]


def test_jumps() -> None:
    assert do(paused(60_000), HOUR, "jump", "+90s")[0] == 150_000
    assert do(paused(60_000), HOUR, "jump", "-5m")[0] == 0
    assert do(paused(0), HOUR, "jump", "02:20:00") == (353_000, "at 2026-11-20 02:20:00Z")
    there, said = do(paused(60_000), HOUR, "jump", "yesterday")
    assert there == 60_000
    assert "not a time" in said
    assert do(playing(9_000), HOUR, "first")[0] == 0
    assert do(playing(9_000), HOUR, "last")[0] == 3_599_000
    assert pressed(paused(0, grows=True), HOUR, "last")[0].follows


def test_a_jump_keeps_playing_or_paused_and_leaves_following() -> None:
    assert pressed(playing(0), HOUR, "jump", "+90s")[0].is_playing
    assert not pressed(paused(0), HOUR, "jump", "+90s")[0].is_playing
    away = pressed(State(float(HOUR.last_ms), grows=True, follows=True), HOUR, "jump", "-5m")[0]
    assert not away.follows


def test_a_gap_is_played_in_two_seconds_and_only_the_gap() -> None:
    holed = tape(
        Taped(0, 1_000, 601_000, 602_000, gaps=(Gap(at(1_000), at(601_000), "engine died"),))
    )
    assert after(moved(playing(500), holed, 500)) == 1_000
    assert after(moved(playing(500), holed, 1_500)) == 301_000
    assert after(moved(playing(500), holed, 2_500)) == 601_000
    assert after(moved(playing(500), holed, 3_000)) == 601_500


def test_a_long_silence_is_a_gap_though_the_recording_does_not_say_so() -> None:
    holed = tape(Taped(0, 1_000, 60_000, 61_000))
    assert holed.gaps == (Gap(at(1_000), at(60_000), "no snapshot"),)
    assert holed.gap_at(at(30_000)) == holed.gaps[0]
    assert holed.gap_at(at(1_000)) is None
    assert holed.gap_at(at(60_000)) is None


def test_idle_time_is_shortened_but_never_what_is_told_or_a_blocked_moment() -> None:
    blocked = totals(*[5] * 60, blocked=range(30, 60))
    reel = tape(Taped(*seconds(60), events=(Said(at(20_000), "x"),), totals=blocked),
                max_idle_ms=2_000)  # fmt: skip
    assert after(moved(playing(0), reel, 2_000)) == 20_000
    assert after(moved(playing(0), reel, 4_000)) == 30_000
    assert after(moved(playing(0), reel, 9_000)) == 35_000
    assert after(moved(playing(0, 2.0), reel, 1_000)) == 20_000


def test_a_total_that_is_not_known_is_not_blocked() -> None:
    reel = tape(Taped(*seconds(4), totals=totals(MISSING, 1, 2, 3)), max_idle_ms=1_000)
    assert after(moved(playing(0), reel, 1_000)) == 3_000
