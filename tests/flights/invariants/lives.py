"""I10, I2: what an engine does that has taken over from a dead one. Nothing before somebody orders
it, but for the fence's deadline; and that not before it has read the clusters."""

from __future__ import annotations

from collections.abc import Iterator

from tests.flights.invariants.case import Case
from tests.flights.invariants.trace import Line

ORDERED = ("confirmed", "rollback_wanted")
MOVES = ("step_started", "undo_started", "action_started")
READ_FIRST = ("source.groups", "source.logs", "target.groups", "target.logs")


def check_lives(case: Case) -> Iterator[str]:
    """What each engine but the first has done with the flight that it found."""
    resumed = list(case.of("flight_resumed"))
    ends = [*(line.n for line in resumed[1:]), case.end_n]
    for begun, end_n in zip(resumed, ends, strict=False):
        yield from _by_itself(case, begun, end_n)
        yield from _unlooked(case, begun, end_n)


def _by_itself(case: Case, begun: Line, end_n: int) -> Iterator[str]:
    """I10: after a crash a wave goes neither on nor back until somebody orders it, or the deadline
    or a trigger does."""
    first = next(case.of(*ORDERED, *MOVES, after_n=begun.n, before_n=end_n), None)
    if first is not None and first.kind in MOVES:
        yield f"I10: {first.entry['text']} after a new engine took over, and nobody had ordered it"


def _unlooked(case: Case, begun: Line, end_n: int) -> Iterator[str]:
    """I2: a deadline that strikes in a wave that was found takes it back over what was read."""
    kinds = ("wave_started", "rollback_wanted")
    back = next(case.of(*kinds, after_n=begun.n, before_n=end_n), None)
    if back is None or back.kind == "wave_started" or "deadline" not in str(back.entry["text"]):
        return
    wave = str(back.entry["wave"])
    fence = case.fence(case.wave(wave))
    fenced = ("source.acls",) if fence is not None and fence.by == "acl" else ()
    for feed in (*READ_FIRST, *fenced):
        good = case.newest_good(feed, back.n)
        if good is None or good.n < begun.n:
            yield f"I2: wave {wave} goes back by its deadline, its engine has not read {feed} yet"
