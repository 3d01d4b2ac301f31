"""Trees that follow one another are read as if each came alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from cockpit.core.observe import Unknown
from cockpit.wire.again import Again
from cockpit.wire.values import WireError, read_fields


@dataclass(frozen=True, slots=True)
class Point:
    at_ms: int
    value: float | Unknown


@dataclass(frozen=True, slots=True)
class Plot:
    name: str
    points: tuple[Point, ...]
    pairs: tuple[tuple[int, int], ...] = ()
    best: Point | None = None
    words: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Screen:
    given: int
    plots: tuple[Plot, ...]
    only: Plot | None = None


def point(at_ms: int) -> dict[str, Any]:
    return {"at_ms": at_ms, "value": {"unknown": "blind"} if at_ms % 7 == 3 else at_ms / 2}


OLD = [point(n) for n in range(40)]
PAIR = [1, 2]
FIRST = {"name": "a", "points": OLD, "pairs": [PAIR, PAIR, [3, 4]], "best": None}
TREES: tuple[dict[str, Any], ...] = (
    {"plots": [FIRST]},
    {"plots": [FIRST], "only": None},
    {"plots": [{**FIRST, "points": [*OLD[1:], point(40)]}], "only": FIRST},
    {"plots": [{**FIRST, "points": [*OLD[30:], point(50)], "best": OLD[3]}], "only": FIRST},
    {"plots": [{**FIRST, "points": []}, FIRST], "only": {**FIRST, "name": "b"}},
    {"plots": [FIRST, {**FIRST, "words": {"x": 1}}, FIRST]},
    {"plots": [{**FIRST, "words": {"x": 1, "y": 2}}, FIRST], "only": FIRST},
    {"plots": []},
    {"plots": [FIRST]},
)


def test_each_is_read_as_if_it_came_alone() -> None:
    again = Again(Screen)
    for given, tree in enumerate(TREES):
        assert again.read(tree, given=given) == read_fields(Screen, tree, given=given)


def test_what_is_the_same_is_not_made_once_more() -> None:
    again = Again(Screen)
    first = again.read(TREES[0], given=0)
    second = again.read(TREES[2], given=0)
    assert second.plots[0] is not first.plots[0]
    assert all(new is old for new, old in zip(second.plots[0].points, first.plots[0].points[1:],
                                              strict=False))  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"plots": None},
        {"plots": [{**FIRST, "points": 5}]},
        {"plots": [{**FIRST, "points": [*OLD[1:], {"at_ms": "x", "value": 1}]}]},
        {"plots": [{**FIRST, "strange": 1}]},
        {"plots": [FIRST], "strange": 1},
    ],
)
def test_what_is_wrong_is_told_and_the_next_tree_is_read(wrong: dict[str, Any]) -> None:
    again = Again(Screen)
    again.read(TREES[0], given=0)
    with pytest.raises(WireError):
        again.read(wrong, given=0)
    assert again.read(TREES[2], given=1) == read_fields(Screen, TREES[2], given=1)
