"""The order in which partitions are looked at: what is wrong first. Pure."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from cockpit.core.observe import I64, MISSING

_FIRST: Final = -(2**62)
_SECOND: Final = -(2**61)
"""Sorting keys below every lag: first those ahead, then the unknown ones."""


def worst_first(lag: I64) -> NDArray[np.intp]:
    """Rows by lag: the target ahead first, then unknown, then the largest; stable."""
    missing = lag == MISSING
    ahead = (lag < 0) & ~missing
    key = np.where(ahead, lag + _FIRST, np.where(missing, _SECOND, -lag))
    return np.argsort(key, kind="stable")
