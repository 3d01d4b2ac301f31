"""Drills: something is broken on purpose, and somebody must notice in time. Values and words.

Never breaks anything: an effector does, and only where the plan says that it may.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import urlsplit

from cockpit.core.calls import HttpCall

DrillKind = Literal["stop-task", "kill-broker", "cut-connection", "call"]
ExpectKind = Literal["gate", "trigger", "alarm"]
Phase = Literal["before", "notice", "recover", "conclude"]

ALARMS: Final = (
    "brokers of source",
    "brokers of target",
    "groups without commits",
    "lag readings disagree: missing",
    "lag readings disagree: standing",
    "mirror",
    "negative lag",
    "readers left on the source",
    "readers not known",
    "side source",
    "side target",
    "source end went back",
    "target ahead: baseline",
    "target ahead: content",
    "target ahead: writers",
    "target commit past the image",
    "target end went back",
    "topics that are not named",
    "translation past the image",
    "writers left on the source",
)
"""The subjects of alarms that name nothing of the plan."""
MADE_ANEW: Final = "re-created"
"""A topic follows."""
FIRED_LATER: Final = "trigger of wave"
"""An earlier wave follows, and what fires of it."""


@dataclass(frozen=True, slots=True)
class Expect:
    """Who is to notice: a gate that passes no more, a trigger that fires, an alarm that is
    raised."""

    kind: ExpectKind
    which: str
    """A condition's name or number, counting from 0; or how the alarm's subject begins."""


@dataclass(frozen=True, slots=True)
class DrillStep:
    """Break something, see that it is noticed in time, mend it, wait until all is good again."""

    do: DrillKind
    on: str
    """A connector, `SIDE/BROKER`, a side or a service."""
    expect: Expect
    within_ms: int = 30_000
    timeout_ms: int = 180_000
    """For mending, and for everything to be good again after it."""
    calls: tuple[HttpCall, HttpCall] | None = None
    """Of a `call`: what breaks the service, and what mends it."""

    def words(self) -> str:
        """What is done to what."""
        return f"{self.do} on {self.on}"


@dataclass(frozen=True, slots=True)
class DrillTask:
    """One part of a drill that only looks."""

    step: DrillStep
    phase: Phase
    timeout_ms: int


def calls_of(steps: Iterable[object]) -> dict[str, tuple[HttpCall, HttpCall]]:
    """By service: what breaks it, and what mends it; one drill of a plan calls it at most."""
    drills = (step for step in steps if isinstance(step, DrillStep))
    return {drill.on: drill.calls for drill in drills if drill.calls is not None}


def numbered(names: Sequence[str], which: str) -> int | str:
    """The number of the condition that is meant; or why none is."""
    shown = ", ".join(f"{number} is {name}" for number, name in enumerate(names)) or "none"
    if which.isascii() and which.isdigit():
        number = int(which)
        return number if number < len(names) else f"there is no number {which}: {shown}"
    found = [i for i, name in enumerate(names) if which in (name, name.removeprefix("signal "))]
    if not found:
        return f"none is called {which}: {shown}"
    return found[0] if len(found) == 1 else f"{len(found)} are called {which}, say the number"


def is_alarm(which: str, subjects: Iterable[str]) -> bool:
    """Whether one of these subjects begins so, in whole words."""
    begun = (one.removeprefix(which) for one in subjects if one.startswith(which))
    return any(rest[:1] in ("", " ", ":") for rest in begun)


def elsewhere(bootstraps: Iterable[str], urls: Iterable[str]) -> tuple[str, ...]:
    """Those addresses that are not on this machine: nothing is broken there."""
    found = [address for address in bootstraps if not _is_loopback(address.rpartition(":")[0])]
    found += [url for url in urls if url and not _is_loopback(urlsplit(url).hostname or "")]
    return tuple(found)


def _is_loopback(host: str) -> bool:
    bare = host.strip("[]")
    if bare == "localhost":
        return True
    try:
        return ipaddress.ip_address(bare).is_loopback
    except ValueError:
        return False
