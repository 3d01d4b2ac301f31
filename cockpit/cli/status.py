"""`cockpit status [SESSION]`: how a flight stands, in a line or as JSON."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.underway import find_running
from cockpit.core.snapshot import Snapshot
from cockpit.engine.remote import RemoteSession
from cockpit.wire.frames import NotLetInError
from cockpit.wire.values import WireError, to_json

ANSWER_WITHIN_S = 5


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`status` and its options."""
    parser = commands.add_parser("status", help="say in a line how a flight stands")
    parser.add_argument("session", nargs="?", metavar="SESSION")
    parser.add_argument("--json", action="store_true")


def run(options: argparse.Namespace) -> int:
    """Ask the engine once."""
    found = find_running(options.session)
    if isinstance(found, str):
        complain(found)
        return exits.REFUSED
    try:
        snapshot = asyncio.run(newest(found.socket))
    except NotLetInError as error:
        complain(clean_line(str(error)))
        return exits.REFUSED
    except (OSError, WireError, TimeoutError) as error:
        complain(f"session {found.name} does not answer: {str(error) or type(error).__name__}")
        return exits.UNKNOWN
    if options.json:
        say_json(summary(snapshot))
    else:
        say(clean_line(line(snapshot)))
    return exits.COMPLETED


async def newest(socket: Path) -> Snapshot:
    """The first snapshot of a session; raises OSError, WireError, TimeoutError."""
    async with asyncio.timeout(ANSWER_WITHIN_S):
        session = await RemoteSession.connect(socket)
        try:
            async for snapshot in session.snapshots():
                return snapshot
        finally:
            await session.close()
    raise WireError("the engine closed the connection")


def line(snapshot: Snapshot) -> str:
    """Wave, step, who owns writes, whether going back is possible, how old the data is."""
    status = snapshot.status
    wave = snapshot.waves[status.wave_number - 1]
    ages = [
        f"{side.side} {side.health}"
        + (
            ""
            if side.asked_at_ms is None
            else f" {(snapshot.at_ms - side.asked_at_ms) / 1000:.1f}s"
        )
        for side in (snapshot.source, snapshot.target)
    ]
    step = f" at {status.step}" if status.step else ""
    paused = " PAUSED" if status.paused else ""
    count = len(snapshot.left_over)
    left = f"; {count} left over: {snapshot.left_over[0].text}" if count else ""
    simulated = "SIMULATED " if status.simulated else ""
    return (
        f"{simulated}{status.plan}: wave {status.wave_number}/{status.waves} {wave.name} "
        f"{wave.word}{step}{paused}; writes {status.writes}; rollback {status.rollback} "
        f"({status.rollback_detail}); "
        f"{', '.join(ages)}; mirror {snapshot.mirror}{left}"
    )


def summary(snapshot: Snapshot) -> dict[str, Any]:
    """What a script may want, without the partition columns."""
    return {
        "at_ms": snapshot.at_ms,
        "status": to_json(snapshot.status),
        "source": to_json(snapshot.source),
        "target": to_json(snapshot.target),
        "mirror": snapshot.mirror,
        "waves": to_json(snapshot.waves),
        "gates": to_json(snapshot.gates),
        "triggers": to_json(snapshot.triggers),
        "groups": to_json(snapshot.groups),
        "armed": to_json(snapshot.armed),
        "actions": to_json(snapshot.actions),
        "alarms": to_json(snapshot.alarms),
        "left_over": to_json(snapshot.left_over),
        "head": snapshot.head,
        "crew": to_json(snapshot.crew),
        "services": to_json(snapshot.services),
        "way_back": to_json(snapshot.way_back),
        "stragglers": to_json(snapshot.stragglers),
    }
