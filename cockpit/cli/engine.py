"""`cockpit engine SESSION_DIR`: the engine process of one flight. Started by `run`, not by people.

Says one JSON line on standard output when it is ready or when it cannot be, then nothing more.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, TextIO, cast

import cockpit
from cockpit.cli import exits
from cockpit.cli.leftovers import looked, past_of, refusals, warnings
from cockpit.cli.output import complain
from cockpit.cli.pasts import open_rows, rows_before
from cockpit.cli.sharing import flown_elsewhere, sharing_of, why_not_resume
from cockpit.cli.telling import receiver, telling
from cockpit.cli.wiring import engine_ports
from cockpit.core.beginning import Beginning, begun
from cockpit.core.durable import RestoreError
from cockpit.core.plan import Plan
from cockpit.engine.clock import SystemClock
from cockpit.engine.folders import (
    FlightTaken,
    FolderError,
    SessionFolder,
    flight_lock,
    session_lock,
    socket_path,
    state_home,
    write_private,
)
from cockpit.engine.intake import Scrubbed, taken_in
from cockpit.engine.journal import Journal, JournalError
from cockpit.engine.loop import Engine, Ports
from cockpit.engine.names import NAME_WITHIN_S, aside
from cockpit.engine.recorder import Recorder
from cockpit.engine.recovery import left_behind
from cockpit.engine.rollup import GateRows
from cockpit.engine.server import Server
from cockpit.engine.shared import group_id, shared_folder
from cockpit.engine.sharing import Sharing, TakenError
from cockpit.plan.loader import load_flown, load_plan
from cockpit.plan.problems import PlanInvalid
from cockpit.plan.secrets import SecretUnavailable, reveal_secret
from cockpit.plan.surroundings import strangers
from cockpit.ports import PortError, Saboteur
from cockpit.secrecy import SECRETS
from cockpit.wire.sessionhead import session_head


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """The hidden command that `run` starts."""
    parser = commands.add_parser("engine")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--no-preflight", action="store_true")
    parser.add_argument("--from", dest="first", default="")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--anew", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Fly until the end, or until told to stop."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.umask(0o077)
    with contextlib.redirect_stderr(cast("TextIO", Scrubbed(sys.stderr))):
        return _run(options)


def _run(options: argparse.Namespace) -> int:
    folder = SessionFolder(options.folder)
    text = folder.plan.read_text()
    SECRETS.leave(text)
    load = load_flown if options.resume else load_plan
    try:
        plan = load(text, origin=str(folder.read_meta()["plan_path"]))
    except PlanInvalid as invalid:
        _answer({"ready": False, "problems": [str(problem) for problem in invalid.problems]})
        return exits.FAILED
    try:
        locks = _only_engine(plan, folder)
    except FlightTaken as taken:
        _answer({"ready": False, "refused": True, "problems": [taken.words()]})
        return exits.REFUSED
    except FolderError as error:
        _answer({"ready": False, "problems": [str(error)]})
        return exits.FAILED
    try:
        begin_flight = _take_over if options.resume else _begin
        beginning, journal = begin_flight(folder, options.first)
        begun(plan, beginning)  # what cannot be begun is told before any cluster is asked
    except (JournalError, RestoreError, TakenError) as error:
        _release(locks)
        refused = isinstance(error, TakenError)
        _answer({"ready": False, "refused": refused, "problems": [str(error)]})
        return exits.REFUSED if refused else exits.FAILED
    try:
        preflight = not (options.no_preflight or options.resume)
        return asyncio.run(
            _host(folder, plan, beginning, journal, preflight=preflight, anew=options.anew)
        )
    finally:
        _release(locks)


def _only_engine(plan: Plan, folder: SessionFolder) -> tuple[int, int]:
    """The locks that keep a second engine from these clusters, and from this session, while this
    process lives."""
    bootstraps = (plan.source.bootstrap, plan.target.bootstrap)
    flight = flight_lock(os.environ, plan.name, bootstraps, session=folder.id)
    return flight, session_lock(folder)


def _release(locks: tuple[int, int]) -> None:
    for lock in locks:
        os.close(lock)


def _answer(content: dict[str, Any]) -> None:
    """The one line for whoever started us; afterwards standard output goes to the log."""
    sys.stdout.write(json.dumps(taken_in(content)) + "\n")
    sys.stdout.flush()
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())


def _begin(folder: SessionFolder, first: str) -> tuple[Beginning, Journal]:
    now_ms = SystemClock().now_ms()
    beginning = Beginning(session=folder.id, simulated=False, at_ms=now_ms, first=first)
    return beginning, Journal(folder.journal)


def _take_over(folder: SessionFolder, _first: str) -> tuple[Beginning, Journal]:
    """Where the engine before has left the flight. Raises JournalError, RestoreError; TakenError
    where another host has it, or calls of another host may still be under way."""
    journal, entries = Journal.reopened(folder.journal)
    left = left_behind(entries)
    if why := why_not_resume(entries, SystemClock().now_ms()):
        raise TakenError(why)
    if left is None:
        raise RestoreError("this flight has ended: nothing is left to take over")
    beginning = Beginning(
        session=folder.id,
        simulated=False,
        at_ms=SystemClock().now_ms(),
        first=str(folder.read_meta().get("first", "")),
        takes_over=True,
        record=left.record,
        intents=left.intents,
        open=left.open,
        intended=left.intended,
    )
    return beginning, journal


async def _claim(sharing: Sharing | None, plan: Plan, *, resumed: bool, anew: bool) -> None:
    """Become the one engine of the flight among all hosts. Raises TakenError, PortError; a flight
    that is resumed may have lost its topic, and goes back without it at a person's word."""
    if sharing is None:
        return
    if not resumed and not anew:
        why = flown_elsewhere(await sharing.others(), plan, state_home(os.environ))
        if why:
            raise TakenError(why)
    try:
        await sharing.claim()
    except PortError as error:
        if not resumed or error.kind not in ("slow", "unreachable"):
            raise


async def _host(
    folder: SessionFolder,
    plan: Plan,
    beginning: Beginning,
    journal: Journal,
    *,
    preflight: bool,
    anew: bool,
) -> int:
    from cockpit.cli.preflight import preflight as look
    from cockpit.kafka.factory import connect_real

    clock = SystemClock()
    try:
        socket, gid = _door(plan, folder)
        sharing = sharing_of(plan, folder, journal, clock, reveal_secret)
        real = connect_real(plan, clock, reveal_secret, _saboteur(plan, folder), sharing)
    except (SecretUnavailable, PortError, FolderError) as error:
        _answer({"ready": False, "problems": [str(error)]})
        return exits.FAILED
    ports = engine_ports(real, clock, sharing)
    try:
        hook = receiver(plan)
        problems = [*await look(plan, ports)] if preflight else []
        if preflight and hook is not None and hook.why_not:
            problems.append(hook.why_not)
        if problems:
            _answer({"ready": False, "problems": list(problems)})
            return exits.FAILED
        rows = open_rows(plan)
        beginning = _knowing(beginning, folder, plan, rows)
        state = begun(plan, beginning)
        seen = await looked(state, ports) if preflight else state
        if why := [*await _drills_elsewhere(plan, beginning, ports), *refusals(seen)]:
            _answer({"ready": False, "refused": True, "problems": why})
            return exits.REFUSED
        warned = [*warnings(seen), *await _strangers(plan)] if preflight else []
        await _claim(sharing, plan, resumed=beginning.takes_over, anew=anew)
        recorder = _recorder(folder, plan, beginning)
        engine = Engine(
            state,
            ports,
            journal,
            takes_over=beginning.takes_over,
            open_intents=beginning.open,
            gate_rows=rows,
            recorder=recorder,
        )
        async with (
            Server(engine, socket, cockpit.__version__, gid=gid).serving(),
            telling(engine, folder, hook, clock),
        ):
            _note_running(folder, socket)
            _answer({"ready": True, "socket": str(socket), "warnings": warned})
            how = await _fly(engine)
            recorder.close(how)
    except (TakenError, PortError) as error:
        refused = isinstance(error, TakenError)
        _answer({"ready": False, "refused": refused, "problems": [str(error)]})
        return exits.REFUSED if refused else exits.FAILED
    finally:
        if sharing is not None:
            await sharing.finish()
        await real.close()
        journal.close()
    return exits.COMPLETED


async def _drills_elsewhere(plan: Plan, beginning: Beginning, ports: Ports) -> tuple[str, ...]:
    """Why the drills of a plan must not begin here; `--no-preflight` leaves none of it out. A
    flight that is taken over was looked at before, and what it broke must be mended."""
    if beginning.takes_over:
        return ()
    from cockpit.cli.sabotage import brokers_elsewhere

    return await brokers_elsewhere(plan, {"source": ports.source, "target": ports.target})


async def _strangers(plan: Plan) -> tuple[str, ...]:
    """Who of the plan's people cannot come in, as far as that is told in time."""
    asked = aside(lambda: strangers(plan), "people of the plan")
    await asyncio.wait({asked}, timeout=NAME_WITHIN_S)
    return asked.result() if asked.done() and asked.exception() is None else ()


def _door(plan: Plan, folder: SessionFolder) -> tuple[Path, int | None]:
    """Where the socket goes, and the group that may reach it. Raises FolderError."""
    if plan.people is None or not plan.people.unix_group:
        return socket_path(os.environ, folder.id), None
    gid = group_id(plan.people.unix_group)
    return shared_folder(gid) / f"{folder.id}.sock", gid


def _knowing(
    beginning: Beginning, folder: SessionFolder, plan: Plan, rows: GateRows | None
) -> Beginning:
    """With what earlier flights of its plan tell of themselves, and what they have seen."""
    path = str(folder.read_meta().get("plan_path", ""))
    past = past_of(path, plan.name, but=folder.id)
    return replace(beginning, past=past, rows=rows_before(rows, beginning.at_ms))


def _recorder(folder: SessionFolder, plan: Plan, beginning: Beginning) -> Recorder:
    """The recording of this engine's part; where it cannot be written the engine says so."""
    text = folder.plan.read_text()
    header = session_head(
        version=cockpit.__version__,
        plan_text=text,
        plan_origin=str(folder.read_meta().get("plan_path", "")),
        plan_name=plan.name,
        beginning=beginning,
    )
    return Recorder(folder.recording, header, at_ms=beginning.at_ms)


def _saboteur(plan: Plan, folder: SessionFolder) -> Saboteur | None:
    """Who may kill brokers, in a plan that allows drills."""
    if not plan.drills:
        return None
    from cockpit.cli.sabotage import saboteur_of

    return saboteur_of(plan, Path(str(folder.read_meta()["plan_path"])))


def _note_running(folder: SessionFolder, socket: Path) -> None:
    meta = {**folder.read_meta(), "pid": os.getpid(), "socket": str(socket)}
    write_private(folder.meta, json.dumps(meta, indent=1, sort_keys=True) + "\n")


async def _fly(engine: Engine) -> str:
    """Fly to the end, and say how it ended. SIGTERM ends the process and nothing else: the clusters
    stay as they are."""
    loop = asyncio.get_running_loop()
    flight = asyncio.current_task()
    assert flight is not None
    loop.add_signal_handler(signal.SIGTERM, flight.cancel)
    how = "stopped by a signal"
    try:
        await engine.run()
        how = f"the flight ended: {engine.state.outcome}"
    except asyncio.CancelledError:
        complain("engine stopped by a signal; the clusters are as they were left")
    # what was said last must still reach the screens
    await asyncio.sleep(0.5)
    return how
