"""The way back: the source offset that an offset on the target came from.

Never skips anything that comes later on the target: it looks at the nearest records on both sides
of the offset of which the source has exactly one each.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from cockpit.core.image.judge import NOTHING, Verdict, none
from cockpit.core.image.piece import Piece, Token

EMPTY_SOURCE: Final = "the source's log is empty"
BACKWARDS: Final = "the mirror was copying records again there"
BETWEEN: Final = "records that are only on one side lie next to it"


def origin(offset: int, target: Piece, source: Piece, *, timed: bool) -> Verdict:
    """The source offset whose image a target offset is.

    `target` covers records on both sides of the offset; `source` every record that is equal to one
    of them. The verdict's offsets are those of the source.
    """
    if not len(source):
        return _empty_source(offset, target, source)
    tokens = source.tokens(timed=timed)
    counts = Counter(tokens)
    place = {token: at for at, token in enumerate(tokens) if counts[token] == 1}
    copies = target.tokens(timed=timed)
    cut = target.index_at(offset)
    before = _nearest(copies, place, range(cut - 1, -1, -1))
    after = _nearest(copies, place, range(cut, len(copies)))
    if before is None:
        if after is None:
            return none(NOTHING)
        return _before_unknown(source, place[copies[after]], at_once=after == cut)
    low = place[copies[before]] + 1
    if after is None:
        return _after_unknown(target, source, cut, before, low)
    high = place[copies[after]]
    if low > high:
        return _span(source, high, low, BACKWARDS)
    straight = after - before == high - low + 1 and target.unbroken(before, after)
    if low == high:
        return _exact(source, low)
    if straight and copies[before + 1 : after] == tokens[low:high]:
        return _exact(source, low + cut - 1 - before)
    return _span(source, low, high, BETWEEN)


def _empty_source(offset: int, target: Piece, source: Piece) -> Verdict:
    """Retention leaves logs without a record. Who has come to the target's end then, has nothing
    left to read on the source."""
    at_end = target.last and target.index_at(offset) == len(target)
    if at_end and source.first and source.last:
        return _exact(source, 0)
    return none(EMPTY_SOURCE)


def _nearest(copies: list[Token], place: dict[Token, int], indices: range) -> int | None:
    """The first of these target indices whose record the source has exactly once."""
    return next((at for at in indices if copies[at] in place), None)


def _before_unknown(source: Piece, high: int, *, at_once: bool) -> Verdict:
    """Nothing before the offset is on the source; the first record after it that is, is `high`."""
    if not source.first:
        return none(NOTHING)
    if high == 0 and at_once:
        return _exact(source, 0)
    return _span(source, 0, high, BETWEEN)


def _after_unknown(target: Piece, source: Piece, cut: int, before: int, low: int) -> Verdict:
    """Nothing from the offset on is on the source."""
    if before == cut - 1 == len(target) - 1 and target.last:
        return _exact(source, low)
    return _span(source, low, len(source), BETWEEN) if source.last else none(NOTHING)


def _exact(source: Piece, index: int) -> Verdict:
    if index == len(source) and not source.last:
        return none(NOTHING)
    at = source.place(index)
    return Verdict("EXACT", at, at)


def _span(source: Piece, low: int, high: int, reason: str) -> Verdict:
    return Verdict("RANGE", source.place(low), source.place(high), reason)
