"""Text from outside becomes one harmless line."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from cockpit.kafka.text import LIMIT, one_line


@given(st.text(max_size=400))
def test_no_control_character_survives(text: str) -> None:
    line = one_line(text)
    assert len(line) <= LIMIT
    assert not [c for c in line if unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp")]


def test_escape_sequences_and_bidi_marks_lose_their_power() -> None:
    assert one_line("a\x1b]0;x\x07b\u202ec\x9bd") == "a\ufffd]0;x\ufffdb\ufffdc\ufffdd"


def test_lines_are_joined_and_long_text_is_visibly_cut() -> None:
    assert one_line("  one\n\ttwo  ") == "one two"
    assert one_line("x" * 300) == "x" * 199 + "\u2026"
