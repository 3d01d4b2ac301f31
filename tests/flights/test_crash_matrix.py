"""Real engines that die around real effects: the next one names what stands, and ends it whole.

Each cell flies one wave on the lab that writes or reads, dies at a point of a step, and is taken
back; rights and the mirror's settings are then as they were. The lab's own checker, which shares no
code with the cockpit, counts records at the end of each lab.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cockpit.engine.journal import read_journal
from cockpit.lab.checker import check
from tests.flights.crashes import (
    BACK,
    DEATHS,
    FENCE_S,
    ON,
    POINTS,
    READERS,
    STEPS,
    Cell,
    dying,
    keep_cells,
    kill_engines,
    marks,
    passed_cells,
    survivors,
)
from tests.flights.real import (
    Drill,
    Event,
    Flight,
    begun_at_once,
    drill_signal,
    drilled_plan,
    fly,
    quick,
    write_plan,
)
from tests.flights.site import Site, half_moved_site
from tests.flights.standing import assert_stands_as
from tests.flights.test_lab import assert_nothing_lost, runs_on

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]


class Matrix:
    """The cells of one step: a lab, once one of them is really flown, and its count at the end."""

    def __init__(self, step: str, folder: Path) -> None:
        self.step, self._folder = step, folder
        self._labs = 0
        self._site: Site | None = None
        self.flown: dict[str, int] = {}

    def site(self) -> Site:
        """The lab of this step. Raises LabError."""
        if self._site is None:
            self._labs += 1
            folder = self._folder / str(self._labs)
            folder.mkdir()
            self._site = Site(folder, readers_moved=self.step not in READERS)
        return self._site

    def spoil(self) -> None:
        """What stands on this lab is not as it should be: no other cell is flown on it."""
        with contextlib.suppress(AssertionError):
            self.end()
        self._site, self.flown = None, {}

    def end(self) -> None:
        """Count, and only then keep what was flown."""
        if self._site is None:
            return
        try:
            self._site.count()
            keep_cells(self.flown)
        finally:
            self._site.end()


@pytest.fixture(scope="module")
def half_moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A lab whose readers are on the target."""
    with half_moved_site(tmp_path_factory.mktemp("dying")) as site:
        yield site


@pytest.fixture(scope="module")
def matrix(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Matrix]:
    """For one step after another."""
    found = Matrix(request.param, tmp_path_factory.mktemp("matrix"))
    yield found
    found.end()


def cockpit_resume(state: Path, *options: str) -> Flight:
    """`cockpit resume --headless --json`, to its end."""
    command = [sys.executable, "-m", "cockpit", "resume", "--headless", "--json"]
    command += ["--accept-loss", *options]
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


def patient(content: Any) -> Any:
    """The plan with a deadline that three deaths behind the fence fit into, on a slow machine."""
    for step in (step for wave in content["waves"] for step in wave["steps"]):
        if isinstance(step, dict) and "fence" in step:
            step["fence"]["deadline"] = "400s"
    return content


def shaped(cell: Cell, content: Any) -> Any:
    """The plan with gates that are asked once, with a deadline that a stopped engine misses, and
    with a moment before the start in which a trigger can still take everything back."""
    for wave in begun_at_once(content)["waves"]:
        for step in wave["steps"]:
            if cell.death == "stop" and isinstance(step, dict) and "fence" in step:
                step["fence"]["deadline"] = f"{FENCE_S}s"
    if cell.step in ("offsets", "undo-offsets"):
        steps = content["waves"][1]["steps"]
        steps.insert(steps.index("start"), {"soak": {"for": "4s"}})
    return content


def die_and_resume(cell: Cell, plan: Path, state: Path, drill: Drill) -> Flight:
    """A flight that dies; what it came to, or the one that took it over."""

    last = {"undo-offsets": "offsets", "undo-start": "soak"}.get(cell.step, "drain")

    def take_back() -> None:
        drill.value = 0.5

    def trip(event: Event) -> None:
        if cell.step.startswith("undo") and event["kind"] == "step_done" and event["step"] == last:
            take_back()

    options = () if cell.step in READERS else ("--from", "pricing")
    with dying(cell), survivors(state, cell, take_back):
        flight = fly(plan, state, trip, *options)
    drill.value = 0.0
    kill_engines(state)
    return flight if flight.result["outcome"] == "rolled_back" else cockpit_resume(state)


def assert_comes_back(cell: Cell, site: Site) -> None:
    """After the death the wave is on the source, as if nothing had been."""
    lab, state = site.lab, site.state
    with drill_signal() as drill:
        drilled = drilled_plan(lab.folder / "plan.yaml", drill, lab.folder / "drilled.yaml")
        content = shaped(cell, yaml.safe_load(drilled.read_text()))
        plan = write_plan(content, lab.folder / f"{cell.mark}.yaml")
        flight = die_and_resume(cell, plan, state, drill)
    assert marks(state, cell), f"{cell}: nothing died\n{flight.story()}"
    assert flight.result["outcome"] == "rolled_back", flight.story()
    assert not {"not_as_left", "defect"} & set(flight.kinds()), flight.story()
    assert flight.result["left_over"] == [], flight.story()
    for service in ("audit", "billing", "search") if cell.step in READERS else ("pricing",):
        assert runs_on(lab, service) == "source"
    assert_stands_as(site.before, lab)


@pytest.mark.parametrize("cell", BACK, ids=str)
def test_a_wave_comes_back_whole_after_a_death(half_moved: Site, cell: Cell) -> None:
    assert_comes_back(cell, half_moved)


@pytest.mark.soak
@pytest.mark.parametrize("death", DEATHS)
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.parametrize("matrix", STEPS, indirect=True)
def test_a_wave_comes_back_whole_after_every_death(matrix: Matrix, point: str, death: str) -> None:
    cell = Cell(matrix.step, point, death)
    if str(cell) in passed_cells():
        pytest.skip("came back with this code already")
    begun_s = time.monotonic()  # a test's own watch
    try:
        assert_comes_back(cell, matrix.site())
    except BaseException:
        matrix.spoil()
        raise
    matrix.flown[str(cell)] = round(time.monotonic() - begun_s)  # as above


def test_a_flight_arrives_through_five_deaths(half_moved: Site) -> None:
    lab, state = half_moved.lab, half_moved.state
    plan = write_plan(patient(quick(lab.folder / "plan.yaml")), lab.folder / "on.yaml")
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
    assert last.result["outcome"] == "completed", "\n\n".join(
        f"{flight.errors}\n{flight.story()}" for flight in flights
    )
    assert_nothing_lost(lab)
    assert check(lab.folder).reordered == 0
    for journal in (state / "cockpit" / "sessions").glob("*/journal.jsonl"):
        assert list(read_journal(journal))
