"""`cockpit takeover [SESSION] --plan PLAN`: goes on with a flight whose host is no more.

Reads the topic that the plan's `coordination` names, fences the engine that had the flight, waits
until nothing of it is under way any more, and starts an engine here. Changes no cluster itself.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cockpit.cli import exits
from cockpit.cli.launch import LaunchError, is_alive, relaunch
from cockpit.cli.options import add_go_on, add_pilot_options, add_screen_options
from cockpit.cli.output import clean_line, complain, say_json
from cockpit.cli.run import leave, look_on, no_screen
from cockpit.cli.sharing import has_ended, host_name, log_of, of_flight
from cockpit.core.coordination import HOLD_MS, longest_call_ms, utc, wait_ms
from cockpit.core.plan import Plan
from cockpit.engine.clock import SystemClock
from cockpit.engine.folders import (
    SESSION_NAME,
    FlightTaken,
    FolderError,
    SessionFolder,
    flight_lock,
    kept_from_engines,
    private_folder,
    state_home,
    taker_lock,
    this_user,
    write_private,
)
from cockpit.engine.journal import Journal, JournalError, parse_journal
from cockpit.engine.recovery import left_behind
from cockpit.plan import PlanInvalid
from cockpit.plan.loader import load_flown, read_plan_text
from cockpit.plan.secrets import SecretUnavailable, reveal_secret
from cockpit.ports import Piece, PortError, SharedLog, SharedSession, SupersededError

REASON_MAX_CHARS = 200


class NoTakeover(Exception):  # noqa: N818  # an answer, not a defect
    """Why nothing was taken over, with the exit code."""

    def __init__(self, why: str, code: int = exits.REFUSED) -> None:
        super().__init__(why)
        self.code = code


@dataclass(frozen=True, slots=True)
class Order:
    """What was asked for."""

    plan: Plan
    path: Path
    text: str
    name: str | None
    reason: str
    confirm: str


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`takeover` and its options."""
    parser = commands.add_parser(
        "takeover", help="go on with a flight whose host is no more, from its journal's topic"
    )
    parser.add_argument("session", nargs="?", metavar="SESSION", help="its name, or how it begins")
    parser.add_argument(
        "--plan", type=Path, required=True, metavar="PLAN", help="the plan that it flies"
    )
    parser.add_argument("--reason", default="", help="why, for the journal and for its operators")
    parser.add_argument(
        "--confirm", default="", metavar="SESSION", help="the session's whole name once more"
    )
    add_go_on(parser)
    add_pilot_options(parser)
    add_screen_options(parser)


def run(options: argparse.Namespace) -> int:
    """Take it over, start an engine on it, look on."""
    if not options.headless and (why_not := no_screen(options)):
        return leave(options, "refused", exits.USAGE, (why_not,))
    try:
        order = _order(options)
        with contextlib.ExitStack() as held:
            folder, safe_ms = asyncio.run(_take(order, held))
            _count_down(safe_ms, options)
        launched = relaunch(folder)
    except PlanInvalid as invalid:
        problems = tuple(f"{options.plan}:{problem}" for problem in invalid.problems)
        return leave(options, "invalid", exits.USAGE, problems)
    except NoTakeover as error:
        outcome = "failed" if error.code == exits.FAILED else "refused"
        return leave(options, outcome, error.code, (str(error),))
    except (SecretUnavailable, PortError, FolderError, OSError) as error:
        return leave(options, "failed", exits.FAILED, (str(error),))
    except LaunchError as error:
        code = exits.REFUSED if error.refused else exits.FAILED
        return leave(options, "refused" if error.refused else "failed", code, error.problems)
    return look_on(launched, options)


def _order(options: argparse.Namespace) -> Order:
    """Raises PlanInvalid, NoTakeover."""
    text = read_plan_text(options.plan)
    plan = load_flown(text, origin=str(options.plan))
    if plan.coordination is None:
        why = "the plan has no `coordination`: its flights live on the host of their engine alone"
        raise NoTakeover(why, exits.USAGE)
    return Order(plan, options.plan, text, options.session, options.reason, options.confirm)


async def _take(order: Order, held: contextlib.ExitStack) -> tuple[SessionFolder, int]:
    """The session's folder on this host, and when nothing of the engine before is under way any
    more; `held` gets what keeps others on this host from the same. Raises NoTakeover, PortError."""
    clock = SystemClock()
    home = state_home(os.environ)
    private_folder(home / "sessions")
    looking = _log(order, SessionFolder(home / "sessions" / "none"), {}, clock)
    try:
        found = _chosen(await looking.read(), order)
    finally:
        await looking.close()
    _tell(found, order)
    reason = _agreed(found, order)
    folder = SessionFolder(home / "sessions" / found.id)
    if is_alive(folder):
        raise NoTakeover(f"session {found.id} is flown on this host: cockpit attach {found.id}")
    _keep_others_away(order.plan, folder, home, held)
    log = _log(order, folder, found.head, clock)
    try:
        await log.open()
        now_ms = clock.now_ms()
        found = _chosen(
            await log.read(settled=True), order
        )  # and what was committed until it was refused
        journal = _rebuild(folder, found, order)
        safe_ms = now_ms + wait_ms(order.plan)
        entry = {
            "host": host_name(),
            "user": this_user(),
            "reason": reason,
            "from_host": str(found.head.get("host", "")),
            "safe_at_ms": safe_ms,
        }
        begin = journal.length
        try:
            journal.append("took_over", now_ms, entry)
        finally:
            journal.close()
        line = folder.journal.read_bytes()[begin:]
        await log.write((Piece(begin, line),))
    except SupersededError as error:
        raise NoTakeover("another host has taken it over at the same moment") from error
    except JournalError as error:
        raise NoTakeover(str(error), exits.FAILED) from error
    finally:
        await log.close()
    return folder, safe_ms


def _keep_others_away(
    plan: Plan, folder: SessionFolder, home: Path, held: contextlib.ExitStack
) -> None:
    """Neither an engine nor another takeover of this flight goes on beside us on this host. Raises
    NoTakeover, FolderError."""
    taker = f"process {os.getpid()} of {this_user()}"
    sides = (plan.source.bootstrap, plan.target.bootstrap)
    try:
        held.enter_context(kept_from_engines(folder))
        held.callback(os.close, taker_lock(home, folder.id, taker))
        lock = flight_lock(os.environ, plan.name, sides, session=folder.id, taker=taker)
        held.callback(os.close, lock)
    except FlightTaken as taken:
        raise NoTakeover(taken.words()) from taken


def _log(
    order: Order, folder: SessionFolder, head: Mapping[str, Any], clock: SystemClock
) -> SharedLog:
    return log_of(
        order.plan,
        folder,
        clock,
        reveal_secret,
        plan_text=order.text,
        started=str(head.get("started", "")),
        first=str(head.get("first", "")),
    )


def _chosen(sessions: Sequence[SharedSession], order: Order) -> SharedSession:
    """The one session that is meant and can be taken over. Raises NoTakeover."""
    spec = order.plan.coordination
    assert spec is not None
    place = f"topic {spec.topic} on the {spec.cluster}"
    ours = of_flight(sessions, order.plan)
    if not ours:
        raise NoTakeover(f"{place} has no session of this plan between these clusters")
    named = [one for one in ours if order.name is None or one.id.startswith(order.name)]
    open_ones = [one for one in named if not has_ended(one)]
    if not named:
        known = ", ".join(one.id for one in ours)
        raise NoTakeover(f"{place} has no session {order.name}: there are {known}")
    if not open_ones:
        raise NoTakeover(f"session {named[-1].id} has ended: nothing is left to take over")
    if len(open_ones) > 1 and open_ones[-1].id != order.name:
        names = ", ".join(one.id for one in open_ones)
        raise NoTakeover(f"several sessions have not ended, name one: {names}")
    found = next((one for one in open_ones if one.id == order.name), open_ones[-1])
    _believed(found, place)
    if found.head.get("plan_text") != order.text:
        why = f"{order.path} is not the plan that session {found.id} flies: not a letter may differ"
        raise NoTakeover(why)
    return found


def _believed(found: SharedSession, place: str) -> None:
    """Raises NoTakeover where what the topic has is not one whole journal."""
    if not SESSION_NAME.match(found.id) or "/" in found.id:
        raise NoTakeover(f"{place}: {found.id!r:.60} is no name of a session", exits.FAILED)
    why = "" if found.whole else f"{found.id}: a part is missing, or is of another journal"
    try:
        parse_journal(found.journal, found.id)
    except JournalError as error:
        why = str(error)
    if why:
        why = f"{place}: {why}: nothing is done on a journal that was changed"
        raise NoTakeover(why, exits.FAILED)


def _tell(found: SharedSession, order: Order) -> None:
    """What is there, and what taking it over means."""
    entries = parse_journal(found.journal, found.id)
    left = left_behind(entries)
    words = left.words() if left is not None else "before its beginning"
    host = found.head.get("host", "another host")
    last = f", last heard of at {utc(entries[-1]['at_ms'])}" if entries else ""
    complain(clean_line(f"session {found.id} of {host}: {words}{last}"))
    for intent in left.open if left is not None else ():
        complain(clean_line(f"  outcome not on record: {intent.text}"))
    hold_s, call_s = HOLD_MS // 1000, longest_call_ms(order.plan) // 1000
    whole_s = wait_ms(order.plan) // 1000
    complain(
        f"once it is confirmed its engine is refused; then {whole_s} s are waited: "
        f"{hold_s} s in which it may still begin what it has told, {call_s} s for the longest call"
    )


def _agreed(found: SharedSession, order: Order) -> str:
    """The reason, once the session's name was typed. Raises NoTakeover."""
    reason, typed = order.reason.strip(), order.confirm
    asks = sys.stdin.isatty() and sys.stderr.isatty()
    if not reason and asks:
        reason = _ask("why is it taken over? ").strip()
    if not typed and asks:
        typed = _ask(f"type the session's name, {found.id}: ").strip()
    if not reason:
        raise NoTakeover("say why: --reason TEXT")
    if typed != found.id:
        raise NoTakeover(f"nothing was done: --confirm {found.id} confirms it")
    return reason[:REASON_MAX_CHARS]


def _ask(question: str) -> str:
    sys.stderr.write(question)
    sys.stderr.flush()
    return sys.stdin.readline()


def _rebuild(folder: SessionFolder, found: SharedSession, order: Order) -> Journal:
    """The session's folder as the topic has it. A journal that is there already goes aside: it may
    have what was never committed. Raises JournalError, FolderError, OSError."""
    private_folder(folder.path)
    if folder.journal.exists():
        number = sum(1 for _ in folder.path.glob("journal.jsonl.before-*")) + 1
        folder.journal.rename(folder.path / f"journal.jsonl.before-{number}")
    write_private(folder.plan, order.text)
    meta = {
        "plan": order.plan.name,
        "plan_path": str(order.path.resolve()),
        "started": str(found.head.get("started", "")),
        "first": str(found.head.get("first", "")),
    }
    write_private(folder.meta, json.dumps(meta) + "\n")
    write_private(folder.journal, found.journal.decode())
    return Journal.reopened(folder.journal)[0]


def _count_down(safe_ms: int, options: argparse.Namespace) -> None:
    """Wait until nothing of the engine before is under way any more, and say for how long."""
    clock = SystemClock()
    shown = -1
    while (left_ms := safe_ms - clock.now_ms()) > 0:
        left_s = -(-left_ms // 1000)
        if left_s != shown and (left_s % 5 == 0 or left_s <= 3 or shown < 0):
            shown = left_s
            if options.headless and options.json:
                say_json({"kind": "takeover_waits", "left_s": left_s, "until_ms": safe_ms})
            else:
                complain(f"taken over; {left_s} s until nothing of the engine before is under way")
        time.sleep(min(left_ms, 200) / 1000)
