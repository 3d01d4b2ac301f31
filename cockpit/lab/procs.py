"""Child processes that outlive the command that started them, and are stopped by identity.

A process is known by its pid and the moment it was born, so that a pid which the system has given
to somebody else is never signalled. Each child also carries the lab's id in its environment: one
that was started a moment before a crash, and so never written down, is still found. Linux only
(/proc). Never decides what to start.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from cockpit.lab.home import LabError

PROC = Path("/proc")
LAB_ID = "COCKPIT_LAB_ID"
"""Environment variable that marks a lab's child."""

_children: dict[int, subprocess.Popen[bytes]] = {}
"""Children of this very process: they must be reaped when they end."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process as it was when the lab started it."""

    name: str
    pid: int
    born: str
    """Boot id and start time in clock ticks since boot."""


def spawn(name: str, argv: Sequence[str], *, env: Mapping[str, str], log: Path) -> Process:
    """Start a child in a session of its own, output to `log`. Raises LabError."""
    try:
        with log.open("ab") as out:
            child = subprocess.Popen(  # noqa: S603  # argument vector built by the lab itself
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                env=dict(env),
                start_new_session=True,
            )
    except OSError as error:
        raise LabError(f"cannot start {name} ({argv[0]}): {error.strerror}") from error
    _children[child.pid] = child
    born = birth(child.pid)
    if born is None:
        raise LabError(f"{name} ended at once; see {log}")
    return Process(name, child.pid, born)


def birth(pid: int) -> str | None:
    """When the living process of this pid was born; None when there is none (or a zombie)."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]
        return None
    try:
        stat = (PROC / str(pid) / "stat").read_text(encoding="ascii", errors="replace")
        boot = (PROC / "sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return None
    # The command name may hold spaces and parentheses: fields are counted from the last one.
    fields = stat.rpartition(")")[2].split()
    if fields[0] in {"Z", "X"}:
        if child is not None and child.poll() is not None:
            _children.pop(pid, None)  # it ended between the two looks
        return None
    return f"{boot}:{fields[19]}"


def alive(process: Process) -> bool:
    """Whether this very process still runs; another one under its pid does not count."""
    return birth(process.pid) == process.born


def marked(lab_id: str) -> tuple[Process, ...]:
    """Every living process of ours that carries this lab's id."""
    wanted = f"{LAB_ID}={lab_id}".encode()
    found = []
    for entry in PROC.iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            environment = (entry / "environ").read_bytes()
        except OSError:
            continue
        born = birth(int(entry.name))
        if wanted in environment.split(b"\0") and born is not None:
            found.append(Process("unrecorded", int(entry.name), born))
    return tuple(found)


def stop(processes: Sequence[Process], *, grace_s: float) -> tuple[Process, ...]:
    """Ask these processes to end, wait, then kill. Returns those that had to be killed.

    Raises LabError when one of them is still there afterwards.
    """
    for process in processes:
        _signal(process, signal.SIGTERM)
        _signal(process, signal.SIGCONT)  # a stopped process would not see the first one
    if not _gone(processes, grace_s):
        killed = tuple(process for process in processes if alive(process))
        for process in killed:
            _signal(process, signal.SIGKILL)
        if not _gone(killed, 5.0):
            left = ", ".join(f"{p.name} ({p.pid})" for p in killed if alive(p))
            raise LabError(f"still there after SIGKILL: {left}")
        return killed
    return ()


def _gone(processes: Sequence[Process], timeout_s: float) -> bool:
    deadline = time.perf_counter() + timeout_s
    while any(alive(process) for process in processes):
        if time.perf_counter() > deadline:
            return False
        time.sleep(0.05)
    return True


def _signal(process: Process, number: signal.Signals) -> None:
    """Signal a process if it is still the one that was started."""
    try:
        handle = os.pidfd_open(process.pid)
    except OSError:
        return
    try:
        # The handle pins the process, so the check and the signal speak of the same one.
        if alive(process):
            signal.pidfd_send_signal(handle, number)
    except ProcessLookupError:
        return
    finally:
        os.close(handle)
