"""How far a value is from its limit, and what exactly differs between two values. Pure."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Final

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import CheckView, GateView


@dataclass(frozen=True, slots=True)
class Distance:
    """Of a gate or trigger to its limit, in the gate's unit."""

    over: float
    """How much above the limit; 0: not above."""
    share: float | None
    """The value as a part of the limit; None: the limit is 0."""


def distance(gate: GateView) -> Distance | None:
    """None where the value is not known, or is not believed now."""
    value, limit = gate.value, gate.limit
    if isinstance(value, Unknown) or gate.verdict == "UNKNOWN" or not math.isfinite(value):
        return None
    return Distance(max(0.0, value - limit), value / limit if limit > 0 else None)


_WHOLE: Final = re.compile(r"-?\d{1,18}")
_PARTS: Final = re.compile(r"[,;\s]+")


@dataclass(frozen=True, slots=True)
class Differs:
    """What one side has and the other has not."""

    more: int | None = None
    """Of numbers: the target's less the source's."""
    only_source: tuple[str, ...] = ()
    only_target: tuple[str, ...] = ()


def differs(check: CheckView) -> Differs | None:
    """Where in two values the difference is: of numbers how much, of lists which members; None
    where there is none, or where the two say it best themselves."""
    source, target = check.source.strip(), check.target.strip()
    if source == target or not source or not target:
        return None
    if _WHOLE.fullmatch(source) and _WHOLE.fullmatch(target):
        return Differs(more=int(target) - int(source))
    left, right = _PARTS.split(source), _PARTS.split(target)
    if max(len(left), len(right)) < 2:
        return None
    lost = tuple(one for one in dict.fromkeys(left) if one not in right)
    new = tuple(one for one in dict.fromkeys(right) if one not in left)
    return Differs(None, lost, new) if len(lost) < len(left) or len(new) < len(right) else None
