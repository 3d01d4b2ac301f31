"""Options that several commands share."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cockpit.engine.folders import this_user

if TYPE_CHECKING:
    from cockpit.cli.pilot import Orders

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}


def duration_ms(text: str) -> int:
    """`90s`, `5m`, `30d`, ... as milliseconds."""
    match = re.fullmatch(r"(\d+)(ms|s|m|h|d)", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is not a duration such as 90s or 5m")
    return int(match[1]) * _UNITS_MS[match[2]]


def add_pilot_options(parser: argparse.ArgumentParser) -> None:
    """Flying without a screen."""
    group = parser.add_argument_group("without a screen")
    group.add_argument(
        "--headless", action="store_true", help="advance by itself whenever the gates pass"
    )
    group.add_argument("--json", action="store_true", help="one JSON event a line")
    group.add_argument(
        "--gate-wait",
        type=duration_ms,
        default=300_000,
        metavar="DURATION",
        help="give up when a wave's gates are not met within this (default 5m)",
    )
    group.add_argument(
        "--on-ask",
        choices=("rollback", "pause"),
        default="rollback",
        help="when a trigger has paused the wave, or a step has failed (default rollback); beyond "
        "the point of no return it is pause",
    )
    group.add_argument(
        "--accept-loss",
        action="store_true",
        help="go back beyond the point of no return too, where records that were written on the "
        "target would be lost",
    )
    group.add_argument("--yes", action="store_true", help="answer the plan's confirm steps")
    group.add_argument(
        "--again", action="store_true", help="fly a wave that was rolled back once more"
    )


def add_go_on(parser: argparse.ArgumentParser) -> None:
    """What becomes of a wave that was left half-way, of who takes a flight over."""
    parser.add_argument(
        "--go-on",
        action="store_true",
        help="without a screen: go on with the wave once the clusters are as it was left, and with "
        "those after it; back where the way on stays closed for --gate-wait",
    )


def orders_from(options: argparse.Namespace) -> Orders:
    """The autopilot's orders."""
    from cockpit.cli.pilot import Orders

    return Orders(
        user=this_user(),
        gate_wait_ms=options.gate_wait,
        on_ask=options.on_ask,
        accept_loss=options.accept_loss,
        confirm_steps=options.yes,
        fly_again=options.again,
        go_on=getattr(options, "go_on", False),
    )


def add_screen_options(parser: argparse.ArgumentParser, *, plain: bool = True) -> None:
    """How the screen looks. `plain`: it may do without one."""
    group = parser.add_argument_group("screen")
    group.add_argument("--theme", metavar="NAME", help="its colours: see `cockpit themes`")
    group.add_argument("--mouse", action="store_true", help="take the mouse (off by default)")
    group.add_argument(
        "--remote",
        choices=("auto", "on", "off"),
        default="auto",
        help="for slow links: one refresh a second, at most 256 colours (auto: over SSH, where "
        "`ssh -C` helps most)",
    )
    if plain:
        group.add_argument(
            "--plain",
            action="store_true",
            help="changes as sentences, commands as numbers: for screen readers, and by itself "
            "where TERM=dumb",
        )


def is_remote(options: argparse.Namespace, environment: Mapping[str, str]) -> bool:
    """Whether what is drawn goes over a link."""
    if options.remote == "auto":
        return "SSH_CONNECTION" in environment
    return bool(options.remote == "on")
