"""What flights of several migrations have in common: events kept, a service that fails once, and
the checker's verdict once everything is read."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from cockpit.lab.checker import Verdict, check
from cockpit.lab.looking import Status
from tests.flights.real import Event
from tests.flights.test_lab import until


def note_event(state: Path, event: Event) -> None:
    """Keep an event beside the flight."""
    with (state / "events.jsonl").open("a") as out:
        out.write(json.dumps(event) + "\n")


def call(lab: Status, service: str, path: str) -> None:
    """One of a service's controls."""
    url = lab.as_json()["services"][service]
    httpx.post(f"{url}/{path}", trust_env=False, timeout=20.0).raise_for_status()


@dataclass(slots=True)
class FailsOnce:
    """A service fails while its wave soaks for the first time, and is well once it is back."""

    lab: Status
    state: Path
    wave: str
    service: str
    ratio: float
    """Of its attempts."""
    failed: bool = field(default=False)

    def __call__(self, event: Event) -> None:
        note_event(self.state, event)
        at = (event["kind"], event.get("wave"), event.get("step"))
        if at == ("step_done", self.wave, "start") and not self.failed:
            self.failed = True
            call(self.lab, self.service, f"fault?ratio={self.ratio}")
        if at[:2] == ("wave_rolled_back", self.wave):
            call(self.lab, self.service, "fault?ratio=0")


def settled(lab: Status, within_s: float) -> Verdict:
    """The checker's, once everything written until now is read."""
    landed_ms = time.time_ns() // 1_000_000
    until(lambda: check(lab.folder, until_ms=landed_ms).lost == 0, within_s, every_s=2.0)
    return check(lab.folder)
