"""A replay as a session, on virtual time: what it hands out and when, what keys and faults do."""

from __future__ import annotations

import asyncio
import random
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import get_args

import pytest

from cockpit.core.intents import AddNote, Arm, Confirm, End, Pause
from cockpit.core.playing import Gap, PlayVerb
from cockpit.core.snapshot import Snapshot
from cockpit.replay import session as replay_session
from cockpit.replay.moments import MomentError
from cockpit.replay.player import State, moved, pressed, wait_ms
from cockpit.replay.session import (
    InertError,
    NothingRecordedError,
    PlayOptions,
    ReplaySession,
    inert,
)
from cockpit.sim.loop import VirtualClock, run_virtual
from tests.replay.taped import Said, Taped, at, seconds, tape
from tests.tui import fixtures

USUAL = PlayOptions()
Seen = list[tuple[int, int]]
"""When (virtual ms) which snapshot (ms after the beginning) was handed out."""


def replayed(
    recording: Taped,
    scene: Callable[[ReplaySession, Seen], Awaitable[None]],
    options: PlayOptions = USUAL,
    bookmarks: Path | None = None,
) -> Seen:
    """Play until the scene is over."""
    seen: Seen = []

    async def main() -> None:
        session = ReplaySession(recording, VirtualClock(), options, bookmarks=bookmarks, user="ana")
        loop = asyncio.get_running_loop()

        async def watch() -> None:
            async for snapshot in session.snapshots():
                seen.append((round(loop.time() * 1000), snapshot.at_ms - at(0)))

        async with asyncio.TaskGroup() as group:
            group.create_task(watch(), name="watch")
            await scene(session, seen)
            await session.close()

    run_virtual(main())
    return seen


def waiting(duration_s: float) -> Callable[[ReplaySession, Seen], Awaitable[None]]:
    async def scene(session: ReplaySession, seen: Seen) -> None:
        await asyncio.sleep(duration_s)

    return scene


def test_at_1x_each_snapshot_comes_at_its_time() -> None:
    assert replayed(Taped(0, 1_000, 1_300, 2_500), waiting(9)) == [
        (0, 0), (1_000, 1_000), (1_300, 1_300), (2_500, 2_500),
    ]  # fmt: skip


def test_at_64x_some_are_skipped_and_none_comes_late() -> None:
    seen = replayed(Taped(*seconds(641)), waiting(10.01), PlayOptions(speed=64.0))
    assert 50 <= len(seen) <= 101
    assert all(0 <= when * 64 - what <= 1_000 for when, what in seen)
    assert seen[-1][1] == 640_000


def test_slower_than_real_time_each_comes_later() -> None:
    assert replayed(Taped(0, 1_000), waiting(9), PlayOptions(speed=0.25)) == [
        (0, 0),
        (4_000, 1_000),
    ]


def test_space_stops_time_and_starts_it_again() -> None:
    async def scene(session: ReplaySession, seen: Seen) -> None:
        await asyncio.sleep(1.5)
        assert session.press("toggle").startswith("paused")
        await asyncio.sleep(600)
        assert session.view().word == "PAUSED"
        assert session.view().at_ms == at(1_500)
        session.press("toggle")
        await asyncio.sleep(1)

    assert replayed(Taped(*seconds(9)), scene) == [(0, 0), (1_000, 1_000), (602_000, 2_000)]


def test_a_jump_is_shown_at_once_and_the_view_knows_before() -> None:
    async def scene(session: ReplaySession, seen: Seen) -> None:
        await asyncio.sleep(0.05)
        session.press("jump", "+2h")
        assert session.view().at_ms == at(7_200_050)
        await asyncio.sleep(0.01)
        assert seen[-1] == (50, 7_200_000)

    replayed(Taped(*seconds(10_000)), scene, PlayOptions(plays=False, start="+50ms"))


def test_held_keys_decode_only_where_they_end() -> None:
    recording = Taped(*seconds(100))

    async def scene(session: ReplaySession, seen: Seen) -> None:
        await asyncio.sleep(0.1)
        for _ in range(50):
            session.press("step")
        await asyncio.sleep(0.1)
        assert seen[-1][1] == 50_000

    replayed(recording, scene, PlayOptions(plays=False))
    assert recording.asked == [at(0), at(50_000)]


def test_at_a_time_it_begins_there_and_a_wrong_time_is_refused() -> None:
    options = PlayOptions(start="02:14:12", plays=False)
    assert replayed(Taped(*seconds(9)), waiting(1), options) == [(0, 5_000)]
    with pytest.raises(MomentError, match="not in this recording"):
        ReplaySession(Taped(*seconds(9)), VirtualClock(), PlayOptions(start="03:00:00"))


def test_nothing_recorded_is_refused() -> None:
    with pytest.raises(NothingRecordedError):
        ReplaySession(Taped(), VirtualClock())


def test_following_waits_at_the_end_for_more() -> None:
    recording = Taped(*seconds(3))

    async def scene(session: ReplaySession, seen: Seen) -> None:
        await asyncio.sleep(3.1)
        assert session.view().word == "FOLLOWS"
        recording.grow(3_000)
        await asyncio.sleep(1)
        assert seen[-1][1] == 3_000
        session.press("back")
        recording.grow(4_000)
        await asyncio.sleep(1)
        assert seen[-1][1] == 2_000
        assert session.view().last_ms == at(4_000)
        session.press("last")
        await asyncio.sleep(0.1)
        assert seen[-1][1] == 4_000

    assert replayed(recording, scene, PlayOptions(follow=True))[0] == (0, 2_000)


def test_without_following_the_file_is_not_looked_at_again() -> None:
    recording = Taped(*seconds(3))
    recording.grow(3_000)
    assert replayed(recording, waiting(60))[-1] == (2_000, 2_000)


def test_in_a_gap_what_was_true_before_it_grows_old_and_the_player_says_why() -> None:
    recording = Taped(0, 1_000, 61_000, gaps=[Gap(at(1_000), at(61_000), "engine died")])

    async def scene(session: ReplaySession, seen: Seen) -> None:
        await asyncio.sleep(2)
        assert session.view().note == (
            "nothing is recorded from 02:14:08Z to 02:15:08Z: engine died"
        )
        await asyncio.sleep(2)
        assert session.view().note == ""

    seen = replayed(recording, scene)
    inside = [(when, what) for when, what in seen if 1_000 < what < 61_000]
    assert len(inside) >= 10
    assert all(abs((when - 1_000) * 30 - (what - 1_000)) < 4_000 for when, what in inside)
    assert seen[-1] == (3_000, 61_000)


def test_a_place_that_cannot_be_read_is_said_and_never_looks_fresh() -> None:
    recording = Taped(*seconds(9))
    recording.broken = {at(3_000), at(4_000)}

    async def scene(session: ReplaySession, seen: Seen) -> None:
        await asyncio.sleep(4.5)
        assert session.view().note == "cannot be read here: checksum"
        await asyncio.sleep(1)
        assert session.view().note == ""

    first: list[Snapshot] = []

    async def keep(session: ReplaySession, seen: Seen) -> None:
        async for snapshot in session.snapshots():
            first.append(snapshot)
            if len(first) == 5:
                return

    assert [what for _, what in replayed(recording, scene)] == [i * 1000 for i in range(6)]
    again = Taped(*seconds(9))
    again.broken = recording.broken

    async def main() -> None:
        await keep(ReplaySession(again, VirtualClock()), [])

    run_virtual(main())
    assert [one.seq for one in first] == [0, 1, 2, 2, 2]
    assert first[4].at_ms == at(4_000)


def test_where_nothing_before_can_be_read_nothing_is_shown() -> None:
    recording = Taped(*seconds(3))
    recording.broken = {at(0), at(1_000)}
    assert replayed(recording, waiting(5)) == [(2_000, 2_000)]


async def test_every_intent_is_refused() -> None:
    session = ReplaySession(Taped(0), VirtualClock())
    for intent in (Arm("advance", "a"), Confirm("t", "a"), Pause("a"), AddNote("x", "a"), End("a")):
        with pytest.raises(InertError, match="this is a recording"):
            await session.submit(intent)


def test_every_action_is_closed_and_the_rest_is_as_it_was() -> None:
    live = fixtures.armed()
    shown = inert(live)
    assert not any(action.enabled for action in shown.actions)
    assert {action.why_not for action in shown.actions} == {"this is a recording"}
    assert [a.verb for a in shown.actions] == [a.verb for a in live.actions]
    assert shown.armed == live.armed
    assert shown.log == live.log


def test_closing_lets_go_of_the_file_and_ends_the_session() -> None:
    recording = Taped(*seconds(3))
    replayed(recording, waiting(0.1))
    assert recording.closed


def test_a_bookmark_lies_beside_the_recording_and_on_the_time_line(tmp_path: Path) -> None:
    path = tmp_path / "bookmarks.jsonl"

    async def scene(session: ReplaySession, seen: Seen) -> None:
        moment = session.view().at_ms
        await asyncio.sleep(3)  # typing takes its time
        said = session.press("bookmark", " look here ", at_ms=moment + 1_000)
        assert said == "bookmark at 02:14:08Z kept beside the recording"
        await asyncio.sleep(0.2)
        marks = session.view().marks
        assert [(m.at_ms, m.text) for m in marks if m.kind == "bookmark"] == [
            (at(1_000), "look here (by ana)")
        ]
        session.press("previous_mark")
        assert session.view().at_ms == at(1_000)

    replayed(Taped(*seconds(9), events=(Said(at(8_500), "late"),)), scene, bookmarks=path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = ReplaySession(Taped(*seconds(9)), VirtualClock(), bookmarks=path)
    assert [m.text for m in again.view().marks if m.kind == "bookmark"] == ["look here (by ana)"]


def test_a_bookmark_that_cannot_be_kept_is_said_to_be_lost(tmp_path: Path) -> None:
    nowhere = ReplaySession(Taped(0), VirtualClock(), bookmarks=tmp_path / "no" / "file")
    assert nowhere.press("bookmark", "x") == "bookmark not kept: No such file or directory"
    assert nowhere.view().marks == ReplaySession(Taped(0), VirtualClock()).view().marks
    assert ReplaySession(Taped(0), VirtualClock()).press("bookmark").startswith("no place")


def test_a_disk_that_fails_is_told_and_what_was_read_stays() -> None:
    recording = Taped(*seconds(3))

    async def scene(session: ReplaySession, seen: Seen) -> None:
        await asyncio.sleep(1)
        recording.failing = True
        await asyncio.sleep(1)
        assert "no more can be read: [Errno 5]" in session.view().note
        recording.failing = False
        recording.grow(3_000)
        await asyncio.sleep(1)
        assert session.view().note == ""

    assert replayed(recording, scene, PlayOptions(follow=True))[-1][1] == 3_000


def test_marks_of_a_long_recording_come_by_and_by_and_it_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(replay_session, "MARKS_MS", 0)

    class Slow(Taped):
        share = 0.0

        def events(self) -> list[Said]:
            return [Said(at(i * 1_000), f"n{i}") for i in range(int(self.share * 10))]

        def read_more(self) -> float:
            self.share = round(self.share + 0.1, 1)
            return self.share

    shown: list[tuple[str, int]] = []

    async def scene(session: ReplaySession, seen: Seen) -> None:
        shown.append((session.view().note, len(session.view().marks)))
        await asyncio.sleep(0.01)
        shown.append((session.view().note, len(session.view().marks)))

    replayed(Slow(*seconds(60)), scene, PlayOptions(plays=False))
    assert shown == [("reading what was told: 0%", 1), ("", 11)]


def test_any_keys_in_any_order_stay_inside_the_recording() -> None:
    rng = random.Random(4)
    verbs = get_args(PlayVerb)
    for number in range(20):
        times = sorted(rng.sample(range(200_000), rng.randint(1, 40)))
        events = [Said(at(rng.randint(-9_000, 250_000)), "x") for _ in range(rng.randint(0, 9))]
        reel = tape(Taped(*times, events=events), max_idle_ms=rng.choice([None, 1, 5_000]))
        state = State(float(reel.first_ms), grows=number % 2 == 0)
        for _ in range(300):
            words = rng.choice(["+9s", "-9s", "end", "start", "02:15:00", "x", ""])
            state, _ = pressed(state, reel, rng.choice(verbs), words)
            before = state
            state = moved(state, reel, rng.choice([0, 1, 40, 3_000]))
            assert reel.first_ms <= state.at_ms <= reel.last_ms
            assert state.at_ms >= before.at_ms
            assert not (state.is_playing and state.follows)
            due = wait_ms(state, reel)
            assert due is None or due >= 0
