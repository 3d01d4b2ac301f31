"""Whole simulated flights on tape: what went into the core, what came out, frame by frame."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Any

import numpy as np
import pytest

from cockpit.core.flight import Event
from cockpit.core.snapshot import Snapshot
from cockpit.engine.loop import Engine
from cockpit.sim.faults import Fault
from tests.flights import simulate


@dataclass(frozen=True, slots=True)
class Taped:
    """One published snapshot and all that came since the one before."""

    inputs: tuple[Event, ...]
    tells: tuple[Mapping[str, Any], ...]
    snapshot: Snapshot


@dataclass(slots=True)
class Tape:
    """What one engine took and gave."""

    frames: list[Taped] = field(default_factory=list)
    inputs: list[Event] = field(default_factory=list)
    tells: list[Mapping[str, Any]] = field(default_factory=list)

    def offer(self, snapshot: Snapshot) -> None:
        self.frames.append(Taped(tuple(self.inputs), tuple(self.tells), snapshot))
        self.inputs.clear()
        self.tells.clear()


@functools.cache
def flown(*faults: Fault, seed: int = 1, demo_faults: bool = False) -> tuple[Taped, ...]:
    """One simulated flight to its result."""
    tape = Tape()

    class Taping(Engine):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            offer, tell = self.fanout.offer, self.fanout.tell

            def offered(snapshot: Snapshot) -> None:
                tape.offer(snapshot)
                offer(snapshot)

            def told(event: Mapping[str, Any]) -> None:
                tape.tells.append(event)
                tell(event)

            self.fanout.offer = offered  # type: ignore[method-assign]
            self.fanout.tell = told  # type: ignore[method-assign]

        def _take(self, event: Event, group: asyncio.TaskGroup) -> bool:
            tape.inputs.append(event)
            return super()._take(event, group)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(simulate, "Engine", Taping)
        simulate.fly(*faults, seed=seed, keep_demo_faults=demo_faults)
    return tuple(tape.frames)


def differs(old: Any, new: Any, where: str = "") -> str:
    """Where two values of the core are not the same, types of numbers included; empty: nowhere."""
    if type(old) is type(new) and isinstance(old, str | int | None):
        return "" if old == new else where
    if isinstance(old, np.ndarray):
        same = isinstance(new, np.ndarray) and old.dtype == new.dtype and np.array_equal(old, new)
        return "" if same else where
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        if list(old) != list(new):
            return f"{where} keys"
        return next((d for k in old if (d := differs(old[k], new[k], f"{where}[{k}]"))), "")
    if type(old) in (tuple, list) and type(new) in (tuple, list):
        if type(old) is not type(new):
            return f"{where} {type(old).__name__}"
        if len(old) != len(new):
            return f"{where} length"
        pairs = enumerate(zip(old, new, strict=True))
        return next((d for i, (a, b) in pairs if (d := differs(a, b, f"{where}[{i}]"))), "")
    if is_dataclass(old) and type(old) is type(new):
        names = [one.name for one in fields(old)]
        found = (differs(getattr(old, n), getattr(new, n), f"{where}.{n}") for n in names)
        return next((d for d in found if d), "")
    if isinstance(old, float | int | bool) and type(old) is not type(new):
        return f"{where} {type(old).__name__} is {type(new).__name__}"
    return "" if repr(old) == repr(new) or old == new else where
