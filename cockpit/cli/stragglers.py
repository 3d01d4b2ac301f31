"""`cockpit stragglers PLAN`: who still reads or writes on the source after its service has moved.

Reads the source alone. Changes nothing, joins no group.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cockpit.cli import exits
from cockpit.cli.leftovers import utc
from cockpit.cli.options import duration_ms
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.planned import plan_to_fly

if TYPE_CHECKING:
    from cockpit.cli.lingering import Seen
    from cockpit.core.plan import Plan
    from cockpit.core.snapshot import StragglerView
    from cockpit.core.stragglers import Moved

EVERY_MS: Final = 10_000
MOST_MS: Final = 600_000
"""Between two looks; ends of logs are remembered for a quarter of an hour."""


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`stragglers` and its options."""
    parser = commands.add_parser(
        "stragglers",
        help="who still reads or writes on the source after its service has moved",
        description="Watches the source for producers, groups and growth that should be gone by "
        "what this user's flights of the plan have moved. Tells each when it is met, and all at "
        "the end. Exits with 0 where nobody was met, 4 where somebody was, 7 where nobody could "
        "look everywhere. Only what happens while it watches is found: watch for longer than the "
        "longest pause between two runs of a batch job. Changes nothing.",
    )
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    parser.add_argument(
        "--watch",
        type=duration_ms,
        default=60_000,
        metavar="DURATION",
        help="for how long (default 60s); ctrl+c ends it earlier and tells what was met",
    )
    parser.add_argument(
        "--every",
        type=duration_ms,
        default=EVERY_MS,
        metavar="DURATION",
        help="default 10s; a reader is met only while it is there: shorter than its visit",
    )
    parser.add_argument(
        "--all", action="store_true", help="ask as if every service of the plan had moved"
    )


def run(options: argparse.Namespace) -> int:
    """Watch, and say who was met."""

    plan = plan_to_fly(options.plan)
    if plan is None:
        return exits.USAGE
    if not 1_000 <= options.every <= MOST_MS:
        complain("--every takes 1s to 10m: how much was written longer ago is not remembered")
        return exits.USAGE
    moved = moved_of(plan, str(options.plan.resolve()), everybody=options.all)
    if not moved.since_ms:
        complain(
            "no service of this plan was moved by a flight of this user: --all asks about everybody"
        )
        return exits.USAGE
    return _watched(moved, options)


def moved_of(plan: Plan, path: str, *, everybody: bool) -> Moved:
    """Services that run on the target by this user's journals, and since when; `everybody`: all of
    the plan, from now on."""
    from cockpit.cli.leftovers import records_of
    from cockpit.cli.lingering import moved_in
    from cockpit.core.stragglers import Moved

    if everybody:
        names = (service.name for service in plan.services)
        all_topics = dict.fromkeys(plan.topics(), 0) if plan.replication.kind == "link" else {}
        return Moved(plan, dict.fromkeys(names, 0), promoted_ms=all_topics)
    waves = moved_in(records_of(path, plan.name))
    since = {
        name: waves[wave.name]
        for wave in plan.waves
        if wave.name in waves
        for name in wave.services
    }
    return Moved(plan, since, promoted_ms=_promoted(plan, waves))


def _promoted(plan: Plan, waves: Mapping[str, int]) -> dict[str, int]:
    """Topics of a link that these waves have promoted, and since when."""
    from cockpit.core.plan import PromoteStep, promoted_topics

    return {
        topic: waves[wave.name]
        for wave in plan.waves
        if wave.name in waves
        for step in wave.steps
        if isinstance(step, PromoteStep)
        for topic in promoted_topics(step, plan.wave_services(wave))
    }


def _watched(moved: Moved, options: argparse.Namespace) -> int:
    from cockpit.cli.lingering import Seen
    from cockpit.plan.secrets import SecretUnavailable
    from cockpit.ports import PortError

    seen = Seen()
    if not options.json:
        count = len(moved.since_ms)
        say(f"watching the source for {options.watch // 1000} s: {count} services have moved")
    try:
        asyncio.run(_watch(moved, options, seen))
    except (SecretUnavailable, PortError) as error:
        complain(clean_line(str(error)))
        return exits.FAILED
    except KeyboardInterrupt:
        if not seen.looks:
            return exits.INTERRUPTED
    code = exit_code(seen)
    if options.json:
        say_json({**as_json(seen), "plan": moved.plan.name, "exit_code": code})
    else:
        for line in report(seen):
            say(clean_line(line))
    return code


async def _watch(moved: Moved, options: argparse.Namespace, seen: Seen) -> None:
    from cockpit.cli.lingering import watch
    from cockpit.cli.wiring import engine_ports
    from cockpit.engine.clock import SystemClock
    from cockpit.kafka.factory import connect_real, reveal_secret

    clock = SystemClock()
    real = connect_real(moved.plan, clock, reveal_secret)
    try:
        ports = engine_ports(real, clock)
        async for met in watch(
            moved, ports, watch_ms=options.watch, every_ms=options.every, seen=seen
        ):
            for one in met:
                if options.json:
                    say_json({"met": one_as_json(one)})
                else:
                    say(clean_line(f"{utc(one.at_ms)} {described(one)}"))
    finally:
        await real.close()


def exit_code(seen: Seen) -> int:
    """4: somebody was met; 7: nobody was, and not everything could be looked at; 0."""
    if any(one.kind != "unknown" for one in seen.found.values()):
        return exits.FAILED
    return exits.COMPLETED if seen.is_known else exits.UNKNOWN


def report(seen: Seen) -> list[str]:
    """Everybody who was met, in lines."""
    lines = [
        f"{described(one)}; first {utc(seen.first_ms[key])}, last {utc(one.at_ms)}"
        for key, one in seen.found.items()
    ]
    lines += [f"not known: {name}: {why}" for name, why in seen.unread.items()]
    if seen.looks < 2:
        lines.append("not known: looked at once only")
    nobody = f"nobody was met on the source in {seen.looks} looks"
    return lines or [nobody]


def described(one: StragglerView) -> str:
    """Who it is, where, how much and whose."""
    rate = one.rate_milli
    much = f"{rate / 1000:g}/s" if isinstance(rate, int) else f"rate not known: {rate.reason}"
    who = f" ({one.who})" if one.who else ""
    whose = one.service or "no moved service of the plan"
    return f"{one.kind} {one.name}{who} on {one.where}, {much}, of {whose}"


def one_as_json(one: StragglerView) -> Mapping[str, Any]:
    """One of them; `records_per_s` is null where nobody can tell."""
    rate = one.rate_milli
    return {
        "kind": one.kind,
        "name": one.name,
        "who": one.who,
        "where": one.where,
        "records_per_s": rate / 1000 if isinstance(rate, int) else None,
        "why_unknown": None if isinstance(rate, int) else rate.reason,
        "service": one.service,
        "at_ms": one.at_ms,
    }


def as_json(seen: Seen) -> Mapping[str, Any]:
    """Everybody who was met, and what could not be looked at."""
    found = [
        {**one_as_json(one), "first_ms": seen.first_ms[key]} for key, one in seen.found.items()
    ]
    return {"stragglers": found, "unread": seen.unread, "looks": seen.looks}
