"""Real engines that die around real effects: the next one names what stands, and ends it whole.

Each cell flies one wave on the lab that writes and reads, dies at a point of a step, and is taken
over; the lab's own checker, which shares no code with the cockpit, then counts records.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import yaml

import cockpit.lab
from cockpit.engine.journal import read_journal
from cockpit.lab.checker import check
from cockpit.lab.looking import Status
from tests.flights.real import (
    Drill,
    Event,
    Flight,
    drill_signal,
    drilled_plan,
    fly,
    quick,
    write_plan,
)
from tests.flights.soaking import ROOT, source_hash
from tests.flights.test_lab import assert_nothing_lost, runs_on

SITE = Path(__file__).with_name("dying_site")
WRITERS = ("stop", "fence", "drain", "offsets", "undo-fence", "undo-offsets", "undo-stop")
"""Steps of a wave that writes, before its point of no return, and their undos."""
READERS = ("start", "soak", "undo-start")
"""Steps that only a wave which writes nothing can come back from, and its undos."""
POINTS = ("before intent", "after intent", "after effect", "after outcome")
DEATHS = ("kill", "term", "hangup", "full", "stop")
STOPPED_S = 20
"""Longer than every deadline of the plan that is flown."""

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]


@dataclass(frozen=True, slots=True)
class Cell:
    """One death."""

    step: str
    point: str
    death: str

    def __str__(self) -> str:
        return f"{self.step}, {self.point}, {self.death}"


ON = (
    Cell("stop", "after effect", "term"),
    Cell("fence", "after intent", "kill"),
    Cell("offsets", "after effect", "kill"),
    Cell("start", "before intent", "kill"),
    Cell("start", "after effect", "hangup"),
)
"""Of one flight that goes on after each."""
BACK = (
    Cell("stop", "before intent", "kill"),
    Cell("fence", "after effect", "kill"),
    Cell("fence", "after outcome", "stop"),
    Cell("fence", "before intent", "full"),
    Cell("undo-fence", "after effect", "kill"),
    Cell("undo-stop", "after intent", "term"),
    Cell("stop", "after outcome", "kill"),
)
"""Each of a flight that is taken back afterwards; with those before, twelve."""
ALL_BACK = tuple(Cell(*cell) for cell in product((*WRITERS, *READERS), POINTS, DEATHS))
KEPT = ROOT / ".soak" / "crashes.json"


def passed_cells() -> dict[str, int]:
    """Cells that were flown with this code and came back, and how many seconds each took."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    return dict(kept["cells"]) if kept.get("code") == source_hash() else {}


@contextlib.contextmanager
def dying(cell: Cell) -> Iterator[None]:
    """Engines that are started meanwhile die as the cell says."""
    before = dict(os.environ)
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(SITE), before.get("PYTHONPATH"))))
    os.environ["COCKPIT_TEST_DEATH"] = json.dumps(
        {"step": cell.step, "point": cell.point, "death": cell.death}
    )
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def cockpit_resume(state: Path, *options: str) -> Flight:
    """`cockpit resume --headless --json`, to its end."""
    command = [sys.executable, "-m", "cockpit", "resume", "--headless", "--json", *options]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "XDG_STATE_HOME": str(state), "XDG_RUNTIME_DIR": str(state)},
        timeout=240,
    )
    events = tuple(json.loads(line) for line in done.stdout.splitlines())
    return Flight(events, done.returncode, done.stderr)


@pytest.fixture(scope="module")
def unmoved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Status, Path]]:
    """A lab with everything on the source, and a state folder."""
    folder = tmp_path_factory.mktemp("unmoved")
    state = folder / "state"
    state.mkdir()
    lab = cockpit.lab.up(folder / "lab", lambda _line: None)
    try:
        yield lab, state
    finally:
        kill_engines(state)
        cockpit.lab.down(lab.folder)


@pytest.fixture(scope="module")
def half_moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Status, Path]]:
    """A lab whose readers are on the target, and a state folder."""
    folder = tmp_path_factory.mktemp("dying")
    state = folder / "state"
    state.mkdir()
    lab = cockpit.lab.up(folder / "lab", lambda _line: None)
    try:
        readers = write_plan(
            stopping_after_readers(quick(lab.folder / "plan.yaml")), lab.folder / "readers.yaml"
        )
        fly(readers, state)
        kill_engines(state)
        assert runs_on(lab, "audit") == "target"
        yield lab, state
    finally:
        cockpit.lab.down(lab.folder)


def short(content: Any) -> Any:
    """Deadlines that a stopped engine misses."""
    for wave in content["waves"]:
        wave["steps"] = [
            {"fence": {"deadline": "15s", "at_zero": "unfence"}} if "fence" in str(step) else step
            for step in wave["steps"]
        ]
    return content


def pausing_before_start(content: Any) -> Any:
    """A moment between the places and the start, in which a trigger can still take it all back."""
    steps = content["waves"][1]["steps"]
    steps.insert(steps.index("start"), {"soak": {"for": "4s"}})
    return content


def stopping_after_readers(content: Any) -> Any:
    """The plan with a second wave that a person must confirm, and nobody does."""
    content["waves"][1]["steps"].insert(0, {"confirm": {"text": "go on?"}})
    return content


def die_and_resume(cell: Cell, plan: Path, state: Path, drill: Drill) -> Flight:
    """A flight that dies; what it came to, or the one that took it over."""

    last = {"undo-offsets": "offsets", "undo-start": "soak", "soak": ""}.get(cell.step, "drain")

    def trip(event: Event) -> None:
        if cell.step.startswith("undo") and event["kind"] == "step_done":
            drill.value = 0.5 if event["step"] == last else drill.value

    options = () if cell.step in READERS else ("--from", "pricing")
    woken = threading.Event()
    with dying(cell):
        waker = threading.Thread(target=wake, args=(state, woken), name="waker")
        waker.start()
        try:
            flight = fly(plan, state, trip, *options)
        finally:
            woken.set()
            waker.join()
    drill.value = 0.0
    kill_engines(state)
    return flight if flight.result["outcome"] == "rolled_back" else cockpit_resume(state)


def engines(state: Path) -> list[int]:
    """Engine processes of sessions in this state folder."""
    found = []
    for process in Path("/proc").iterdir():
        if not process.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().split(b"\0")
            if b"engine" in words and any(w.startswith(str(state).encode()) for w in words):
                found.append(int(process.name))
    return found


def kill_engines(state: Path) -> None:
    """End every engine that is left, as the end of its machine would."""
    for pid in engines(state):
        os.kill(pid, signal.SIGKILL)


def wake(state: Path, over: threading.Event) -> None:
    """Let an engine that has stopped itself go on, once every deadline has passed."""
    while not over.wait(0.5):
        for pid in engines(state):
            with contextlib.suppress(OSError):
                if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T":
                    over.wait(STOPPED_S)
                    os.kill(pid, signal.SIGCONT)


def assert_comes_back(cell: Cell, lab: Status, state: Path) -> None:
    """After the death the wave is on the source, as if nothing had been."""
    with drill_signal() as drill:
        drilled_plan(lab.folder / "plan.yaml", drill, lab.folder / "drilled.yaml")
        content = short(yaml.safe_load((lab.folder / "drilled.yaml").read_text()))
        content = pausing_before_start(content) if cell.step == "undo-offsets" else content
        plan = write_plan(content, lab.folder / f"{str(cell).replace(', ', '-')}.yaml")
        flight = die_and_resume(cell, plan, state, drill)
    mark = "-".join((cell.step, cell.point, cell.death)).replace(" ", "-")
    assert list((state / "cockpit" / "sessions").glob(f"*/died-{mark}")), f"{cell}: nothing died"
    assert flight.result["outcome"] == "rolled_back", flight.story()
    assert not {"not_as_left", "defect"} & set(flight.kinds())
    for service in ("audit", "billing", "search") if cell.step in READERS else ("pricing",):
        assert runs_on(lab, service) == "source"


@pytest.mark.parametrize("cell", BACK, ids=str)
def test_a_wave_comes_back_whole_after_a_death(half_moved: tuple[Status, Path], cell: Cell) -> None:
    assert_comes_back(cell, *half_moved)


@pytest.mark.soak
@pytest.mark.parametrize("cell", ALL_BACK, ids=str)
def test_a_wave_comes_back_whole_after_every_death(
    request: pytest.FixtureRequest, cell: Cell
) -> None:
    kept = passed_cells()
    if str(cell) in kept:
        pytest.skip("came back with this code already")
    begun_s = time.monotonic()  # a test's own watch
    lab, state = request.getfixturevalue("unmoved" if cell.step in READERS else "half_moved")
    assert_comes_back(cell, lab, state)
    kept[str(cell)] = round(time.monotonic() - begun_s)  # as above
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps({"code": source_hash(), "cells": kept}))


def test_a_flight_arrives_through_five_deaths(half_moved: tuple[Status, Path]) -> None:
    lab, state = half_moved
    plan = write_plan(quick(lab.folder / "plan.yaml"), lab.folder / "on.yaml")
    flights: list[Flight] = []
    for number, cell in enumerate(ON):
        with dying(cell):
            if number:
                flights.append(cockpit_resume(state, "--go-on"))
            else:
                flights.append(fly(plan, state, lambda _event: None, "--from", "pricing"))
        kill_engines(state)
    last = flights[-1]
    if last.result["outcome"] != "completed":
        last = cockpit_resume(state, "--go-on")
    assert last.result["outcome"] == "completed", last.errors
    assert_nothing_lost(lab)
    assert check(lab.folder).reordered == 0
    for journal in (state / "cockpit" / "sessions").glob("*/journal.jsonl"):
        assert list(read_journal(journal))
