"""A fence on a source of two brokers: proved on both, and never while one of them is away."""

from __future__ import annotations

import asyncio
import http.server
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

import cockpit.lab
from cockpit.cli import exits
from cockpit.engine.journal import read_journal
from cockpit.kafka.configs import bindings_by_broker
from cockpit.lab.jars import fetch
from cockpit.lab.looking import Status
from tests.flights.house import HOUSE, house_authorizer
from tests.flights.real import Event, Flight, fly, quick, write_plan
from tests.flights.standing import assert_stands_as, settled
from tests.flights.test_lab import runs_on, until
from tests.flights.test_refusals import assert_untouched, at_work, refused
from tests.kafka.real import client_as

pytestmark = [pytest.mark.broker, pytest.mark.timeout(400)]

WRITERS = ("gateway", "sensors")
AWAY_S = 4
"""Longer than ZooKeeper waits for a broker: its partitions have found other leaders, or none."""


@pytest.fixture(scope="module")
def two_brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Status]:
    """A lab whose source has two brokers, its workload on the source."""
    folder = tmp_path_factory.mktemp("two") / "lab"
    lab = cockpit.lab.up(folder, lambda _line: None, brokers=2)
    try:
        yield lab
    finally:
        cockpit.lab.down(folder)


@contextmanager
def after_both_stops(lab: Status, then: Callable[[], None]) -> Iterator[str]:
    """Where the writers are stopped through: once both have, `then` happens, and only then are the
    calls answered. Yields the base URL; its path is a service's name."""
    services = lab.as_json()["services"]
    both = threading.Barrier(len(WRITERS), action=then, timeout=60)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            name = self.path.strip("/")
            reply = httpx.post(f"{services[name]}/stop", timeout=30, trust_env=False)
            both.wait()
            self.send_response(reply.status_code)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base's name
            """Quiet."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="stops", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def edge_plan(lab: Status, stops: str, deadline_s: int) -> Path:
    """The lab's plan with a short fence, whose writers are stopped through `stops`, and that no
    trigger takes back before the deadline does."""
    content: Any = quick(lab.folder / "plan.yaml")
    for service in content["services"]:
        if service["name"] in WRITERS:
            service["stop"]["http"]["url"] = f"{stops}/{service['name']}"
    edge = next(wave for wave in content["waves"] if wave["name"] == "edge")
    edge["steps"] = [
        {"fence": {"deadline": f"{deadline_s}s", "at_zero": "unfence"}} if "fence" in step else step
        for step in edge["steps"]
    ]
    del edge["rollback"]
    return write_plan(content, lab.folder / "edge.yaml")


def fly_edge(
    lab: Status,
    state: Path,
    then: Callable[[], None],
    *,
    deadline_s: int,
    on_event: Callable[[Event], None] = lambda _event: None,
) -> Flight:
    """The wave of the writers alone; the rest of the workload stays where it is."""
    state.mkdir()
    with after_both_stops(lab, then) as stops:
        plan = edge_plan(lab, stops, deadline_s)
        return fly(plan, state, on_event, "--from", "edge", "--on-ask", "pause")


def end(state: Path) -> None:
    """End the flight that a pilot has left running."""
    words = {**os.environ, "XDG_STATE_HOME": str(state), "XDG_RUNTIME_DIR": str(state)}
    command = [sys.executable, "-m", "cockpit", "act", "end"]
    subprocess.run(command, env=words, capture_output=True, check=True)


def journal_of(state: Path) -> list[Event]:
    """What is in the journal of the only session so far."""
    found = list((state / "cockpit" / "sessions").glob("*/journal.jsonl"))
    return [dict(entry) for entry in read_journal(found[0])] if found else []


def of_kind(entries: Iterable[Event], kind: str) -> list[Event]:
    return [entry for entry in entries if entry["kind"] == kind]


def ends_of(entries: Iterable[Event], step: str) -> list[Event]:
    """How the actions of a step ended; `undo-fence` is the fence's removal."""
    found = of_kind(entries, "action_finished")
    return [event for event in found if f".{step}." in event["action_id"]]


def pid_of(lab: Status) -> int:
    """Of the second broker, as it is now."""
    return int(cockpit.lab.status(lab.folder).as_json()["pids"]["source-2"])


def whole(lab: Status) -> bool:
    return cockpit.lab.status(lab.folder).state == "up"


async def is_fenced(lab: Status) -> bool:
    """Whether any broker knows a DENY."""
    async with client_as(lab, "source", "cockpit") as client:
        known = await bindings_by_broker(client)
    return any(b.permission == "deny" for bindings in known.values() for b in bindings)


def assert_released_unproved(lab: Status, flight: Flight, state: Path) -> None:
    """The fence was never called proved, the broker was named, and at the deadline clients were
    let go."""
    assert flight.exit_code in (exits.FAILED, exits.UNKNOWN), flight.story()
    assert flight.result["left_running"]
    (fence,) = ends_of(flight.events, "fence")
    assert fence["outcome"] in ("failed", "unknown"), flight.story()
    assert "broker 2" in fence["text"], flight.story()
    until(lambda: bool(of_kind(journal_of(state), "wave_rolled_back")))
    journal = journal_of(state)
    (wanted,) = of_kind(journal, "rollback_wanted")
    assert "fence deadline" in wanted["text"]
    assert "fence" not in [entry.get("step") for entry in of_kind(journal, "step_done")]
    assert ends_of(journal, "undo-fence")[-1]["outcome"] in ("done", "already")
    assert {name: runs_on(lab, name) for name in WRITERS} == dict.fromkeys(WRITERS, "source")
    end(state)


@pytest.mark.soak
def test_an_authorizer_of_ones_own_on_one_of_the_brokers_refuses_a_fence_by_acl(
    two_brokers: Status, tmp_path: Path
) -> None:
    """Nobody knows what it makes of a DENY, though the other broker has Kafka's."""
    lab = two_brokers
    jars = asyncio.run(fetch(lambda _line: None))
    with house_authorizer(lab, "source-2", tmp_path, jars):
        before, places = settled(lab), asyncio.run(at_work(lab))
        said = refused(lab.folder / "plan.yaml", tmp_path)
        asyncio.run(assert_untouched(lab, places))
        assert_stands_as(before, lab)
    assert f"broker 2 has authorizer {HOUSE}, of which it is not known" in said
    assert "fence with {by: stop}, or stop its writers at a gateway" in said
    assert "broker 1 has authorizer" not in said


def test_a_broker_that_is_stopped_keeps_the_fence_unproved_until_it_is_back(
    two_brokers: Status, tmp_path: Path
) -> None:
    """First it stays away past the deadline, then it comes back in time."""
    lab = two_brokers
    pid = pid_of(lab)
    state = tmp_path / "away"
    flight = fly_edge(lab, state, lambda: os.kill(pid, signal.SIGSTOP), deadline_s=12)
    try:
        assert_released_unproved(lab, flight, state)
    finally:
        os.kill(pid, signal.SIGCONT)
    until(lambda: whole(lab))

    back = threading.Timer(AWAY_S, os.kill, (pid, signal.SIGCONT))

    def go_away() -> None:
        os.kill(pid, signal.SIGSTOP)
        back.start()

    flight = fly_edge(lab, tmp_path / "back", go_away, deadline_s=60)
    back.join()
    (fence,) = ends_of(flight.events, "fence")
    assert fence["outcome"] == "done", flight.story()
    assert "every broker (1, 2) refuses writes" in fence["text"]
    (stopped,) = [e for e in of_kind(flight.events, "step_done") if e["step"] == "stop"]
    assert fence["at_ms"] - stopped["at_ms"] > AWAY_S * 1_000 - 500
    assert flight.exit_code == exits.COMPLETED, flight.story()


@pytest.mark.soak
def test_a_broker_that_dies_while_the_fence_is_set_keeps_it_unproved(
    two_brokers: Status, tmp_path: Path
) -> None:
    lab, state = two_brokers, tmp_path / "dies"
    pid = pid_of(lab)

    def kill_when_fenced() -> None:
        until(lambda: asyncio.run(is_fenced(lab)), every_s=0.01)
        os.kill(pid, signal.SIGKILL)

    killer = threading.Thread(target=kill_when_fenced, name="killer")
    flight = fly_edge(lab, state, killer.start, deadline_s=12)
    killer.join()
    try:
        assert_released_unproved(lab, flight, state)
    finally:
        cockpit.lab.restart(lab.folder, "source-2")
    until(lambda: whole(lab))
    assert ends_of(journal_of(state), "undo-fence")[-1]["outcome"] == "done"
