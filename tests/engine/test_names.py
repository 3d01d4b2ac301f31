"""A name service that hangs holds no engine up, and nobody is let in under a name that it did not
tell."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.core.crew import People
from cockpit.core.intents import AddNote
from cockpit.engine import names, server
from cockpit.engine.folders import this_user, unnamed, user_name
from cockpit.engine.names import Names
from cockpit.engine.remote import RemoteSession
from cockpit.sim.demo import demo_plan
from cockpit.wire.values import WireError
from tests.engine.test_socket import flight, until

UID = 1001


@pytest.fixture
def service() -> Iterator[Service]:
    """Ends with the test, whoever still waits for it."""
    found = Service()
    yield found
    found.answers.set()


class Service:
    """Tells names, once it answers."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked = 0

    def __call__(self, uid: int) -> str:
        self.asked += 1
        self.answers.wait(30)
        return {UID: "eva", os.getuid(): this_user()}.get(uid, unnamed(uid))


def test_a_user_without_a_name_is_called_by_his_number() -> None:
    assert user_name(os.getuid()) == this_user()
    assert user_name(3_999_999_999) == "uid 3999999999"


async def test_a_name_is_waited_for_for_a_moment_and_known_once_it_comes(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "NAME_WITHIN_S", 0.2)
    known = Names(service)
    begun = time.monotonic()
    assert await asyncio.gather(*(known.of(UID) for _ in range(20))) == ["uid 1001"] * 20
    assert await known.of(UID) == "uid 1001"
    assert time.monotonic() - begun < 0.4, "the second time nobody waits"
    assert service.asked == 1, "one question is enough"
    service.answers.set()
    for _ in range(100):
        if await known.of(UID) == "eva":
            break
        await asyncio.sleep(0.05)
    assert await known.of(UID) == "eva"
    assert service.asked == 1


async def test_that_there_is_no_name_is_asked_again_and_a_question_without_an_answer_too(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "NAME_WITHIN_S", 0.05)
    monkeypatch.setattr(names, "AGAIN_S", 0.2)
    known = Names(service)
    await known.of(UID)
    await asyncio.sleep(0.2)
    await known.of(UID)
    assert service.asked == 2
    service.answers.set()
    assert [await known.of(7), await known.of(7)] == ["uid 7", "uid 7"]
    assert service.asked == 4


async def test_a_service_that_fails_has_told_no_name() -> None:
    def fails(_uid: int) -> str:
        raise OSError("the name service is away")

    assert await Names(fails).of(UID) == "uid 1001"


async def test_while_nobody_tells_names_the_flight_and_its_own_user_go_on(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "NAME_WITHIN_S", 0.3)
    monkeypatch.setattr(server, "Names", lambda: Names(service))
    async with flight(tmp_path / "s.sock") as engine:
        before, begun = engine.state.at_ms, time.monotonic()
        session = await RemoteSession.connect(tmp_path / "s.sock", drive="whoever")
        await session.submit(AddNote("still here", "whoever"))
        snapshot = await until(session, "still here")
        await session.close()
        took_s = time.monotonic() - begun
    assert took_s < 2
    assert snapshot.at_ms - before > 1_000, "the engine has stood still"
    assert snapshot.crew.driver == unnamed(os.getuid())


@pytest.mark.parametrize("answers", [False, True])
async def test_a_user_whose_name_nobody_knows_is_not_let_in_and_told_why(
    tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    plan = replace(demo_plan(), people=People({"eva": ("observer",), "kim": ("driver",)}))
    monkeypatch.setattr("tests.engine.test_socket.demo_plan", lambda: plan)
    monkeypatch.setattr(names, "NAME_WITHIN_S", 0.2)
    monkeypatch.setattr(server, "Names", lambda: Names(service))
    monkeypatch.setattr(server, "peer_uid", lambda _connection: UID)
    if answers:
        service.answers.set()
    async with flight(tmp_path / "s.sock"):
        session = await RemoteSession.connect(tmp_path / "s.sock")
        if answers:
            async for snapshot in session.snapshots():
                if snapshot.crew.people:
                    break
            assert [one.user for one in snapshot.crew.people] == ["eva"]
        else:
            with pytest.raises(WireError, match="does not say what uid 1001 is called"):
                await session.news()
        await session.close()


def test_a_question_under_way_keeps_no_process_from_ending() -> None:
    program = """
import asyncio, time
from cockpit.engine.names import Names
async def main():
    print(await Names(lambda uid: time.sleep(60) or "late").of(1001))
asyncio.run(main())
"""
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=30
    )
    assert done.stdout == "uid 1001\n"
    assert done.stderr == ""
    assert time.monotonic() - begun < 10
