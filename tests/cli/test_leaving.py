"""How a command leaves a flight: what it asks of the engine first, and what it claims after."""

from __future__ import annotations

import argparse
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cockpit.cli import exits
from cockpit.cli.acting import Order, act
from cockpit.cli.launch import Launched
from cockpit.cli.run import _headless, _pause, _paused_for_sure
from cockpit.engine.folders import SessionFolder
from cockpit.engine.remote import RemoteSession
from tests.engine.test_socket import flight

HEADLESS = argparse.Namespace(
    headless=True,
    json=True,
    gate_wait=1_000,
    on_ask="rollback",
    accept_loss=False,
    yes=False,
    again=False,
)


@contextmanager
def nonsense_at(path: Path) -> Iterator[None]:
    """An engine that talks nonsense, once, and goes away."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        listener.listen(1)

        def talk() -> None:
            peer, _ = listener.accept()
            with peer:
                peer.sendall(b"\xff" * 64)

        thread = threading.Thread(target=talk)
        thread.start()
        yield
        thread.join()


def left(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    """The result line of a headless flight whose engine is not what it should be."""
    launched = Launched(SessionFolder(tmp_path / "s"), tmp_path / "s.sock")
    assert _headless(launched, HEADLESS) == exits.UNKNOWN
    result = json.loads(capsys.readouterr().out)
    assert isinstance(result, dict)
    return result


def test_an_engine_that_is_gone_is_an_unknown_outcome(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    result = left(tmp_path, capsys)
    assert (result["outcome"], result["exit_code"]) == ("unknown", exits.UNKNOWN)


def test_an_engine_that_talks_nonsense_is_an_unknown_outcome(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with nonsense_at(tmp_path / "s.sock"):
        assert left(tmp_path, capsys)["outcome"] == "unknown"


async def test_a_pause_is_claimed_when_it_was_seen(tmp_path: Path) -> None:
    async with flight(tmp_path / "s.sock") as engine:
        assert await _pause(tmp_path / "s.sock")
        assert engine.state.paused


def test_a_pause_is_not_claimed_when_nobody_answers(tmp_path: Path) -> None:
    assert not _paused_for_sure(Launched(SessionFolder(tmp_path / "s"), tmp_path / "s.sock"))


@pytest.mark.parametrize("confirm", ["", "another wave"])
async def test_an_unconfirmed_act_leaves_nothing_armed(tmp_path: Path, confirm: str) -> None:
    path = tmp_path / "s.sock"
    order = Order("advance", "root", confirm=confirm)
    told: list[str] = []
    async with flight(path) as engine:
        watching = await RemoteSession.connect(path)
        async for snapshot in watching.snapshots():
            if snapshot.action("advance").enabled:
                break
        assert "it needs --confirm" in (await act(path, order, told.append)).why
        assert told == []
        assert engine.state.armed is None
        await watching.close()
