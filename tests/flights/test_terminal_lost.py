"""A flight on real brokers whose screens are lost, one at each step, in seven ways."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from cockpit.cli import exits
from cockpit.lab.checker import check
from cockpit.lab.looking import Status
from cockpit.wire.recording import Reader
from tests.flights.real import Drill, Event, drill_signal, fly, quick, write_plan
from tests.flights.terminals import COMES_BACK, ENDS, RESTORED, RESTORES, WAYS, Terminal, leave
from tests.flights.test_lab import assert_nothing_lost

pytestmark = [pytest.mark.broker, pytest.mark.timeout(600)]

STEPS = {"readers": 4, "pricing": 10}
"""How many there are until the end of a wave: stop, offsets, start, soak; with fence and drain."""
HEARTBEAT_MS = 5_000
"""No pause between two moments of the recording is longer, on a busy machine."""
SIZES = ((80, 24), (160, 45))


def waiting_plan(lab: Status, drill: Drill, last: str) -> Path:
    """The lab's plan with short windows, whose first wave, and the one after `last`, waits until
    the drill's value is 0."""
    content: Any = quick(lab.folder / "plan.yaml")
    content["signals"]["drill"] = {"http": drill.url, "path": "errors.ratio", "unit": "ratio"}
    names = [wave["name"] for wave in content["waves"]]
    for number, while_ in ((0, "1s"), (names.index(last) + 1, "5s")):
        gate = {"signal": {"name": "drill", "max": 0.1, "for": while_}}
        content["waves"][number]["gates"].append(gate)
    return write_plan(content, lab.folder / "waiting.yaml")


class Losing:
    """Opens screens on a flight, then loses the next one whenever a step begins."""

    def __init__(self, state: Path, drill: Drill, shift: int, last: str) -> None:
        """`last`: the wave after which the flight is ended; `shift`: with which way to begin."""
        self.environment = {
            **os.environ,
            "XDG_STATE_HOME": str(state),
            "XDG_RUNTIME_DIR": str(state),
        }
        self._drill = drill
        self._shift = shift
        self._last = last
        self._opener: threading.Thread | None = None
        self.screens: list[Terminal] = []
        self.lost: list[tuple[Callable[[Terminal], None], Terminal, str]] = []

    def __call__(self, event: Event) -> None:
        """What the flight says, as it comes."""
        if self._opener is None:
            self._opener = threading.Thread(target=self._open, name="opener")
            self._opener.start()
        if event["kind"] == "step_started":
            number = len(self.lost)
            way, screen = WAYS[(number + self._shift) % len(WAYS)], self.screens[number]
            way(screen)
            self.lost.append((way, screen, f"{event['wave']} {event['step']}: {way.__name__}"))
        elif event["kind"] == "wave_done" and event["wave"] == self._last:
            self._drill.value = 1.0  # on a busy machine the next wave would begin before the pause
            self.act("pause")

    def _open(self) -> None:
        for number in range(STEPS[self._last]):
            self.screens.append(self.attached(SIZES[number % len(SIZES)]))
        for screen in self.screens:
            screen.until(b"WRITES")
        self._drill.value = 0.0

    def attached(self, size: tuple[int, int]) -> Terminal:
        """Another screen on the flight."""
        return Terminal(["attach"], self.environment, size)

    def act(self, *words: str) -> None:
        """What a script does."""
        command = [sys.executable, "-m", "cockpit", "act", *words]
        subprocess.run(command, env=self.environment, check=True, capture_output=True, timeout=60)

    def close(self) -> None:
        """Leave nothing behind."""
        if self._opener is not None:
            self._opener.join()
        for screen in self.screens:
            screen.close()


@contextmanager
def losing(state: Path, drill: Drill, shift: int, last: str) -> Iterator[Losing]:
    """As above, and cleaned up."""
    drill.value = 1.0
    found = Losing(state, drill, shift, last)
    try:
        yield found
    finally:
        found.close()


def fly_and_lose(lab: Status, tmp_path: Path, shift: int, last: str) -> None:
    """A screen lost at each step; the flight is as if nobody had looked on."""
    state = tmp_path / f"state-{shift}"
    state.mkdir()
    with drill_signal() as drill, losing(state, drill, shift, last) as screens:
        flight = fly(waiting_plan(lab, drill, last), state, screens)
        assert flight.exit_code == exits.STOPPED, flight.story()
        assert len(screens.lost) == STEPS[last], flight.story()
        assert_nothing_lost(lab)
        verdict = check(lab.folder)
        assert verdict.reordered == 0
        assert verdict.duplicated <= flight.result["predicted_duplicates_max"]
        for way, screen, told in screens.lost:
            assert_lost(way, screen, told)
        again = screens.attached((80, 24))
        again.until(b"WRITES")
        again.forget()
        leave(again)
        again.until(b"the flight goes on without this screen: cockpit attach ")
        again.close()
        screens.act("end")
    [recording] = (state / "cockpit" / "sessions").glob("*/recording.ckrec")
    reader = Reader(recording.read_bytes())
    times = [reader.frame(number).at_ms for number in range(reader.frames)]
    assert not reader.gaps()
    assert len(reader.lives) == 1, "the engine has died with a screen"
    assert max(b - a for a, b in itertools.pairwise(times)) < HEARTBEAT_MS


def assert_lost(way: Callable[[Terminal], None], screen: Terminal, told: str) -> None:
    """The terminal is given back where anybody could; what comes back draws where it stands now."""
    if way in ENDS:
        screen.until_gone()
    if way in RESTORES:
        assert RESTORED in screen.written, told
    if way in COMES_BACK:
        screen.kill(signal.SIGCONT)
        screen.forget()
        screen.read_on()
        screen.until(b"PAUSED")
        assert screen.is_there(), told


@pytest.mark.soak
def test_a_screen_lost_at_each_step_changes_nothing(own_lab: Status, tmp_path: Path) -> None:
    fly_and_lose(own_lab, tmp_path, 0, "readers")


@pytest.mark.soak
@pytest.mark.parametrize("shift", range(len(WAYS)))
def test_each_step_loses_a_screen_in_each_way(own_lab: Status, tmp_path: Path, shift: int) -> None:
    fly_and_lose(own_lab, tmp_path, shift, "pricing")
