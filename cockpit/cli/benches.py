"""What `cockpit bench` measures: groups of figures, each a function that yields them.

CPU time of this process unless a figure says otherwise; medians. Ratios compare two things that
were run in turns within one run, so that a noisy machine disturbs both.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from cockpit.cli.figures import Figure
from cockpit.core.flight import FlightState, Observed, Ticked, begin
from cockpit.core.machine import step
from cockpit.core.observe import (
    ConnectorState,
    LogSample,
    MirrorSample,
    PartitionKeys,
    TaskState,
)
from cockpit.core.project import project
from cockpit.engine.journal import Journal
from cockpit.sim.demo import demo_plan

PARTITIONS = 10_000


def cpu_ms(work: Callable[[], object], rounds: int) -> float:
    """Median CPU milliseconds of one call."""
    taken: list[float] = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        taken.append((time.process_time() - began) * 1000)
    return statistics.median(taken)


def wide_state() -> FlightState:
    """The demonstration's plan, watching 10,000 partitions on both sides."""
    names = tuple((f"topic-{n // 50:04d}", n % 50) for n in range(PARTITIONS))
    keys = PartitionKeys.of(names)
    state = begin(demo_plan(), session="bench", simulated=True, at_ms=0)
    ends = np.arange(PARTITIONS, dtype=np.int64) + 1_000
    zeros = np.zeros(PARTITIONS, dtype=np.int64)
    positions = dict(zip(names, (ends - 3).tolist(), strict=True))
    connectors = (ConnectorState("mm2-source", "RUNNING", (TaskState(0, "RUNNING"),)),)
    for second in range(1, 4):
        now = second * 1_000
        mirror = MirrorSample(now - 300, now - 290, connectors, positions)
        state, _ = step(state, Observed(now, mirror))
        for side in ("target", "source"):
            sample = LogSample(side, now - 100, now - 90, keys, zeros, ends + second)
            state, _ = step(state, Observed(now, sample))
        state, _ = step(state, Ticked(now))
    return state


def engine_figures() -> Iterator[Figure]:
    """What one second costs the engine at 10,000 partitions."""
    state = wide_state()
    tick = Ticked(state.at_ms)
    yield Figure("tick_10k_partitions", cpu_ms(lambda: step(state, tick), 40), "ms", 10)
    yield Figure("project_10k_partitions", cpu_ms(lambda: project(state, 1), 40), "ms", 20)


def journal_figures() -> Iterator[Figure]:
    """What the journal costs: wall time, for it waits for the disk."""
    with tempfile.TemporaryDirectory() as folder:
        journal = Journal(Path(folder) / "journal.jsonl")
        taken: list[float] = []
        for number in range(200):
            began = time.perf_counter()
            journal.append("intent", number, {"action_id": f"w.1.stop.{number}", "text": "x" * 80})
            taken.append((time.perf_counter() - began) * 1000)
        journal.close()
    yield Figure("journal_fsync_median", statistics.median(taken), "ms", 5)
    yield Figure("journal_fsync_p99", sorted(taken)[197], "ms", 50)


def simulation_figures() -> Iterator[Figure]:
    """How fast a whole simulated flight goes by: CPU of a process of its own, start included."""
    command = [sys.executable, "-m", "cockpit", "demo", "--headless", "--json", "--seed"]
    yield Figure("simulated_flight", _children_ms([*command, "1"], rounds=3) / 1000, "s", 3)


def start_figures() -> Iterator[Figure]:
    """What must be loaded before the first paint, against Textual alone: a ratio in one run."""
    ours, theirs = [], []
    for _ in range(7):
        theirs.append(_children_ms([sys.executable, "-c", "import textual.app"], rounds=1))
        ours.append(_children_ms([sys.executable, "-c", "import cockpit.tui.app"], rounds=1))
    ratio = statistics.median(ours) / statistics.median(theirs)
    yield Figure("screen_import_ratio", ratio, "x", 1.5)
    bare = _children_ms([sys.executable, "-c", "pass"], rounds=5)
    version = _children_ms([sys.executable, "-m", "cockpit", "--version"], rounds=5)
    yield Figure("version_over_bare_python", version - bare, "ms", 100)


def _children_ms(command: list[str], *, rounds: int) -> float:
    """Median CPU milliseconds of a child process."""
    import resource

    taken: list[float] = []
    for _ in range(rounds):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # our own interpreter
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        taken.append(spent * 1000)
    return statistics.median(taken)


def observe_figures() -> Iterator[Figure]:
    """What observing costs, beside other clients."""
    from cockpit.cli.observing.figures import figures

    yield from figures()


def proving_figures() -> Iterator[Figure]:
    """What it costs to prove a large plan."""
    from cockpit.cli.proving import prove_figures

    yield from prove_figures(cpu_ms)


def recording_figures(wide_hours: int = 1) -> Iterator[Figure]:
    """What recording a flight costs, and reading it. `wide_hours`: of 100,000 partitions."""
    from cockpit.cli.recordbench import record_figures

    yield from record_figures(wide_hours)


def watching_figures() -> Iterator[Figure]:
    """What it costs to look on over the socket."""
    from cockpit.cli.observersbench import observer_figures
    from cockpit.cli.socketbench import socket_figures

    yield from socket_figures()
    yield from observer_figures()


def screen_figures() -> Iterator[Figure]:
    """What the screen costs whoever looks at it, and the link to him."""
    from cockpit.cli.screenbench.figures import screen_figures

    yield from screen_figures()


GROUPS: dict[str, Callable[[], Iterator[Figure]]] = {
    "engine": engine_figures,
    "journal": journal_figures,
    "simulation": simulation_figures,
    "start": start_figures,
    "prove": proving_figures,
    "observe": observe_figures,
    "record": recording_figures,
    "socket": watching_figures,
    "screen": screen_figures,
}
