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
    from cockpit.wire.sessionhead import SessionHead

SHOWN = 40
"""So many differences, or damages, are printed for people; all of them with --json."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The options that go through a flight once more instead of showing it."""
    group = parser.add_argument_group("without a screen")
    group.add_argument(
        "--verify",
        action="store_true",
        help="work every verdict out anew; exit 4 where one differs from what was recorded, 7 "
        "where not everything could be worked out",
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
    group.add_argument(
        "--json", action="store_true", help="with one of these: one JSON object a line"
    )


def is_wanted(options: argparse.Namespace) -> bool:
    """Whether one of these options was given."""
    return bool(options.verify or options.plan or options.set)


def misused(options: argparse.Namespace) -> str:
    """Why these options do not go together; empty: they do."""
    tries = [name for name in ("plan", "set") if getattr(options, name)]
    if options.verify and tries:
        return (
            f"--verify goes without --{tries[0]}: it works out the flight's own plan; "
            f"give --{tries[0]} alone to try other tolerances"
        )
    if options.json and not is_wanted(options):
        return "--json goes with --verify, --plan or --set: a screen has no JSON"
    return ""


def run_again(found: Found, options: argparse.Namespace) -> int:
    """Carry them out; the exit code."""
    from cockpit.plan.amend import AmendError
    from cockpit.plan.problems import PlanInvalid
    from cockpit.replay.rerun import RerunError

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
    except RerunError as error:
        complain(clean_line(str(error)))
        return exits.UNKNOWN
    except NoRecording as error:
        complain(clean_line(str(error)))
        return error.code


def other_plan(reader: Reader, path: Path | None, assignments: Sequence[str]) -> Plan:
    """The plan whose tolerances are tried: that of the file, or the flight's own, each with the
    assignments carried out. Raises PlanInvalid, RerunError; AmendError also for an assignment that
    would change more than tolerances."""
    from cockpit.plan.amend import AmendError, amend
    from cockpit.plan.loader import load_plan, read_plan_text

    if path is not None:
        text, origin = read_plan_text(path), str(path)
    else:
        head = _first_head(reader)
        text, origin = head.plan_text, head.plan_origin or head.plan_name
    other = load_plan(amend(text, assignments, origin=origin), origin=origin)
    if not assignments or _untried(other) == (untried := _untried(load_plan(text, origin=origin))):
        return other
    for one in assignments:
        alone = load_plan(amend(text, [one], origin=origin), origin=origin)
        if _untried(alone) != untried:
            assignments = [one]
            break
    raise AmendError(
        f"not a tolerance: {', '.join(assignments)} - only gates, triggers and approved "
        "differences can be tried on a flight that is over"
    )


def _first_head(reader: Reader) -> SessionHead:
    """The first header that can be read; raises RerunError."""
    from cockpit.replay.rerun import RerunError, life_head

    problem = RerunError("nothing was recorded")
    for life in reader.lives:
        try:
            return life_head(life)
        except RerunError as error:
            problem = error
    raise problem


def _untried(plan: Plan) -> Plan:
    """All of a plan that trying its tolerances on a flight does not look at."""
    waves = tuple(
        dataclasses.replace(
            wave, gates=(), rollback=dataclasses.replace(wave.rollback, triggers=())
        )
        for wave in plan.waves
    )
    return dataclasses.replace(plan, waves=waves, approved_differences=())


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
    _say_skipped(found.skipped)
    for why in cut_short(found.damages):
        say(clean_line(why))
    say(
        f"{found.frames} moments, {found.verdicts} verdicts worked out anew: "
        f"{found.differences} differ; {found.exact} screens are the same in every part"
    )
    return code


def cut_short(damages: Sequence[str]) -> list[str]:
    """So many of them as people read, and how many more there are."""
    more = len(damages) - SHOWN
    return [*damages[:SHOWN], *([f"... and {more} more records are damaged"] if more > 0 else [])]


def _say_skipped(skipped: Iterable[str]) -> None:
    for why in skipped:
        say(clean_line(f"not worked out: {why}"))


def what_if(reader: Reader, other: Plan, *, as_json: bool) -> int:
    """List what would have been decided otherwise. 0, whatever it is: to know was what was wanted;
    7: not everything, or nothing, could be worked out."""
    from cockpit.replay.rerun import RerunError
    from cockpit.replay.rerun import what_if as otherwise

    found: list[Otherwise] = []
    skipped: list[str] = []
    is_any = True
    try:
        found.extend(otherwise(reader, other, skipped))
    except RerunError as error:
        is_any = False
        skipped = skipped or [str(error)]
    for one in found:
        if as_json:
            say_json(dataclasses.asdict(one))
        else:
            say(clean_line(told(one)))
    code = exits.UNKNOWN if skipped else exits.COMPLETED
    if as_json:
        counts = _counts(found)
        say_json({"what": "summary", "counts": counts, "skipped": skipped, "exit_code": code})
        return code
    _say_skipped(skipped)
    say(_summary(found, is_all=not skipped) if is_any else "nothing could be worked out")
    return code


def told(one: Otherwise) -> str:
    """One line for people."""
    lasted = "" if one.until_ms <= one.at_ms else f" to {_utc(one.until_ms)}"
    return (
        f"{_utc(one.at_ms)}{lasted}  {one.what} {one.path}: was {one.was}, would be {one.would} - "
        f"{one.evidence}"
    )


def _counts(found: Iterable[Otherwise]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in found:
        counts[one.what] = counts.get(one.what, 0) + 1
    return counts


def _summary(found: Iterable[Otherwise], *, is_all: bool) -> str:
    counts = _counts(found)
    far = "" if is_all else "as far as it could be worked out, "
    if not counts:
        return f"{far}nothing would have been decided otherwise"
    parts = ", ".join(f"{count} of {what}" for what, count in sorted(counts.items()))
    return f"{far}would have been otherwise: {parts}"


def _utc(at_ms: int) -> str:
    from cockpit.report.wording import moment

    return moment(at_ms)
