"""`cockpit leftovers PLAN`: what an earlier attempt has left standing, and what clears it.

Reads both clusters and the mirror once, and the journals of this user's flights. Changes nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.planned import plan_to_fly
from cockpit.cli.preflight import patiently
from cockpit.core.facts import absorb
from cockpit.core.flight import FlightState, begin
from cockpit.core.left import Left, Leftover, Past
from cockpit.core.leftovers import CHECKPOINT_LANDS_MS, coming_waves, leftovers
from cockpit.core.mirrorsurvey import CheckpointsSurvey
from cockpit.core.mistakes import before_flight, unproved
from cockpit.core.observe import Failure, Sample, SyncsSample
from cockpit.core.plan import Plan
from cockpit.core.survey import Survey
from cockpit.ports import Clock, PortError

if TYPE_CHECKING:
    from cockpit.engine.folders import SessionFolder
    from cockpit.engine.loop import Ports

TIMEOUT_S = 12
NEWEST = 20
"""How many sessions of a plan are asked what they have left."""
SURVEYS = ("connect", "readiness", "source.members")
"""Slower looks that are taken once too, where there is somebody to take them."""

Reading = Callable[[], Awaitable[Sample | Survey]]


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`leftovers` and its options."""
    parser = commands.add_parser(
        "leftovers",
        help="what an earlier attempt has left standing, and the command that clears it",
        description="Reads both clusters, the mirror and this user's journals once, and names what "
        "stands that no flight is at work on. Exits with 0 where there is nothing, 4 where there "
        "is something or nobody could look at all, 7 where nobody could look everywhere. Changes "
        "nothing.",
    )
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--from",
        dest="first",
        default="",
        metavar="WAVE",
        help="those before it were moved by earlier flights: what they need is not left over",
    )


def run(options: argparse.Namespace) -> int:
    """Look, and say what was found."""
    from cockpit.plan.secrets import SecretUnavailable

    plan = plan_to_fly(options.plan)
    if plan is None:
        return exits.USAGE
    names = [wave.name for wave in plan.waves]
    if options.first and options.first not in names:
        complain(clean_line(f"no wave is called {options.first}: there are {', '.join(names)}"))
        return exits.USAGE
    try:
        past = past_of(str(options.plan.resolve()), plan.name)
        left = asyncio.run(look(plan, past, first=options.first))
    except (SecretUnavailable, PortError) as error:
        complain(clean_line(str(error)))
        return exits.FAILED
    code = exit_code(left)
    if options.json:
        say_json({"plan": plan.name, **as_json(left), "exit_code": code})
    else:
        for line in report(left):
            say(clean_line(line))
    return code


def exit_code(left: Left) -> int:
    """4: something stands; 7: nothing is known to, and not everything could be read; 0: nothing."""
    if left.found:
        return exits.FAILED
    return exits.UNKNOWN if left.unread else exits.COMPLETED


def report(left: Left) -> list[str]:
    """What was found, in lines."""
    lines = [line for one in left.found for line in described(one)]
    lines.extend(f"not known: {why}" for why in left.unread)
    return lines or ["nothing is left over"]


def described(one: Leftover) -> list[str]:
    """One thing: what it is, who left it and when, and what clears it."""
    by = f"session {one.session}" if one.session else "no session of this user explains it"
    ways = {"half-way": "cockpit resume", "flying": "cockpit attach"}
    if one.session and one.standing in ways:
        by += f", {one.standing}: {ways[one.standing]} {one.session}"
    since = "" if one.since_ms is None else f"since {utc(one.since_ms)}, "
    harm = f" (no wave {', '.join(one.harms)} while it stands)" if one.harms else ""
    return [f"left over: {one.text}{harm}", f"  {since}{by}", f"  {one.command}"]


def utc(at_ms: int) -> str:
    """A time to the second, as `2026-11-21 02:00:00Z`."""
    at = datetime.datetime.fromtimestamp(at_ms / 1000, tz=datetime.UTC)
    return f"{at:%Y-%m-%d %H:%M:%S}Z"


def as_json(left: Left) -> dict[str, Any]:
    """What was found, for a script."""
    return {
        "left_over": [
            {
                "kind": one.kind,
                "where": one.where,
                "names": list(one.names),
                "text": one.text,
                "command": one.command,
                "harms": list(one.harms),
                "since_ms": one.since_ms,
                "session": one.session or None,
                "standing": one.standing if one.session else None,
                "advice": one.advice(),
            }
            for one in left.found
        ],
        "unread": list(left.unread),
    }


# --- looking --------------------------------------------------------------------------------------


def past_of(plan_path: str, plan_name: str, *, but: str = "") -> tuple[Past, ...]:
    """What the journals of a plan's newest flights tell, oldest first; not that of session
    `but`."""
    from cockpit.cli.launch import is_running
    from cockpit.engine.recovery import past_in

    found: list[Past] = []
    for folder in _newest_first(plan_path, plan_name):
        if folder.id == but:
            continue
        past = past_in(folder, flying=is_running(folder))
        if past is not None:
            found.append(past)
        if len(found) == NEWEST:
            break
    return tuple(reversed(found))


def records_of(plan_path: str, plan_name: str) -> list[Mapping[str, Any]]:
    """Where each flight of a plan stood last, oldest first. A journal that is not what was written
    tells nothing."""
    from cockpit.engine.recovery import last_record

    records = (last_record(folder) for folder in _newest_first(plan_path, plan_name))
    return [record for record in records if record][::-1]


def sessions_of(plan_path: str, plan_name: str) -> list[SessionFolder]:
    """This user's sessions of a plan, oldest first."""
    return list(_newest_first(plan_path, plan_name))[::-1]


def _newest_first(plan_path: str, plan_name: str) -> Iterator[SessionFolder]:
    """Sessions of a plan: of its file, or of its name."""
    from cockpit.engine.folders import all_sessions, state_home

    for folder in reversed(all_sessions(state_home(os.environ))):
        meta = folder.read_meta()
        if meta.get("plan_path") == plan_path or meta.get("plan") == plan_name:
            yield folder


async def look(plan: Plan, past: Sequence[Past], *, first: str = "") -> Left:
    """Read once, over connections of its own. Raises PortError or SecretUnavailable."""
    from cockpit.cli.wiring import engine_ports
    from cockpit.engine.clock import SystemClock
    from cockpit.kafka.factory import connect_real, reveal_secret

    clock = SystemClock()
    real = connect_real(plan, clock, reveal_secret)
    state = begin(plan, session="", simulated=False, at_ms=clock.now_ms(), first=first)
    try:
        return await look_through(replace(state, past=tuple(past)), engine_ports(real, clock))
    finally:
        await real.close()


async def look_through(state: FlightState, ports: Ports) -> Left:
    """Read once through these ports, for a flight that stands so; what cannot be read is said."""
    return left_in_sight(await looked(state, ports))


async def looked(state: FlightState, ports: Ports) -> FlightState:
    """A flight that has looked once at everything which shows what stands."""
    facts = state.facts
    for sample in await _read(ports):
        facts = absorb(facts, sample)
    return replace(state, facts=facts, at_ms=ports.clock.now_ms())


def left_in_sight(state: FlightState) -> Left:
    """What is left over, and which of the readings that it takes have failed."""
    left = leftovers(state)
    needed = ("source.groups", "target.groups", "target.logs", "source.logs", "mirror", "syncs")
    failures = state.facts.failures
    away = (f"{feed}: {failures[feed].reason}" for feed in needed if feed in failures)
    return replace(left, unread=tuple(dict.fromkeys((*left.unread, *away))))


async def _read(ports: Ports) -> list[Sample | Survey | Failure]:
    """First what takes its time, then what must be fresh when it is judged."""
    feeds = {feed.name: feed.read for feed in ports.surveyor.feeds()} if ports.surveyor else {}
    found: list[Sample | Survey | Failure] = []

    async def one(name: str, read: Reading) -> None:
        found.append(await sampled(name, read, ports.clock))

    async def marks_then_checkpoints() -> None:
        if "target.marks" in feeds and "checkpoints" in feeds:
            await one("target.marks", feeds["target.marks"])
            await ports.clock.sleep(CHECKPOINT_LANDS_MS + 1)
            await one("checkpoints", _to_its_end(feeds["checkpoints"], ports.clock))

    async with asyncio.TaskGroup() as group:
        group.create_task(marks_then_checkpoints(), name="left over: marks")
        syncs = _to_its_end(ports.replication.syncs, ports.clock)
        group.create_task(one("syncs", syncs), name="left over: syncs")
    readings: dict[str, Reading] = {
        "source.acls": ports.source.acls,
        "target.acls": ports.target.acls,
        "source.groups": ports.source.groups,
        "target.groups": ports.target.groups,
        "mirror": ports.replication.mirror,
        **{name: feeds[name] for name in SURVEYS if name in feeds},
    }

    async def ends() -> None:
        await one("target.logs", ports.target.logs)
        await one("source.logs", ports.source.logs)  # whatever the mirror has brought, is there

    async with asyncio.TaskGroup() as group:
        group.create_task(ends(), name="left over: ends")
        for name, read in readings.items():
            group.create_task(one(name, read), name=f"left over: {name}")
    return found


def _to_its_end(read: Reading, clock: Clock) -> Reading:
    """A topic that is read bit by bit, read until nothing is left."""

    async def reading() -> Sample | Survey:
        while True:
            sample = await read()
            if not isinstance(sample, SyncsSample | CheckpointsSurvey) or sample.read_to_end:
                return sample
            await clock.sleep(50)

    return reading


async def sampled(
    name: str, read: Reading, clock: Clock, *, timeout_s: int = TIMEOUT_S
) -> Sample | Survey | Failure:
    """One reading; what goes wrong is a failure of this feed alone. Never raises."""
    asked_ms = clock.now_ms()
    try:
        async with asyncio.timeout(timeout_s):
            return await patiently(read, tries=timeout_s)
    except PortError as error:
        return Failure(name, asked_ms, clock.now_ms(), error.kind, error.reason)
    except TimeoutError:
        return Failure(name, asked_ms, clock.now_ms(), "slow", f"no answer within {timeout_s} s")


# --- before and after a flight --------------------------------------------------------------------


def refusals(state: FlightState) -> list[str]:
    """Lines for what keeps a flight from beginning, seen by `looked`; empty: nothing does."""
    lines = [line for one in leftovers(state).found if one.harms for line in described(one)]
    return [*lines, *before_flight(state, coming_waves(state))]


def warnings(state: FlightState) -> list[str]:
    """Lines for what a flight may begin over, and for where nobody could look."""
    left = left_in_sight(state)
    lines = [line for one in left.found if not one.harms for line in described(one)]
    lines.extend(f"left-overs not known: {why}" for why in left.unread)
    return [*lines, *unproved(state, coming_waves(state))]


async def look_after(folder: SessionFolder) -> Left:
    """What still stands after a flight has ended; where nobody could look, why."""
    from cockpit.plan import load_flown
    from cockpit.plan.secrets import SecretUnavailable

    origin = str(folder.read_meta().get("plan_path", ""))
    try:
        plan = load_flown(folder.plan.read_text(), origin=origin)
        return await look(plan, past_of(origin, plan.name))
    except (SecretUnavailable, PortError, OSError) as error:
        return Left(unread=(str(error),))


def after(folder: SessionFolder) -> Left:
    """As `look_after`, for who has no event loop."""
    return asyncio.run(look_after(folder))


def after_lines(left: Left) -> list[str]:
    """Lines for the end of a flight; none where nothing stands."""
    return report(left) if left.found or left.unread else []


def told(lines: Iterable[str]) -> None:
    """Say lines on standard error, cleaned."""
    for line in lines:
        complain(clean_line(line))
