"""Writes docs/invariants.md: what is checked of each flight, and which defects were planted."""

from __future__ import annotations

from typing import Final

from tests.flights.invariants.checks import ABOUT
from tests.flights.mutants.listing import MUTANTS
from tests.flights.mutants.scenes import SCENES

_HEAD: Final = """\
# Invariants of a flight

Every simulated flight is judged from outside. A recorder sits between the engine and the simulated
world and keeps what passes, in order: each answer of each feed, each call of the effector with its
result, each entry of the journal and whether it was synced, each snapshot, each effect as the world
felt it, and the world's own truth (records, ACLs as each broker knows them, commits, members,
connectors' settings) at the moments that matter. The checks (`tests/flights/invariants/`) read
nothing else, and call none of the rules that they judge. "At every step" means: at each of these
items, after the flight, in their order.

This page is written by `python -m tests.flights.mutants document` and compared by a test.

## What is checked

| Id | Invariant | How it is checked | Not covered |
| --- | --- | --- | --- |
"""
_PLANTED: Final = """
## Planted defects

A checker that has never seen anything broken proves nothing. Each of these defects is planted into
the product (`tests/flights/mutants/`) and flown on a short flight with the trouble that it takes to
show; one of the named invariants must see it. The same flights are clean without it. The seed is
the first one from 1 on which it is seen: `python -m tests.flights.mutants find NAME` finds it
again, `show NAME` tells what was seen.

| Name | Defect | Flight | Seen by | Seed |
| --- | --- | --- | --- | --- |
"""
_SCENES: Final = """
## The flights

| Flight | What happens |
| --- | --- |
"""


def document() -> str:
    """The whole page."""
    about = "".join(f"| {' | '.join(row)} |\n" for row in ABOUT)
    planted = "".join(
        f"| {m.name} | {' '.join(m.defect.split())} | {m.scene} | {', '.join(m.breaks)} "
        f"| {m.seed} |\n"
        for m in MUTANTS.values()
    )
    scenes = "".join(f"| {name} | {scene.what} |\n" for name, scene in SCENES.items())
    return _HEAD + about + _PLANTED + planted + _SCENES + scenes
