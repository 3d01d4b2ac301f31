"""CSV that opens as data: no cell is a formula, and every text comes back."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.report.csvs import plain, rows_as_csv, safe


@pytest.mark.parametrize("begin", list("=+-@\t\r"))
def test_a_text_that_begins_like_a_formula_is_shown_as_text(begin: str) -> None:
    assert safe(f"{begin}cmd|' /C calc'!A0").startswith("'")


def test_numbers_stay_numbers_also_negative_ones_and_unknown_is_empty() -> None:
    lines = list(rows_as_csv(("lag", "rate", "name"), [(-5, 0.25, None)]))
    assert lines == ["lag,rate,name\r\n", "-5,0.25,\r\n"]


@given(st.lists(st.text(st.characters(codec="utf-8"))))
def test_every_text_comes_back(texts: list[str]) -> None:
    text = "".join(rows_as_csv(("text", "n"), [(one, 1) for one in texts]))
    read = list(csv.reader(io.StringIO(text, newline="")))
    assert [plain(row[0]) for row in read[1:]] == texts
