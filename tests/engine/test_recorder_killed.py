"""Engines that are killed while they record: what anybody was shown is in the file."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from pathlib import Path

import pytest

from cockpit.cli.launch import launch, relaunch
from cockpit.core.snapshot import Snapshot
from cockpit.engine.folders import SessionFolder
from cockpit.engine.remote import RemoteSession
from cockpit.replay.rerun import Verified, digest_tree, verify
from cockpit.wire.recording import Reader

# an engine outlives whoever has started it: nobody waits for it
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

KILLS = 5
SOAK_KILLS = 200
NOWHERE = """\
cockpit: 1
name: nowhere
source: {bootstrap: ["127.0.0.1:1"], security: {protocol: plaintext}}
target: {bootstrap: ["127.0.0.1:2"], security: {protocol: plaintext}}
replication: {kind: mirrormaker2, connect: "http://127.0.0.1:3",
              connectors: {source: mirror-source, checkpoint: mirror-checkpoint}}
services:
  - {name: ledger, principal: "User:ledger", consumes: [orders], group: ledger,
     stop: {manual: Scale to 0}, start: {manual: Point at target}, undo: {manual: Point at source}}
waves:
  - name: readers
    services: [ledger]
    write_owner: {before: source, after: source}
    gates: [{replication_lag: {max: 100, for: 60s}}]
    steps: [stop, offsets, start, {soak: {for: 10m}}]
"""
"""Nothing listens there: the engine records that it sees nothing."""


async def watched(socket: Path, dice: random.Random) -> Snapshot:
    """Look on for a moment; what was shown last when the engine was killed."""
    session = await RemoteSession.connect(socket)
    newest: Snapshot | None = None
    try:
        async with asyncio.timeout(60):
            async for snapshot in session.snapshots():
                newest = snapshot
                if snapshot.seq >= 3:
                    break
        await asyncio.sleep(dice.random())
    finally:
        await session.close()
    assert newest is not None
    return newest


def kill_and_look(folder: SessionFolder, dice: random.Random, number: int) -> None:
    """One more life, killed at some moment; its recording has all that was shown."""
    pid = int(folder.read_meta()["pid"])
    shown = asyncio.run(watched(Path(str(folder.read_meta()["socket"])), dice))
    os.kill(pid, signal.SIGKILL)
    reader = Reader(folder.recording.read_bytes())
    assert len(reader.lives) == number
    life = reader.lives[-1]
    frames = [reader.frame(life.first_frame + i) for i in range(life.frames)]
    same = [f.snapshot() for f in frames if f.at_ms == shown.at_ms]
    assert any(digest_tree(one) == digest_tree(shown) for one in same), "shown and not recorded"


def killed_again_and_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kills: int, seed: int
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    plan = tmp_path / "plan.yaml"
    plan.write_text(NOWHERE)
    dice = random.Random(seed)
    folder = launch(plan, "nowhere", preflight=False).folder
    try:
        for number in range(1, kills + 1):
            if number > 1:
                relaunch(folder)
            kill_and_look(folder, dice, number)
    finally:
        pid = folder.read_meta().get("pid")
        if isinstance(pid, int) and Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)
    reader = Reader(folder.recording.read_bytes())
    gaps = reader.gaps()
    assert len(gaps) == kills - 1
    assert all(gap.to_ms > gap.from_ms and gap.why == "the engine was gone" for gap in gaps)
    found = Verified()
    assert list(verify(reader, found)) == []
    assert found.frames == found.exact == reader.frames
    assert found.skipped == ()


def test_nothing_that_was_shown_is_lost_when_an_engine_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_again_and_again(tmp_path, monkeypatch, KILLS, seed=1)


@pytest.mark.soak
@pytest.mark.timeout(3_600)
def test_nothing_that_was_shown_is_lost_in_many_deaths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_again_and_again(tmp_path, monkeypatch, SOAK_KILLS, seed=2)
