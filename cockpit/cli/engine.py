"""`cockpit engine SESSION_DIR`: the engine process of one flight. Started by `run`, not by people.

Says one JSON line on standard output when it is ready or when it cannot be, then nothing more.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import cockpit
from cockpit.cli import exits
from cockpit.cli.output import complain
from cockpit.cli.wiring import engine_ports
from cockpit.core.flight import begin
from cockpit.core.plan import Plan, SecretRef
from cockpit.engine.clock import SystemClock
from cockpit.engine.folders import (
    FlightTaken,
    FolderError,
    SessionFolder,
    flight_lock,
    socket_path,
    write_private,
)
from cockpit.engine.journal import Journal
from cockpit.engine.loop import Engine
from cockpit.engine.server import Server
from cockpit.plan.loader import load_plan
from cockpit.plan.secrets import SecretUnavailable, resolve_secret
from cockpit.ports import PortError


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """The hidden command that `run` starts."""
    parser = commands.add_parser("engine")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--no-preflight", action="store_true")
    parser.add_argument("--from", dest="first", default="")


def run(options: argparse.Namespace) -> int:
    """Fly until the end, or until told to stop."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    folder = SessionFolder(options.folder)
    plan = load_plan(folder.plan.read_text(), origin=str(folder.read_meta()["plan_path"]))
    try:
        lock = _only_engine(plan, folder)
    except FlightTaken as taken:
        attach = f"cockpit attach {taken.session}".strip()
        problem = f"these clusters are being flown already by session {taken.session}: {attach}"
        _answer({"ready": False, "refused": True, "problems": [problem]})
        return exits.REFUSED
    except FolderError as error:
        _answer({"ready": False, "problems": [str(error)]})
        return exits.FAILED
    try:
        preflight = not options.no_preflight
        return asyncio.run(_host(folder, plan, preflight=preflight, first=options.first))
    finally:
        os.close(lock)


def _only_engine(plan: Plan, folder: SessionFolder) -> int:
    """The lock that keeps a second engine from these clusters while this process lives."""
    bootstraps = (plan.source.bootstrap, plan.target.bootstrap)
    return flight_lock(os.environ, plan.name, bootstraps, session=folder.id)


def _answer(content: dict[str, Any]) -> None:
    """The one line for whoever started us; afterwards standard output goes to the log."""
    sys.stdout.write(json.dumps(content) + "\n")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _reveal(ref: SecretRef) -> str:
    return resolve_secret(ref).reveal()


async def _host(folder: SessionFolder, plan: Plan, *, preflight: bool, first: str) -> int:
    from cockpit.cli.preflight import preflight as look
    from cockpit.kafka.factory import connect_real

    clock = SystemClock()
    try:
        real = connect_real(plan, clock, _reveal)
    except (SecretUnavailable, PortError) as error:
        _answer({"ready": False, "problems": [str(error)]})
        return exits.FAILED
    ports = engine_ports(real, clock)
    try:
        problems = await look(plan, ports) if preflight else ()
        if problems:
            _answer({"ready": False, "problems": list(problems)})
            return exits.FAILED
        now_ms = clock.now_ms()
        state = begin(plan, session=folder.id, simulated=False, at_ms=now_ms, first=first)
        journal = Journal(folder.journal)
        engine = Engine(state, ports, journal)
        socket = socket_path(os.environ, folder.id)
        async with Server(engine, socket, cockpit.__version__).serving():
            _note_running(folder, socket)
            _answer({"ready": True, "socket": str(socket)})
            await _fly(engine)
        journal.close()
    finally:
        await real.close()
    return exits.COMPLETED


def _note_running(folder: SessionFolder, socket: Path) -> None:
    meta = {**folder.read_meta(), "pid": os.getpid(), "socket": str(socket)}
    write_private(folder.meta, json.dumps(meta, indent=1, sort_keys=True) + "\n")


async def _fly(engine: Engine) -> None:
    """SIGTERM ends the process and nothing else: the clusters stay as they are."""
    loop = asyncio.get_running_loop()
    flight = asyncio.current_task()
    assert flight is not None
    loop.add_signal_handler(signal.SIGTERM, flight.cancel)
    try:
        await engine.run()
    except asyncio.CancelledError:
        complain("engine stopped by a signal; the clusters are as they were left")
    # what was said last must still reach the screens
    await asyncio.sleep(0.5)
