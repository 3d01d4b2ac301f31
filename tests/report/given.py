"""Material for reports: a simulated flight of the demonstration, flown once."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import replace

from cockpit.report.material import Event, Gap, Life, Material
from tests.flights.simulate import ORDERS, Flown, fly

PLAN_TEXT = "cockpit: 1\n"


@functools.cache
def flown() -> Flown:
    """Two waves; the second goes back on its trigger and is flown once more."""
    return fly(orders=replace(ORDERS, fly_again=True), keep_demo_faults=True)


def events_of(flight: Flown) -> tuple[Event, ...]:
    """What the engine has told, numbered."""
    own = ("seq", "at_ms", "kind", "text", "level")
    told = [event for event in flight.events if "level" in event]
    return tuple(
        Event(
            number,
            event["at_ms"],
            event["kind"],
            event["level"],
            event["text"],
            {key: value for key, value in event.items() if key not in own},
        )
        for number, event in enumerate(told, 1)
    )


def material(flight: Flown | None = None, *, gaps: Iterable[Gap] = ()) -> Material:
    """A session as a recording would hand it in."""
    flight = flight or flown()
    first, last = flight.snapshots[0], flight.snapshots[-1]
    life = Life(1, first.at_ms, last.at_ms, "0.1.0", takes_over=False, ended="the flight ended")
    return Material(
        session=first.status.session,
        plan=flight.plan,
        plan_text=PLAN_TEXT,
        plan_hash="0" * 64,
        simulated=True,
        lives=(life,),
        gaps=tuple(gaps),
        events=events_of(flight),
        snapshots=lambda: iter(flight.snapshots),
    )
