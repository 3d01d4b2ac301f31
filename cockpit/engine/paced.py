"""What somebody asks for over and over in vain is told at a pace, and the rest of it counted.

Bounds what one person can bring into a journal, a recording and everybody's log. Nothing that has
an effect is ever held back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final

from cockpit.core.flight import Asked, Command, FlightState, Tell
from cockpit.core.intents import Beat
from cockpit.wire.values import to_json

SUM_EVERY_MS: Final = 60_000
"""How often what was held back is told as a number."""
BEAT_EVERY_MS: Final = 1_000
"""Signs of life of one seat that count: far more than the shortest lease needs."""


@dataclass(slots=True)
class _Budget:
    left: float
    at_ms: int
    summed_ms: int
    held_back: int = 0


class Paced:
    """One kind of thing, by user: so many at once, then one now and then."""

    def __init__(self, *, at_once: int, every_ms: int) -> None:
        """`every_ms`: how long until one more may be told."""
        self._at_once = at_once
        self._every_ms = every_ms
        self._of: dict[str, _Budget] = {}

    def may_tell(self, user: str, now_ms: int) -> bool:
        """Whether one more of this user's is told; if not, it is counted."""
        one = self._of.setdefault(user, _Budget(self._at_once, now_ms, now_ms))
        came = max(0, now_ms - one.at_ms) / self._every_ms
        one.left = min(self._at_once, one.left + came)
        one.at_ms = max(one.at_ms, now_ms)
        if one.left < 1:
            one.held_back += 1
            return False
        one.left -= 1
        return True

    def sums(self, now_ms: int | None = None) -> Iterator[tuple[str, int]]:
        """Users, and how many of theirs were held back since they were last told: where it is time
        for that. None: it is, for the flight ends."""
        for user, one in self._of.items():
            if now_ms is not None and now_ms - one.summed_ms < SUM_EVERY_MS:
                continue
            if one.held_back:
                yield user, one.held_back
            one.held_back = 0
            one.summed_ms = one.summed_ms if now_ms is None else now_ms


class Vain:
    """What people ask a flight for that comes to nothing."""

    def __init__(self) -> None:
        self._paced = {
            "refused": Paced(at_once=20, every_ms=15_000),
            "pointed": Paced(at_once=60, every_ms=5_000),
        }
        """By the kind of what it leads to: all that somebody can do who may only look on."""

    def answer(
        self, event: Asked, before: FlightState, after: FlightState, commands: Sequence[Command]
    ) -> Mapping[str, Any] | None:
        """What is told to the seat that has asked, and to nobody else, where nothing comes of it or
        it comes too often; empty: nothing. None: it is for everybody."""
        if not commands:
            return None if _differ(before, after) and not _is_again(event, before) else {}
        tell = commands[0]
        if len(commands) > 1 or not isinstance(tell, Tell) or tell.kind not in self._paced:
            return None
        if tell.kind == "refused" and _differ(before, after, but=("log", "told")):
            return None
        user = event.intent.by
        if self._paced[tell.kind].may_tell(user, event.at_ms):
            return None
        said = {"text": tell.text, **to_json(tell.data)}
        if tell.kind == "pointed":
            why = "you have pointed at too much"
            said = {"text": f"point refused ({user}): {why}", "verb": "point", "why": why}
        head = {"seq": 0, "at_ms": event.at_ms, "kind": "refused", "level": "warn"}
        return {**head, "by": user, **said}

    def sums(self, now_ms: int | None) -> Iterator[Tell]:
        """How much of each user's was not told to everybody, where it is time to say so; None: it
        is, for the flight ends."""
        for kind, paced in self._paced.items():
            for user, count in paced.sums(now_ms):
                data = {"by": user, "of": kind, "count": count}
                yield Tell("held_back", f"and {count} more {kind} of {user}", "warn", data)


def _is_again(event: Asked, state: FlightState) -> bool:
    """Whether a seat says once more, a moment later, that somebody is at its keys."""
    seat = state.crew.seat(event.seat)
    if not isinstance(event.intent, Beat) or seat is None or seat.key_ms is None:
        return False
    return 0 <= event.at_ms - seat.key_ms < BEAT_EVERY_MS


_FIELDS: Final = tuple(field.name for field in fields(FlightState) if field.name != "at_ms")


def _differ(before: FlightState, after: FlightState, but: Sequence[str] = ()) -> bool:
    """Whether more than time has passed between a state and the one that a step made of it."""
    names = (name for name in _FIELDS if name not in but)
    return any(getattr(before, name) is not getattr(after, name) for name in names)
