"""`cockpit act VERB`: what a key does, from a script, through the same checks."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path
from typing import Any, get_args

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say
from cockpit.cli.underway import find_running
from cockpit.core.intents import AddNote, Arm, Confirm, Disarm, End, Intent, Pause, Verb
from cockpit.core.snapshot import Snapshot
from cockpit.engine.folders import this_user
from cockpit.engine.remote import RemoteSession
from cockpit.wire.values import WireError

ANSWER_WITHIN_S = 15
TWO_KEYS = get_args(Verb)
"""Verbs that are armed first, then confirmed."""


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`act` and its options."""
    parser = commands.add_parser("act", help="do what a key does, from a script")
    parser.add_argument("verb", choices=(*TWO_KEYS, "pause", "note", "end"))
    parser.add_argument("--session", metavar="SESSION")
    parser.add_argument(
        "--confirm", metavar="WAVE", help="the wave's name: needed to go, go back or recover"
    )
    parser.add_argument("--text", default="", help="the note")


def run(options: argparse.Namespace) -> int:
    """Hand in the intent, and wait for the answer."""
    found = find_running(options.session)
    if isinstance(found, str):
        complain(found)
        return exits.REFUSED
    try:
        why = asyncio.run(_act(found.socket, options))
    except (OSError, WireError, TimeoutError) as error:
        complain(f"session {found.name} does not answer: {str(error) or type(error).__name__}")
        return exits.UNKNOWN
    if why:
        complain(clean_line(f"{options.verb} refused: {why}"))
        return exits.REFUSED
    say(f"{options.verb}: done")
    return exits.COMPLETED


async def _act(socket: Path, options: argparse.Namespace) -> str:
    """Why it was refused; empty: it was not."""
    async with asyncio.timeout(ANSWER_WITHIN_S):
        drive = "" if options.verb == "note" else this_user()
        session = await RemoteSession.connect(socket, drive=drive)
        try:
            return await _ask(session, options)
        finally:
            await session.close()


async def _ask(session: RemoteSession, options: argparse.Namespace) -> str:
    user = this_user()
    if options.verb in TWO_KEYS:
        return await _two_keys(session, options, user)
    simple: dict[str, Intent] = {
        "pause": Pause(user),
        "note": AddNote(options.text, user),
        "end": End(user),
    }
    await session.submit(simple[options.verb])
    expected = {"pause": ("paused",), "note": ("note",), "end": ("flight_ended",)}[options.verb]
    return await _answer(session, expected, already="pause" if options.verb == "pause" else "")


async def _two_keys(session: RemoteSession, options: argparse.Namespace, user: str) -> str:
    """Arm, check the wave's name, confirm as a person would."""
    armed = False
    while (news := await session.news()) is not None:
        events, snapshot = news
        for event in events:
            if event.get("kind") == "confirmed" and event.get("verb") == options.verb:
                return ""
            if event.get("kind") in ("refused", "disarmed") and armed:
                return str(event.get("why") or event.get("text"))
        if snapshot is None:
            continue
        if not armed:
            armed = True
            await session.submit(Arm(options.verb, user))
        elif snapshot.armed is not None and snapshot.armed.by == user:
            if options.confirm != snapshot.armed.wave:
                wave = snapshot.armed.wave
                await _disarm(session, user)
                return f"it needs --confirm {wave}: " + "; ".join(snapshot.armed.lines)
            if snapshot.at_ms >= snapshot.armed.confirm_from_ms:
                typed = snapshot.armed.wave
                await session.submit(Confirm(snapshot.armed.token, user, typed))
    return "the engine is gone"


async def _disarm(session: RemoteSession, user: str) -> None:
    """Leave nothing armed that somebody else's key could confirm; wait until it is so."""
    await session.submit(Disarm(user))
    while (news := await session.news()) is not None:
        events, snapshot = news
        if any(event.get("kind") in ("disarmed", "refused") for event in events):
            return
        if snapshot is not None and snapshot.armed is None:
            return


async def _answer(session: RemoteSession, kinds: tuple[str, ...], *, already: str) -> str:
    while (news := await session.news()) is not None:
        events, snapshot = news
        for event in events:
            if event.get("kind") in kinds:
                return ""
            if event.get("kind") == "refused":
                return str(event.get("why"))
        if already and snapshot is not None and _is_paused(snapshot):
            return ""
    return "the engine is gone"


def _is_paused(snapshot: Snapshot) -> bool:
    return snapshot.status.paused
