"""What two stretches of logs say of one offset: what is before it, after it, and copied where.

Only counts and looks up; what follows from that is `judge`'s.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass

from cockpit.core.image.piece import Piece, Token


@dataclass(frozen=True, slots=True)
class Evidence:
    """What both pieces say of one offset; indices are into their items."""

    offset: int
    source: Piece
    target: Piece
    timed: bool
    cut: int
    """Index of the first source item at the offset or later."""
    tokens: tuple[Token, ...]
    """Tokens of the source's items."""
    copied: tuple[Token, ...]
    """Tokens of the target's items."""
    before: dict[Token, int]
    """Tokens that are only before the offset: the last source index of each."""
    after: dict[Token, int]
    """Tokens that are only after it: the first source index of each."""
    ahead: Counter[Token]
    """How often a token is before the offset."""
    behind: dict[Token, int]
    """Tokens from the offset on: the last source index of each."""
    copies: dict[Token, list[int]]
    """Target indices of each token."""

    def seen(self, tokens: dict[Token, int]) -> list[tuple[int, int]]:
        """(source index, index of the last copy) of those tokens that the target has."""
        return [(at, self.copies[t][-1]) for t, at in tokens.items() if t in self.copies]

    def alone(self, token: Token) -> bool:
        """Whether the source has one such record, and it is not before the offset."""
        return self.after.get(token) == self.behind.get(token) is not None

    def spare(self, token: Token, index: int) -> int:
        """How many of a token's first copies can only be of records from before the offset: none
        if the target has lost any of its records up to `index`, those may be the lost ones."""
        return 0 if self.target.removed(0, self.target.place(index)) else self.ahead[token]

    def early(self, token: Token, index: int) -> bool:
        """Whether below `index` there may be a copy of a record of this token from the offset
        on."""
        return bisect_left(self.copies.get(token, ()), index) > self.spare(token, index)

    def stranger(self, offset: int) -> int:
        """The first target index of a record that the source may have had at this offset or later,
        and has lost since; or the target's length."""
        if not self.source.removed(offset, self.source.end):
            return len(self.target)
        known = set(self.tokens)
        unknown = (at for at, token in enumerate(self.copied) if token not in known)
        return next(unknown, len(self.target))

    def last_before(self, index: int) -> int:
        """The last target index below `index` that holds a record from before the offset, or
        -1."""
        found = -1
        for token in self.before:
            places = self.copies.get(token, ())
            at = bisect_left(places, index)
            if at:
                found = max(found, places[at - 1])
        return found


def gather(offset: int, source: Piece, target: Piece, *, timed: bool) -> Evidence:
    """Sort the records of both pieces by where they are to the offset."""
    tokens = source.tokens(timed=timed)
    cut = source.index_at(offset)
    copied = target.tokens(timed=timed)
    ahead = Counter(tokens[:cut])
    behind = {tokens[at]: at for at in range(cut, len(tokens))}
    copies: dict[Token, list[int]] = {}
    for at, token in enumerate(copied):
        copies.setdefault(token, []).append(at)
    after: dict[Token, int] = {}
    for at in range(cut, len(tokens)):
        if tokens[at] not in ahead:
            after.setdefault(tokens[at], at)
    return Evidence(
        offset=offset,
        source=source,
        target=target,
        timed=timed,
        cut=cut,
        tokens=tuple(tokens),
        copied=tuple(copied),
        before={token: at for at, token in enumerate(tokens[:cut]) if token not in behind},
        after=after,
        ahead=ahead,
        behind=behind,
        copies=copies,
    )
