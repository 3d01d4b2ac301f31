"""What `D` and `N` mean now: who takes, offers, accepts or gives back the controls.

Pure: says what is asked of the user and which intent his answer makes; the engine decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from cockpit.core.intents import (
    Accept,
    Acknowledge,
    Answer,
    Confirm,
    Disarm,
    Drive,
    Intent,
    Lift,
    Offer,
    Release,
    Veto,
)
from cockpit.core.snapshot import ArmedView, Snapshot
from cockpit.tui.alarms import unseen


@dataclass(frozen=True, slots=True)
class Question:
    """One line to answer; its answer becomes an intent, or none."""

    title: str
    intent: Callable[[str], Intent | None]
    unanswered: Intent | None = None
    """What goes out where whoever was asked leaves."""


def driving(snapshot: Snapshot, *, user: str, seat: str) -> Question | Intent:
    """What `D` does: at once, or after an answer."""
    crew = snapshot.crew
    if seat and crew.seat == seat:
        return Question(
            "hand the controls to (a user; empty gives them back)",
            lambda text: Offer(text, user) if text else Release(user),
        )
    if crew.offered_to == user:
        wave = snapshot.status.wave
        return Question(
            f"{crew.driver} offers you the controls: type the wave's name, {wave}, to take them",
            lambda text: Accept(text, user) if text else Release(user),
        )
    if crew.driver != user and crew.is_open(snapshot.at_ms):
        how = "presses no key" if crew.seat else "is gone"
        return Question(
            f"take over from {crew.driver}, who {how}: why?",
            lambda text: Drive(user, crew.driver, text) if text else None,
        )
    return Drive(user)


def why_no_go_asked(snapshot: Snapshot, *, user: str) -> str:
    """Why `O` has nothing to say go to; empty: somebody else waits for it."""
    armed = snapshot.armed
    if armed is None or armed.level < 3:
        return "nobody asks for a go"
    if armed.by == user:
        return "somebody else is asked: another user, not another window"
    return "" if armed.waits_for else "all have said go"


def naming(armed: ArmedView, *, user: str) -> Question:
    """What is left to do for a grave confirmation."""
    return Question(
        f"type {armed.wave} to confirm {armed.verb}: {armed.way_back}",
        lambda text: Confirm(armed.token, user, text),
        unanswered=Disarm(user),
    )


def vetoing(snapshot: Snapshot, *, user: str) -> Question | Intent:
    """What `N` does."""
    armed = snapshot.armed
    if armed is not None and armed.level == 3 and armed.by != user:
        token = armed.token
        return Question(
            f"NO-GO to {armed.verb} {armed.wave}: why?",
            lambda text: Answer(token, False, user, text) if text else None,
        )
    if snapshot.crew.veto:
        return Lift(user)
    return Question(
        "nothing goes forward from here: why?", lambda text: Veto(text, user) if text else None
    )


def acknowledging(snapshot: Snapshot, *, user: str) -> Question | Intent | str:
    """What `K` does: it names the alarm, and the answer is bound to the one that was named."""
    found = unseen(snapshot)
    waiting = [alarm for alarm in found if alarm.since_ms is not None]
    if not waiting and found:
        return "the engine has not raised that alarm yet: try again in a second"
    if not waiting:
        return "no alarm waits to be acknowledged"
    alarm = waiting[0]
    return Question(
        f"enter acknowledges, esc does not: {alarm.text}",
        lambda _text: Acknowledge(alarm.subject, user, alarm.since_ms),
    )


class Asks(Protocol):
    """What a key means now."""

    def __call__(self, snapshot: Snapshot, *, user: str) -> Question | Intent | str:
        """A question, an intent at once, or why there is neither."""


ASKS: Final[Mapping[str, Asks]] = {"veto": vetoing, "acknowledge": acknowledging}
"""By the name of the key."""
