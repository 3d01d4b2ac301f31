"""Whatever comes in, nothing that a terminal acts on comes out."""

from __future__ import annotations

import unicodedata

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from cockpit.tui.clean import CUT_MARK, MAX_MARKS, clean
from cockpit.tui.text import cut, left, right, wrap
from tests.tui.fixtures import HOSTILE

BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
text_of_anything = st.text(st.characters(codec=None, categories=None), max_size=80)


def acts_on_a_terminal(text: str) -> list[str]:
    return [
        c
        for c in text
        if ord(c) < 0x20
        or 0x7F <= ord(c) <= 0x9F
        or c in BIDI
        or c in "\u2028\u2029\ufeff"
        or unicodedata.category(c) == "Cs"
    ]


def test_every_code_point_alone_is_harmless_and_cleaning_twice_changes_nothing() -> None:
    for start in range(0, 0x110000, 64):
        text = "".join(map(chr, range(start, start + 64)))
        once = clean(text)
        assert not acts_on_a_terminal(once)
        assert clean(once) == once
        once.encode("utf-8")


@given(text_of_anything)
@settings(max_examples=500, deadline=None)
def test_any_text_is_harmless_and_cleaning_twice_changes_nothing(text: str) -> None:
    once = clean(text)
    assert not acts_on_a_terminal(once)
    assert clean(once) == once


def test_controls_become_visible_stand_ins() -> None:
    assert clean("a\x1b[31mb\r\n\tc\x00") == "a\u241b[31mb\u240d\u240a\u2409c\u2400"
    assert clean("\x7f\x9b\u202e\u2028\ufeff\ud800") == "\ufffd" * 6


def test_ordinary_text_is_left_alone() -> None:
    for text in ("orders-v2.dlq", "caf\u00e9", "\u65e5\u672c\u8a9e", "\U0001f680 go", ""):
        assert clean(text) == text


def test_combining_marks_are_capped_on_each_base() -> None:
    drawn = clean("z" + "\u0301" * 40 + "y" + "\u0301")
    assert drawn.count("\u0301") == MAX_MARKS + 1


def test_long_text_is_cut_with_a_visible_mark_within_its_cells() -> None:
    assert cell_len(clean("x" * 5000)) == 512
    assert clean("x" * 5000).endswith(CUT_MARK)
    wide = clean("\u65e5" * 400, max_cells=11)
    assert cell_len(wide) <= 11
    assert wide.endswith(CUT_MARK)


@given(text_of_anything, st.integers(0, 60))
@settings(max_examples=200, deadline=None)
def test_fitted_text_has_exactly_its_width(text: str, width: int) -> None:
    assert cell_len(left(text, width)) == width
    assert cell_len(right(text, width)) == width
    assert cell_len(cut(text, width)) <= width


@given(text_of_anything, st.integers(4, 60))
@settings(max_examples=200, deadline=None)
def test_wrapped_text_fits_and_loses_no_word(text: str, width: int) -> None:
    pieces = wrap(text, width)
    assert all(cell_len(piece) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == clean(text, max_cells=4096).replace(" ", "")


def test_the_corpus_is_harmless() -> None:
    for text in HOSTILE:
        assert not acts_on_a_terminal(clean(text))
