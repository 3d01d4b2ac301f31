"""Flies the migrations on real brokers, one after the other: `python -m tests.migrations`.

Stopped and started again it goes on with the first that has no verdict yet. What each leaves is in
`build/migrations/NAME`: the lab's ledgers, the session with its recording, and `verdict.txt`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import cockpit.lab
from cockpit.cli.output import say
from cockpit.lab.checker import Verdict
from cockpit.lab.looking import Status
from tests.flights.real import Flight, environment
from tests.migrations import avia, byoc, ec2, voltus, zerodown

BUILD = Path("build/migrations")
MIGRATIONS: dict[
    str, tuple[Callable[[Path], Status], Callable[[Status, Path], tuple[Flight, Verdict]]]
] = {
    "voltus": (voltus.take_off, voltus.voltus),
    "zero-downtime-waves": (zerodown.take_off, zerodown.zerodown),
    "avia-linking": (avia.take_off, avia.avia),
    "msk-to-byoc": (byoc.take_off, byoc.byoc),
    "ec2-082-to-msk": (ec2.take_off, ec2.ec2),
}


def main() -> int:
    """Command line; 0 when every migration has a good verdict."""
    parser = argparse.ArgumentParser(prog="tests.migrations")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(MIGRATIONS)}")
    parser.add_argument("--again", action="store_true", help="forget what was flown before")
    options = parser.parse_args()
    for name in options.names or MIGRATIONS:
        folder = BUILD / name
        if options.again or not (folder / "verdict.txt").exists():
            _fly(name, folder)
        say(f"{name}: {(folder / 'verdict.txt').read_text().splitlines()[-1]}")
    return 0


def _fly(name: str, folder: Path) -> None:
    """One migration; its verdict is written last, by the checker as a program of its own."""
    cockpit.lab.down(folder / "lab")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    take_off, flight = MIGRATIONS[name]
    began_s = time.perf_counter()  # for the person who waits
    try:
        flight(take_off(folder), folder / "state")
    finally:
        cockpit.lab.down(folder / "lab")
    _reports(folder)
    judged = subprocess.run(
        [sys.executable, "-m", "cockpit.lab.checker", str(folder / "lab")],
        capture_output=True,
        text=True,
        check=True,
    )
    took_s = time.perf_counter() - began_s
    (folder / "verdict.txt").write_text(f"{judged.stdout.strip()}, flown in {took_s:.0f} s\n")


def _reports(folder: Path) -> None:
    """`report.md` of the migration's plan, `report-NAME.md` of what else was flown with it."""
    sessions = sorted((folder / "state" / "cockpit" / "sessions").glob("*"))
    plans = [session.name.split("-", 2)[2] for session in sessions]
    for session, plan in zip(sessions, plans, strict=True):
        to = folder / ("report.md" if plan == plans[0] else f"report-{plan}.md")
        report = [sys.executable, "-m", "cockpit", "report", session.name, "-o", str(to)]
        subprocess.run(report, check=True, env=environment(folder / "state"))


if __name__ == "__main__":
    sys.exit(main())
