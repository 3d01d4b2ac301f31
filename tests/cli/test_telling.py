"""A flight and its webhook: what is told, that it is told after a crash too, and that a webhook
which is down changes nothing in the flight."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from cockpit.cli.pilot import Orders, Pilot, Result
from cockpit.cli.telling import Receiver, receiver, telling
from cockpit.cli.wiring import engine_ports
from cockpit.core.flight import begin
from cockpit.core.notify import MetricsPlace, Notify, Webhook
from cockpit.core.plan import Plan, SecretRef
from cockpit.core.snapshot import Snapshot
from cockpit.engine.chain import examine, read_head
from cockpit.engine.clock import SystemClock
from cockpit.engine.fanout import News
from cockpit.engine.folders import SessionFolder
from cockpit.engine.journal import Journal, read_journal
from cockpit.engine.loop import Engine, LocalSession
from cockpit.notify.notices import is_worth
from cockpit.notify.transport import NotSentError, Post
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.factory import connect_sim
from cockpit.sim.loop import VirtualClock, run_virtual
from tests.kafka.certificates import Authority
from tests.kafka.http_server import Answer, Asked, http_server

SPEC = Webhook(SecretRef("env", "WEBHOOK_URL"), ("chat.example",))
ORDERS = Orders(user="test", confirm_steps=True)


@dataclass
class Carrier:
    """Takes everything, or what a test lets it take."""

    answer: Callable[[dict[str, Any]], NotSentError | None] = lambda _body: None
    taken: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, body: bytes) -> None:
        told = json.loads(body)
        if error := self.answer(told):
            raise error
        self.taken.append(told)

    async def close(self) -> None:
        """Nothing is open."""

    def as_receiver(self) -> Receiver:
        return Receiver(SPEC, cast("Post", self))


class Watching(LocalSession):
    """Keeps what it was shown."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.seen: list[Snapshot] = []

    async def news(self) -> News | None:
        news = await super().news()
        if news is not None and news[1] is not None:
            self.seen.append(news[1])
        return news


def plan() -> Plan:
    return replace(demo_plan(), notify=Notify(webhook=SPEC))


def flown(path: Path, to: Receiver, *, stop_after_ms: int = 0) -> tuple[Result, list[Snapshot]]:
    """A whole demonstration flight that tells; or, as an engine's death leaves it, a part."""

    async def fly() -> tuple[Result, list[Snapshot]]:
        clock = VirtualClock()
        world = connect_sim(plan(), clock, replace(demo_world(1), faults=()))
        state = begin(plan(), session="s", simulated=True, at_ms=clock.now_ms())
        journal = Journal(SessionFolder(path).journal)
        engine = Engine(state, engine_ports(world, clock), journal)
        session = Watching(engine)
        pilot = Pilot(session, ORDERS, lambda _event: None)

        async def life() -> None:
            async with telling(engine, SessionFolder(path), to, clock):
                await engine.run()

        result = Result("stuck", 7, (), left_running=True, why="")
        async with asyncio.TaskGroup() as group:
            task = group.create_task(life(), name="engine")
            if stop_after_ms:
                hand = group.create_task(pilot.fly(), name="pilot")
                await clock.sleep(stop_after_ms)
                hand.cancel()
                task.cancel()
            else:
                result = await pilot.fly()
                await clock.sleep(15_000)
        journal.close()
        return result, session.seen

    return run_virtual(fly())


def due(path: Path) -> list[str]:
    """The ids that a journal's entries should have led to, in order."""
    entries = [e for e in read_journal(SessionFolder(path).journal) if is_worth(e)]
    return [f"{path.name}:{e['seq']}:{e['hash'][:16]}" for e in entries]


def ids(carrier: Carrier) -> list[str]:
    return [one["id"] for one in carrier.taken if one["kind"] != "head"]


def test_a_whole_flight_is_told_in_order_with_heads_that_prove_it(tmp_path: Path) -> None:
    carrier = Carrier()
    result, _ = flown(tmp_path, carrier.as_receiver())
    assert result.outcome == "completed"
    assert ids(carrier) == due(tmp_path)
    kinds = {one["kind"] for one in carrier.taken}
    assert {"flight_started", "wave_started", "step_started", "wave_done", "head"} <= kinds
    assert {"clients_blocked", "flight_ended"} <= kinds
    heads = list(dict.fromkeys(one["head"] for one in carrier.taken if one["head"]))
    with SessionFolder(tmp_path).journal.open("rb") as lines:
        found = examine(lines, map(read_head, heads))
    assert (found.breaks, found.kept) == ((), len(heads))
    assert heads[-1] == str(found.head)
    assert all(one["simulated"] for one in carrier.taken)
    # a chat is not flooded: some three dozen lines, and heads
    assert len(ids(carrier)) < 60


def test_a_webhook_that_is_down_changes_nothing_in_the_flight_and_is_one_alarm(
    tmp_path: Path,
) -> None:
    (tmp_path / "up").mkdir()
    (tmp_path / "down").mkdir()
    up, _ = flown(tmp_path / "up", Carrier().as_receiver())
    dead = Carrier(lambda _body: NotSentError("chat.example: no connection"))
    down, seen = flown(tmp_path / "down", dead.as_receiver())
    assert (down.outcome, down.exit_code) == (up.outcome, up.exit_code)
    found = [alarm for alarm in seen[-1].alarms if alarm.subject == "webhook"]
    assert [alarm.level for alarm in found] == ["warn"]
    assert "no connection" in found[0].text
    entries = [e["kind"] for e in read_journal(SessionFolder(tmp_path / "down").journal)]
    assert entries.count("webhook_failing") == 1


def test_what_no_engine_got_rid_of_the_next_one_sends_from_the_journal(tmp_path: Path) -> None:
    dead = Carrier(lambda _body: NotSentError("down"))
    flown(tmp_path, dead.as_receiver())
    assert dead.taken == []
    wanted = due(tmp_path)
    assert len(wanted) > 10
    carrier = Carrier()

    async def later() -> None:
        clock = VirtualClock()
        world = connect_sim(plan(), clock, demo_world(1))
        state = begin(plan(), session="s", simulated=True, at_ms=clock.now_ms())
        engine = Engine(replace(state, outcome="stopped"), engine_ports(world, clock), None)
        folder = SessionFolder(tmp_path)
        async with telling(engine, folder, carrier.as_receiver(), clock):
            engine.fanout.close()

    run_virtual(later())
    assert ids(carrier) == wanted


@pytest.mark.parametrize("stop_after_ms", [3_000, 30_000, 60_000, 95_000])
def test_an_engine_that_dies_at_any_time_loses_no_notice(
    tmp_path: Path, stop_after_ms: int
) -> None:
    """The receiver has answered to some of them only: what it has, and what is sent later, is
    everything; what came twice has the same id."""
    answers = iter(range(10**9))
    first = Carrier(lambda _body: NotSentError("lost") if next(answers) % 3 else None)
    flown(tmp_path, first.as_receiver(), stop_after_ms=stop_after_ms)
    wanted = due(tmp_path)
    second = Carrier()

    async def later() -> None:
        clock = VirtualClock()
        world = connect_sim(plan(), clock, demo_world(1))
        state = begin(plan(), session="s", simulated=True, at_ms=clock.now_ms())
        engine = Engine(replace(state, outcome="stopped"), engine_ports(world, clock), None)
        folder = SessionFolder(tmp_path)
        async with telling(engine, folder, second.as_receiver(), clock):
            engine.fanout.close()

    run_virtual(later())
    assert list(dict.fromkeys([*ids(first), *ids(second)])) == wanted


def test_a_defect_in_the_telling_is_an_alarm_and_the_flight_goes_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(_body: dict[str, Any]) -> NotSentError | None:
        raise AssertionError("nobody thought of this")

    result, seen = flown(tmp_path, Carrier(broken).as_receiver())
    assert result.outcome == "completed"
    (alarm,) = [one for one in seen[-1].alarms if one.subject == "webhook"]
    assert "a defect of the cockpit's own: AssertionError" in alarm.text
    assert "nobody thought of this" in capsys.readouterr().err


def counted(path: Path, place: MetricsPlace) -> list[Any]:
    """What is told of metrics at such a place, in the first seconds of a flight."""

    async def fly() -> list[Any]:
        clock = VirtualClock()
        flight = replace(demo_plan(), notify=Notify(metrics=place))
        world = connect_sim(flight, clock, demo_world(1))
        state = begin(flight, session="s", simulated=True, at_ms=clock.now_ms())
        engine = Engine(state, engine_ports(world, clock), None)
        session = LocalSession(engine)
        told: list[Any] = []
        counting = telling(engine, SessionFolder(path), None, clock)
        async with counting, asyncio.TaskGroup() as group:
            task = group.create_task(engine.run(), name="engine")
            await clock.sleep(3_000)
            news = await session.news()
            assert news is not None
            assert news[1] is not None
            told = [*news[0], *news[1].alarms]
            task.cancel()
        return told

    return run_virtual(fly())


def test_metrics_that_cannot_be_handed_out_are_an_alarm_and_end_nothing(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    told = counted(tmp_path, MetricsPlace(socket=str(tmp_path / "taken")))
    kinds = [one["kind"] for one in told if isinstance(one, dict)]
    assert "metrics_failing" in kinds
    (alarm,) = [one for one in told if getattr(one, "subject", "") == "metrics"]
    assert "something else is there already" in alarm.text


async def test_metrics_of_a_real_engine_are_read_over_its_socket(tmp_path: Path) -> None:
    path = tmp_path / "m.sock"
    clock = SystemClock()
    flight = replace(demo_plan(), notify=Notify(metrics=MetricsPlace(socket=str(path))))
    world = connect_sim(flight, clock, demo_world(1))
    state = begin(flight, session="s", simulated=True, at_ms=clock.now_ms())
    engine = Engine(state, engine_ports(world, clock), None)
    session = LocalSession(engine)
    counting = telling(engine, SessionFolder(tmp_path), None, clock)
    async with counting, asyncio.TaskGroup() as group:
        task = group.create_task(engine.run(), name="engine")
        for _ in range(3):
            await session.news()
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n")
        reply = (await reader.read()).decode()
        writer.close()
        task.cancel()
    assert f'plan="{flight.name}"' in reply
    assert "cockpit_heartbeat_timestamp_seconds" in reply
    assert not path.exists()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://chat.example/T0/secret-path-0123", "it is not https"),
        ("https://evil.example/T0/secret-path-0123", "evil.example is not one of its hosts"),
        ("", "is empty"),
    ],
)
def test_an_address_that_does_not_fit_the_plan_is_said_without_its_secret(
    monkeypatch: pytest.MonkeyPatch, url: str, why: str
) -> None:
    monkeypatch.setenv("WEBHOOK_URL", url)
    found = receiver(plan())
    assert found is not None
    assert found.post is None
    assert why in found.why_not
    assert "secret-path" not in found.why_not


async def test_a_real_receiver_gets_a_real_engines_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(tmp_path)
    pem = authority.issue("receiver")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem.cert_file, pem.key_file)
    came = asyncio.Event()

    def respond(_asked: Asked) -> Answer:
        came.set()
        return Answer(200, b"ok")

    async with http_server(respond, tls=context) as server:
        monkeypatch.setenv("WEBHOOK_URL", f"{server.url}/T0/secret-path-0123")
        hook = replace(
            SPEC, hosts=("localhost",), addresses=("127.0.0.1",), ca_file=authority.ca_file
        )
        clock = SystemClock()
        flight = replace(demo_plan(), notify=Notify(webhook=hook))
        to = receiver(flight)
        assert to is not None
        world = connect_sim(flight, clock, demo_world(1))
        state = begin(flight, session="s", simulated=True, at_ms=clock.now_ms())
        folder = SessionFolder(tmp_path)
        engine = Engine(state, engine_ports(world, clock), Journal(folder.journal))
        async with telling(engine, folder, to, clock), asyncio.TaskGroup() as group:
            task = group.create_task(engine.run(), name="engine")
            await came.wait()
            task.cancel()
    sent = server.asked[0].json()
    assert (sent["kind"], sent["plan"]) == ("flight_started", flight.name)
    assert sent["id"].startswith(f"{tmp_path.name}:1:")
    assert "secret-path" not in json.dumps(sent)
