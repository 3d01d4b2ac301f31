"""Drills on real clusters: a connector pauses, a broker is killed, our own connections are cut, a
service's owner is called.

Only what can be mended is broken, and only where a plan allows drills; who may touch a broker's
process is somebody else, handed in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, assert_never

from cockpit.core.actions import Drill, Finding
from cockpit.core.plan import SIDES, HttpCall, Side
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.cutting import Way
from cockpit.kafka.effects.calls import make_call
from cockpit.kafka.http import Http
from cockpit.ports import PortError, Saboteur

NO_SABOTEUR = "only a broker of a lab, flown by the lab's own plan, can be killed"


class Calls:
    """What breaks a service and what mends it, by its name; remembers what it has called."""

    def __init__(self, http: Http, calls: Mapping[str, tuple[HttpCall, HttpCall]]) -> None:
        self._http = http
        self._calls = calls
        self._broken: dict[str, bool] = {}

    def check(self, action: Drill) -> Finding:
        """Only what was called by itself is known: a call cannot be read."""
        known = self._broken.get(action.on)
        if known is None:
            return Finding(None, "a call cannot be read")
        return Finding(known is action.broken, f"{action.on} is {'broken' if known else 'mended'}")

    async def do(self, action: Drill) -> None:
        """Make the call. Raises PortError or OutcomeUnknownError."""
        calls = self._calls.get(action.on)
        if calls is None:
            raise PortError("protocol", f"the plan has no calls for {action.on}")
        self._broken.pop(action.on, None)
        verb = "break" if action.broken else "mend"
        await make_call(self._http, calls[0 if action.broken else 1], f"{verb} {action.on}")
        self._broken[action.on] = action.broken


class Drills:
    """Breaks and mends."""

    def __init__(
        self,
        rest: ConnectRest,
        ways: Mapping[Side, Way],
        saboteur: Saboteur | None,
        calls: Calls | None = None,
    ) -> None:
        """`ways` is empty where the plan allows no drills: nothing can be broken then."""
        self._calls = calls
        self._rest = rest
        self._ways = ways
        self._saboteur = saboteur

    async def check(self, action: Drill) -> Finding:
        """Read whether it is broken, or mended, as wanted. Raises PortError."""
        self._allowed()
        match action.do:
            case "stop-task":
                return await self._connector(action)
            case "kill-broker":
                side, broker = _broker(action.on)
                alive = await self._lab().is_alive(side, broker)
                word = "alive" if alive else "dead"
                return Finding(alive is not action.broken, f"broker {action.on} is {word}")
            case "cut-connection":
                cut = self._way(action.on).is_cut
                word = "cut" if cut else "not cut"
                return Finding(cut is action.broken, f"connections to {action.on} are {word}")
            case "call":
                return self._caller().check(action)
            case _:
                assert_never(action.do)

    async def do(self, action: Drill) -> Mapping[str, Any]:
        """Break it, or mend it. Raises PortError; ReplyLostError where Connect's answer is lost."""
        self._allowed()
        match action.do:
            case "stop-task":
                await self._rest.set_state(action.on, "pause" if action.broken else "resume")
            case "kill-broker":
                side, broker = _broker(action.on)
                lab = self._lab()
                await (lab.kill(side, broker) if action.broken else lab.revive(side, broker))
            case "cut-connection":
                way = self._way(action.on)
                if action.broken:
                    await way.cut()
                else:
                    way.mend()
            case "call":
                await self._caller().do(action)
            case _:
                assert_never(action.do)
        return {}

    async def _connector(self, action: Drill) -> Finding:
        """Paused means that every task stands still; mended, that each of them runs."""
        state = await self._rest.state(action.on)
        wanted = "PAUSED" if action.broken else "RUNNING"
        words = [state.state, *(task.state for task in state.tasks)]
        holds = bool(state.tasks) and all(word == wanted for word in words)
        shown = ", ".join(words[1:]) or "none"
        return Finding(holds, f"{action.on} is {words[0]}, its tasks: {shown}")

    def _allowed(self) -> None:
        if not self._ways:
            raise PortError("refused", "the plan allows no drills")

    def _lab(self) -> Saboteur:
        if self._saboteur is None:
            raise PortError("refused", NO_SABOTEUR)
        return self._saboteur

    def _caller(self) -> Calls:
        if self._calls is None:
            raise PortError("refused", "there is nobody to call")
        return self._calls

    def _way(self, word: str) -> Way:
        side = next((side for side in SIDES if side == word), None)
        if side is None:
            raise PortError("protocol", f"there is no side {word}")
        return self._ways[side]


def _broker(word: str) -> tuple[Side, int]:
    """`source/1` as a side and a broker's number. Raises PortError."""
    name, _, number = word.partition("/")
    side = next((side for side in SIDES if side == name), None)
    if side is None or not (number.isascii() and number.isdigit()):
        raise PortError("protocol", f"{word} is no broker")
    return side, int(number)
