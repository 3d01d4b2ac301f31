"""A recording on disk as a replay reads it: the same snapshots, marks, totals; a file that grows,
is cut off, or is none."""

from __future__ import annotations

import asyncio
import os
import random
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest

from cockpit.core.observe import MISSING
from cockpit.core.snapshot import Snapshot
from cockpit.replay.file import FileBuffer
from cockpit.replay.recorded import Recorded
from cockpit.replay.rerun import digest_tree
from cockpit.replay.session import NothingRecordedError, PlayOptions, ReplaySession
from cockpit.replay.tape import tape_of
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.tui.timeline import timeline
from cockpit.wire.composer import Composer
from cockpit.wire.records import TOTALS, RecordingError, record
from cockpit.wire.totals import Total, write_totals
from cockpit.wire.values import WireError
from tests import recorded as flights
from tests.tui import fixtures

DAMAGED = 60


@pytest.fixture(scope="module")
def flown(tmp_path_factory: pytest.TempPathFactory) -> flights.Recorded:
    return flights.record(tmp_path_factory.mktemp("flown") / "recording.ckrec")


@pytest.fixture
def copy(flown: flights.Recorded, tmp_path: Path) -> Path:
    path = tmp_path / "recording.ckrec"
    path.write_bytes(flown.path.read_bytes())
    return path


def all_told(recording: Recorded) -> None:
    shares = [recording.read_more()]
    while shares[-1] < 1.0:
        shares.append(recording.read_more())
        assert shares[-1] > shares[-2]


def encoded(snapshot: Snapshot) -> bytes:
    return repr(digest_tree(snapshot)).encode()


def test_each_moment_shows_the_snapshot_that_was_shown_then(flown: flights.Recorded) -> None:
    recording = Recorded(flown.path)
    newest = {snapshot.at_ms: snapshot for snapshot in flown.shown}
    assert recording.times().tolist() == [snapshot.at_ms for snapshot in flown.shown]
    for at_ms in [*newest][::-7]:
        assert encoded(recording.at(at_ms)) == encoded(newest[at_ms])
        later = min((t for t in newest if t > at_ms), default=at_ms + 1)
        assert recording.at(later - 1).seq == newest[at_ms].seq
    recording.close()


def test_what_was_told_is_read_without_decoding_anything_else(flown: flights.Recorded) -> None:
    recording = Recorded(flown.path)
    assert recording.events() == []
    all_told(recording)
    reader = recording.reader
    for number in range(reader.frames):
        assert reader.told(number) == reader.tells(number)
    said = [(one.at_ms, one.kind, one.text) for one in recording.events()]
    wanted = [(one["at_ms"], one["kind"], one["text"]) for one in flown.told]
    assert [one for one in said if one in wanted] == [one for one in wanted if one in said]
    assert len(said) >= len(wanted) > 20


def test_marks_gaps_and_totals_of_a_flight(flown: flights.Recorded) -> None:
    recording = Recorded(flown.path)
    all_told(recording)
    tape = tape_of(recording)
    assert tape is not None
    assert tape.gaps == ()
    kinds = {mark.kind for mark in tape.marks}
    assert kinds >= {"life", "action", "gate"}
    assert tape.marks[0].text == "engine 1 begins"
    assert any("the engine ends" in mark.text for mark in tape.marks if mark.kind == "life")
    blocked = [s.at_ms for s in flown.shown if s.status.blocked_since_ms is not None]
    shown = tape.totals.at_ms[tape.totals.blocked > 0]
    assert min(blocked) - 1_000 <= shown[0] <= shown[-1] <= max(blocked) + 1_000
    assert (np.diff(tape.totals.at_ms) > 0).all()
    assert tape.totals.lag_records.max() > 0
    assert (tape.totals.source_writes_milli != MISSING).any()


def test_a_file_that_grows_is_taken_in_as_it_comes(copy: Path) -> None:
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])
    recording = Recorded(copy)
    first = len(recording.times())
    assert first > 0
    assert not recording.refresh()
    seen = [first]
    for share in (0.7, 0.701, 0.9, 1.0):
        copy.write_bytes(whole[: int(len(whole) * share)])
        assert recording.refresh()
        seen.append(len(recording.times()))
    assert seen == sorted(seen)
    all_told(recording)
    once = Recorded(copy)
    all_told(once)
    assert recording.times().tolist() == once.times().tolist()
    assert recording.events() == once.events()
    last = int(once.times()[-1])
    assert encoded(recording.at(last)) == encoded(once.at(last))


def test_a_tail_that_is_cut_off_while_it_is_read_harms_nothing(copy: Path) -> None:
    recording = Recorded(copy)
    last = int(recording.times()[-1])
    os.truncate(copy, copy.stat().st_size // 3)
    with pytest.raises(RecordingError):
        recording.at(last)
    assert recording.refresh()
    assert recording.times()[-1] < last
    assert recording.at(last).at_ms == recording.times()[-1]


@pytest.mark.parametrize("content", [b"", b"\x89CKREC\r\n", b"{}" * 1000])
def test_what_is_no_recording_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(RecordingError):
        Recorded(path)


def test_a_pipe_is_no_recording_and_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a file"):
        Recorded(tmp_path / "pipe")


def test_replaying_and_marking_leave_the_recording_byte_for_byte_as_it_was(copy: Path) -> None:
    before = copy.read_bytes(), copy.stat().st_mtime_ns
    session = ReplaySession(
        Recorded(copy), VirtualClock(), PlayOptions(plays=False),
        bookmarks=copy.with_name("bookmarks.jsonl"), user="ana",
    )  # fmt: skip
    session.press("bookmark", "here")
    for verb in ("step", "next_mark", "last", "first"):
        session.press(verb)
    assert (copy.read_bytes(), copy.stat().st_mtime_ns) == before
    assert copy.with_name("bookmarks.jsonl").exists()


def test_bytes_of_a_file_are_found_like_those_of_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.replay.file._CHUNK", 16)
    data = b"".join(b"%03d-needle-" % i for i in range(40)) + b"tail"
    path = tmp_path / "x"
    path.write_bytes(data)
    buffer = FileBuffer(path)
    assert len(buffer) == len(data)
    assert buffer[5:300] == data[5:300]
    assert buffer[300:5] == b""
    assert buffer[len(data) - 2 : len(data) + 9] == b"il"
    assert buffer[7] == data[7]
    for sub in (b"needle", b"017-n", b"tail", b"nothing", data[:16], data[-15:]):
        for start in (0, 1, 7, 200, len(data)):
            assert buffer.find(sub, start) == data.find(sub, start)
            assert buffer.rfind(sub, 0, start) == data.rfind(sub, 0, start)
            assert buffer.find(sub, start, start + 100) == data.find(sub, start, start + 100)
            assert buffer.rfind(sub, start) == data.rfind(sub, start)
    buffer.close()
    buffer.close()
    with pytest.raises(OSError, match="Bad file"):
        buffer[0:1]


def test_a_session_that_still_runs_is_followed_on_disk(copy: Path) -> None:
    whole = copy.read_bytes()

    def write(share: float) -> None:
        copy.write_bytes(whole[: int(len(whole) * share)])

    write(0.5)

    async def main() -> list[int]:
        shown: list[int] = []
        session = ReplaySession(Recorded(copy), VirtualClock(), PlayOptions(follow=True))

        async def watch() -> None:
            shown.extend([snapshot.at_ms async for snapshot in session.snapshots()])

        async with asyncio.TaskGroup() as group:
            group.create_task(watch(), name="watch")
            for share in (0.6, 0.8, 1.0):
                await asyncio.sleep(2)
                write(share)
            await asyncio.sleep(2)
            assert session.view().word == "FOLLOWS"
            assert any("ends" in mark.text for mark in session.view().marks)
            await session.close()
        return shown

    shown = run_virtual(main())
    assert shown == sorted(shown)
    assert len(shown) >= 4
    assert shown[-1] == Recorded(copy).times()[-1]


def test_times_and_numbers_that_no_clock_and_no_cluster_have_are_left_out(tmp_path: Path) -> None:
    huge = 1 << 80
    total = Total(1_000, huge, -huge, None, "PASS", False, True, "w", "s", 0, 0, 0)
    composer = Composer()
    parts = [
        composer.begin(1_000, {"session": "s"}),
        composer.frame([], [{"kind": "gate", "at_ms": huge, "text": "x"}, {"kind": 7}],
                       fixtures.snapshot(at_ms=1_000)),
        composer.event(1_500, {"kind": "gap", "from_ms": -huge, "to_ms": huge, "text": "x"}),
        composer.event(1_500, {"kind": "gap", "from_ms": 1_200, "to_ms": 1_700, "text": "y"}),
        composer.frame([], [], fixtures.snapshot(at_ms=2_000)),
        composer.frame([], [], fixtures.snapshot(at_ms=(1 << 63) - 1)),
    ]  # fmt: skip
    path = tmp_path / "x"
    path.write_bytes(b"".join(parts) + record(TOTALS, 9_000, write_totals([total])))
    recording = Recorded(path)
    all_told(recording)
    tape = tape_of(recording, max_idle_ms=1_000)
    assert tape is not None
    assert tape.times.tolist() == [1_000, 2_000]
    assert [gap.why for gap in tape.gaps] == ["y"]
    assert {mark.text for mark in tape.marks} >= {"x"}
    assert MISSING in tape.totals.lag_records.tolist()
    view = ReplaySession(recording, VirtualClock(), PlayOptions(max_idle_ms=1)).view()
    for width in (60, 200):
        assert timeline(view, width=width, rows=3)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """Flipped, cut, swapped, doubled, or with a stretch of zeros."""
    out = bytearray(data)
    for _ in range(rng.randint(1, 6)):
        begin = rng.randrange(12, len(out))
        end = min(len(out), begin + rng.randint(1, 3_000))
        match rng.randrange(5):
            case 0:
                out[begin] ^= 1 << rng.randrange(8)
            case 1:
                del out[begin:end]
            case 2:
                out[begin:begin] = out[end : 2 * end - begin]
            case 3:
                out[begin:end] = bytes(end - begin)
            case _:
                out[begin:begin] = out[begin:end]
        if len(out) < 20:
            break
    return bytes(out)


def test_a_damaged_recording_is_played_as_far_as_it_goes(
    flown: flights.Recorded, tmp_path: Path
) -> None:
    whole, rng = flown.path.read_bytes(), random.Random(8)
    true = {encoded(snapshot) for snapshot in flown.shown}
    played = 0
    for number in range(DAMAGED):
        path = tmp_path / str(number)
        path.write_bytes(mutated(whole, rng))
        try:
            recording = Recorded(path)
            session = ReplaySession(recording, VirtualClock(), PlayOptions(plays=False))
        except (RecordingError, NothingRecordedError):
            continue
        all_told(recording)
        view = session.view()
        assert timeline(view, width=80, rows=1)
        for moment in rng.sample(recording.times().tolist(), k=min(5, len(recording.times()))):
            with suppress(WireError):
                assert encoded(recording.at(moment)) in true
                played += 1
        recording.close()
    assert played > DAMAGED // 2  # that moments were looked at at all
