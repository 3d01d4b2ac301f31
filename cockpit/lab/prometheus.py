"""A Prometheus on the loopback interface that scrapes each second: its program, its files.

Never waits for it and never stops it.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

from cockpit.lab.home import LabError, write_private

UNPACKED = Path(sys.prefix) / "prometheus/usr/bin/prometheus"
"""Where `make tools` puts the program of Debian's package."""


def program() -> str | None:
    """Prometheus, as far as this machine has it."""
    return shutil.which("prometheus") or (str(UNPACKED) if UNPACKED.exists() else None)


def command(folder: Path, port: int, targets: Mapping[str, str]) -> list[str]:
    """The command that serves on a port, with its configuration written into `folder`.

    `targets`: `host:port` of each one that is scraped, by the value of its label `client`.
    Raises LabError where the program is missing.
    """
    path = program()
    if path is None:
        raise LabError("Prometheus is missing here: make tools fetches it")
    scraped = [
        {"targets": [address], "labels": {"client": name}} for name, address in targets.items()
    ]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [{"job_name": "services", "static_configs": scraped}],
    }
    # JSON is YAML
    write_private(folder / "prometheus.yml", json.dumps(config, indent=1) + "\n")
    return [
        path,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
