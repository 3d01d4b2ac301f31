"""The journal on its way to a log that other hosts read, and what effects wait for."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cockpit.core.coordination import HOLD_MS
from cockpit.core.elsewhere import Coordination
from cockpit.core.ownsurvey import CoordinationSurvey
from cockpit.engine.journal import Journal
from cockpit.engine.sharing import PIECE_BYTES, Sharing, TakenError
from cockpit.ports import Piece, PortError
from cockpit.sim.loop import VirtualClock, run_virtual
from cockpit.sim.sharedlog import Moment, SimLog, SimTopic

SPEC = Coordination("journal")


@dataclass
class Host:
    """One host's engine, as far as sharing goes."""

    sharing: Sharing
    journal: Journal
    path: Path
    said: list[CoordinationSurvey] = field(default_factory=list)

    async def observe(self, survey: CoordinationSurvey) -> None:
        self.said.append(survey)

    @property
    def word(self) -> str:
        return self.said[-1].word if self.said else "nothing"


class Stage:
    """A topic, and hosts that come to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.clock = VirtualClock()
        self.topic = SimTopic(self.clock)
        self.tasks: list[asyncio.Task[None]] = []

    def log(self, host: str) -> SimLog:
        return SimLog(self.topic, flight="f", session="s", head={"host": host})

    def host(self, name: str, *, journal: Journal | None = None) -> Host:
        path = self.folder / f"{name}.jsonl"
        journal = journal or Journal(path)
        sharing = Sharing(self.log(name), SPEC, self.clock, session="s", path=path, journal=journal)
        return Host(sharing, journal, path)

    @contextlib.asynccontextmanager
    async def kept(self, host: Host) -> AsyncIterator[None]:
        """The host's engine runs."""
        async with asyncio.TaskGroup() as group:
            task = group.create_task(host.sharing.keep(host.observe))
            yield
            task.cancel()

    def shared(self) -> bytes:
        found = self.topic.sessions.get("s")
        return b"" if found is None else found.journal


def play(folder: Path, scene: Callable[[Stage], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        await scene(Stage(folder))

    run_virtual(run())


def append(host: Host, number: int = 1, text: str = "x") -> None:
    for n in range(number):
        host.journal.append("note", n, {"text": text})


def test_what_is_on_disk_comes_to_the_log_as_it_is(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        host = stage.host("a")
        append(host, 3)
        append(host, 1, "y" * (2 * PIECE_BYTES))
        async with stage.kept(host):
            await host.sharing.confirmed()
            assert stage.shared() == host.path.read_bytes()
            append(host)
            await stage.clock.sleep(2_000)
            assert stage.shared() == host.path.read_bytes()
        assert host.word == "shared"

    play(tmp_path, scene)


def test_an_answer_that_is_lost_makes_nothing_twice(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        host = stage.host("a")
        append(host, 3)
        async with stage.kept(host):
            stage.topic.replies_lost = True
            await stage.clock.sleep(2_000)
            append(host, 2)
            stage.topic.replies_lost = False
            await host.sharing.confirmed()
        assert stage.shared() == host.path.read_bytes()
        assert stage.topic.sessions["s"].whole

    play(tmp_path, scene)


def test_a_lost_log_is_said_within_seconds_and_no_effect_begins(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        host = stage.host("a")
        async with stage.kept(host):
            await host.sharing.confirmed()
            host.sharing.check()
            stage.topic.lost = True
            append(host)
            with pytest.raises(PortError, match="has not taken the intent"):
                await host.sharing.confirmed()
            assert host.word == "lost"
            await stage.clock.sleep(HOLD_MS)
            with pytest.raises(PortError, match="has not confirmed"):
                host.sharing.check()
            stage.topic.lost = False
            await stage.clock.sleep(2_000)
            assert host.word == "shared"
            await host.sharing.confirmed()
            host.sharing.check()

    play(tmp_path, scene)


def test_a_person_s_word_stands_for_a_lost_log_and_not_for_a_taken_one(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        host = stage.host("a")
        async with stage.kept(host):
            await host.sharing.confirmed()
            stage.topic.lost = True
            await stage.clock.sleep(2 * HOLD_MS)
            append(host)
            host.sharing.go_alone(True)
            await host.sharing.confirmed()
            host.sharing.check()
            stage.topic.take("f")
            stage.topic.lost = False
            await stage.clock.sleep(2_000)
            with pytest.raises(PortError, match="taken"):
                host.sharing.check()

    play(tmp_path, scene)


@pytest.mark.parametrize("moment", ["before commit", "after commit"])
def test_who_is_fenced_around_a_commit_begins_nothing(tmp_path: Path, moment: Moment) -> None:
    async def scene(stage: Stage) -> None:
        host = stage.host("a")
        fenced: list[int] = []

        def fence(now: Moment, pieces: Sequence[Piece]) -> None:
            if now == moment and b"intent" in pieces[-1].data and not fenced:
                fenced.append(stage.topic.take("f"))

        stage.topic.on_write = fence
        async with stage.kept(host):
            await host.sharing.confirmed()
            host.journal.append("intent", 1, {"text": "fence"})
            if moment == "before commit":
                with pytest.raises(PortError, match="taken"):
                    await host.sharing.confirmed()
                assert b"intent" not in stage.shared()
            else:  # it was told in time, so it may begin for as long as others wait
                await host.sharing.confirmed()
                host.sharing.check()
                await stage.clock.sleep(HOLD_MS + 1)
                with pytest.raises(PortError):
                    host.sharing.check()

    play(tmp_path, scene)


def test_a_process_that_was_held_up_checks_by_the_clock_that_went_on(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        outside = [0]
        path = tmp_path / "a.jsonl"
        journal = Journal(path)
        sharing = Sharing(
            stage.log("a"), SPEC, stage.clock, session="s", path=path, journal=journal,
            marks=lambda: (stage.clock.now_ms(), outside[0]),
        )  # fmt: skip
        host = Host(sharing, journal, path)
        async with stage.kept(host):
            await sharing.confirmed()
            sharing.check()
            outside[0] += HOLD_MS + 1  # the host slept; its own clock did not notice
            with pytest.raises(PortError, match="has not confirmed"):
                sharing.check()

    play(tmp_path, scene)


def test_who_was_taken_over_names_the_host_the_time_and_the_reason(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        host = stage.host("a")
        append(host, 2)
        async with stage.kept(host):
            await host.sharing.confirmed()
            line = host.path.read_bytes()
            other = stage.host("b", journal=taken_from(tmp_path / "b.jsonl", stage.shared()))
            await other.sharing.claim()
            other.journal.append("took_over", 77, {"host": "b", "reason": "a burns"})
            async with stage.kept(other):
                await other.sharing.confirmed()
                append(host)  # on its own disk, and nowhere else
                await stage.clock.sleep(4_000)
            assert stage.shared().startswith(line)
            said = host.said[-1]
            assert (said.word, said.by, said.taken_at_ms) == ("taken over", "b", 77)
            assert said.reason == "a burns"
            # and it cannot come back by itself
            back = stage.host("c", journal=taken_from(tmp_path / "c.jsonl", host.path.read_bytes()))
            with pytest.raises(TakenError, match="taken over by b"):
                await back.sharing.claim()
            number = stage.topic.writer["f"]
            assert number == 2, "a refused engine has fenced the one that flies"

    play(tmp_path, scene)


def taken_from(path: Path, content: bytes) -> Journal:
    path.write_bytes(content)
    return Journal.reopened(path)[0]


def test_an_engine_that_comes_back_brings_what_the_log_lacks(tmp_path: Path) -> None:
    async def scene(stage: Stage) -> None:
        host = stage.host("a")
        append(host, 2)
        async with stage.kept(host):
            await host.sharing.confirmed()
        append(host, 2)
        host.journal.close()
        again = stage.host("a", journal=Journal.reopened(host.path)[0])
        await again.sharing.claim()
        async with stage.kept(again):
            await again.sharing.confirmed()
        assert stage.shared() == host.path.read_bytes()

    play(tmp_path, scene)


@pytest.mark.parametrize("at", [0, 1])
def test_another_journal_under_the_same_name_is_refused(tmp_path: Path, at: int) -> None:
    async def scene(stage: Stage) -> None:
        host, other = stage.host("a"), stage.host("b")
        append(host, at)
        append(other, at)
        append(host, 1, "one")
        append(other, 1, "two")
        async with stage.kept(host):
            await host.sharing.confirmed()
            with pytest.raises(TakenError, match="another journal"):
                await other.sharing.claim()

    play(tmp_path, scene)


@pytest.mark.parametrize("other", [False, True])
def test_an_engine_that_begins_without_its_log_claims_it_as_soon_as_it_answers(
    tmp_path: Path, other: bool
) -> None:
    async def scene(stage: Stage) -> None:
        host = stage.host("a")
        append(host, 2)
        async with stage.kept(host):
            await host.sharing.confirmed()
        host.journal.close()
        stage.topic.lost = True
        again = stage.host("a", journal=Journal.reopened(host.path)[0])
        with pytest.raises(PortError):
            await again.sharing.claim()
        async with stage.kept(again):
            await stage.clock.sleep(2 * HOLD_MS)
            assert again.word == "lost"
            with pytest.raises(PortError, match="has not confirmed"):
                again.sharing.check()
            again.sharing.go_alone(True)
            append(again)
            await again.sharing.confirmed()
            stage.topic.lost = False
            if other:
                taker = stage.host("b", journal=taken_from(tmp_path / "b.jsonl", stage.shared()))
                await taker.sharing.claim()
                taker.journal.append("took_over", 77, {"host": "b", "reason": "it was silent"})
                await taker.sharing._round()
            await stage.clock.sleep(6_000)
        if other:
            assert (again.word, again.said[-1].by) == ("taken over", "b")
        else:
            assert again.word == "shared"
            assert stage.shared() == again.path.read_bytes()

    play(tmp_path, scene)
