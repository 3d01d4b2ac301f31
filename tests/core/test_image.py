"""Images judged over modelled logs of every kind, against the model's own knowledge."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.core.image import LATE, Item, Piece, Verdict, fingerprint, judge
from cockpit.core.image import judge as judge_function
from tests.core.image_kinds import KINDS, SURE
from tests.core.mirror_model import Pair, Shape, make_pair, make_runs

SEEDS = 60
judging = __import__("cockpit.core.image.judge", fromlist=["judge"])


def verdicts(pair: Pair) -> list[tuple[int, Verdict]]:
    source, target = pair.source.piece(), pair.target.piece()
    offsets = range(pair.source.end + 1)
    return [(at, judge_function(at, source, target, timed=pair.timed)) for at in offsets]


def faults(shape: Shape, seeds: int) -> list[str]:
    found: list[str] = []
    for seed in range(seeds):
        pair = make_pair(Random(seed), shape)
        found += [
            f"seed {seed}, offset {at}: {why}"
            for at, verdict in verdicts(pair)
            if (why := pair.wrong(at, verdict))
        ]
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_no_verdict_is_wrong_or_skips_a_record(kind: str) -> None:
    assert not faults(KINDS[kind], SEEDS)


@given(st.integers(0, 2**32), st.sampled_from(sorted(KINDS)), st.integers(1, 60))
def test_nor_for_any_seed_kind_and_size(seed: int, kind: str, size: int) -> None:
    pair = make_pair(Random(seed), replace(KINDS[kind], size=size))
    for at, verdict in verdicts(pair):
        assert not pair.wrong(at, verdict)


@pytest.mark.parametrize("kind", SURE)
def test_where_every_record_is_there_once_every_answer_is_exact(kind: str) -> None:
    for seed in range(SEEDS):
        for _, verdict in verdicts(make_pair(Random(seed), KINDS[kind])):
            assert verdict.word == "EXACT"


@pytest.mark.parametrize(
    ("kind", "least"), [("replayed", 0.85), ("equal", 0.7), ("cleaned", 0.7), ("stamped-few", 0.7)]
)
def test_most_answers_are_exact_where_they_can_be(kind: str, least: float) -> None:
    words = Counter(
        verdict.word
        for seed in range(SEEDS)
        for _, verdict in verdicts(make_pair(Random(seed), KINDS[kind]))
    )
    assert words["EXACT"] / words.total() >= least


@pytest.mark.parametrize("begin", [1, 4, 7])
def test_a_mirror_that_began_late_has_no_image_of_what_it_left_out(begin: int) -> None:
    for at, verdict in verdicts(make_runs(8, [(begin, 8)])):
        if at < begin:
            left_out = begin - at
            word = "1 record" if left_out == 1 else f"{left_out} records"
            assert (verdict.word, verdict.reason) == ("NONE", f"{LATE}: {word} never copied")
        else:
            assert (verdict.word, verdict.low) == ("EXACT", at - begin)


def test_a_target_that_has_lost_its_beginning_is_no_late_mirror() -> None:
    pair = make_runs(8, [(0, 8)])
    pair.target.start = 4
    pair.target.entries = pair.target.entries[4:]
    for at, verdict in verdicts(pair):
        assert (verdict.word, verdict.low) == ("EXACT", max(at, 4))
    pair.target.start = 0  # cleaned, and not expired: offsets are missing
    for at, verdict in verdicts(pair):
        assert verdict.word == ("EXACT" if at >= 4 or verdict.low == 4 else "RANGE")
        assert "never copied" not in verdict.reason


# --- what a broken judge does ---------------------------------------------------------------------


_last_before = judging.Evidence.last_before


def _first_copy(self: Any, tokens: Any) -> list[tuple[int, int]]:
    return [(at, self.copies[t][0]) for t, at in tokens.items() if t in self.copies]


BROKEN: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "takes the first copy": (judging.Evidence, "seen", _first_copy),
    "never doubts the last run": (judging, "_settled", lambda *_: True),
    "counts over removed records": (Piece, "unbroken", lambda *_: True),
    "takes any first record": (judging, "_first_is_last", lambda *_: True),
    "believes that all has arrived": (
        judging,
        "_ends_before",
        lambda e: judging._exact(e, len(e.target)),
    ),
    "sees one more from before": (
        judging.Evidence,
        "last_before",
        lambda e, index: min(index, _last_before(e, index) + 1),
    ),
    "holds every record to be alone": (judging.Evidence, "alone", lambda e, t: t in e.after),
    "counts one too many": (
        judging,
        "_count",
        lambda e, last: (last + 2, last + 2) if last + 2 < len(e.target) else (0, len(e.target)),
    ),
    "takes any number of offsets": (
        judging,
        "_by_offsets",
        lambda e, last, earliest: last + 1 + (earliest - last) // 2,
    ),
}


@pytest.mark.parametrize("defect", BROKEN)
def test_a_broken_judge_is_caught(monkeypatch: pytest.MonkeyPatch, defect: str) -> None:
    where, name, wrong = BROKEN[defect]
    monkeypatch.setattr(where, name, wrong)
    assert any(faults(shape, SEEDS) for shape in KINDS.values()), "no kind of log shows the defect"


# --- single cases ---------------------------------------------------------------------------------


def piece(text: str, **more: Any) -> Piece:
    """Records by letters, a time for each; `.` is a marker, `_` a removed record."""
    items = tuple(
        Item(at, ord(letter), False, fingerprint(None, letter.encode(), ()))
        for at, letter in enumerate(text)
        if letter.isalpha()
    )
    out = frozenset(at for at, letter in enumerate(text) if letter == ".")
    bounds = {"begin": 0, "end": len(text), "first": True, "last": True} | more
    return Piece(items=items, left_out=out, **bounds)


def said(offset: int, source: str, target: str, *, timed: bool = True) -> tuple[str, int, int]:
    verdict = judge(offset, piece(source), piece(target), timed=timed)
    return verdict.word, verdict.low, verdict.high


@pytest.mark.parametrize(
    ("offset", "source", "target", "answer"),
    [
        (2, "abcd", "abcd", ("EXACT", 2, 2)),
        (4, "abcd", "abcd", ("EXACT", 4, 4)),
        (0, "abcd", "abcd", ("EXACT", 0, 0)),
        (2, "ab.cd", "abcd", ("EXACT", 2, 2)),
        (5, "abcd.", "abcd..", ("EXACT", 6, 6)),
        (2, "abcd", "ab", ("EXACT", 2, 2)),
        (3, "abcd", "ab", ("NONE", 0, 0)),
        (2, "abcd", "abcdabcd", ("EXACT", 6, 6)),
        (2, "abcd", "abcda", ("RANGE", 2, 5)),
        (3, "abbbc", "abbbc", ("EXACT", 3, 3)),
        (3, "abbbc", "ab_bc", ("RANGE", 1, 4)),
        (3, "abbb", "abb", ("RANGE", 3, 3)),
        (4, "abbb", "abb", ("NONE", 0, 0)),
        (0, "", "", ("EXACT", 0, 0)),
        (0, "", "abc", ("NONE", 0, 0)),
        (3, "___", "abc", ("EXACT", 3, 3)),
        (1, "___d", "abcd", ("RANGE", 1, 3)),
        (1, "abcd", "____", ("NONE", 0, 0)),
        (2, "abcd", "xyz", ("NONE", 0, 0)),
    ],
)
def test_cases(offset: int, source: str, target: str, answer: tuple[str, int, int]) -> None:
    assert said(offset, source, target) == answer


@pytest.mark.parametrize(
    ("offset", "source", "target", "newest"),
    [
        # Equal records, a mirror that has come back, and a target that has lost its beginning.
        (1, "aba", "____ab", 4),
        (2, "_aba", "___ab", 3),
        # Records that the source has lost are only where an earlier run has left them.
        (2, "_a_bcd", "__aea", 3),
        (2, "za_b", "zaeza", 2),
        (1, "ab_g", "abeab", 2),
        (2, "___abc", "deaabc", 1),
    ],
)
def test_what_was_copied_in_an_earlier_run_only_is_not_skipped(
    offset: int, source: str, target: str, newest: int
) -> None:
    word, low, _ = said(offset, source, target)
    assert word == "NONE" or (word == "RANGE" and low <= newest)


@pytest.mark.parametrize(
    ("offset", "source", "target"), [(1, "___abb", "acb"), (3, "___ab", "cbadecdb")]
)
def test_equals_of_records_that_the_source_has_lost_prove_nothing(
    offset: int, source: str, target: str
) -> None:
    assert said(offset, source, target)[0] == "RANGE"


def test_records_are_not_counted_over_a_place_where_the_mirror_came_back() -> None:
    assert said(1, "a_bc", "__a_.__.cc") == ("RANGE", 8, 9)


def test_without_times_a_newest_record_that_may_be_a_lost_one_settles_nothing() -> None:
    """The mirror copies `lmbi` again, of which the source has only later equals of `b` and `i`."""
    assert said(6, "a___b_hbi", "a_____h__lmbi", timed=False) == ("RANGE", 6, 13)
    assert said(6, "a___b_hbi", "alm__ghbi", timed=False) == ("EXACT", 6, 6)


def test_a_place_is_after_markers_only_where_nothing_else_follows() -> None:
    assert said(2, "abcd", "ab..cd.") == ("EXACT", 4, 4)
    assert said(4, "abcd", "ab..cd.") == ("EXACT", 7, 7)


def test_records_run_into_no_other() -> None:
    contents = [
        fingerprint(None, b"", ()),
        fingerprint(b"", None, ()),
        fingerprint(b"", b"", ()),
        fingerprint(b"a", b"b", ()),
        fingerprint(b"ab", b"", ()),
        fingerprint(b"a", b"b", [("a", b"")]),
        fingerprint(b"a", b"b", [("a", None)]),
        fingerprint(b"a", b"b", [("a", b""), ("a", b"")]),
        fingerprint(b"a", b"b", [("b", b"a")]),
    ]
    assert len(set(contents)) == len(contents)
