"""`cockpit lab up|status|down`: the command line of the lab.

Never does the lab's work itself.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
from collections.abc import Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from cockpit.cli import exits
from cockpit.cli.output import complain, say

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

Result = TypeVar("Result")


def add_parser(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add `lab` to the program's commands."""
    parser = subparsers.add_parser(
        "lab",
        help="real clusters on this machine, to try things on",
        description="Start, look at and stop two real Kafka clusters, a mirror and a workload on "
        "this machine (needs Java 17 or newer, and Maven the first time).",
    )
    verbs = parser.add_subparsers(dest="lab_verb", required=True, metavar="up|status|down")
    helps = {
        "up": "start everything and wait until it answers",
        "status": "what lives and what answers",
        "down": "stop exactly what `up` started",
    }
    for verb, text in helps.items():
        command = verbs.add_parser(verb, help=text, description=text)
        if verb == "up":
            command.add_argument(
                "--brokers",
                type=int,
                choices=(1, 2),
                default=1,
                help="how many brokers the source has (default: 1)",
            )
            command.add_argument(
                "--profile",
                metavar="NAME",
                default="default",
                help="versions, security, mirror and workload: see Profiles in docs/lab.md",
            )
        command.add_argument("--json", action="store_true", help="print JSON on standard output")
        command.add_argument(
            "--folder",
            type=Path,
            metavar="DIR",
            help="the lab's folder (default: $XDG_STATE_HOME/cockpit/lab)",
        )


def run(args: argparse.Namespace) -> int:
    """Carry out `lab`; the exit code."""
    from cockpit.lab.home import LabError

    try:
        return asyncio.run(_interruptible(_verb(args)))
    except LabError as error:
        complain(f"cockpit lab {args.lab_verb}: {error}")
        return exits.FAILED
    except (KeyboardInterrupt, asyncio.CancelledError):
        complain(f"cockpit lab {args.lab_verb}: interrupted")
        return exits.INTERRUPTED


async def _verb(args: argparse.Namespace) -> int:
    from cockpit.lab.home import default_folder
    from cockpit.lab.looking import read_status
    from cockpit.lab.profiles import profile_named
    from cockpit.lab.starting import bring_up
    from cockpit.lab.stopping import take_down

    folder: Path = args.folder or default_folder()
    match args.lab_verb:
        case "up":
            profile = profile_named(args.profile)
            await bring_up(folder, complain, brokers=args.brokers, profile=profile)
            _show(await read_status(folder), as_json=args.json)
        case "status":
            _show(await read_status(folder), as_json=args.json)
        case "down":
            stopped = await take_down(folder, complain)
            if args.json:
                say(json.dumps({"stopped": stopped}))
            elif not stopped:
                say("nothing of this lab was running")
        case _:
            return exits.INTERNAL
    return exits.COMPLETED


async def _interruptible(work: Coroutine[Any, Any, Result]) -> Result:
    """Take SIGTERM and SIGHUP as what Ctrl-C is: the work is cancelled and cleans up."""
    task = asyncio.current_task()
    if task is not None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    return await work


def _show(status: Status, *, as_json: bool) -> None:
    body = status.as_json()
    if as_json:
        say(json.dumps(body, indent=1))
        return
    lines = [f"lab in {body['folder']}: {body['state']}"]
    if body["plan"]:
        lines.append(f"  plan     {body['plan']}")
        lines += [f"  {tool:8} {body[tool]}" for tool in ("connect", "link") if body[tool]]
        lines += [f"  {side:8} {address}" for side, address in body["bootstrap"].items()]
    for part in status.parts:
        if status.state != "down":
            word = "answers" if part.answers else "silent" if part.pid else "not running"
            lines.append(f"  {part.name:10} {part.pid or '-':>8}  {word}")
    say("\n".join(lines))
