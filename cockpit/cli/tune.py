"""`cockpit tune SESSION...`: tolerances proposed from what flights have seen."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING, Any

from cockpit.cli import exits
from cockpit.cli.output import Progress, clean_line, complain, say, say_json
from cockpit.cli.recordings import NoRecording, find_recording, opened

if TYPE_CHECKING:
    from cockpit.core.tuning import Proposal
    from cockpit.wire.recording import Reader


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`tune` and its options."""
    parser = commands.add_parser(
        "tune",
        help="propose tolerances from what recorded flights have seen",
        description="Reads recorded flights and says of each gate and trigger what it has shown, "
        "from how much data, and which limit that suggests. Changes no plan.",
    )
    parser.add_argument("sessions", nargs="+", metavar="SESSION")
    parser.add_argument("--json", action="store_true", help="one JSON object a condition")


def run(options: argparse.Namespace) -> int:
    """One paragraph a condition."""
    from cockpit.replay.tuned import tuned

    closed: list[str] = []
    with ExitStack() as stack:
        progress = stack.enter_context(closing(Progress("reading")))
        seen = tuned(_readers(options.sessions, stack, closed), progress)
    found = seen.proposals()
    for why in (*closed, *(f"left out: {why}" for why in seen.left_out())):
        complain(clean_line(why))
    if len(closed) == len(options.sessions):
        return exits.REFUSED
    if not found:
        complain("nothing was judged in these sessions")
        return exits.FAILED if closed else exits.UNKNOWN
    for one in found:
        if options.json:
            say_json({**dataclasses.asdict(one)})
        else:
            for line in lines(one):
                say(clean_line(line))
    return exits.FAILED if closed else exits.COMPLETED


def _readers(names: list[str], stack: ExitStack, closed: list[str]) -> Iterator[tuple[str, Reader]]:
    """Each session that can be opened, with its name; `closed` is told why the others cannot."""
    for name in names:
        try:
            yield name, stack.enter_context(opened(find_recording(name)))
        except NoRecording as error:
            closed.append(str(error))


def lines(one: Proposal) -> list[str]:
    """A proposal for a person to read."""
    from cockpit.report.wording import amount, duration, moment

    def shown(value: float | None) -> str:
        return "-" if value is None else amount(value, one.unit)

    sessions = f"{one.sessions} session{'' if one.sessions == 1 else 's'}"
    data = f"{one.known} samples over {duration(one.span_ms)} in {sessions}"
    data += f", {one.unknown} unknown" if one.unknown else ""
    head = f"{one.path}  {one.name}  limit {shown(one.limit)}"
    proposed = f"  -> {shown(one.proposed)}" if one.proposed is not None else "  -> no proposal"
    most = "" if one.most_at_ms is None else f" at {moment(one.most_at_ms)}"
    seen = f"median {shown(one.median)}, p99 {shown(one.p99)}, most {shown(one.most)}{most}"
    return [
        f"{head}{proposed}",
        f"    {seen}; {data}",
        f"    {one.why}",
    ]
