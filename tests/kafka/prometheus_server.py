"""A real Prometheus for tests, on the loopback interface, scraping what it is told to."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cockpit.lab.ports import free_ports
from cockpit.lab.procs import Process, alive, spawn, stop

UNPACKED = Path(__file__).resolve().parents[2] / ".venv/prometheus/usr/bin/prometheus"
"""Where `make tools` puts the program of Debian's package."""


@dataclass(frozen=True)
class Prometheus:
    """The running server."""

    process: Process
    url: str

    def kill(self) -> None:
        """End it without a word."""
        if alive(self.process):
            os.kill(self.process.pid, signal.SIGKILL)


def program() -> str | None:
    """Prometheus, as far as this machine has it."""
    return shutil.which("prometheus") or (str(UNPACKED) if UNPACKED.exists() else None)


@contextmanager
def prometheus(folder: Path, target: str) -> Iterator[Prometheus]:
    """A Prometheus that scrapes `target` (`host:port`) each second."""
    path = program()
    assert path is not None, "Prometheus is missing here: make tools fetches it"
    config = folder / "prometheus.yml"
    config.write_text(
        "global: {scrape_interval: 1s, scrape_timeout: 1s}\n"
        f"scrape_configs: [{{job_name: tests, static_configs: [{{targets: ['{target}']}}]}}]\n"
    )
    port = free_ports(["prometheus"])["prometheus"]
    argv = [path, f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}"]
    argv += [f"--web.listen-address=127.0.0.1:{port}", "--log.level=warn"]
    process = spawn("prometheus", argv, env={}, log=folder / "prometheus.log")
    try:
        yield Prometheus(process, f"http://127.0.0.1:{port}")
    finally:
        stop([process], grace_s=5.0)
