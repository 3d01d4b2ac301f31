"""Defects planted where an engine takes a flight over from one that has died."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cockpit.core import durable, foreign, machine
from cockpit.core.flight import WaveState
from cockpit.core.turn import Turn
from cockpit.engine.outcomes import Outcomes

Patch = pytest.MonkeyPatch


def open_intents_ignored(patch: Patch) -> None:
    """What an effect without outcome has replaced is not learnt from its intent."""
    patch.setattr(durable, "_with_intents", lambda wave, *_: wave)


def open_intents_never_read(patch: Patch) -> None:
    """Nobody looks what became of an effect whose engine has died."""
    made = Outcomes.__init__

    def init(outcomes: Outcomes, write: Any, effector: Any, clock: Any, _: Any, tell: Any) -> None:
        made(outcomes, write, effector, clock, (), tell)

    patch.setattr(Outcomes, "__init__", init)


def goes_on_by_itself(patch: Patch) -> None:
    """The next engine goes on where the one before has died, and asks nobody."""
    standing = durable._standing

    def going(wave: WaveState, at_ms: int) -> WaveState:
        stood = standing(wave, at_ms)
        return replace(stood, word="running") if stood.word == "holding" else stood

    patch.setattr(durable, "_standing", going)


def deadline_unlooked(patch: Patch) -> None:
    """The next engine opens the source at the fence's deadline before it has read the clusters."""
    strike = machine._deadline

    def blindly(turn: Turn) -> None:
        with pytest.MonkeyPatch.context() as blind:
            blind.setattr(machine, "unread", lambda *_: "")
            blind.setattr(foreign, "_unknown", lambda *_: "")
            strike(turn)

    patch.setattr(machine, "_deadline", blindly)
