"""Every notice is taken at least once, in order, and nobody waits for the receiver."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from cockpit.core.snapshot import Snapshot
from cockpit.notify.notices import Flight
from cockpit.notify.outbox import MAX_WAITING, Outbox
from cockpit.notify.sender import News, Sender
from cockpit.notify.transport import NotSentError
from cockpit.secrecy import SECRETS
from cockpit.sim.loop import VirtualClock, run_virtual
from tests.tui import fixtures

FLIGHT = Flight("session", "first-move", "PROD")
HEAD_MS = 60_000


@dataclass
class Receiver:
    """Answers as a test tells it, and keeps what it was given."""

    clock: VirtualClock
    answer: Callable[[dict[str, Any]], NotSentError | None] = lambda _body: None
    taken: list[dict[str, Any]] = field(default_factory=list)
    tried: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    takes_ms: int = 20

    async def send(self, body: bytes) -> None:
        await self.clock.sleep(self.takes_ms)
        told = json.loads(body)
        self.tried.append((self.clock.now_ms(), told))
        if error := self.answer(told):
            raise error
        self.taken.append(told)


class Engine:
    """Tells what a test wants told."""

    def __init__(self) -> None:
        self._news: asyncio.Queue[News | None] = asyncio.Queue()

    async def news(self) -> News | None:
        return await self._news.get()

    def tell(self, *events: Mapping[str, Any], head: str = "") -> None:
        snapshot: Snapshot | None = replace(fixtures.snapshot(), head=head) if head else None
        self._news.put_nowait((list(events), snapshot))

    def over(self) -> None:
        self._news.put_nowait(None)


@dataclass
class Scene:
    """Everything around one sender."""

    engine: Engine
    receiver: Receiver
    outbox: Outbox
    troubles: list[str]
    clock: VirtualClock


def play(path: Path, script: Callable[[Scene], Any], answer: Any = lambda _body: None) -> Scene:
    """A sender at work while the script tells; then the flight is over."""

    async def act() -> Scene:
        clock = VirtualClock()
        troubles: list[str] = []
        receiver = Receiver(clock, answer)
        scene = Scene(Engine(), receiver, Outbox(path), troubles, clock)
        sender = Sender(
            FLIGHT, scene.outbox, receiver, clock,
            heads_every_ms=HEAD_MS, trouble=troubles.append,
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            group.create_task(sender.run(scene.engine), name="sender")
            await script(scene)
            scene.engine.over()
        return scene

    return run_virtual(act())


def alarm(number: int, text: str = "x") -> dict[str, Any]:
    return {
        "seq": number, "at_ms": number, "kind": "defect", "level": "bad", "text": text,
        "entry": f"{number}:{number:016x}",
    }  # fmt: skip


def told(scene: Scene, *kinds: str) -> list[str]:
    return [one["id"] for one in scene.receiver.taken if one["kind"] in kinds]


def test_all_are_taken_in_order_and_how_far_is_on_disk(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        scene.engine.tell(*(alarm(n) for n in range(1, 20)), {"kind": "gate", "text": "no"})
        await scene.clock.sleep(5_000)

    scene = play(tmp_path / "webhook.json", script)
    assert told(scene, "defect") == [f"session:{n}:{n:016x}" for n in range(1, 20)]
    assert Outbox(tmp_path / "webhook.json").done == 19
    assert (tmp_path / "webhook.json").stat().st_mode & 0o777 == 0o600
    assert scene.troubles == []


def test_a_receiver_that_is_down_gets_everything_later_and_is_told_of_once(
    tmp_path: Path,
) -> None:
    async def script(scene: Scene) -> None:
        for number in range(1, 51):
            scene.engine.tell(alarm(number))
            await scene.clock.sleep(10_000)
        down.clear()
        await scene.clock.sleep(120_000)

    down = [True]
    scene = play(
        tmp_path / "w", script, lambda _body: NotSentError("chat answers 503") if down else None
    )
    assert told(scene, "defect") == [f"session:{n}:{n:016x}" for n in range(1, 51)]
    assert scene.troubles == ["chat answers 503", ""]
    tries = [at for at, _ in scene.receiver.tried[:12]]
    pauses = [later - at for at, later in itertools.pairwise(tries)]
    assert pauses[:7] == [1_020, 2_020, 4_020, 8_020, 16_020, 32_020, 60_020]
    assert max(pauses) <= 60_020  # and no storm either: a minute apart at most often
    assert len(scene.receiver.tried) < 50 + 20 + 10


def test_one_failure_alone_is_not_told(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        scene.engine.tell(alarm(1))
        await scene.clock.sleep(10_000)

    left = [NotSentError("chat answers 502")]
    scene = play(tmp_path / "w", script, lambda _body: left.pop() if left else None)
    assert told(scene, "defect") == ["session:1:0000000000000001"]
    assert scene.troubles == []


def test_the_receivers_wish_to_be_left_alone_is_kept(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        scene.engine.tell(alarm(1))
        await scene.clock.sleep(60_000)

    left = [NotSentError("chat answers 429", pause_s=30)]
    scene = play(tmp_path / "w", script, lambda _body: left.pop() if left else None)
    (first, _), (second, _) = scene.receiver.tried
    assert second - first == 30_020


def test_a_notice_that_will_never_be_taken_holds_up_no_other(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        scene.engine.tell(alarm(1), alarm(2, "poison"), alarm(3))
        await scene.clock.sleep(60_000)

    scene = play(
        tmp_path / "w",
        script,
        lambda body: NotSentError("400", retry=False) if body["message"] == "poison" else None,
    )
    assert [one["message"] for one in scene.receiver.taken] == ["x", "x"]
    assert sum(body["message"] == "poison" for _, body in scene.receiver.tried) == 3
    assert scene.troubles == ["400", ""]


def test_what_is_not_taken_when_the_engine_dies_the_next_one_sends(tmp_path: Path) -> None:
    """The reply to the second was lost: it comes twice, with the same id."""
    path = tmp_path / "w"

    async def first(scene: Scene) -> None:
        scene.engine.tell(alarm(1), alarm(2), alarm(3))
        await scene.clock.sleep(1_000)
        raise asyncio.CancelledError

    lost: list[dict[str, Any]] = []

    def answer(body: dict[str, Any]) -> NotSentError | None:
        if body["id"].startswith("session:1:"):
            return None
        lost.append(body)
        return NotSentError("the line broke")

    with pytest.raises((asyncio.CancelledError, BaseExceptionGroup)):
        play(path, first, answer)
    assert Outbox(path).done == 1
    assert lost[0]["id"] == f"session:2:{2:016x}"

    async def second(scene: Scene) -> None:
        from cockpit.notify.outbox import left_over

        entries = [{**alarm(n), "hash": f"{n:016x}" + "0" * 48} for n in range(1, 4)]
        for one in left_over(FLIGHT, entries, scene.outbox.done):
            scene.outbox.add(one)
        await scene.clock.sleep(5_000)

    scene = play(path, second)
    assert told(scene, "defect") == [f"session:{n}:{n:016x}" for n in (2, 3)]


def heads(scene: Scene) -> list[str]:
    return [one["head"] for one in scene.receiver.taken if one["kind"] == "head"]


def test_heads_are_sent_once_a_minute_and_only_where_there_is_a_new_one(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        for second in range(600):
            scene.engine.tell(head=f"{1 + second // 100}:aa")
            await scene.clock.sleep(1_000)

    scene = play(tmp_path / "w", script)
    assert heads(scene) == [f"{n}:aa" for n in range(1, 7)]
    at = [at for at, one in scene.receiver.tried if one["kind"] == "head"]
    assert all(later - before >= HEAD_MS for before, later in itertools.pairwise(at))


def test_after_an_action_the_head_is_sent_at_once(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        await scene.clock.sleep(5_000)
        at.append(scene.clock.now_ms())
        scene.engine.tell({"kind": "action_finished", "text": "stop"}, head="7:bb")
        await scene.clock.sleep(3_000)

    at: list[int] = []
    scene = play(tmp_path / "w", script)
    ((when, one),) = scene.receiver.tried
    assert (one["kind"], one["head"]) == ("head", "7:bb")
    assert when - at[0] <= 1_100


def test_the_last_head_goes_out_with_the_end_of_the_flight(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        scene.engine.tell({**alarm(9), "kind": "flight_ended"}, head="9:cc")
        await scene.clock.sleep(10)

    scene = play(tmp_path / "w", script)
    assert told(scene, "flight_ended") == [f"session:9:{9:016x}"]
    assert heads(scene) == ["9:cc"]


def test_a_receiver_that_hangs_does_not_keep_an_ended_flight(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        scene.receiver.takes_ms = 10**9
        begun.append(scene.clock.now_ms())
        scene.engine.tell(alarm(1))
        await scene.clock.sleep(1_000)

    begun: list[int] = []
    scene = play(tmp_path / "w", script)
    assert scene.clock.now_ms() - begun[0] <= 12_000


def test_a_full_disk_is_told_once_a_minute(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        for number in range(180):
            broken = {"seq": 0, "at_ms": number, "kind": "journal_broken", "level": "bad"}
            scene.engine.tell({**broken, "text": "no space left"})
            await scene.clock.sleep(1_000)

    scene = play(tmp_path / "w", script)
    assert len(scene.receiver.taken) == 3
    assert len({one["id"] for one in scene.receiver.taken}) == 3


def test_too_many_are_bounded_and_counted(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        scene.engine.tell(*(alarm(n) for n in range(1, MAX_WAITING + 11)))
        await scene.clock.sleep(200_000)

    scene = play(tmp_path / "w", script)
    assert len(scene.receiver.taken) == MAX_WAITING
    assert scene.receiver.taken[0]["left_out"] == 10


CANARY: Sequence[str] = ("hunter2-canary", "session", "defect", "first-move", "failed")


@pytest.mark.parametrize("secret", CANARY)
def test_no_known_secret_is_in_what_goes_out(tmp_path: Path, secret: str) -> None:
    """Nor does a secret that is a word of ours break anything."""

    async def script(scene: Scene) -> None:
        SECRETS.add(secret)
        scene.engine.tell({**alarm(1, f"login {secret} failed"), "wave": secret, "by": secret})
        await scene.clock.sleep(5_000)

    scene = play(tmp_path / "w", script)
    (one,) = scene.receiver.taken
    assert secret.lower() not in json.dumps(list(one.values())).lower()
    assert "***" in one["text"]


def test_a_trouble_never_names_a_secret(tmp_path: Path) -> None:
    async def script(scene: Scene) -> None:
        SECRETS.add("hunter2-canary")
        scene.engine.tell(alarm(1))
        await scene.clock.sleep(60_000)

    scene = play(tmp_path / "w", script, lambda _body: NotSentError("hunter2-canary refused"))
    assert scene.troubles == ["*** refused"]


@pytest.mark.parametrize("content", ["", "[", "[]", '{"taken": -1}', '{"taken": true}', "{}"])
def test_a_place_that_cannot_be_read_means_sending_again(tmp_path: Path, content: str) -> None:
    path = tmp_path / "w"
    path.write_text(content)
    assert Outbox(path).done == 0
