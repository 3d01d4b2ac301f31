"""Flights on real brokers, judged by a checker that shares no code with the cockpit."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

import cockpit.lab
from cockpit.cli import exits
from cockpit.engine.journal import read_journal
from cockpit.lab.checker import check
from cockpit.lab.looking import Status
from tests.flights.blocked import assert_told_truly, blocked_rows
from tests.flights.real import Drill, Event, Flight, drill_signal, drilled_plan, fly
from tests.flights.witness import assert_recorded, witness

READERS = ("audit", "billing", "search")

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]


def until(condition: Callable[[], bool], within_s: float = 60.0, *, every_s: float = 0.25) -> None:
    """Poll, with a deadline."""
    end = time.monotonic() + within_s  # a test's own deadline
    while not condition():
        assert time.monotonic() < end, "not within the deadline"  # as above
        time.sleep(every_s)


def lost(lab: Status, until_ms: int | None = None) -> int:
    return check(lab.folder, until_ms=until_ms).lost


def assert_nothing_lost(lab: Status) -> None:
    """Everything acknowledged up to now is processed by everybody who reads it."""
    now_ms = time.time_ns() // 1_000_000
    until(lambda: lost(lab, now_ms) == 0)


def runs_on(lab: Status, service: str) -> str:
    url = lab.as_json()["services"][service]
    answer = httpx.get(f"{url}/status", trust_env=False).json()
    return str(answer["cluster"]) if answer["running"] else "stopped"


def flight_of_readers(lab: Status, plan: Path, state: Path, drill: Drill) -> Flight:
    """The readers move, soak, and are taken back by a trigger while they soak on."""

    def trip(event: Event) -> None:
        if event["kind"] == "step_done" and event["step"] == "soak":
            drill.value = 0.5

    flight = fly(plan, state, trip)
    drill.value = 0.0
    assert flight.exit_code == exits.ROLLED_BACK, flight.story()
    assert {name: runs_on(lab, name) for name in READERS} == dict.fromkeys(READERS, "source")
    placed = [event for event in flight.events if event["kind"] == "offsets_placed"]
    assert {event["side"] for event in placed} == {"source", "target"}
    assert_exact(lab, flight)
    return flight


def assert_exact(lab: Status, flight: Flight) -> None:
    """Nothing predicted to be read twice, nothing read twice, lost or out of order."""
    assert flight.result["predicted_duplicates_max"] == 0
    assert_nothing_lost(lab)
    verdict = check(lab.folder)
    assert (verdict.duplicated, verdict.reordered) == (0, 0)


def flight_of_a_writer(lab: Status, plan: Path, state: Path, drill: Drill) -> Flight:
    """Wave 1 goes through; wave 2 is taken back by a trigger between fence and start."""

    def trip(event: Event) -> None:
        if event["kind"] == "step_done" and event["step"] == "fence":
            drill.value = 0.5

    flight = fly(plan, state, trip)
    drill.value = 0.0
    assert flight.exit_code == exits.ROLLED_BACK, flight.story()
    assert flight.result["outcome"] == "rolled_back"
    kinds = flight.kinds()
    assert "trigger" in kinds
    assert "point_of_no_return" not in kinds
    assert {name: runs_on(lab, name) for name in ("audit", "billing", "search", "pricing")} == {
        "audit": "target",
        "billing": "target",
        "search": "target",
        "pricing": "source",
    }
    assert_exact(lab, flight)
    return flight


class BreakSource:
    """Kills the source broker (-9) once a wave is done; starts it again when it is missed and a
    gate has become unknown: a quick machine would have it back before the last look is too old."""

    def __init__(self, lab: Status, after: str, before: Path) -> None:
        """`before`: a folder that does not exist, for the ledgers as they are at that moment."""
        self._lab = lab
        self._after = after
        self._before = before
        self._thread: threading.Thread | None = None
        self._killed = False
        self._unknown = False
        self.words: list[str] = []

    def __call__(self, event: Event) -> None:
        if event["kind"] == "wave_done" and event["wave"] == self._after:
            # Counting them takes seconds, in which the flight would end: they are counted later.
            self._keep_ledgers()
            os.kill(self._lab.as_json()["pids"]["source"], signal.SIGKILL)
            self._killed = True
        if self._killed and event["kind"] == "side" and event["side"] == "source":
            self.words.append(event["word"])
        if self._killed and event["kind"] == "gate" and event.get("verdict") == "UNKNOWN":
            self._unknown = True
        if self._unknown and self._missed() and self._thread is None:
            self._thread = threading.Thread(target=self._again, name="restart")
            self._thread.start()

    def _missed(self) -> bool:
        return any(word != "connected" for word in self.words)

    def _keep_ledgers(self) -> None:
        for name in ("produced", "consumed"):
            shutil.copytree(self._lab.folder / name, self._before / name)
        shutil.copy(self._lab.folder / "workload.json", self._before)

    def duplicated_before(self) -> int:
        """Records read twice before the broker died."""
        return check(self._before).duplicated

    def _again(self) -> None:
        cockpit.lab.restart(self._lab.folder, "source")

    def join(self) -> None:
        assert self._thread is not None, "nobody missed the dead broker, or no gate was unknown"
        self._thread.join()


def test_readers_come_back_by_a_trigger_then_everything_moves_through_a_broker_that_dies(
    own_lab: Status, tmp_path: Path
) -> None:
    fly_until_it_arrives(own_lab, tmp_path, thorough=False)


@pytest.mark.soak
def test_the_reports_of_three_flights_are_made_anew_from_the_raw_recordings(
    own_lab: Status, tmp_path: Path
) -> None:
    fly_until_it_arrives(own_lab, tmp_path, thorough=True)


def fly_until_it_arrives(own_lab: Status, tmp_path: Path, *, thorough: bool) -> None:
    """The readers come back by a trigger, then everything arrives; if `thorough`, a writing wave
    comes back between, and the reports are made anew."""
    state = tmp_path / "state"
    state.mkdir()
    with drill_signal() as drill, witness(state) as seen:
        exact = own_lab.folder / "plan-exact.yaml"
        plan = drilled_plan(exact, drill, own_lab.folder / "drilled.yaml")
        flight_of_readers(own_lab, plan, state, drill)
        if thorough:
            flight_of_a_writer(own_lab, plan, state, drill)
        outage = BreakSource(own_lab, after="fulfilment", before=tmp_path / "before")
        second = fly(plan, state, outage)
        assert second.exit_code == exits.COMPLETED, second.story()
        outage.join()
    assert second.result["outcome"] == "completed"
    assert ("wave_found" in second.kinds()) is thorough
    assert {wave["state"] for wave in second.result["waves"]} == {"done"}
    assert second.result["predicted_duplicates_max"] == 0
    assert_told_truly(blocked_rows(own_lab, second), within_ms=3_000)
    assert outage.duplicated_before() == 0
    assert outage.words[0] in ("slow", "unreachable")
    assert outage.words[-1] == "connected"
    assert_nothing_lost(own_lab)
    assert check(own_lab.folder).reordered == 0
    for journal in (state / "cockpit" / "sessions").glob("*/journal.jsonl"):
        assert list(read_journal(journal))
    assert_recorded(state, seen, recounted=thorough)
