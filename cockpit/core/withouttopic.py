"""The order to go back while nobody can say whether another host has the flight: when it is open,
what it says. What waits for the topic is decided in `cockpit.core.coordination`.

The order ends when the topic answers again; it is never taken for one to go forward.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.coordination import ORDERED, why_lost
from cockpit.core.flight import FlightState, WaveState
from cockpit.core.price import price
from cockpit.core.progress import in_flight, waits_for_person
from cockpit.core.turn import Turn

_TOLD: Final = "without_topic.told"


def offered(state: FlightState, wave: WaveState) -> str:
    """Why the topic cannot be asked, where the way back waits for it; empty: the order is not open.
    A question to a person comes first, and so does what is under way."""
    if not wave.back or wave.memory.get(ORDERED) or wave.word not in ("rolling back", "holding"):
        return ""
    if waits_for_person(wave.stages) or in_flight(wave.stages):
        return ""
    return why_lost(state)


def lines(state: FlightState) -> tuple[str, ...]:
    """What the order means, for the confirmation."""
    wave = state.wave()
    return (
        f"take wave {wave.wave.name} back without the topic: {offered(state, wave)}",
        "nobody can see whether another host has taken this flight over: make sure that none has,"
        " or two engines change the same clusters",
        "what is done from here is on this host's disk alone, until the topic answers again",
        f"going back: {price(state, wave).text}",
    )


def order(turn: Turn, by: str) -> None:
    """A person has confirmed it."""
    wave = turn.wave
    why = offered(turn.state, wave)
    turn.remember({ORDERED: by})
    text = f"{wave.wave.name} goes back without the topic ({why}): {by} answers for it"
    turn.tell("without_topic", text, "warn", wave=wave.wave.name, by=by)


def watch(turn: Turn) -> None:
    """Say once that the order is open, and what else there is to do."""
    wave = turn.wave
    why = offered(turn.state, wave)
    if not why or wave.memory.get(_TOLD):
        return
    turn.remember({_TOLD: True})
    text = (
        f"{wave.wave.name}: going back waits ({why}): it goes on as soon as that answers, or A goes"
        " back without it"
    )
    turn.tell("topic_unread", text, "bad", wave=wave.wave.name)
