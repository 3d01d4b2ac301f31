"""Kinds of modelled logs, from harmless to everything at once."""

from __future__ import annotations

from typing import Final

from tests.core.mirror_model import Shape

EQUAL_MS: Final = (0, 0, 0, 1)

KINDS: Final[dict[str, Shape]] = {
    "plain": Shape(),
    "behind": Shape(behind=True),
    "markers": Shape(markers=0.4, target_markers=0.3),
    "replayed": Shape(restarts=2),
    "replayed-markers": Shape(restarts=2, markers=0.3, target_markers=0.2, behind=True),
    "equal": Shape(values=1, steps_ms=EQUAL_MS),
    "equal-replayed": Shape(values=1, steps_ms=EQUAL_MS, restarts=2, behind=True),
    "equal-markers": Shape(
        values=2, steps_ms=EQUAL_MS, restarts=1, behind=True, markers=0.3, target_markers=0.2
    ),
    "cleaned": Shape(keys=4, clean_source=True, clean_target=True),
    "cleaned-equal": Shape(
        keys=3, values=2, steps_ms=(0, 0, 1), clean_source=True, clean_target=True, restarts=1
    ),
    "cleaned-there": Shape(values=1, keys=2, steps_ms=(0, 0, 0, 1), clean_target=True),
    "expired": Shape(expire_source=True, expire_target=True, behind=True),
    "expired-replayed": Shape(restarts=2, expire_target=True, behind=True),
    "expired-equal": Shape(
        values=2, steps_ms=(0, 1, -1), restarts=1, expire_target=True, markers=0.3
    ),
    "lost": Shape(keys=6, steps_ms=(0, 1, -1), clean_source=True, restarts=2, behind=True),
    "backfilled": Shape(backfill=True, expire_target=True),
    "backfilled-replayed": Shape(
        backfill=True,
        steps_ms=(0, 1, -1),
        restarts=2,
        behind=True,
        keys=2,
        clean_target=True,
        expire_target=True,
    ),
    "disordered": Shape(steps_ms=(1, 5, -4, 10, -20)),
    "stamped": Shape(stamped=True, behind=True),
    "stamped-few": Shape(stamped=True, values=10, keys=5, markers=0.2, target_markers=0.2),
    "stamped-replayed": Shape(stamped=True, values=3, restarts=2, behind=True),
    "constant": Shape(values=3, steps_ms=(0,), restarts=2, behind=True),
    "all": Shape(
        keys=4,
        clean_source=True,
        clean_target=True,
        expire_source=True,
        expire_target=True,
        restarts=2,
        behind=True,
        markers=0.2,
        target_markers=0.2,
    ),
    "all-equal": Shape(
        values=3,
        keys=3,
        steps_ms=(1, 1, -1, 0),
        restarts=2,
        behind=True,
        clean_source=True,
        clean_target=True,
        expire_source=True,
        expire_target=True,
        markers=0.2,
        target_markers=0.2,
    ),
}

SURE: Final = ("plain", "markers", "disordered")
"""Kinds of which every offset has one certain place."""
