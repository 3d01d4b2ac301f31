"""`cockpit run PLAN`: starts an engine in a process of its own and opens the screen on it."""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.cli.launch import Launched, LaunchError, flown_by, launch
from cockpit.cli.options import add_pilot_options, add_screen_options, orders_from
from cockpit.cli.output import complain, say, say_json
from cockpit.engine.folders import FolderError, this_user


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`run` and its options."""
    parser = commands.add_parser("run", help="fly a plan: an engine of its own, and the screen")
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument(
        "--no-preflight",
        action="store_true",
        help="start even when a cluster, a topic or the mirror does not answer",
    )
    add_pilot_options(parser)
    add_screen_options(parser)


def run(options: argparse.Namespace) -> int:
    """Check, launch, then look on."""
    from cockpit.plan import PlanInvalid, load_plan_file

    try:
        plan = load_plan_file(options.plan)
    except PlanInvalid as error:
        for problem in error.problems:
            complain(f"{options.plan}:{problem}")
        complain("nothing was started: `cockpit check` says more")
        return exits.USAGE
    if not options.headless and (why := _no_screen()):
        complain(why)
        return exits.USAGE
    if (other := flown_by(options.plan)) is not None:
        complain(f"this plan is being flown: cockpit attach {other.id}")
        return exits.REFUSED
    try:
        launched = launch(options.plan, plan.name, preflight=not options.no_preflight)
    except FolderError as error:
        complain(str(error))
        return exits.FAILED
    except LaunchError as error:
        for line in error.problems:
            complain(line)
        complain("nothing was started: mend this, or `--no-preflight` to watch all the same")
        return exits.FAILED
    if options.headless:
        return _headless(launched, options)
    from cockpit.cli.attach import screen

    return screen(launched.folder, launched.socket, options)


def _no_screen() -> str:
    from cockpit.cli.attach import why_no_screen

    return why_no_screen()


def _headless(launched: Launched, options: argparse.Namespace) -> int:
    complain(f"session {launched.folder.id}: {launched.folder.path}")
    try:
        return asyncio.run(_fly(launched, options))
    except KeyboardInterrupt:
        asyncio.run(_pause(launched))
        complain(f"paused; the engine goes on watching: cockpit attach {launched.folder.id}")
        return exits.INTERRUPTED


async def _pause(launched: Launched) -> None:
    from cockpit.core.intents import Pause
    from cockpit.engine.remote import RemoteSession

    try:
        session = await RemoteSession.connect(launched.socket)
    except OSError:
        return
    await session.submit(Pause(this_user()))
    await session.news()
    await session.close()


async def _fly(launched: Launched, options: argparse.Namespace) -> int:
    from cockpit.cli.pilot import Pilot, result_event
    from cockpit.engine.remote import RemoteSession

    session = await RemoteSession.connect(launched.socket)

    def show(event: Mapping[str, Any]) -> None:
        if options.json:
            say_json(event)
        else:
            say(event_line(event))

    result = await Pilot(session, orders_from(options), show).fly()
    await session.close()
    if options.json:
        say_json({**result_event(result), "session": launched.folder.id})
    else:
        say(f"{result.outcome}" + (f": {result.why}" if result.why else ""))
    if result.left_running:
        complain(f"the engine goes on: cockpit attach {launched.folder.id}")
    return result.exit_code


def event_line(event: Mapping[str, Any]) -> str:
    """An event for a person: UTC, then what happened."""
    import datetime

    at = datetime.datetime.fromtimestamp(event.get("at_ms", 0) / 1000, tz=datetime.UTC)
    return f"{at:%H:%M:%S}Z {event.get('text', event.get('kind', ''))}"
