"""Children are known by pid and birth, and nothing else is ever signalled."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cockpit.lab.home import LabError
from cockpit.lab.procs import LAB_ID, Process, alive, birth, marked, spawn, stop

SLEEP = "import time; time.sleep(60)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True);"


class Nursery:
    """Starts children and remembers them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.started: list[Process] = []

    def child(self, code: str = SLEEP, *, lab_id: str = "t") -> Process:
        log = self.folder / f"{len(self.started)}.log"
        env = dict(os.environ) | {LAB_ID: lab_id}
        process = spawn("child", [sys.executable, "-c", code], env=env, log=log)
        self.started.append(process)
        return process


@pytest.fixture
def nursery(tmp_path: Path) -> Iterator[Nursery]:
    found = Nursery(tmp_path)
    yield found
    stop(found.started, grace_s=0.0)


def test_a_child_lives_in_a_session_of_its_own_until_it_is_stopped(nursery: Nursery) -> None:
    child = nursery.child()
    assert alive(child)
    assert os.getsid(child.pid) == child.pid

    assert stop([child], grace_s=5.0) == ()
    assert not alive(child)


def test_a_recycled_pid_is_neither_alive_nor_signalled(nursery: Nursery) -> None:
    stranger = nursery.child()
    ours = replace(stranger, born="another-boot:12345")

    assert not alive(ours)
    assert stop([ours], grace_s=0.0) == ()
    assert alive(stranger)


def test_a_child_that_ignores_the_request_is_killed_after_the_grace(nursery: Nursery) -> None:
    child = nursery.child(DEAF + SLEEP)
    _until(lambda: (nursery.folder / "0.log").read_text() != "")

    assert stop([child], grace_s=0.2) == (child,)
    assert not alive(child)


def test_a_stopped_child_is_ended_as_well(nursery: Nursery) -> None:
    child = nursery.child()
    os.kill(child.pid, 19)

    assert stop([child], grace_s=5.0) == ()
    assert not alive(child)


def test_a_child_that_ended_by_itself_is_not_alive(nursery: Nursery) -> None:
    child = nursery.child("import time; time.sleep(0.5)")  # seen alive on a busy machine, too
    _until(lambda: not alive(child))
    assert birth(child.pid) is None


def test_children_are_found_by_the_labs_mark_alone(nursery: Nursery) -> None:
    ours, other = nursery.child(lab_id="mine-1"), nursery.child(lab_id="other")
    _until(lambda: len(marked("mine-1")) == 1)

    assert [(p.pid, p.born) for p in marked("mine-1")] == [(ours.pid, ours.born)]
    assert other.pid not in {p.pid for p in marked("mine-1")}


def test_a_command_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"cannot start zoo .*no-such-program"):
        spawn("zoo", ["/no-such-program"], env={}, log=tmp_path / "log")


def _until(holds: object, deadline_s: float = 10.0) -> None:
    assert callable(holds)
    end = time.perf_counter() + deadline_s
    while not holds():
        assert time.perf_counter() < end, "not within the deadline"
        time.sleep(0.02)
