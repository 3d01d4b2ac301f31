"""The verdict on a source offset: where its image is, as far as the records prove it.

Never guesses: what is not proved exact is a range whose low end skips nothing, or nothing at all.

What is assumed of a mirror: it appends copies of the source's data records in the source's order,
and when it starts again it goes on from where it was or from further back, so that a run of records
may be there several times. What is assumed of a log: cleaning and retention may remove any record,
but never a later copy of a record and keep an earlier one.

The place of an offset c is then found between the last copy of any record that is only before c
and the last copies of the records that are only after it. Records equal in
everything that is compared prove nothing by themselves: they are counted from the nearest others,
where nothing has been removed in between.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from typing import Final

from cockpit.core.image.evidence import Evidence, gather
from cockpit.core.image.piece import Piece, Token
from cockpit.core.survey import ImageWord

AGAIN: Final = "the mirror is copying records again that are there already"
ALIKE: Final = "records around it are equal, so they cannot be told apart"
GONE: Final = "records around it have been removed"
NOT_YET: Final = "the mirror has not copied everything before it yet"
NOTHING: Final = "no record around it is on the target as it is on the source"
FOREIGN: Final = "the target has records and the source never had any"
EMPTY: Final = "the target's log is empty"
LATE: Final = "the mirror has left out what comes next"

PASSING: Final = frozenset({AGAIN, NOT_YET, NOTHING, EMPTY})
"""What the mirror may change by going on."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """An image in offsets of the target, and what it rests on beyond the pieces that were judged.

    `low` and `high` mean nothing where the word is NONE.
    """

    word: ImageWord
    low: int
    high: int
    reason: str = ""
    witness_ms: int = -1
    """The proof stands on a record of this time having no equal before the source's piece; -1: on
    none."""
    missing_ms: int | None = None
    """The earliest time of records after the offset that the target's piece does not have. The
    proof holds if none of them is on the target before the piece; None: none is missing."""


def none(reason: str) -> Verdict:
    """Not known."""
    return Verdict("NONE", 0, 0, reason)


def judge(offset: int, source: Piece, target: Piece, *, timed: bool) -> Verdict:
    """The image of a source offset.

    `source` covers records on both sides of the offset, as far as there are any; where it is not
    `first` or `last`, what lies outside is not looked at. `target` covers the last copies of them.
    `timed`: the mirror keeps timestamps. The verdict holds under the conditions that it names, and
    if a target that is not `last` has no copy of the source's piece further on.
    """
    evidence = gather(offset, source, target, timed=timed)
    verdict = _judge(evidence)
    if verdict.word != "NONE" and (never := _never_copied(evidence)):
        return none(f"{LATE}: {never} record{'' if never == 1 else 's'} never copied")
    if verdict.word != "EXACT":
        return verdict
    low = target.index_at(verdict.low)
    believed = _corroborated(evidence) and _bounded(evidence, low)
    if not (believed and _strangers_fit(evidence, low)):
        low = min(low, evidence.stranger(offset))
        return replace(_range(evidence, low, len(target), GONE), missing_ms=verdict.missing_ms)
    return verdict


def _judge(evidence: Evidence) -> Verdict:
    source, target = evidence.source, evidence.target
    after = evidence.seen(evidence.after)
    if not after:
        return _not_seen(evidence)
    earliest = min(at for _, at in after)
    last_before = evidence.last_before(len(target))
    if last_before < earliest:
        verdict = _between(evidence, last_before, earliest)
        low = target.index_at(verdict.low)
        if verdict.word != "NONE" and not _settled(evidence, low):
            verdict = _again(evidence)
    else:
        verdict = _again(evidence)
    witness = max(source.items[at].time_ms for at, _ in after)
    return replace(verdict, witness_ms=witness, missing_ms=_missing_ms(evidence))


def _never_copied(evidence: Evidence) -> int:
    """How many records from the offset on come before the first of which there is a copy, and were
    never copied: the target has everything from its first offset on, up to that copy.

    A target that has lost its beginning, by retention or cleaning, may have had them.
    """
    target, copies = evidence.target, evidence.copies
    if target.begin or not target.first:
        return 0
    for missing, token in enumerate(evidence.tokens[evidence.cut :]):
        if token in copies:
            whole = not target.removed(0, target.place(copies[token][0]))
            return missing if whole and token in evidence.after else 0
    return 0


def _corroborated(evidence: Evidence) -> bool:
    """Whether more than one record was found on both sides, where there is more than one."""
    found = len(evidence.copies.keys() & set(evidence.tokens))
    return found >= min(2, len(evidence.source), len(evidence.target))


def _bounded(evidence: Evidence, low: int) -> bool:
    """Whether a record from before the offset is on the target, or else none that is there can be
    taken wrongly for one from after it: the source may have lost an older equal of that."""
    source, tokens = evidence.source, evidence.tokens
    after = evidence.seen(evidence.after)
    if evidence.seen(evidence.before) or not after or not source.removed(0, evidence.offset):
        return True
    first, copy = min(after)
    known = set(tokens)
    lost = source.removed(evidence.offset, source.end)
    for at in range(low, len(evidence.target)):
        if evidence.copied[at] not in known and (at < copy or not lost):
            return False
    alike = len(known) < len(tokens)
    return not (alike and source.removed(evidence.offset, source.offsets[first]))


def _strangers_fit(evidence: Evidence, low: int) -> bool:
    """Whether all from `low` on that the source does not have may be what it has lost since the
    offset: not more records between two known ones than offsets. Others are older ones, copied
    again."""
    source = evidence.source
    if not source.removed(0, evidence.offset):
        return True
    known = set(evidence.tokens)
    begin = evidence.offset
    strangers: set[Token] = set()
    for token in evidence.copied[low:]:
        if token not in known:
            strangers.add(token)
        elif evidence.alone(token):
            at = source.offsets[evidence.after[token]]
            if strangers and (at < begin or len(strangers) > source.removed(begin, at)):
                return False
            begin, strangers = at + 1, set()
    return not source.last or len(strangers) <= source.removed(begin, source.end)


def _between(evidence: Evidence, last_before: int, earliest: int) -> Verdict:
    """The mirror has passed the offset, and what came last of before it lies before all after."""
    target = evidence.target
    if _first_is_last(evidence, earliest):
        return _exact(evidence, earliest)
    if last_before < 0 and not target.first:
        return none(GONE)
    if last_before + 1 == earliest:
        return _exact(evidence, earliest)
    low, high = _count(evidence, last_before)
    if low > high or low <= last_before or high > earliest:
        low, high = last_before + 1, earliest
    at = None if low == high else _by_offsets(evidence, last_before, earliest)
    if at is not None:
        # Copies of records that the source has lost since, from the offset on, belong to it or not
        # as one likes.
        low, high = at, earliest
    if low == high:
        return _exact(evidence, low)
    alike = not evidence.alone(evidence.tokens[evidence.cut])
    return _range(evidence, low, high, ALIKE if alike else GONE)


def _first_is_last(evidence: Evidence, earliest: int) -> bool:
    """Whether the first source record from the offset on that has a copy is the one whose last copy
    is `earliest`: that is the place then, whatever lies before it."""
    source = evidence.source
    for at in range(evidence.cut, len(source)):
        token = evidence.tokens[at]
        if not evidence.alone(token):
            return False
        if token in evidence.copies:
            whole = not source.removed(evidence.offset, source.offsets[at])
            return whole and evidence.copies[token][-1] == earliest
    return False


def _count(evidence: Evidence, last_before: int) -> tuple[int, int]:
    """Bounds by counting: so many source records lie between the offset and a record whose last
    copy is known, so at least as many lie between the copies, unless some have been removed."""
    target, cut = evidence.target, evidence.cut
    low, high = 0, len(target)
    for at, copy in evidence.seen(evidence.before):
        far = copy + cut - 1 - at
        if far < len(target) and target.unbroken(copy, far):
            low = max(low, far + 1)
    if last_before < 0:
        if target.begin or target.removed(0, target.place(0)):
            # Copies of what comes right after the offset may have been removed.
            return low, high
        high = min(high, _only_after(evidence))
        begins = evidence.source.begin == 0 and cut < len(target) and target.unbroken(0, cut)
        return (cut if begins and cut == high else low), high
    for at, copy in evidence.seen(evidence.after):
        near = copy - (at - cut)
        if near >= 0 and target.unbroken(near, copy) and not _restarts(evidence, near, copy, at):
            high = min(high, near)
    return low, min(high, _only_after(evidence))


def _restarts(evidence: Evidence, near: int, copy: int, at: int) -> bool:
    """Whether the mirror has come back between two target indices: there is a record that is not
    from before the source item `at`, whose last copy ends the stretch."""
    stretch = evidence.copied[near:copy]
    return any(evidence.after.get(token, -1) >= at for token in stretch)


def _by_offsets(evidence: Evidence, last_before: int, earliest: int) -> int | None:
    """The place by the number of offsets, where the source has lost records around the offset.

    If between two records of which copies are there the target has as many others, no two of them
    equal, as the source once had offsets, then each offset held a record, and they are those.
    """
    source, target = evidence.source, evidence.target
    begin = _offset_of(evidence, last_before)
    end = _offset_of(evidence, earliest)
    if begin is None or end is None or not begin < evidence.offset <= end:
        return None
    first = target.offsets[last_before] + 1 if last_before >= 0 else 0
    if target.removed(first, target.offsets[earliest]):
        return None
    between = evidence.copied[last_before + 1 : earliest]
    if end - begin - 1 > len(between) + len(source.left_out):
        return None
    held = [at for at in range(begin + 1, end) if at not in source.left_out]
    if len(held) != len(between) or len(set(between)) < len(between):
        return None
    known = {item.offset: token for item, token in zip(source.items, evidence.tokens, strict=True)}
    tokens = set(evidence.tokens)
    for at, token in zip(held, between, strict=True):
        if known.get(at) != token and (at in known or token in tokens):
            return None
    return last_before + 1 + bisect_left(held, evidence.offset)


def _offset_of(evidence: Evidence, index: int) -> int | None:
    """The source offset that a target record is a copy of, -1 for what is before both logs; None
    where that is not certain."""
    source = evidence.source
    if index < 0:
        return -1 if evidence.target.begin == 0 else None
    token = evidence.copied[index]
    if evidence.alone(token):
        return source.offsets[evidence.after[token]]
    if evidence.ahead[token] == 1 and token in evidence.before:
        return source.offsets[evidence.before[token]]
    return None


def _only_after(evidence: Evidence) -> int:
    """A bound by where the target begins to hold only records from after the offset: the mirror has
    not come back to it since."""
    target, cut = evidence.target, evidence.cut
    first = len(target)
    while first and evidence.copied[first - 1] in evidence.after:
        first -= 1
    at = min(evidence.after.values(), default=cut)
    near = first - (at - cut)
    if first == len(target) or near < 0 or not target.unbroken(near, first):
        return len(target)
    token = evidence.tokens[at]
    if evidence.copied[first] != token:
        return len(target)
    if at == cut and len(evidence.copies[token]) > evidence.tokens.count(token):
        return len(target)
    return near


def _settled(evidence: Evidence, low: int) -> bool:
    """Whether the mirror's last run has come as far as any before, as far as it matters at `low`.

    While it is behind an earlier one, the only copies of some records are those of that.
    """
    if not evidence.target.last:
        return not _copied_after(evidence, low)
    newest = evidence.copied[-1]
    if newest not in evidence.after:
        return False
    first, last = evidence.after[newest], evidence.behind[newest]
    if _doubtful(evidence, low):
        return False
    if first != last and _ends_alike(evidence):
        return True
    if evidence.stranger(evidence.source.offsets[first]) < low:
        return False
    for token, at in evidence.behind.items():
        if at <= first or token not in evidence.copies:
            continue
        if evidence.after.get(token, first) > last or evidence.early(token, low):
            return False
    return True


def _doubtful(evidence: Evidence, low: int) -> bool:
    """Whether the newest record may be a copy of an older equal that the source has lost: where
    times say nothing, and copies of other lost records follow `low` as well."""
    if evidence.timed or not evidence.source.removed(0, evidence.offset):
        return False
    known = set(evidence.tokens)
    return any(token not in known for token in evidence.copied[low:])


def _ends_alike(evidence: Evidence) -> bool:
    """Whether both pieces end with the same records, one of them like no other."""
    for ours, theirs in zip(reversed(evidence.tokens), reversed(evidence.copied), strict=False):
        if ours != theirs:
            return False
        if evidence.alone(ours):
            return evidence.source.last
    return False


def _again(evidence: Evidence) -> Verdict:
    """The mirror's last run has not come as far as one before it: that one's copies count."""
    target = evidence.target
    first = len(target)
    for token in evidence.behind:
        places = evidence.copies.get(token)
        if places is None:
            continue
        spare = evidence.spare(token, places[min(evidence.ahead[token], len(places) - 1)])
        if len(places) > spare:
            first = min(first, places[spare])
    low = min(evidence.last_before(first) + 1, evidence.stranger(evidence.offset))
    if low == 0 and not target.first:
        return none(AGAIN)
    return _range(evidence, low, len(target), AGAIN)


def _not_seen(evidence: Evidence) -> Verdict:
    """No record that is only after the offset is on the target."""
    source, target, cut = evidence.source, evidence.target, evidence.cut
    if not target.last:
        return none(NOTHING)
    nothing_before = cut == 0 and source.first
    if not len(target):
        if not target.first:
            return none(NOTHING)
        # Whatever comes there from now on, comes from the offset or after it.
        return _exact(evidence, 0) if nothing_before else none(EMPTY)
    if nothing_before and source.last and not len(source):
        if not source.end:
            return none(FOREIGN)
        if not source.removed(evidence.offset, source.end):
            # Nothing that the target has can be from the offset or after it: there is nothing.
            return _exact(evidence, len(target))
        return _range(evidence, 0, len(target), GONE) if target.first else none(GONE)
    if not evidence.seen(evidence.before):
        return none(NOTHING)
    verdict = _ends_before(evidence)
    if verdict.word != "NONE" and _copied_after(evidence, target.index_at(verdict.low)):
        verdict = _again(evidence)
    stranger = evidence.stranger(evidence.offset)
    if verdict.word != "NONE" and stranger < target.index_at(verdict.low):
        verdict = _range(evidence, stranger, len(target), GONE)
    return replace(verdict, missing_ms=_missing_ms(evidence))


def _ends_before(evidence: Evidence) -> Verdict:
    """As far as can be told, the target ends with the last records before the offset."""
    source, target, cut = evidence.source, evidence.target, evidence.cut
    end = len(target)
    last_before = evidence.last_before(end)
    neighbour = evidence.tokens[cut - 1]
    alike = evidence.ahead[neighbour] > 1 or neighbour in evidence.behind
    if last_before == end - 1:
        if evidence.copied[-1] != neighbour:
            return none(NOT_YET)
        if alike:
            return none(NOT_YET) if _too_few(evidence) else _range(evidence, end, end, ALIKE)
        return replace(_exact(evidence, end), witness_ms=source.items[cut - 1].time_ms)
    if _too_few(evidence):
        return none(NOT_YET)
    low = max(last_before + 1, _count(evidence, last_before)[0])
    return _range(evidence, low, end, ALIKE if alike else GONE)


def _too_few(evidence: Evidence) -> bool:
    """Whether fewer records follow a copy than the source has between its record and the offset."""
    end, cut = len(evidence.target), evidence.cut
    return any(
        copy + cut - at > end and evidence.target.unbroken(copy, end - 1)
        for at, copy in evidence.seen(evidence.before)
    )


def _copied_after(evidence: Evidence, low: int) -> bool:
    """Whether records from the offset on may have copies below `low`."""
    return any(evidence.early(token, low) for token in evidence.behind)


def _missing_ms(evidence: Evidence) -> int | None:
    """The earliest time of records after the offset that the target's piece does not have."""
    source, cut = evidence.source, evidence.cut
    if evidence.target.first:
        return None
    times = [
        source.items[at].time_ms
        for token, at in evidence.after.items()
        if token not in evidence.copies
    ]
    if cut and source.removed(evidence.offset, source.end):
        # Copies of what the source has lost follow copies of the record before the offset.
        times.append(source.items[cut - 1].time_ms)
    return min(times, default=None)


def _exact(evidence: Evidence, index: int) -> Verdict:
    place = evidence.target.place(index)
    return Verdict("EXACT", place, place)


def _range(evidence: Evidence, low: int, high: int, reason: str) -> Verdict:
    return Verdict("RANGE", evidence.target.place(low), evidence.target.place(high), reason)
