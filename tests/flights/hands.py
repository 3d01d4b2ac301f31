"""Other people at a simulated flight: what they hand in when they see something happen.

They decide nothing: each has one occasion and one intent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cockpit.core.intents import Confirm, Intent
from cockpit.engine.loop import Engine, LocalSession
from cockpit.ports import Clock
from tests.flights.invariants.recorder import Lie, Meddling


@dataclass(frozen=True, slots=True)
class Hand:
    """Hands in an intent so long after an event of this kind, as often as it may."""

    event: str
    intent: Callable[[Mapping[str, Any]], Intent]
    delay_ms: int = 0
    text: str = ""
    """What the event's text must contain."""
    times: int = 1


@dataclass(frozen=True, slots=True)
class Company:
    """Who and what else is there on a flight, beside its faults."""

    hands: tuple[Hand, ...] = ()
    lie: Lie | None = None
    meddling: Meddling = field(default_factory=dict)
    limit_ms: int = 7_200_000
    """A flight that has not ended by then is stuck."""


def confirming(by: str) -> Callable[[Mapping[str, Any]], Intent]:
    """Confirm what was just armed."""
    return lambda event: Confirm(str(event.get("token", "")), by)


async def wait_and_act(hand: Hand, engine: Engine, clock: Clock) -> None:
    """Watch a flight until it is over or cancelled."""
    session, left = LocalSession(engine), hand.times
    while left and (news := await session.news()) is not None:
        for event in news[0]:
            if left and event["kind"] == hand.event and hand.text in str(event.get("text", "")):
                left -= 1
                await clock.sleep(hand.delay_ms)
                await session.submit(hand.intent(event))


def lend(
    group: asyncio.TaskGroup, hands: tuple[Hand, ...], engine: Engine, clock: Clock
) -> list[asyncio.Task[None]]:
    """Let them all watch; the tasks to cancel at the end."""
    return [
        group.create_task(wait_and_act(hand, engine, clock), name=f"hand {number}")
        for number, hand in enumerate(hands)
    ]
