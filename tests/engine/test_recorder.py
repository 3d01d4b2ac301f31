"""The recording of a flight on a real file: whole, cut off, on a full disk."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cockpit.core.flight import Event, Finished, FlightState, Ticked, begin
from cockpit.core.machine import step
from cockpit.core.project import project
from cockpit.core.snapshot import Snapshot
from cockpit.engine.recorder import RESERVE_BYTES, Recorder, Trouble
from cockpit.sim.demo import demo_plan
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.wire.recording import Reader

NO_RESERVE = 0
HEADER: Mapping[str, Any] = {"session": "s"}


class Flight:
    """A flight that only ticks: each tick is a snapshot."""

    def __init__(self) -> None:
        self.state: FlightState = begin(demo_plan(), session="s", simulated=True, at_ms=0)
        self.seq = 0

    def tick(self, recorder: Recorder) -> Snapshot:
        self.seq += 1
        event: Event = Ticked(self.seq * 1_000)
        recorder.observe(event)
        self.state, _ = step(self.state, event)
        recorder.tell({"seq": self.seq, "at_ms": event.at_ms, "kind": "tick"})
        snapshot = project(self.state, self.seq)
        recorder.publish(snapshot)
        return snapshot


def opened(path: Path, *, reserve_bytes: int = NO_RESERVE, at_ms: int = 0) -> Recorder:
    return Recorder(path, HEADER, at_ms=at_ms, reserve_bytes=reserve_bytes)


def read(path: Path) -> Reader:
    return Reader(path.read_bytes())


def times(path: Path) -> list[int]:
    return [frame.at_ms for frame in read(path).walk()]


@contextlib.contextmanager
def full_at(size: int) -> Iterator[None]:
    """No file of this process may grow over `size` bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "recording.ckrec"


def test_what_was_published_is_read_back_with_what_led_to_it(path: Path) -> None:
    recorder, flight = opened(path), Flight()
    shown = [flight.tick(recorder) for _ in range(5)]
    recorder.close("the flight ended")
    frames = list(read(path).walk())
    assert [frame.snapshot().seq for frame in frames] == [one.seq for one in shown]
    assert [frame.inputs() for frame in frames] == [(Ticked(n * 1_000),) for n in range(1, 6)]
    assert [frame.tells()[0]["seq"] for frame in frames] == [1, 2, 3, 4, 5]
    assert not read(path).gaps()
    assert [told.content["text"] for told in read(path).events()] == ["the flight ended"]


def test_nobody_else_can_read_it(path: Path) -> None:
    opened(path).close("")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_every_snapshot_is_in_the_file_at_once(path: Path) -> None:
    recorder, flight = opened(path), Flight()
    for count in range(1, 4):
        flight.tick(recorder)
        assert len(times(path)) == count


def test_a_torn_tail_is_cut_off_and_told_and_the_next_life_goes_on_behind_it(path: Path) -> None:
    recorder, flight = opened(path), Flight()
    for _ in range(3):
        flight.tick(recorder)
    whole = path.read_bytes()
    path.write_bytes(whole[:-7])  # an engine that died while it wrote
    recorder = opened(path, at_ms=9_000)
    flight.seq = 9
    flight.tick(recorder)
    recorder.close("")
    found = read(path)
    assert [frame.at_ms for frame in found.walk()] == [1_000, 2_000, 10_000]
    torn = [told.content for told in found.events() if told.content["kind"] == "torn_tail"]
    assert torn[0]["dropped_bytes"] > 0
    assert [(gap.from_ms, gap.to_ms) for gap in found.gaps()] == [(2_000, 9_000)]
    assert [life.number for life in found.lives] == [0, 1]


def why_not(recorder: Recorder) -> str:
    assert recorder.trouble is not None
    return recorder.trouble.reason


def test_a_file_that_is_no_recording_is_not_touched(path: Path) -> None:
    path.write_text("notes")
    recorder = opened(path)
    Flight().tick(recorder)
    assert "no recording" in why_not(recorder)
    assert path.read_text() == "notes"


def test_a_link_is_not_followed(path: Path, tmp_path: Path) -> None:
    path.symlink_to(tmp_path / "elsewhere")
    assert why_not(opened(path))
    assert not (tmp_path / "elsewhere").exists()


def test_trouble_from_the_beginning_is_told_as_soon_as_somebody_listens(path: Path) -> None:
    path.mkdir()
    troubles: list[Trouble] = []
    opened(path).on_trouble(troubles.append)
    assert [trouble.from_ms for trouble in troubles] == [0]


def test_a_full_disk_degrades_it_says_so_and_leaves_what_was_whole(path: Path) -> None:
    recorder, flight = opened(path), Flight()
    troubles: list[Trouble] = []
    recorder.on_trouble(troubles.append)
    flight.tick(recorder)
    good = path.stat().st_size
    with full_at(good + 40):
        flight.tick(recorder)
    assert path.stat().st_size == good
    assert [trouble.from_ms for trouble in troubles] == [2_000]
    assert recorder.trouble is not None
    flight.tick(recorder)
    assert times(path) == [1_000]


async def keep_for(recorder: Recorder, span_ms: int) -> int:
    """Keep a recording for a while; the time then."""
    clock = VirtualClock()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(span_ms / 1_000):
            await recorder.keep(clock)
    return clock.now_ms()


def test_it_goes_on_by_itself_and_the_gap_is_seen(path: Path) -> None:
    recorder, flight = opened(path), Flight()
    troubles: list[Trouble] = []
    recorder.on_trouble(troubles.append)
    flight.tick(recorder)
    with full_at(path.stat().st_size):
        flight.tick(recorder)
    flight.seq = run_virtual(keep_for(recorder, 15_000)) // 1_000
    flight.tick(recorder)
    recorder.close("")
    assert [bool(trouble.reason) for trouble in troubles] == [True, False]
    found = read(path)
    assert len(found.lives) == 2
    (gap,) = found.gaps()
    assert gap.from_ms == 1_000
    assert "File too large" in gap.why
    assert found.lives[1].head["beginning"] is None
    assert found.frame(1).snapshot().seq > 2


def test_an_event_that_cannot_be_written_down_degrades_it_and_never_ends_the_flight(
    path: Path,
) -> None:
    recorder, flight = opened(path), Flight()
    flight.tick(recorder)
    recorder.observe(Finished(1_500, "readers.1.stop.1", "done", "", {"odd": object()}))
    flight.tick(recorder)
    assert "object" in why_not(recorder)
    assert times(path) == [1_000]
    flight.seq = run_virtual(keep_for(recorder, 15_000)) // 1_000
    flight.tick(recorder)
    assert recorder.trouble is None
    assert len(read(path).lives) == 2


def test_the_journals_room_is_left_alone(path: Path) -> None:
    free = os.statvfs(path.parent)
    too_much = free.f_bavail * free.f_frsize + RESERVE_BYTES
    recorder = opened(path, reserve_bytes=too_much)
    Flight().tick(recorder)
    assert "kept for the journal" in why_not(recorder)
    assert path.stat().st_size == 0
