"""`cockpit takeover`: what it refuses before anything is fenced, and what it makes of a topic."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from cockpit.cli import exits, takeover
from cockpit.cli.main import build_parser
from cockpit.cli.sharing import identity
from cockpit.engine.clock import SystemClock
from cockpit.engine.folders import SessionFolder, flight_lock
from cockpit.engine.journal import Journal, read_journal
from cockpit.plan import load_plan_file
from cockpit.ports import Piece
from cockpit.sim.sharedlog import SimLog, SimTopic

NAME = "20261122-010203-first-move"
PLAN = (Path(__file__).parents[2] / "sample-plans" / "minimal.yaml").read_text()
SHARED = PLAN.replace("waves:\n", "coordination: {topic: journal}\nwaves:\n")
STARTED = ("flight_started", {"plan": "first-move"})
ENDED = ("flight_ended", {"outcome": "completed"})


@dataclass
class Scene:
    """A topic with a session of another host, and this host."""

    folder: Path
    topic: SimTopic
    started: list[SessionFolder] = field(default_factory=list)

    @property
    def plan(self) -> Path:
        return self.folder / "plan.yaml"

    @property
    def sessions(self) -> Path:
        return self.folder / "cockpit" / "sessions"

    @property
    def flight(self) -> str:
        return identity(load_plan_file(self.plan))

    def log(self, *_: object, **__: object) -> SimLog:
        head = {"host": "new", "plan_text": SHARED, "flight": self.flight}
        return SimLog(self.topic, flight=self.flight, session=NAME, head=head)

    async def shared(self, *entries: tuple[str, dict[str, str]], plan_text: str = SHARED) -> bytes:
        """What the host before has brought to the topic."""
        path = self.folder / "before.jsonl"
        journal = Journal(path)
        for number, (kind, data) in enumerate(entries):
            journal.append(kind, 1_700_000_000_000 + number, data)
        journal.close()
        head = {"host": "old", "plan_text": plan_text, "started": "then", "first": "writers"}
        log = SimLog(self.topic, flight=self.flight, session=NAME, head=head)
        await log.open()
        await log.write((Piece(0, path.read_bytes()),))
        return path.read_bytes()

    def run(self, *words: str) -> int:
        arguments = ["takeover", "--plan", str(self.plan), "--headless", *words]
        options = build_parser("takeover").parse_args(arguments)
        return takeover.run(options)

    def agreed(self, *words: str) -> int:
        return self.run(NAME, "--reason", "it burns", "--confirm", NAME, *words)


@pytest.fixture
def scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))
    found = Scene(tmp_path, SimTopic(SystemClock()))
    found.plan.write_text(SHARED)

    monkeypatch.setattr(takeover, "log_of", found.log)
    monkeypatch.setattr(takeover, "wait_ms", lambda _: 700)
    monkeypatch.setattr(takeover, "relaunch", found.started.append)
    monkeypatch.setattr(takeover, "look_on", lambda _launched, _options: exits.COMPLETED)
    return found


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().err


def assert_untouched(scene: Scene) -> None:
    """Nobody was fenced, nothing was made."""
    assert scene.topic.writer.get(scene.flight, 0) <= 1
    assert scene.started == []
    assert not scene.sessions.exists() or not list(scene.sessions.iterdir())


def test_a_plan_without_coordination_has_nothing_to_take_over(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    scene.plan.write_text(PLAN)
    assert scene.agreed() == exits.USAGE
    assert "live on the host of their engine alone" in said(capsys)


def test_a_topic_that_has_nothing_is_refused(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    assert scene.agreed() == exits.REFUSED
    assert "topic journal on the target has no session of this plan" in said(capsys)
    assert_untouched(scene)


async def prepared(scene: Scene, *entries: tuple[str, dict[str, str]], text: str = SHARED) -> bytes:
    return await scene.shared(*entries, plan_text=text)


Break = Callable[[bytes], bytes]


@pytest.mark.parametrize(
    ("breaks", "code", "why"),
    [
        (lambda j: j.replace(b"first-move", b"first-m0ve"), exits.FAILED, "it was changed"),
        (lambda j: j[: j.index(b"\n") + 1] * 2, exits.FAILED, "hash chain is broken"),
    ],
)
async def test_a_journal_that_was_changed_is_left_alone(
    scene: Scene, capsys: pytest.CaptureFixture[str], breaks: Break, code: int, why: str
) -> None:
    journal = await prepared(scene, STARTED, ("note", {}))
    session = scene.topic.sessions[NAME]
    scene.topic.sessions[NAME] = replace(session, journal=breaks(journal))
    assert await in_thread(scene.agreed) == code
    assert why in said(capsys)
    assert_untouched(scene)


async def in_thread(call: Callable[[], int]) -> int:
    return await asyncio.to_thread(call)


async def test_a_part_that_is_missing_is_no_journal(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    await prepared(scene, STARTED)
    log = scene.log()
    await log.open()
    await log.write((Piece(100_000, b"x"),))
    scene.topic.writer[scene.flight] = 1
    assert await in_thread(scene.agreed) == exits.FAILED
    assert "a part is missing" in said(capsys)
    assert_untouched(scene)


async def test_an_ended_flight_and_another_plan_are_refused(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    await prepared(scene, STARTED, ENDED)
    assert await in_thread(scene.agreed) == exits.REFUSED
    assert "has ended" in said(capsys)
    (scene.folder / "before.jsonl").unlink()
    scene.topic.sessions.clear()
    scene.topic.writer.clear()
    await prepared(scene, STARTED, text=SHARED + "# reviewed\n")
    assert await in_thread(scene.agreed) == exits.REFUSED
    assert "is not the plan that session" in said(capsys)
    assert_untouched(scene)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((NAME, "--confirm", NAME), "say why"),
        ((NAME, "--reason", "  ", "--confirm", NAME), "say why"),
        ((NAME, "--reason", "it burns"), f"--confirm {NAME}"),
        ((NAME, "--reason", "it burns", "--confirm", NAME[:-1]), f"--confirm {NAME}"),
        (("2025", "--reason", "it burns", "--confirm", NAME), "has no session 2025"),
    ],
)
async def test_without_a_reason_and_the_whole_name_nothing_is_fenced(
    scene: Scene, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], why: str
) -> None:
    await prepared(scene, STARTED)
    assert await in_thread(lambda: scene.run(*words)) == exits.REFUSED
    assert why in said(capsys)
    assert_untouched(scene)


async def test_it_becomes_the_session_as_the_topic_has_it(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    before = await prepared(scene, STARTED, ("note", {"text": "half-way"}))
    assert await in_thread(lambda: scene.agreed("--json")) == exits.COMPLETED
    (folder,) = scene.started
    assert folder.id == NAME
    entries = list(read_journal(folder.journal))
    assert folder.journal.read_bytes().startswith(before)
    taken = entries[-1]
    assert taken["kind"] == "took_over"
    assert (taken["reason"], taken["from_host"]) == ("it burns", "old")
    assert taken["safe_at_ms"] == taken["at_ms"] + 700
    assert SystemClock().now_ms() >= taken["safe_at_ms"]
    assert scene.topic.sessions[NAME].journal == folder.journal.read_bytes()
    assert scene.topic.writer[scene.flight] == 2
    assert folder.plan.read_text() == SHARED
    assert folder.read_meta()["plan_path"] == str(scene.plan)
    assert folder.read_meta()["first"] == "writers"
    for path in (folder.journal, folder.plan, folder.meta):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    out = capsys.readouterr()
    waits = [json.loads(line) for line in out.out.splitlines()]
    assert {line["kind"] for line in waits} == {"takeover_waits"}
    assert "last heard of at 2023-11-14" in out.err
    assert "once it is confirmed its engine is refused" in out.err


async def test_what_is_committed_until_the_engine_is_refused_is_not_missed(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = await prepared(scene, STARTED)
    path = scene.folder / "before.jsonl"
    take = SimTopic.take

    def late(self: SimTopic, flight: str) -> int:
        journal, _ = Journal.reopened(path)
        journal.append("note", 1_700_000_000_009, {"text": "at the last moment"})
        journal.close()
        self.sessions[NAME] = replace(self.sessions[NAME], journal=path.read_bytes())
        return take(self, flight)

    monkeypatch.setattr(SimTopic, "take", late)
    assert await in_thread(scene.agreed) == exits.COMPLETED
    kinds = [entry["kind"] for entry in read_journal(scene.started[0].journal)]
    assert kinds == ["flight_started", "note", "took_over"]
    assert scene.started[0].journal.read_bytes().startswith(before)


async def under_way(scene: Scene) -> None:
    """Until a takeover has fenced the engine before and waits."""
    for _ in range(1_000):
        if scene.topic.writer.get(scene.flight, 0) >= 2:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody was fenced")


@pytest.mark.parametrize("elsewhere", [False, True], ids=["", "with another runtime folder"])
async def test_of_two_takeovers_at_once_on_one_host_one_goes_on_and_the_other_is_told_who(
    scene: Scene,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    elsewhere: bool,
) -> None:
    await prepared(scene, STARTED)
    async with asyncio.timeout(20), asyncio.TaskGroup() as group:
        first = group.create_task(in_thread(scene.agreed))
        await under_way(scene)
        if elsewhere:
            monkeypatch.setenv("XDG_RUNTIME_DIR", str(scene.folder / "other"))
        assert await in_thread(scene.agreed) == exits.REFUSED
        assert not first.done()
    assert first.result() == exits.COMPLETED
    assert len(scene.started) == 1
    assert scene.topic.writer[scene.flight] == 2, "the second has fenced the first"
    told = said(capsys)
    assert f"session {NAME} is being taken over on this host already, by process" in told
    assert str(os.getpid()) in told
    # nothing is held any more once it is over
    scene.started.clear()
    assert await in_thread(scene.agreed) == exits.COMPLETED


async def test_nothing_is_taken_over_beside_an_engine_of_the_same_plan_on_this_host(
    scene: Scene, capsys: pytest.CaptureFixture[str]
) -> None:
    await prepared(scene, STARTED)
    plan = load_plan_file(scene.plan)
    sides = (plan.source.bootstrap, plan.target.bootstrap)
    lock = flight_lock(os.environ, plan.name, sides, session="20261122-020304-other")
    try:
        assert await in_thread(scene.agreed) == exits.REFUSED
    finally:
        os.close(lock)
    assert "flown already by session 20261122-020304-other on this host" in said(capsys)
    assert scene.topic.writer[scene.flight] == 1
    assert not list(scene.sessions.iterdir())


async def test_a_journal_that_is_here_already_goes_aside(scene: Scene) -> None:
    await prepared(scene, STARTED)
    folder = SessionFolder(scene.sessions / NAME)
    folder.path.mkdir(parents=True, mode=0o700)
    folder.journal.write_text("what was never committed\n")
    assert await in_thread(scene.agreed) == exits.COMPLETED
    aside = folder.path / "journal.jsonl.before-1"
    assert aside.read_text() == "what was never committed\n"
    assert [e["kind"] for e in read_journal(folder.journal)] == ["flight_started", "took_over"]
