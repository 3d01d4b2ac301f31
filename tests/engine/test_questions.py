"""A person is asked to stop or start a service only where the disk knows of it: he may act at
once."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import pytest

from cockpit.core.flight import Finished
from cockpit.core.progress import waits_for_person
from cockpit.engine.chain import FIRST_HASH, Head
from cockpit.engine.journal import Journal, JournalError
from cockpit.engine.loop import Engine, LocalSession, Ports
from tests.core.driver import Script, manual_plan

ENDS = {"orders/0": 100, "orders/1": 100}


class Disk:
    """A journal on a disk that may be full."""

    kept_head = Head(0, FIRST_HASH)

    def __init__(self, *, full: bool) -> None:
        self.full = full
        self.kinds: list[str] = []

    def append(self, kind: str, *_: object, **__: object) -> Mapping[str, Any]:
        if self.full:
            raise JournalError("journal: No space left on device")
        self.kinds.append(kind)
        return {}


class Flight:
    """An engine on a clock of the script's, given one event at a time."""

    def __init__(self, script: Script, disk: Disk) -> None:
        clock = SimpleNamespace(now_ms=lambda: script.now_ms)
        ports = SimpleNamespace(effector=None, clock=clock, sharing=None)
        self.script = script
        self.engine = Engine(script.state, cast("Ports", ports), cast("Journal", disk))
        self.session = LocalSession(self.engine)

    def drained(self) -> None:
        """The drain's proof comes in, and the last look: the start is next."""
        perform = self.script.open_actions()[0]
        data = {"source_end": ENDS, "target_end": ENDS}
        event = Finished(self.script.now_ms, perform.action_id, "done", "", data)
        tasks = cast("asyncio.TaskGroup", SimpleNamespace(create_task=_not_performed))
        self.engine._take(event, tasks)
        look = self.engine.state.wave().stages[0][0]
        seen = Finished(self.script.now_ms, look.action_id, "done", "")
        self.engine._take(seen, tasks)

    async def told(self) -> list[str]:
        self.engine._publish()
        news = await self.session.news()
        assert news is not None
        return [str(event["kind"]) for event in news[0]]


def _not_performed(work: Coroutine[Any, Any, None], name: str) -> Mock:
    del name
    work.close()
    return Mock()


def by_hand() -> Script:
    """Before the start of a producer that somebody starts by hand."""
    script = Script(manual_plan("start"))
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    script.look(1)
    return script


async def test_a_question_is_on_disk_before_anybody_reads_it() -> None:
    disk = Disk(full=False)
    flight = Flight(by_hand(), disk)
    flight.drained()
    assert "asked_person" in disk.kinds
    assert "asked_person" in await flight.told()
    assert "start it" in waits_for_person(flight.engine.state.wave().stages)


async def test_nobody_is_asked_where_the_disk_refuses_it() -> None:
    flight = Flight(by_hand(), Disk(full=True))
    flight.drained()
    wave = flight.engine.state.wave()
    assert not waits_for_person(wave.stages)
    assert wave.word == "holding"
    assert "nobody was asked" in wave.detail
    assert wave.start_intent_at_ms is None
    told = await flight.told()
    assert "asked_person" not in told
    assert "no_return_taken_back" in told


@pytest.mark.parametrize("full", [False, True])
async def test_what_the_next_engine_knows_is_what_a_person_knows(full: bool) -> None:
    flight = Flight(by_hand(), Disk(full=full))
    flight.drained()
    known = "started.checkout" in flight.engine.state.wave().memory
    assert known is ("asked_person" in await flight.told())


async def test_it_is_asked_again_once_the_disk_takes_it() -> None:
    disk = Disk(full=True)
    flight = Flight(by_hand(), disk)
    flight.drained()
    script = flight.script
    script.state = flight.engine.state
    script.look(1)
    script.go("advance")
    script.look(1)
    script.end_all()  # the last look
    assert "start it" in waits_for_person(script.state.wave().stages)
    assert script.state.wave().start_intent_at_ms is not None
