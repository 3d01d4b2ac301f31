"""The invariants of a flight, checked from outside over everything that was seen of it.

Shares no decision with the code under test: it reads the world's truth, the journal's records and
the snapshots. `docs/invariants.md` says what each one covers and what it does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.flights.simulate import Flown


def check(flown: Flown) -> tuple[str, ...]:
    """Everything that was broken; each text begins with the invariant's id, as in `I5: ...`."""
    # imported late: a flight is recorded by this package, and judged by it afterwards
    from tests.flights.invariants.case import Case
    from tests.flights.invariants.checks import CHECKS

    case = Case(flown)
    return tuple(text for one in CHECKS for text in one(case))
