"""`cockpit doctor PLAN`: names each right that is missing and the ACL that would grant it.

Logs in as the plan's principals and reads, once, what a flight would read. Changes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.cli import exits
from cockpit.cli.output import complain, say, say_json
from cockpit.cli.planned import plan_to_fly
from cockpit.core.shell import shell_line

if TYPE_CHECKING:
    from cockpit.cli.examine import Examination
    from cockpit.core.plan import Plan
    from cockpit.core.rights import Right


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`doctor` and its options."""
    parser = commands.add_parser(
        "doctor",
        help="name each missing right, and what else keeps a plan from being flown",
        description="Logs in as the plan's principals, reads once what a flight would read, and "
        "names each missing right with the ACL that would grant it. Changes nothing.",
    )
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--rights",
        action="store_true",
        help="only list the rights that the plan needs, and ask no cluster for them",
    )


def run(options: argparse.Namespace) -> int:
    """Examine, and say what was found."""
    from cockpit.plan.secrets import SecretUnavailable
    from cockpit.ports import PortError

    plan = plan_to_fly(options.plan)
    if plan is None:
        return exits.USAGE
    try:
        return _list_rights(plan, options) if options.rights else _examine(plan, options)
    except (SecretUnavailable, PortError) as error:
        complain(str(error))
        return exits.FAILED


def _list_rights(plan: Plan, options: argparse.Namespace) -> int:
    from cockpit.cli.examine import mirror_names
    from cockpit.core.rights import MirrorNames, rights

    names = asyncio.run(mirror_names(plan))
    if names is None:
        names = MirrorNames()
        complain("Connect was not asked: the mirror's aliases are taken to be source and target")
    wanted = rights(plan, names)
    if options.json:
        say_json({"plan": plan.name, "rights": [_right_json(plan, right) for right in wanted]})
        return exits.COMPLETED
    for right in wanted:
        say(f"# {sentence(right)}")
        say(_command(plan, right))
    return exits.COMPLETED


def _examine(plan: Plan, options: argparse.Namespace) -> int:
    from cockpit.cli.examine import examine
    from cockpit.cli.leftovers import look, past_of
    from cockpit.engine.clock import SystemClock
    from cockpit.kafka.factory import reveal_secret

    found = asyncio.run(examine(plan, SystemClock(), reveal_secret))
    if not found.shut:
        past = past_of(str(options.plan.resolve()), plan.name)
        found.left = asyncio.run(look(plan, past))
    code = exit_code(found)
    if options.json:
        say_json({**as_json(plan, found), "exit_code": code})
    else:
        for line in report(plan, found):
            say(line)
    return code


def exit_code(found: Examination) -> int:
    """5: a right or a login is refused; 4: something else is missing; 7: rights that nobody can
    prove; 0: nothing is missing."""
    refused = any(error.kind == "refused" for error in found.shut.values())
    if refused or _with(found, "missing"):
        return exits.REFUSED
    unread = any(unread.kind != "too_old" for unread in found.unread)
    if found.shut or found.problems or found.left.found or unread:
        return exits.FAILED
    return exits.UNKNOWN if _with(found, "unproven") else exits.COMPLETED


def _with(found: Examination, word: str) -> list[Any]:
    return [verdict for verdict in found.verdicts if verdict.word == word]


def report(plan: Plan, found: Examination) -> list[str]:
    """What was found, in lines; the worst first."""
    from cockpit.cli.leftovers import described

    lines = [f"{who}: {error.kind}: {error.reason}" for who, error in sorted(found.shut.items())]
    for verdict in _with(found, "missing"):
        lines.append(f"missing: {sentence(verdict.right)}")
        lines.append(f"  {_command(plan, verdict.right)}")
    lines.extend(
        f"unproven: {sentence(verdict.right)}: {verdict.detail}"
        for verdict in _with(found, "unproven")
    )
    lines.extend(f"problem: {problem}" for problem in found.problems)
    lines.extend(line for one in found.left.found for line in described(one))
    lines.extend(
        f"unread: {unread.feed}: {unread.kind}: {unread.reason}"
        for unread in found.unread
        if unread.kind != "too_old"
    )
    lines.extend(
        f"stays unknown: {unread.feed}: {unread.reason}"
        for unread in found.unread
        if unread.kind == "too_old"
    )
    held = f"{len(_with(found, 'held'))} rights held, {len(found.read)} feeds read"
    nothing = exit_code(found) == exits.COMPLETED
    return [*lines, f"nothing is missing: {held}" if nothing else held]


def as_json(plan: Plan, found: Examination) -> dict[str, Any]:
    """What was found, for a script."""
    from cockpit.cli.leftovers import as_json as left_json

    return {
        "plan": plan.name,
        "missing": [_right_json(plan, verdict.right) for verdict in _with(found, "missing")],
        "unproven": [
            {**_right_json(plan, verdict.right), "reason": verdict.detail}
            for verdict in _with(found, "unproven")
        ],
        "unneeded": [_right_json(plan, verdict.right) for verdict in _with(found, "unneeded")],
        "held": len(_with(found, "held")),
        "shut": {
            who: {"kind": error.kind, "reason": error.reason} for who, error in found.shut.items()
        },
        "problems": found.problems,
        **left_json(found.left),
        "unread": [
            {"feed": unread.feed, "kind": unread.kind, "reason": unread.reason}
            for unread in found.unread
        ],
        "read": sorted(found.read),
    }


def sentence(right: Right) -> str:
    """Who needs what, and what for."""
    whom = " (the canary)" if right.canary else ""
    return (
        f"{right.side}: {right.principal}{whom} must be allowed to {right.words()},"
        f" to {right.need}: {'; '.join(right.why)}"
    )


def _right_json(plan: Plan, right: Right) -> dict[str, Any]:
    return {
        "side": right.side,
        "principal": right.principal,
        "canary": right.canary,
        "resource_type": right.resource,
        "resource_name": right.name,
        "pattern": "literal",
        "operation": right.operation,
        "need": right.need,
        "why": list(right.why),
        "command": _command(plan, right),
    }


def _command(plan: Plan, right: Right) -> str:
    from cockpit.core.rights import grant_arguments

    spec = plan.source if right.side == "source" else plan.target
    return shell_line(grant_arguments(right, spec.bootstrap[0]))
