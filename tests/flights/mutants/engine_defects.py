"""Defects planted around the engine: its journal, its runner, the adapters that attest."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cockpit.core import durable
from cockpit.core.actions import Action, Finding, Unfence
from cockpit.core.flight import Perform
from cockpit.engine.chain import FIRST_HASH
from cockpit.engine.journal import Journal
from cockpit.engine.loop import Engine
from cockpit.engine.runner import Runner
from cockpit.ports import Effector, PortError
from cockpit.sim.proofs import SimDrain, SimFence
from cockpit.tui import plain, text
from tests.flights import simulate

Patch = pytest.MonkeyPatch
Ended = tuple[str, str, Mapping[str, Any]]


class _Through:
    """An effector as it is; defects change one of its calls."""

    def __init__(self, inner: Effector) -> None:
        self.inner = inner

    async def precheck(self, action: Action) -> Finding:
        return await self.inner.precheck(action)

    async def do(self, action: Action) -> Mapping[str, Any]:
        return await self.inner.do(action)

    async def verify(self, action: Action) -> Finding:
        return await self.inner.verify(action)

    async def close(self) -> None:
        await self.inner.close()


def no_intent(patch: Patch) -> None:
    """Intents are never written."""
    written = Engine._write_action

    def write(engine: Engine, kind: str, data: Mapping[str, Any]) -> None:
        if kind != "intent":
            written(engine, kind, data)

    patch.setattr(Engine, "_write_action", write)


def intent_after_effect(patch: Patch) -> None:
    """The intent is written when the effect has returned."""
    made = Runner.__init__

    class Late(_Through):
        held: tuple[tuple[str, Mapping[str, Any]], ...] = ()

    def init(runner: Runner, effector: Effector, clock: Any, write: Any, *others: Any) -> None:
        late = Late(effector)

        def hold(kind: str, data: Mapping[str, Any]) -> None:
            if kind == "intent":
                late.held = (*late.held, (kind, data))
            else:
                release()
                write(kind, data)

        def release() -> None:
            held, late.held = late.held, ()
            for entry in held:
                write(*entry)

        made(runner, late, clock, hold, *others)

    patch.setattr(Runner, "__init__", init)


def intent_not_synced(patch: Patch) -> None:
    """The intent is written and the disk not waited for."""

    def write(engine: Engine, kind: str, data: Mapping[str, Any]) -> None:
        if engine._journal is not None:
            now_ms = engine._ports.clock.now_ms()
            engine._append_record(engine._journal, now_ms)
            engine._journal.append(kind, now_ms, data, sync=kind != "intent")

    patch.setattr(Engine, "_write_action", write)


def before_values_not_kept(patch: Patch) -> None:
    """What an effect replaces is read and forgotten."""
    made = Runner.__init__

    class Forgetful(_Through):
        async def precheck(self, action: Action) -> Finding:
            return replace(await self.inner.precheck(action), before={})

    def init(runner: Runner, effector: Effector, *rest: Any) -> None:
        made(runner, Forgetful(effector), *rest)

    patch.setattr(Runner, "__init__", init)


def evidence_unchecked_at_effect(patch: Patch) -> None:
    """How old the evidence is, is looked at when a wave is confirmed, and never again."""
    once = Runner._once

    async def unchecked(runner: Runner, command: Perform) -> Any:
        return await once(runner, replace(command, fresh_until_ms=None))

    patch.setattr(Runner, "_once", unchecked)


def retried_blindly(patch: Patch) -> None:
    """A reply is lost: the same is sent again, and that counts."""

    async def again(runner: Runner, command: Perform, _why: str) -> Ended:
        await runner._effector.do(command.action)
        return "done", "sent again", {}

    patch.setattr(Runner, "_after_lost_reply", again)


def lost_is_done(patch: Patch) -> None:
    """A reply is lost: it will have happened."""

    async def done(_runner: Runner, _command: Perform, why: str) -> Ended:
        return "done", why, {}

    patch.setattr(Runner, "_after_lost_reply", done)


def lost_is_failed(patch: Patch) -> None:
    """A reply is lost: it will not have happened."""

    async def failed(_runner: Runner, _command: Perform, why: str) -> Ended:
        return "failed", why, {}

    patch.setattr(Runner, "_after_lost_reply", failed)


def refused_unfence_is_done(patch: Patch) -> None:
    """A fence that the cluster would not take down counts as taken down."""
    attempt = Runner._attempt

    async def hopeful(runner: Runner, command: Perform) -> Any:
        try:
            return await attempt(runner, command)
        except PortError as error:
            if isinstance(command.action, Unfence):
                return "done", error.reason, {}
            raise

    patch.setattr(Runner, "_attempt", hopeful)


def chain_broken(patch: Patch) -> None:
    """Every entry names the same hash before it; nobody looks when it is read."""
    append = Journal.append

    def loose(journal: Journal, *args: Any, **kw: Any) -> dict[str, Any]:
        entry = append(journal, *args, **kw)
        journal._head = FIRST_HASH
        return entry

    def read(path: Path) -> list[Any]:
        return [json.loads(line) for line in path.read_text().splitlines()]

    patch.setattr(Journal, "append", loose)
    patch.setattr(simulate, "read_journal", read)


def record_stands_still(patch: Patch) -> None:
    """The record of the flight in the journal is the first one for ever."""
    recorded, first = durable.record, []

    def record(state: Any) -> dict[str, Any]:
        first.append(recorded(state))
        return dict(first[0])

    patch.setattr("cockpit.engine.loop.record", record)


def secret_in_journal(patch: Patch) -> None:
    """Who flies says in the journal by which password."""
    identity = Engine._identity

    def telling(engine: Engine) -> Mapping[str, Any]:
        canary = engine.state.plan.source.canary
        name = canary.password.name if canary else ""
        return {**identity(engine), "login": os.environ.get(name, "")}

    patch.setattr(Engine, "_identity", telling)


def fence_of_some_brokers(patch: Patch) -> None:
    """A broker that does not answer has nothing against the fence."""
    patch.setattr(SimFence, "_all_brokers", lambda _fence: None)


def fence_by_acknowledgement(patch: Patch) -> None:
    """A fence stands as soon as its ACLs were accepted; no broker is asked."""

    async def verify(fence: SimFence, _action: Any) -> Finding:
        await fence._line.cluster("source")
        return Finding(True, "accepted")

    patch.setattr(SimFence, "verify", verify)


def drained_by_count(patch: Patch) -> None:
    """Both sides hold as many records: they will be the same."""

    def last(drain: SimDrain, side: Any, partition: int) -> tuple[int, int]:
        ends = {s: int(shore.logs.end[partition]) for s, shore in drain._line.world.shores.items()}
        return 0, min(ends[side], ends["source"])

    patch.setattr(SimDrain, "_last", last)


def refusal_is_success(patch: Patch) -> None:
    """A cluster that was away while something was to be read has agreed."""
    made = Runner.__init__

    class Hopeful(_Through):
        async def verify(self, action: Action) -> Finding:
            try:
                found = await self.inner.verify(action)
            except PortError as error:
                return Finding(True, error.reason)
            return Finding(True, found.detail) if found.holds is None else found

    def init(runner: Runner, effector: Effector, *rest: Any) -> None:
        made(runner, Hopeful(effector), *rest)

    patch.setattr(Runner, "__init__", init)


def terminal_trusts_data(patch: Patch) -> None:
    """Text goes to the terminal as it came."""

    def trusting(data: str, *, max_cells: int = 512) -> str:
        return data[:max_cells]

    patch.setattr(text, "clean", trusting)
    patch.setattr(plain, "clean", trusting)
