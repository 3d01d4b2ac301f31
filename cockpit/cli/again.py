"""A recorded flight gone through once more, for `cockpit replay --verify`, `--plan` and `--set`."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.recordings import Found, NoRecording, opened

if TYPE_CHECKING:
    from cockpit.core.plan import Plan
    from cockpit.core.whatif import Otherwise
    from cockpit.wire.recording import Reader

SHOWN = 40
"""So many differences are printed for people; all of them with --json."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that go through a flight once more instead of showing it."""
    group = parser.add_argument_group("without a screen")
    group.add_argument(
        "--verify",
        action="store_true",
        help="work every verdict out anew; exit 4 where one differs from what was recorded",
    )
    group.add_argument(
        "--plan",
        type=Path,
        metavar="PLAN",
        help="list where the tolerances of this plan would have decided otherwise",
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="PATH=VALUE",
        help="the same with the flight's own plan and one value changed, such as "
        "waves.readers.gates.0.max=50; may be given several times",
    )
    group.add_argument("--json", action="store_true", help="one JSON object a line")


def is_wanted(options: argparse.Namespace) -> bool:
    """Whether one of these options was given."""
    return bool(options.verify or options.plan or options.set)


def run_again(found: Found, options: argparse.Namespace) -> int:
    """Carry them out; the exit code."""
    from cockpit.plan.amend import AmendError
    from cockpit.plan.problems import PlanInvalid
    from cockpit.replay.rerun import RerunError
    from cockpit.wire.records import RecordingError

    try:
        with opened(found) as reader:
            if options.verify:
                return verify(reader, as_json=options.json)
            other = other_plan(reader, options.plan, options.set)
            return what_if(reader, other, as_json=options.json)
    except PlanInvalid as invalid:
        for problem in invalid.problems:
            complain(clean_line(f"{invalid.origin}:{problem}"))
        return exits.USAGE
    except AmendError as error:
        complain(clean_line(str(error)))
        return exits.USAGE
    except (NoRecording, RerunError, RecordingError) as error:
        complain(clean_line(str(error)))
        return exits.FAILED


def other_plan(reader: Reader, path: Path | None, assignments: Sequence[str]) -> Plan:
    """The plan whose tolerances are tried: that of the file, or the flight's own, each with the
    assignments carried out. Raises PlanInvalid, AmendError, RerunError."""
    from cockpit.plan.amend import amend
    from cockpit.plan.loader import load_plan, read_plan_text
    from cockpit.replay.rerun import RerunError, life_head

    if path is not None:
        text, origin = read_plan_text(path), str(path)
    elif reader.lives:
        head = life_head(reader.lives[0])
        text, origin = head.plan_text, head.plan_origin or head.plan_name
    else:
        raise RerunError("nothing was recorded")
    return load_plan(amend(text, assignments, origin=origin), origin=origin)


def verify(reader: Reader, *, as_json: bool) -> int:
    """4: a verdict differs; 7: nothing, or not everything, could be worked out; 0: all the same."""
    from cockpit.replay.rerun import Verified
    from cockpit.replay.rerun import verify as differences

    found = Verified()
    for number, one in enumerate(differences(reader, found)):
        if as_json:
            say_json(dataclasses.asdict(one))
        elif number < SHOWN:
            say(clean_line(f"{_utc(one.at_ms)} {one.what}"))
            say(clean_line(f"    recorded  {one.recorded}"))
            say(clean_line(f"    now       {one.now}"))
    code = exits.FAILED if found.differences else exits.COMPLETED
    if not found.differences and (found.skipped or not found.frames):
        code = exits.UNKNOWN
    if as_json:
        say_json({**dataclasses.asdict(found), "exit_code": code})
        return code
    if found.differences > SHOWN:
        say(f"... and {found.differences - SHOWN} more")
    for why in found.skipped:
        say(clean_line(f"not worked out: {why}"))
    say(
        f"{found.frames} moments, {found.verdicts} verdicts worked out anew: "
        f"{found.differences} differ; {found.exact} screens are the same in every part"
    )
    return code


def what_if(reader: Reader, other: Plan, *, as_json: bool) -> int:
    """List what would have been decided otherwise; always 0: to know is what was wanted."""
    from cockpit.replay.rerun import what_if as otherwise

    found = list(otherwise(reader, other))
    for one in found:
        if as_json:
            say_json(dataclasses.asdict(one))
        else:
            say(clean_line(told(one)))
    if not as_json:
        say(_summary(found))
    return exits.COMPLETED


def told(one: Otherwise) -> str:
    """One line for people."""
    lasted = "" if one.until_ms <= one.at_ms else f" to {_utc(one.until_ms)}"
    return (
        f"{_utc(one.at_ms)}{lasted}  {one.what} {one.path}: was {one.was}, would be {one.would} - "
        f"{one.evidence}"
    )


def _summary(found: Iterable[Otherwise]) -> str:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.what] = counts.get(one.what, 0) + 1
    if not counts:
        return "nothing would have been decided otherwise"
    parts = ", ".join(f"{count} of {what}" for what, count in sorted(counts.items()))
    return f"would have been otherwise: {parts}"


def _utc(at_ms: int) -> str:
    from cockpit.report.wording import moment

    return moment(at_ms)
