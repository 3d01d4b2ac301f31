"""`cockpit run PLAN`: starts an engine in a process of its own and opens the screen on it."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.cli.launch import (
    Launched,
    LaunchError,
    flown_by,
    is_running,
    last_unfinished,
    launch,
)
from cockpit.cli.leftovers import after, after_lines, as_json, look_after, told
from cockpit.cli.options import add_pilot_options, add_screen_options, orders_from
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.pilot import Pilot, Result, result_event
from cockpit.cli.underway import Flight
from cockpit.core.left import Left
from cockpit.core.plan import DrillStep, Plan
from cockpit.engine.folders import FolderError, this_user

PAUSED_WITHIN_S = 5
NEVER_FLOWN = "this version proves such a plan, and does not fly it"
DRILLS_HERE = "drills are flown where all clusters are on this machine, as on a lab"
MAY_LEAVE = (exits.ROLLED_BACK, exits.FAILED, exits.GATE_NOT_MET, exits.UNKNOWN, exits.STOPPED)
"""Ways to end after which something may stand that nobody is at work on."""


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`run` and its options."""
    parser = commands.add_parser(
        "run",
        help="fly a plan: an engine of its own, and the screen",
        description="Looks at both clusters, the mirror and what earlier flights have left, starts "
        "an engine of its own on PLAN, and shows its screen. Nothing moves before a person arms A "
        "and confirms it. The engine outlives its screen: `cockpit attach` shows it again.",
    )
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument(
        "--no-preflight",
        action="store_true",
        help="start even when a cluster, a topic or the mirror does not answer; what is left over "
        "and what would be refused only the engine looks for then",
    )
    parser.add_argument(
        "--from",
        dest="first",
        default="",
        metavar="WAVE",
        help="begin at this wave: those before it were moved by earlier flights",
    )
    parser.add_argument(
        "--anew",
        action="store_true",
        help="begin anew although an earlier flight of this plan stands half-way in a wave",
    )
    add_pilot_options(parser)
    add_screen_options(parser)


def run(options: argparse.Namespace) -> int:
    """Check, launch, then look on."""
    from cockpit.core.unflown import unflown
    from cockpit.plan import PlanInvalid, load_plan_file

    try:
        plan = load_plan_file(options.plan)
    except PlanInvalid as error:
        problems = tuple(f"{options.plan}:{problem}" for problem in error.problems)
        last = "nothing was started: `cockpit check` says more"
        return leave(options, "invalid", exits.USAGE, problems, last)
    never = unflown(plan)
    if reasons := (*never, *_drills_why_not(plan, options.plan)):
        last = f"nothing was started: {NEVER_FLOWN if never else DRILLS_HERE}"
        return leave(options, "invalid", exits.USAGE, reasons, last)
    if not options.headless and (why := no_screen(options)):
        return leave(options, "refused", exits.USAGE, (why,))
    names = [wave.name for wave in plan.waves]
    if options.first and options.first not in names:
        why = f"no wave is called {options.first}: there are {', '.join(names)}"
        return leave(options, "invalid", exits.USAGE, (why,))
    if (other := flown_by(options.plan)) is not None:
        why = f"this plan is being flown: cockpit attach {other.id}"
        return leave(options, "refused", exits.REFUSED, (why,))
    if not options.anew and (left := _left_half_way(options.plan, plan.name)):
        return leave(options, "refused", exits.REFUSED, left)
    try:
        preflight = not options.no_preflight
        launched = launch(
            options.plan, plan.name, preflight=preflight, first=options.first, anew=options.anew
        )
    except FolderError as error:
        return leave(options, "failed", exits.FAILED, (str(error),))
    except LaunchError as error:
        if error.refused:
            return leave(options, "refused", exits.REFUSED, error.problems)
        last = "nothing was started: mend this, or `--no-preflight` to watch all the same"
        return leave(options, "failed", exits.FAILED, error.problems, last)
    except KeyboardInterrupt:
        why = "interrupted before the flight began: nothing was started"
        return leave(options, "interrupted", exits.INTERRUPTED, (why,))
    return look_on(launched, options)


def _drills_why_not(plan: Plan, path: Path) -> tuple[str, ...]:
    """Why the plan's drills may not be flown here; empty: they may, or it has none."""
    if not any(isinstance(step, DrillStep) for wave in plan.waves for step in wave.steps):
        return ()
    from cockpit.cli.sabotage import why_no_drills

    return why_no_drills(plan, path.resolve())


def _left_half_way(plan: Path, name: str) -> tuple[str, ...]:
    """What an earlier flight of this plan has left standing, and the way on; empty: nothing."""
    found = last_unfinished(str(plan.resolve()), name)
    if found is None:
        return ()
    folder, words = found
    return (
        f"session {folder.id} was left {words}, and its engine is no more",
        f"go on or back with: cockpit resume {folder.id}",
        "or begin anew with --anew, once nothing of it stands any more",
    )


def look_on(launched: Launched, options: argparse.Namespace) -> int:
    """Fly without a screen, or open it; the exit code."""
    told(launched.warnings)
    if options.headless:
        return _headless(launched, options)
    from cockpit.cli.attach import screen

    flight = Flight(launched.folder.id, launched.socket, folder=launched.folder)
    code = screen(flight, options, drives=True)
    if code in MAY_LEAVE:
        told(after_lines(after(launched.folder)))
    return code


def leave(
    options: argparse.Namespace,
    outcome: str,
    code: int,
    why: Sequence[str],
    advice: str = "",
    *,
    left_running: bool = False,
) -> int:
    """Every way out that no pilot reports: the reasons for a person, a last line for a script."""
    for line in (*why, advice):
        if line:
            complain(clean_line(line))
    if options.headless and options.json:
        say_json(result_event(Result(outcome, code, (), left_running, "; ".join(why))))
    return code


def no_screen(options: argparse.Namespace) -> str:
    """Why nothing can be shown here; empty: it can. Loads the screen's side only when
    asked."""
    from cockpit.cli.attach import why_no_screen

    return why_no_screen(options)


def _headless(launched: Launched, options: argparse.Namespace) -> int:
    from cockpit.wire.values import WireError

    complain(f"session {launched.folder.id}: {launched.folder.path}")
    back = f"cockpit attach {launched.folder.id}"
    try:
        return asyncio.run(_fly(launched, options))
    except KeyboardInterrupt:
        if _paused_for_sure(launched):
            why = f"paused; the engine goes on watching: {back}"
        else:
            why = f"the engine could not be reached and is perhaps not paused: {back}"
        return leave(options, "interrupted", exits.INTERRUPTED, (why,), left_running=True)
    except (OSError, WireError) as error:
        why = f"the engine is gone or talks nonsense: {str(error) or type(error).__name__}"
        running = is_running(launched.folder)
        advice = f"see {back}" if running else f"see {launched.folder.log}"
        return leave(options, "unknown", exits.UNKNOWN, (why,), advice, left_running=running)


def _paused_for_sure(launched: Launched) -> bool:
    """Ask for a pause; True only when a snapshot shows it."""
    from cockpit.wire.values import WireError

    try:
        return asyncio.run(_pause(launched.socket))
    except (OSError, WireError, KeyboardInterrupt):
        return False


async def _pause(socket: Path) -> bool:
    from cockpit.core.intents import Pause
    from cockpit.engine.remote import RemoteSession

    async with asyncio.timeout(PAUSED_WITHIN_S):
        session = await RemoteSession.connect(socket, drive=this_user())
        try:
            await session.submit(Pause(this_user()))
            async for snapshot in session.snapshots():
                if snapshot.status.paused:
                    return True
        finally:
            await session.close()
    return False


async def _fly(launched: Launched, options: argparse.Namespace) -> int:
    from cockpit.engine.remote import RemoteSession

    session = await RemoteSession.connect(launched.socket, drive=this_user())

    def show(event: Mapping[str, Any]) -> None:
        if options.json:
            say_json(event)
        else:
            say(event_line(event))

    try:
        result = await Pilot(session, orders_from(options), show).fly()
    finally:
        await session.close()
    looks = result.exit_code in MAY_LEAVE and not result.left_running
    left = await look_after(launched.folder) if looks else Left()
    told(after_lines(left))
    if options.json:
        standing = as_json(left)["left_over"]
        say_json({**result_event(result), "session": launched.folder.id, "left_over": standing})
    else:
        say(clean_line(f"{result.outcome}" + (f": {result.why}" if result.why else "")))
    if result.left_running:
        complain(f"the engine goes on: cockpit attach {launched.folder.id}")
    return result.exit_code


def event_line(event: Mapping[str, Any]) -> str:
    """An event for a person, on one line: UTC, then what happened."""
    import datetime

    at = datetime.datetime.fromtimestamp(event.get("at_ms", 0) / 1000, tz=datetime.UTC)
    return clean_line(f"{at:%H:%M:%S}Z {event.get('text', event.get('kind', ''))}")
