"""Who and what a simulated flight is flown with: engines that die, a disk that fails, people.

The people are the autopilot, somebody who presses keys when they should not be pressed, and
somebody who goes on where the autopilot leaves the flight to a person.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cockpit.cli.pilot import Orders, Pilot, Result
from cockpit.core.actions import Action, Finding
from cockpit.core.intents import AddNote, Arm, Confirm, Disarm, End, Intent, Pause, Verb
from cockpit.core.snapshot import Snapshot
from cockpit.engine.chain import Head
from cockpit.engine.fanout import Fanout
from cockpit.engine.journal import Journal, JournalError
from cockpit.engine.loop import Engine, LocalSession
from cockpit.ports import Clock, Effector
from cockpit.sim.loop import VirtualLoop
from cockpit.taskgroups import leaves
from tests.flights.troubles import (
    EndPressed,
    EngineFrozen,
    EngineKilled,
    IntentFlood,
    JournalRefuses,
    JournalSlow,
    NobodyAnswers,
    PausePressed,
    RollbackPressed,
    StaleConfirm,
    Troubles,
    TwoConfirm,
    WrongAnswer,
)

LOOK_EVERY_MS = 250
ANSWER_WITHIN_MS = 5_000
PERSON_TRIES = 6
PERSON_WAITS_MS = 4_000
PERSON, OTHER = "ana", "bob"


class EngineDied(BaseException):  # not an error of the code under test
    """The end of an engine, at once and without a word."""

    def __init__(self, death: EngineKilled) -> None:
        super().__init__(death.point)
        self.death = death


@dataclass
class Story:
    """All that was seen and told of a flight, whoever listened."""

    snapshots: list[Snapshot] = field(default_factory=list)
    events: list[Mapping[str, Any]] = field(default_factory=list)

    def predicted(self) -> int:
        """The bound of what is read twice, over all groups that were placed."""
        placed = (e for e in self.events if e["kind"] == "offsets_placed")
        return sum(int(e["reread_max_records"]) for e in placed)


class Told(Fanout):
    """A fan-out that keeps everything."""

    def __init__(self, story: Story) -> None:
        super().__init__()
        self._story = story

    def offer(self, snapshot: Snapshot) -> None:
        self._story.snapshots.append(snapshot)
        super().offer(snapshot)

    def tell(self, event: Mapping[str, Any]) -> None:
        self._story.events.append(event)
        super().tell(event)


class Disk:
    """What the disk of a journal has been told to keep."""

    def __init__(self, path: Path) -> None:
        self.path, self.synced = path, 0

    def lose_power(self) -> None:
        """Nothing else is left, but for half of the first line that was not synced."""
        content = self.path.read_bytes()
        torn = content[self.synced :].find(b"\n") // 2
        os.truncate(self.path, self.synced + max(torn, 0))


class TroubledJournal:
    """A journal on a disk that is slow or full, and whose engine may die around an entry."""

    def __init__(self, journal: Journal, disk: Disk, troubles: Troubles) -> None:
        self._journal, self._disk, self._troubles = journal, disk, troubles
        disk.synced = disk.path.stat().st_size

    def append(
        self, kind: str, at_ms: int, data: Mapping[str, Any], *, sync: bool = True
    ) -> dict[str, Any]:
        self._die("before entry")
        for refusing in self._troubles.on(JournalRefuses):
            raise JournalError(f"journal: {refusing.why}")
        entry = self._journal.append(kind, at_ms, data, sync=sync)
        if sync:
            for slow in self._troubles.on(JournalSlow):
                freeze(slow.delay_ms)
            self._disk.synced = self._disk.path.stat().st_size
        self._die("after entry")
        return entry

    @property
    def kept_head(self) -> Head:
        return self._journal.kept_head

    def _die(self, point: str) -> None:
        for death in self._troubles.on(EngineKilled):
            if death.point == point and self._troubles.take_this(death):
                raise EngineDied(death)


class TroubledEffector:
    """An effector whose engine may die right after an effect."""

    def __init__(self, effector: Effector, troubles: Troubles) -> None:
        self._effector, self._troubles = effector, troubles

    async def precheck(self, action: Action) -> Finding:
        return await self._effector.precheck(action)

    async def do(self, action: Action) -> Mapping[str, Any]:
        data = await self._effector.do(action)
        for death in self._troubles.on(EngineKilled):
            if death.point == "after effect" and self._troubles.take_this(death):
                raise EngineDied(death)
        return data

    async def verify(self, action: Action) -> Finding:
        return await self._effector.verify(action)

    async def close(self) -> None:
        await self._effector.close()


def freeze(duration_ms: int) -> None:
    """Let nothing run for so long."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    loop.freeze(duration_ms)


class TroubledSession(LocalSession):
    """The keys of those who fly, as far as they press the right ones in time."""

    def __init__(self, engine: Engine, troubles: Troubles, clock: Clock) -> None:
        super().__init__(engine)
        self._troubles, self._clock = troubles, clock

    async def submit(self, intent: Intent) -> None:
        if self._troubles.on(NobodyAnswers):
            return
        if isinstance(intent, Confirm):
            await self._confirm(intent)
        else:
            await super().submit(intent)

    async def _confirm(self, intent: Confirm) -> None:
        for late in self._troubles.on(StaleConfirm):
            await self._clock.sleep(late.delay_ms)
        for both in self._troubles.on(TwoConfirm):
            if both.arms:
                await super().submit(Arm("advance", OTHER))
            await super().submit(Confirm(intent.token, OTHER))
        if self._troubles.take(WrongAnswer) is not None:
            await super().submit(Confirm("0" * 16, intent.by))
        await super().submit(intent)


class Crew:
    """Everybody at the keys of one engine."""

    def __init__(
        self, engine: Engine, troubles: Troubles, story: Story, clock: Clock, orders: Orders
    ) -> None:
        self._engine, self._troubles, self._story = engine, troubles, story
        self._clock, self._orders = clock, orders
        self._keys = LocalSession(engine)

    async def fly(self) -> Result | EngineKilled:
        """To the flight's end, or to where no person finds a way on, or to the engine's death."""
        try:
            async with asyncio.TaskGroup() as group:
                flight = group.create_task(self._engine.run(), name="engine")
                meddler = group.create_task(self._meddle(), name="meddler")
                result = await self._conduct()
                meddler.cancel()
                flight.cancel()
        except BaseExceptionGroup as ended:
            for died in leaves(ended):
                if isinstance(died, EngineDied):
                    return died.death
            raise
        return result

    async def _conduct(self) -> Result:
        """The autopilot; and a person, where it asks for one."""
        tries = 0
        while True:
            session = TroubledSession(self._engine, self._troubles, self._clock)
            result = await Pilot(session, self._orders, lambda _event: None).fly()
            await session.close()
            if not result.left_running or tries == PERSON_TRIES:
                return result
            tries += 1
            await self._clock.sleep(PERSON_WAITS_MS)
            # a person first tries to go on, then to go back, and so on
            verbs: tuple[Verb, Verb] = ("advance", "rollback")
            if not await self._press(verbs[(tries - 1) % 2], PERSON):
                await self._press(verbs[tries % 2], PERSON)

    async def _meddle(self) -> None:
        """Keys that nobody asked for, and what happens to the engine's process meanwhile."""
        troubles, submit = self._troubles, self._keys.submit
        while True:
            await self._clock.sleep(LOOK_EVERY_MS)
            for death in troubles.on(EngineKilled):
                if death.point == "now" and troubles.take_this(death):
                    raise EngineDied(death)
            if (frozen := troubles.take(EngineFrozen)) is not None:
                freeze(frozen.freeze_ms)
            if troubles.take(PausePressed) is not None:
                await submit(Pause(PERSON))
            if troubles.take(EndPressed) is not None:
                await submit(End(PERSON))
            if troubles.take(RollbackPressed) is not None:
                await self._press("rollback", PERSON)
            if troubles.take(IntentFlood) is not None:
                for number in range(10):
                    await submit(Arm("advance", OTHER))
                    await submit(AddNote(f"note {number}", OTHER))
                    await submit(Arm("rollback", OTHER))
                    await submit(Disarm(OTHER))
                    await submit(Confirm(str(number), OTHER))

    async def _press(self, verb: Verb, who: str) -> bool:
        """Arm and confirm, as a person does; whether it could be armed."""
        newest = self._story.snapshots[-1] if self._story.snapshots else None
        if newest is None or not newest.action(verb).enabled:
            return False
        await self._keys.submit(Arm(verb, who))
        until_ms = self._clock.now_ms() + ANSWER_WITHIN_MS
        while self._clock.now_ms() < until_ms:
            await self._clock.sleep(LOOK_EVERY_MS)
            seen = self._story.snapshots[-1]
            armed = seen.armed
            if armed is not None and armed.by == who and seen.at_ms >= armed.confirm_from_ms:
                await self._keys.submit(Confirm(armed.token, who))
                return True
        return False
