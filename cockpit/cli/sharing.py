"""The topic that a plan's `coordination` names, as engines and `takeover` use it.

Makes and reads; who may go on is decided by what the topic has.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from pathlib import Path

from cockpit.core.coordination import utc
from cockpit.core.plan import Plan, SecretRef
from cockpit.engine.clock import all_clocks
from cockpit.engine.folders import SessionFolder, flight_identity
from cockpit.engine.journal import Journal, JournalError, parse_journal
from cockpit.engine.recovery import left_behind
from cockpit.engine.sharing import Sharing
from cockpit.ports import Clock, SharedLog, SharedSession

HEAD_VERSION = 1


def host_name() -> str:
    """What other hosts call this one."""
    return socket.gethostname()


def identity(plan: Plan) -> str:
    """What all engines of a flight have in common, on whatever host."""
    return flight_identity(plan.name, (plan.source.bootstrap, plan.target.bootstrap))


def log_of(
    plan: Plan,
    folder: SessionFolder,
    clock: Clock,
    reveal: Callable[[SecretRef], str],
    *,
    plan_text: str,
    started: str,
    first: str,
) -> SharedLog:
    """The log of one session; raises PortError, SecretUnavailable."""
    from cockpit.kafka.factory import shared_log

    head = {
        "v": HEAD_VERSION,
        "flight": identity(plan),
        "plan": plan.name,
        "plan_text": plan_text,
        "started": started,
        "first": first,
        "host": host_name(),
    }
    return shared_log(
        plan, clock, flight=identity(plan), session=folder.id, head=head, reveal=reveal
    )


def sharing_of(
    plan: Plan,
    folder: SessionFolder,
    journal: Journal,
    clock: Clock,
    reveal: Callable[[SecretRef], str],
) -> Sharing | None:
    """What brings a session's journal to the plan's topic; None: the plan has none. Raises as
    `log_of` does."""
    if plan.coordination is None:
        return None
    meta = folder.read_meta()
    log = log_of(
        plan,
        folder,
        clock,
        reveal,
        plan_text=folder.plan.read_text(),
        started=str(meta.get("started", "")),
        first=str(meta.get("first", "")),
    )
    return Sharing(
        log,
        plan.coordination,
        clock,
        session=folder.id,
        path=folder.journal,
        journal=journal,
        marks=all_clocks,
    )


def of_flight(sessions: Iterable[SharedSession], plan: Plan) -> tuple[SharedSession, ...]:
    """Those of a plan between its clusters."""
    return tuple(one for one in sessions if one.head.get("flight") == identity(plan))


def has_ended(one: SharedSession) -> bool:
    """Whether a session's flight has; what cannot be believed has not."""
    try:
        return bool(one.journal) and left_behind(parse_journal(one.journal, one.id)) is None
    except (JournalError, KeyError, TypeError):
        return False


def flown_elsewhere(sessions: Iterable[SharedSession], plan: Plan, home: Path) -> str:
    """Why no new flight of a plan is begun here: another host has one that has not ended. Empty:
    none has. Those whose folder is on this host are seen by their folders."""
    for one in reversed(of_flight(sessions, plan)):
        if has_ended(one) or (home / "sessions" / one.id).is_dir():
            continue
        host = one.head.get("host", "another host")
        return (
            f"session {one.id} of this plan is on {host} and has not ended: "
            f"cockpit takeover {one.id} --plan PLAN goes on with it, or --anew begins another"
        )
    return ""


def why_not_resume(entries: Iterable[dict[str, object]], now_ms: int) -> str:
    """Why the engine of a session may not go on by its journal alone; empty: it may."""
    why = ""
    for entry in entries:
        if entry["kind"] == "taken_over" and entry.get("by"):
            why = str(entry.get("text", "taken over by another host"))
        if entry["kind"] == "took_over":
            why, safe_ms = "", entry.get("safe_at_ms")
            if isinstance(safe_ms, int) and now_ms < safe_ms:
                why = (
                    f"calls of the engine before may be under way until {utc(safe_ms)}: then again"
                )
    return why
