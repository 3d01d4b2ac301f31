"""Watches a simulated flight from outside: calls, entries, snapshots, answers, effects, in order.

Changes nothing of what passes through it, but for what a test asks for: text that a hostile cluster
would put into its answers, and lies.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

from cockpit.core.actions import (
    Action,
    CommitOffsets,
    Fence,
    Finding,
    ProveDrained,
    ProveShut,
    ProveSilent,
)
from cockpit.core.snapshot import Snapshot
from cockpit.engine.journal import Journal, JournalError
from cockpit.engine.loop import Engine, Ports
from cockpit.ports import Clock, Effector
from cockpit.sim.world import World
from tests.flights.invariants.moments import moment_of, placing_of, repeated_of, replaced_by
from tests.flights.invariants.taps import tapped
from tests.flights.invariants.trace import (
    Call,
    Felt,
    Item,
    Line,
    Moment,
    Read,
    Shot,
    Trace,
    Verb,
    as_written,
)

SECRET: Final = "s3cr3t-canary-of-the-invariants"
SECRET_IN: Final = "SIMULATED_NO_SECRET"
"""The environment variable that simulated plans name for their login."""
TOLD_WITH_TRUTH: Final = frozenset({"wave_started", "wave_rolled_back", "rollback_started"})
EFFECTS: Final = frozenset(
    {"fence", "unfence", "patch", "exclude", "include", "commit", "stop", "start", "undo"}
)


class Appending(Protocol):
    """What an engine asks of a journal."""

    def append(
        self, kind: str, at_ms: int, data: Mapping[str, Any], *, sync: bool = True
    ) -> dict[str, Any]:
        """Write an entry; raises JournalError."""


Lie = Callable[[str, Any], Any]
"""What a feed says instead of what it read: its name and sample in, a sample out."""
Meddling = Mapping[str, Callable[[World], None]]
"""By the name of a world's event: what somebody else does right after it, each time."""


class _Tap(list[Any]):
    """The world's list of events; it tells of each one as it is added."""

    def __init__(self, events: list[Any], told: Callable[[int, str], None]) -> None:
        super().__init__(events)
        self._told = told

    def append(self, event: Any) -> None:  # the list's own type
        super().append(event)
        self._told(*event)


class Recorder:
    """One world's flight, whatever the number of engines that fly it."""

    def __init__(
        self,
        world: World,
        clock: Clock,
        *,
        lie: Lie | None = None,
        meddling: Meddling | None = None,
    ) -> None:
        self._world, self._clock, self._lie = world, clock, lie
        self._meddling = meddling or {}
        self._items: list[Item] = []
        self._count = 0
        self._world_ms = self._ms() - world.now_ms
        world.events = _Tap(world.events, self._felt)
        os.environ[SECRET_IN] = SECRET

    def ports(self, ports: Ports) -> Ports:
        """The same ports, watched."""
        return replace(tapped(ports, self), effector=_Watched(ports.effector, self))

    def journal(self, journal: Journal) -> Journal:
        """The same journal; every entry that it acknowledges is kept."""
        written = journal.append

        def append(
            kind: str, at_ms: int, data: Mapping[str, Any], *, sync: bool = True
        ) -> dict[str, Any]:
            entry = written(kind, at_ms, data, sync=sync)
            moment = self._truth(kind)
            self.keep(Line(self.next(), self._ms(), entry, sync, moment))
            return entry

        setattr(journal, "append", append)  # noqa: B010  # a method of one instance
        return journal

    def refusals(self, journal: Appending) -> Appending:
        """A journal around the one that is kept: what it refuses is kept as not written."""
        written = journal.append

        def append(
            kind: str, at_ms: int, data: Mapping[str, Any], *, sync: bool = True
        ) -> dict[str, Any]:
            try:
                return written(kind, at_ms, data, sync=sync)
            except JournalError:
                moment = self._truth(kind)
                entry = {**data, "kind": kind, "at_ms": at_ms}
                self.keep(Line(self.next(), self._ms(), entry, False, moment, written=False))
                raise

        setattr(journal, "append", append)  # noqa: B010  # a method of one instance
        return journal

    def watch(self, engine: Engine) -> None:
        """Keep every snapshot that this engine publishes, whoever listens."""
        offered = engine.fanout.offer

        def offer(snapshot: Snapshot) -> None:
            self.keep(Shot(self.next(), self._ms(), snapshot))
            offered(snapshot)

        setattr(engine.fanout, "offer", offer)  # noqa: B010  # a method of one instance

    def answered(self, feed: str, asked: tuple[int, int], sample: Any) -> Any:  # any sample
        """A feed has answered; what it says, which may be a lie."""
        if self._lie is not None and sample is not None:
            sample = self._lie(feed, sample)
        self.keep(Read(self.next(), self._ms(), feed, *asked, sample))
        return sample

    def now(self) -> tuple[int, int]:
        """What the machine's clock says, as samples have it, and the virtual time."""
        return self._clock.now_ms(), self._ms()

    def _ms(self) -> int:
        """Virtual time since the loop began, whatever the machine's clock says."""
        return round(asyncio.get_running_loop().time() * 1_000)

    def next(self) -> int:
        """The number of what is seen next."""
        self._count += 1
        return self._count

    def _truth(self, kind: str) -> Moment | None:
        """What goes with an entry of this kind."""
        if kind not in TOLD_WITH_TRUTH:
            return None
        return moment_of(self._world, committed=kind == "wave_rolled_back")

    def keep(self, item: Item) -> None:
        """One more thing seen."""
        self._items.append(item)

    def finish(self, call: Call) -> None:
        """A call has ended."""
        call.ended_n, call.ended_ms = self.next(), self._ms()
        proved = call.found is not None and call.found.holds and call.verb != "do"
        if isinstance(call.action, Fence | ProveSilent | ProveDrained | ProveShut) and (
            proved or (call.verb == "do" and call.error is None)
        ):
            drained = isinstance(call.action, ProveDrained)
            call.truth = moment_of(self._world, drained=drained)
        if call.verb == "precheck" and call.error is None:
            call.before = replaced_by(self._world, call.action)

    def begin(self, verb: Verb, action: Action) -> Call:
        """A call begins."""
        call = Call(self.next(), self._ms(), verb, action, as_written(action))
        if verb == "do" and isinstance(action, CommitOffsets):
            call.truth = moment_of(self._world, committed=True)
        self.keep(call)
        return call

    def trace(self) -> Trace:
        """All of it."""
        os.environ.pop(SECRET_IN, None)
        return Trace(tuple(self._items), self._ms(), repeated_of(self._world))

    def _felt(self, at_ms: int, name: str) -> None:
        word, _, subject = name.partition(" ")
        moment = placing = None
        if word in EFFECTS:
            drained, committed = word == "start", word == "include"
            moment = moment_of(self._world, drained=drained, committed=committed)
        if word == "start":
            placing = placing_of(self._world, subject)
        # the world lives only as far as it was asked: its own time is the true one
        self.keep(Felt(self.next(), self._world_ms + at_ms, name, moment, placing))
        if name in self._meddling:
            self._meddling[name](self._world)


class _Watched:
    """An effector whose every call is seen."""

    def __init__(self, effector: Effector, recorder: Recorder) -> None:
        self._effector, self._recorder = effector, recorder

    async def precheck(self, action: Action) -> Finding:
        return await self._read("precheck", action)

    async def verify(self, action: Action) -> Finding:
        return await self._read("verify", action)

    async def do(self, action: Action) -> Mapping[str, Any]:
        call = self._recorder.begin("do", action)
        try:
            return await self._effector.do(action)
        except Exception as error:
            call.error = error
            raise
        finally:
            self._recorder.finish(call)

    async def close(self) -> None:
        await self._effector.close()

    async def _read(self, verb: Verb, action: Action) -> Finding:
        call = self._recorder.begin(verb, action)
        look = self._effector.precheck if verb == "precheck" else self._effector.verify
        try:
            call.found = await look(action)
        except Exception as error:
            call.error = error
            raise
        finally:
            self._recorder.finish(call)
        return call.found
