"""What a flight changes beside records and places: rights on both clusters and the mirror's
settings, read before it and compared after it. Never looks at anything through an engine."""

from __future__ import annotations

import asyncio
import time
from dataclasses import astuple, dataclass

import httpx

from cockpit.kafka.configs import read_bindings
from cockpit.lab.access import ADMIN
from cockpit.lab.looking import Status
from tests.kafka.real import SIDES, client_as

SETTLES_S = 30.0
"""How long the mirror may take to start its tasks again and to copy ACLs once more."""


@dataclass(frozen=True, slots=True)
class Standing:
    """All of it, comparable."""

    bindings: dict[str, tuple[tuple[str, ...], ...]]
    """By side, sorted."""
    connectors: dict[str, dict[str, str]]
    """By name: its configuration, its state and those of its tasks."""

    def unlike(self, before: Standing) -> str:
        """Where it is not as before, in words; empty: nowhere."""
        told = []
        for side, bindings in before.bindings.items():
            mine = self.bindings[side]
            told += [f"{side} has no {row} any more" for row in set(bindings) - set(mine)]
            told += [f"{side} has {row} now" for row in set(mine) - set(bindings)]
        for name, was in before.connectors.items():
            now = self.connectors.get(name, {})
            keys = sorted(key for key in {*was, *now} if was.get(key) != now.get(key))
            told += [f"{name} {key}: {was.get(key)}, now {now.get(key)}" for key in keys]
        return "\n".join(told)


def standing(lab: Status) -> Standing:
    """As it is at this moment. Raises httpx.HTTPError where Connect gives no answer."""
    return Standing(asyncio.run(_bindings(lab)), _connectors(lab))


async def _bindings(lab: Status) -> dict[str, tuple[tuple[str, ...], ...]]:
    found: dict[str, tuple[tuple[str, ...], ...]] = {}
    for side in SIDES:
        async with client_as(lab, side, ADMIN) as admin:
            found[side] = tuple(sorted(astuple(each) for each in await read_bindings(admin)))
    return found


def _connectors(lab: Status) -> dict[str, dict[str, str]]:
    url = f"{lab.as_json()['connect']}/connectors?expand=info&expand=status"
    found = httpx.get(url, trust_env=False).raise_for_status().json()
    return {
        name: entry["info"]["config"]
        | {
            "its state": entry["status"]["connector"]["state"],
            "its tasks": ", ".join(task["state"] for task in entry["status"]["tasks"]),
        }
        for name, entry in sorted(found.items())
    }


def settled(lab: Status) -> Standing:
    """As it is once every connector works: the one for checkpoints has no task before it has found
    groups."""
    end_s = time.monotonic() + SETTLES_S  # a test's own deadline
    while True:
        found = standing(lab)
        idle = [name for name, one in found.connectors.items() if one["its tasks"] != "RUNNING"]
        if not idle:
            return found
        assert time.monotonic() < end_s, f"no task of {', '.join(idle)} works"  # as above
        time.sleep(0.5)


def assert_stands_as(before: Standing, lab: Status) -> None:
    """Rights and connectors are as they were, soon."""
    end_s = time.monotonic() + SETTLES_S  # a test's own deadline
    while unlike := standing(lab).unlike(before):
        assert time.monotonic() < end_s, unlike  # as above
        time.sleep(0.5)
