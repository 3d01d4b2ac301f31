"""`cockpit act VERB`: what a key does, from a script, through the same checks."""

from __future__ import annotations

import argparse
import asyncio
from typing import Any

from cockpit.cli import exits
from cockpit.cli.acting import (
    ANSWER_WITHIN_S,
    OTHERS_WITHIN_S,
    SIMPLE,
    TWO_KEYS,
    VERBS,
    Answered,
    Order,
    act,
)
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.underway import Flight, find_running
from cockpit.core.coordination import utc
from cockpit.engine.folders import this_user
from cockpit.wire.values import WireError

_WAITS = {"abort": None, **dict.fromkeys((*TWO_KEYS, "confirm"), OTHERS_WITHIN_S)}
"""Seconds until there is no answer, where it is not ANSWER_WITHIN_S; None: it may take long."""


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`act` and its options."""
    parser = commands.add_parser(
        "act",
        help="do what a key does, from a script",
        description="Does what a key does, through the same checks. `confirm` answers what a step "
        "asks; `abort` takes the wave back and ends the flight once it is; `go` and `no-go` answer "
        "a poll; `drive` with --of takes over from whose lease has run out. Who drives from here "
        "does so for one lease (the plan's, 60 s unless it says another) and is told until when; "
        "each order of his that needs the controls begins it anew, and so does `drive`.",
        epilog=f"exit codes: {exits.REFUSED} refused, {exits.GATE_NOT_MET} a gate is not met, "
        f"{exits.UNKNOWN} the outcome is not known",
    )
    parser.add_argument("verb", choices=VERBS)
    parser.add_argument("--session", metavar="SESSION")
    parser.add_argument(
        "--confirm",
        metavar="WAVE",
        default="",
        help="the wave's name: needed to go, go back, recover, accept the controls or say go",
    )
    parser.add_argument(
        "--wave", metavar="WAVE", default="", help="refuse unless it is about this wave"
    )
    parser.add_argument("--text", default="", help="the note, the alarm's subject, or why")
    parser.add_argument("--to", metavar="USER", default="", help="who is offered the controls")
    parser.add_argument("--of", metavar="USER", default="", help="who drove and is gone")
    parser.add_argument("--json", action="store_true", help="one line of JSON for a script")


def run(options: argparse.Namespace) -> int:
    """Hand in the intent, and wait for the answer."""
    needs = SIMPLE[options.verb].needs if options.verb in SIMPLE else ""
    if needs and not getattr(options, needs):
        complain(f"{options.verb} needs --{needs}")
        return exits.USAGE
    found = find_running(options.session)
    if isinstance(found, str):
        answered = Answered(exits.REFUSED, found)
    else:
        answered = _answered(found, options)
    if options.json:
        session = "" if isinstance(found, str) else found.name
        outcome = "done" if answered.code == exits.COMPLETED else exits.MEANINGS[answered.code]
        content: dict[str, Any] = {"verb": options.verb, "session": session, "outcome": outcome}
        content |= {"code": answered.code, "why": answered.why}
        until = {} if answered.until_ms is None else {"until_ms": answered.until_ms}
        say_json(content | until)
    elif answered.code == exits.COMPLETED:
        say(f"{options.verb}: done{_until(answered.until_ms)}")
    else:
        complain(clean_line(f"{options.verb} {_word(answered)}: {answered.why}"))
    return answered.code


def _answered(found: Flight, options: argparse.Namespace) -> Answered:
    given = {name: getattr(options, name) for name in ("confirm", "wave", "text", "to", "of")}
    order = Order(options.verb, this_user(), **given)

    async def ask() -> Answered:
        async with asyncio.timeout(_WAITS.get(order.verb, ANSWER_WITHIN_S)):
            return await act(found.socket, order, lambda line: complain(clean_line(line)))

    try:
        return asyncio.run(ask())
    except (OSError, WireError, TimeoutError) as error:
        why = f"session {found.name} does not answer: {str(error) or type(error).__name__}"
        return Answered(exits.UNKNOWN, why)


def _until(until_ms: int | None) -> str:
    """How long the controls stay with somebody whose connection ends now."""
    if until_ms is None:
        return ""
    return f"; nobody else may take the controls before {utc(until_ms)}: drive again renews that"


def _word(answered: Answered) -> str:
    return "is perhaps done" if answered.code == exits.UNKNOWN else "refused"
