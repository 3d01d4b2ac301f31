"""Breadth first through everything that a view can reach; the first way to break a rule is the
shortest.

Pure; equal views are explored once a proof.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from cockpit.core.prove import rules
from cockpit.core.prove.lanes import View
from cockpit.core.prove.moves import Move, World, begin, moves
from cockpit.core.prove.rules import Broken


@dataclass(frozen=True, slots=True)
class Found:
    """One broken rule of a view, and the shortest way there."""

    rule: str
    broken: Broken
    path: tuple[Move, ...]


@dataclass(frozen=True, slots=True)
class Explored:
    """What one view came to."""

    found: tuple[Found, ...]
    worlds: int
    """How many different worlds were looked at."""


def explore(view: View) -> Explored:
    """Every world that the view can reach, held against every rule.

    One finding for each rule and the place where the plan would be mended.
    """
    start = begin(view)
    came_from: dict[World, tuple[World, Move] | None] = {start: None}
    waiting = deque([start])
    found: dict[tuple[str, str, int, int], Found] = {}
    while waiting:
        world = waiting.popleft()
        for move, after in moves(world, view):
            for name, rule in rules.RULES:
                for broken in rule(move, world, after, view):
                    key = (name, broken.case, broken.party, broken.other)
                    if key not in found:
                        path = (*_path(world, came_from), move)
                        found[key] = Found(name, broken, path)
            if after not in came_from:
                came_from[after] = (world, move)
                waiting.append(after)
    return Explored(tuple(found.values()), len(came_from))


def _path(world: World, came_from: dict[World, tuple[World, Move] | None]) -> tuple[Move, ...]:
    path: list[Move] = []
    step = came_from[world]
    while step is not None:
        world, move = step
        path.append(move)
        step = came_from[world]
    return tuple(reversed(path))
