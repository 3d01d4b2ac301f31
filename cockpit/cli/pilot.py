"""Flies a session without a screen: the same intents as a person's keys, nothing more.

Reads snapshots and answers with intents. Its time is the snapshot's time.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from cockpit.cli import exits
from cockpit.core.goingback import UNDER_WAY
from cockpit.core.intents import Arm, Confirm, Disarm, End, Intent, Pause, Verb
from cockpit.core.snapshot import Snapshot, WaveView

TRY_AGAIN_MS = 1_000
BLINDLY = " back without the "
"""In the first line of orders that only a person gives: he answers for what cannot be read."""
MAX_BACK_TRIES = 3


class NewsSession(Protocol):
    """A session that also tells its events."""

    async def news(self) -> tuple[list[Mapping[str, Any]], Snapshot | None] | None:
        """Events and the newest snapshot; None when it is over."""

    async def submit(self, intent: Intent) -> None:
        """Hand in an intent."""


@dataclass(frozen=True, slots=True)
class Orders:
    """What a flight without a person may do."""

    user: str
    gate_wait_ms: int = 300_000
    on_ask: Literal["rollback", "pause"] = "rollback"
    """When a trigger asks or pauses, or a step fails."""
    accept_loss: bool = False
    """Whether it goes back also where records on the target would be lost by that."""
    beyond: str = "a person decides, or --accept-loss"
    """Who goes back there otherwise, in words."""
    confirm_steps: bool = False
    fly_again: bool = False
    """Whether a wave that was rolled back is tried once more."""
    go_on: bool = False
    """Whether a wave that an engine before has left half-way goes on rather than back."""


@dataclass(frozen=True, slots=True)
class Result:
    """How it ended."""

    outcome: str
    exit_code: int
    waves: tuple[tuple[str, str], ...]
    left_running: bool
    """The engine was left as it is, for a person."""
    why: str = ""
    reread_max_records: int | None = None
    """The predicted bound of what is read twice, over all groups that were placed; None: not
    known, for no pilot flew."""
    blocked: tuple[Mapping[str, Any], ...] = ()
    """How long clients of each wave that moved were kept waiting, and by whom."""


class Pilot:
    """One flight's autopilot."""

    def __init__(
        self,
        session: NewsSession,
        orders: Orders,
        on_event: Callable[[Mapping[str, Any]], None],
    ) -> None:
        self._session = session
        self._orders = orders
        self._on_event = on_event
        self._asked_ms = -TRY_AGAIN_MS
        self._ready_since: dict[str, int] = {}
        self._back_tries = 0
        self._came_back: set[str] = set()
        self._flown_again: set[str] = set()
        self._gone_on = not orders.go_on
        self._going_on = False
        """It was armed to go on, and not confirmed yet."""
        self._gate_why = ""
        self._ending: int | None = None
        self._last: Snapshot | None = None
        self._rereads: dict[tuple[str, str], int | None] = {}
        self._blocked: list[Mapping[str, Any]] = []
        self._token = ""
        self._arming = False
        self._paused_by = ""

    async def fly(self) -> Result:
        """Until the flight has an outcome, or stands where only a person may decide."""
        while (news := await self._session.news()) is not None:
            events, snapshot = news
            for event in events:
                self._on_event(event)
                self._note(event)
            if snapshot is None:
                continue
            self._last = snapshot
            if snapshot.status.outcome:
                return self._final(snapshot)
            left = await self._decide(snapshot)
            if left is not None:
                return left
        if self._last is not None and self._last.status.outcome:
            return self._final(self._last)
        return self._result("unknown", exits.UNKNOWN, left=False, why="the engine is gone")

    def _note(self, event: Mapping[str, Any]) -> None:
        """What the events say that snapshots do not: whose arming, whose pause, which bounds."""
        kind = event.get("kind")
        if kind == "armed" and event.get("token"):
            self._token = str(event["token"]) if self._arming else self._token
            self._arming = False
        elif kind == "confirmed":
            self._going_on = False
        elif kind == "disarmed" and self._going_on:  # what was seen meanwhile makes it another one
            self._gone_on = self._going_on = False
        elif kind == "wave_started" and event.get("attempt", 1) > 1:
            self._flown_again.add(str(event["wave"]))
        elif kind == "taken_over":
            self._gate_why = str(event.get("text", ""))
        elif kind == "paused":
            self._paused_by = str(event.get("by", ""))
        elif kind == "offsets_placed":
            key = (str(event["group"]), str(event["side"]))
            before, more = self._rereads.get(key, 0), event["reread_max_records"]
            self._rereads[key] = None if before is None or more is None else before + int(more)
        elif kind == "clients_blocked":
            told = ("seq", "at_ms", "kind", "text", "level")
            self._blocked.append({k: v for k, v in event.items() if k not in told})

    async def _decide(self, snapshot: Snapshot) -> Result | None:
        """At most one intent for each snapshot; a Result when a person is needed."""
        armed = snapshot.armed
        if armed is not None:
            # what somebody else has armed, at a screen of the same user, is theirs to confirm
            ours = armed.by == self._orders.user and armed.token == self._token
            if ours and any(BLINDLY in line for line in armed.lines[:1]):
                # a machine does not answer for what nobody can see
                await self._ask(snapshot, Disarm(self._orders.user))
                return self._result("paused", exits.STOPPED, left=True, why=armed.lines[0])
            if ours and snapshot.at_ms >= armed.confirm_from_ms:
                intent = Confirm(armed.token, self._orders.user, armed.wave)
                await self._ask(snapshot, intent)
            return None
        if snapshot.status.paused and self._paused_by:
            why = f"paused by {self._paused_by}"
            return self._result("paused", exits.STOPPED, left=True, why=why)
        wave = snapshot.waves[snapshot.status.wave_number - 1]
        decide: dict[str, Callable[[Snapshot, WaveView], Awaitable[Result | None]]] = {
            "ready": self._ready,
            "done": self._all_done,
            "rolled back": self._was_rolled_back,
            "holding": self._holding,
            "running": self._running,
            "rolling back": self._going_back,
        }
        action = decide.get(wave.word)
        return await action(snapshot, wave) if action else None

    async def _ready(self, snapshot: Snapshot, wave: WaveView) -> Result | None:
        since = self._ready_since.setdefault(f"{wave.name}", snapshot.at_ms)
        advance = snapshot.action("advance")
        if advance.enabled:
            await self._arm(snapshot, "advance")
        elif snapshot.at_ms - since > self._orders.gate_wait_ms:
            self._gate_why = advance.why_not
            self._ending = exits.GATE_NOT_MET
            await self._end(snapshot)
        return None

    async def _all_done(self, snapshot: Snapshot, _: WaveView) -> None:
        await self._end(snapshot)

    async def _was_rolled_back(self, snapshot: Snapshot, wave: WaveView) -> Result | None:
        if wave.name not in self._came_back:
            self._came_back.add(wave.name)
            self._ready_since[wave.name] = snapshot.at_ms
        if self._orders.fly_again and wave.name not in self._flown_again:
            return await self._ready(snapshot, wave)
        await self._end(snapshot)
        return None

    async def _holding(self, snapshot: Snapshot, wave: WaveView) -> Result | None:
        if not self._gone_on:
            # What stands is read from the clusters first; until then the way on is closed.
            since = self._ready_since.setdefault(f"resumed {wave.name}", snapshot.at_ms)
            self._gone_on = snapshot.at_ms - since > self._orders.gate_wait_ms
            if snapshot.action("advance").enabled:
                self._gone_on = self._going_on = await self._arm(snapshot, "advance")
            return None
        rollback = snapshot.action("rollback")
        if self._may_go_back(snapshot) and self._back_tries < MAX_BACK_TRIES:
            if await self._arm(snapshot, "rollback"):
                self._back_tries += 1
            return None
        if self._asked_recently(snapshot) or rollback.why_not == UNDER_WAY:
            return None
        word = next((s.word for s in wave.steps if s.word in ("unknown", "failed")), "failed")
        code = exits.UNKNOWN if word == "unknown" else exits.FAILED
        outcome = "unknown" if word == "unknown" else "failed"
        return self._result(outcome, code, left=True, why=self._left(snapshot, wave.detail))

    async def _running(self, snapshot: Snapshot, wave: WaveView) -> Result | None:
        waiting = any(step.word == "waiting" for step in wave.steps)
        if snapshot.status.paused:
            fired = any(trigger.verdict == "FAIL" for trigger in snapshot.triggers)
            if self._may_go_back(snapshot):
                await self._arm(snapshot, "rollback")
                return None
            why = self._left(snapshot, "a trigger asks for a person" if fired else "paused")
            return self._result("paused", exits.STOPPED, left=True, why=why)
        if waiting:
            if self._orders.confirm_steps:
                await self._arm(snapshot, "advance")
                return None
            await self._ask(snapshot, Pause(self._orders.user))
            why = f"step {snapshot.status.step} asks for a person"
            return self._result("paused", exits.STOPPED, left=True, why=why)
        return None

    async def _going_back(self, snapshot: Snapshot, wave: WaveView) -> Result | None:
        asked = next((s for s in wave.steps if s.detail.startswith("waits for a person")), None)
        if not snapshot.action("advance").enabled:
            return None
        if asked is None:
            return self._without_target(snapshot, wave)
        if self._orders.confirm_steps:
            await self._arm(snapshot, "advance")
            return None
        why = f"going back {asked.detail}"
        return self._result("paused", exits.STOPPED, left=True, why=why)

    def _without_target(self, snapshot: Snapshot, wave: WaveView) -> Result | None:
        """Only a person orders the way back without a target that cannot be read: it may come
        back."""
        since = self._ready_since.setdefault(f"without target {wave.name}", snapshot.at_ms)
        if snapshot.at_ms - since <= self._orders.gate_wait_ms:
            return None
        why = next((s.detail for s in wave.steps if s.word == "undoing"), wave.detail)
        return self._result("paused", exits.STOPPED, left=True, why=f"going back: {why}")

    def _may_go_back(self, snapshot: Snapshot) -> bool:
        """Beyond the point of no return only a person says that records may be lost."""
        wanted = snapshot.action("rollback").enabled and self._orders.on_ask == "rollback"
        return wanted and (snapshot.status.rollback != "lossy" or self._orders.accept_loss)

    def _left(self, snapshot: Snapshot, why: str) -> str:
        """Why it is left to a person; and that it is the way back that it does not take."""
        wanted = snapshot.action("rollback").enabled and self._orders.on_ask == "rollback"
        if not wanted or self._may_go_back(snapshot):
            return why
        return f"{why}; going back may lose records: {self._orders.beyond}"

    def _asked_recently(self, snapshot: Snapshot) -> bool:
        return snapshot.at_ms - self._asked_ms < TRY_AGAIN_MS

    async def _ask(self, snapshot: Snapshot, intent: Intent) -> None:
        self._asked_ms = snapshot.at_ms
        await self._session.submit(intent)

    async def _arm(self, snapshot: Snapshot, verb: Verb) -> bool:
        if self._asked_recently(snapshot):
            return False
        self._arming = True
        await self._ask(snapshot, Arm(verb, self._orders.user))
        return True

    async def _end(self, snapshot: Snapshot) -> None:
        if not self._asked_recently(snapshot):
            await self._ask(snapshot, End(self._orders.user))

    def _final(self, snapshot: Snapshot) -> Result:
        code = exits.OF_OUTCOME.get(snapshot.status.outcome, exits.UNKNOWN)
        if self._ending is not None and code == exits.STOPPED:
            code = self._ending
        return self._result(snapshot.status.outcome, code, left=False, why=self._gate_why)

    def _result(self, outcome: str, code: int, *, left: bool, why: str = "") -> Result:
        waves = self._last.waves if self._last else ()
        words = tuple((w.name, w.word) for w in waves)
        known = [bound for bound in self._rereads.values() if bound is not None]
        reread = sum(known) if len(known) == len(self._rereads) else None
        return Result(outcome, code, words, left, why, reread, tuple(self._blocked))


def result_event(
    result: Result,
    *,
    lost: int | None = None,
    duplicated: int | None = None,
    measured_by: str | None = None,
) -> dict[str, Any]:
    """The last line of a flight without a screen."""
    return {
        "kind": "result",
        "outcome": result.outcome,
        "exit_code": result.exit_code,
        "waves": [{"name": name, "state": word} for name, word in result.waves],
        "lost": lost,
        "duplicated": duplicated,
        "measured_by": measured_by,
        "predicted_duplicates_max": result.reread_max_records,
        "clients_blocked": list(result.blocked),
        "why": result.why,
        "left_running": result.left_running,
    }
