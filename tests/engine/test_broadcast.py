"""One stream for all who look on: encoded once, and nobody is held back by somebody slow.

Simulated flights; who looks on here is given frames as a socket would take them.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest

from cockpit.core.snapshot import Snapshot
from cockpit.engine.broadcast import Broadcast, Viewer
from cockpit.engine.fanout import Fanout
from cockpit.wire.frames import BEGIN, EVENT, MAX_FROM_ENGINE, FrameReader, read_json
from cockpit.wire.live import LiveDecoder, LiveEncoder
from cockpit.wire.state import read_head
from tests.wire.taping import Taped, differs, flown

FRAMES = flown(demo_faults=True)


class Reads:
    """What is made of a viewer's frames at the other end."""

    def __init__(self) -> None:
        self.begun = 0
        self.events: list[str] = []
        self.decoder: LiveDecoder | None = None

    def take(self, frames: Sequence[bytes] | None) -> Snapshot | None:
        assert frames is not None
        is_new = False
        for kind, payload in FrameReader(MAX_FROM_ENGINE).feed(b"".join(frames)):
            if kind == BEGIN:
                self.begun += 1
                self.decoder = LiveDecoder(read_head(read_json(payload)))
            elif kind == EVENT:
                self.events.append(read_json(payload)["text"])
            else:
                assert self.decoder is not None
                is_new |= self.decoder.take(kind[0], payload)
        return self.decoder.snapshot() if is_new and self.decoder else None


@contextlib.asynccontextmanager
async def running(fanout: Fanout, sends: Broadcast) -> AsyncIterator[None]:
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        group.create_task(sends.run(), name="broadcast")
        await asyncio.sleep(0)
        yield
        fanout.close()


async def publish(fanout: Fanout, frame: Taped) -> None:
    for event in frame.inputs:
        fanout.observe(event)
    fanout.offer(frame.snapshot)
    await asyncio.sleep(0)


async def test_all_see_the_same_and_it_is_encoded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded = 0
    real = LiveEncoder.publish

    def counted(self: LiveEncoder, snapshot: Snapshot) -> object:
        nonlocal encoded
        encoded += 1
        return real(self, snapshot)

    monkeypatch.setattr(LiveEncoder, "publish", counted)
    fanout = Fanout()
    sends = Broadcast(fanout)
    async with running(fanout, sends):
        await publish(fanout, FRAMES[0])
        assert encoded == 0, "nobody looks on, and still it is encoded"
        viewers = [(sends.join(), Reads()) for _ in range(20)]
        for number, frame in enumerate(FRAMES[1:40], 1):
            await publish(fanout, frame)
            for viewer, reads in viewers:
                found = reads.take(await viewer.frames())
                assert found is not None
                assert not differs(frame.snapshot, found, "snapshot")
            assert encoded == 1 + number
        assert {reads.begun for _, reads in viewers} == {1}
        for viewer, _ in viewers:
            sends.leave(viewer)
        await publish(fanout, FRAMES[40])
        assert encoded == 40, "nobody looks on any more"


async def test_who_is_slow_skips_and_holds_nobody_back() -> None:
    fanout = Fanout()
    sends = Broadcast(fanout, max_pending_bytes=20_000)
    async with running(fanout, sends):
        slow, quick = sends.join(), sends.join()
        read_slow, read_quick = Reads(), Reads()
        await publish(fanout, FRAMES[0])
        read_slow.take(await slow.frames())  # and then its link stands still
        for frame in FRAMES[:60]:
            await publish(fanout, frame)
            found = read_quick.take(await quick.frames())
            assert found is not None
            assert found.seq == frame.snapshot.seq
            fanout.tell({"kind": "note", "text": f"told at {frame.snapshot.seq}"})
            await asyncio.sleep(0)
        assert waiting_bytes(slow) <= 20_000
        begun = read_slow.begun
        read_slow.take(await slow.frames())
        waits = asyncio.ensure_future(slow.frames())
        await asyncio.sleep(0)
        await publish(fanout, FRAMES[60])
        found = read_slow.take(await waits)
        assert found is not None
        assert not differs(FRAMES[60].snapshot, found, "snapshot")
        assert read_slow.begun == begun + 1
        assert read_slow.events[:60] == [f"told at {f.snapshot.seq}" for f in FRAMES[:60]]
        assert read_quick.begun == 1


def waiting_bytes(viewer: Viewer) -> int:
    return sum(map(len, viewer._stream))


async def test_events_that_nobody_reads_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cockpit.engine.fanout.MAX_EVENTS", 5)
    fanout = Fanout()
    sends = Broadcast(fanout)
    async with running(fanout, sends):
        viewer, reads = sends.join(), Reads()
        for number in range(8):
            fanout.tell({"kind": "note", "text": f"told {number}"})
            await asyncio.sleep(0)
        reads.take(await viewer.frames())
    assert reads.events == ["3 events were too many", *(f"told {number}" for number in range(3, 8))]


async def test_a_defect_of_the_stream_begins_it_anew(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = LiveEncoder.publish

    def broken(self: LiveEncoder, snapshot: Snapshot) -> object:
        if snapshot.seq == FRAMES[3].snapshot.seq:
            raise RuntimeError("planted")
        return real(self, snapshot)

    monkeypatch.setattr(LiveEncoder, "publish", broken)
    fanout = Fanout()
    sends = Broadcast(fanout)
    async with running(fanout, sends):
        viewer, reads = sends.join(), Reads()
        for frame in FRAMES[:3]:
            await publish(fanout, frame)
            assert reads.take(await viewer.frames()) is not None
        await publish(fanout, FRAMES[3])
        waits = asyncio.ensure_future(viewer.frames())
        await publish(fanout, FRAMES[4])
        found = reads.take(await waits)
        assert found is not None
        assert not differs(FRAMES[4].snapshot, found, "snapshot")
        assert reads.begun == 2
    assert "planted" in capsys.readouterr().err


async def test_the_last_words_of_a_flight_reach_everybody() -> None:
    fanout = Fanout()
    sends = Broadcast(fanout)
    reads = Reads()
    async with running(fanout, sends):
        viewer = sends.join()
        fanout.offer(FRAMES[0].snapshot)
        fanout.tell({"kind": "ended", "text": "it is over"})
    assert reads.take(await viewer.frames()) is not None
    assert reads.events == ["it is over"]
    assert await viewer.frames() is None
