"""A real Prometheus for tests, on the loopback interface, scraping what it is told to."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cockpit.lab.ports import free_ports
from cockpit.lab.procs import Process, alive, spawn, stop
from cockpit.lab.prometheus import command


@dataclass(frozen=True)
class Prometheus:
    """The running server."""

    process: Process
    url: str

    def kill(self) -> None:
        """End it without a word."""
        if alive(self.process):
            os.kill(self.process.pid, signal.SIGKILL)


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Prometheus]:
    """A Prometheus that scrapes `target` (`host:port`) each second."""
    port = free_ports(["prometheus"])["prometheus"]
    argv = command(folder, port, {"tests": target})
    process = spawn("prometheus", argv, env={}, log=folder / "prometheus.log")
    try:
        yield Prometheus(process, f"http://127.0.0.1:{port}")
    finally:
        stop([process], grace_s=5.0)
