"""The reference docs are the loader's own tables."""

from __future__ import annotations

import re

import pytest

from cockpit.plan.format import OBJECTS
from cockpit.plan.reference import with_tables
from tests.plan.given import ROOT

DOCUMENT = ROOT / "docs" / "plan.md"


def test_the_docs_have_the_tables_of_this_version() -> None:
    text = DOCUMENT.read_text()
    assert with_tables(text) == text, "run: python -m cockpit.plan.reference docs/plan.md"


def test_every_link_leads_to_a_heading() -> None:
    text = DOCUMENT.read_text()
    headings = {line[4:].replace(" ", "-") for line in text.splitlines() if line.startswith("### ")}
    links = set(re.findall(r"\]\(#([^)]+)\)", text))
    assert links <= headings
    assert {name.replace(" ", "-") for name in OBJECTS} <= headings


def test_every_table_row_has_the_cells_of_its_head() -> None:
    for table in re.findall(r"(?:^\|.*\|\n)+", DOCUMENT.read_text(), re.MULTILINE):
        assert len({row.count("|") for row in table.splitlines()}) == 1, table


def test_a_document_without_the_marks_is_not_touched() -> None:
    with pytest.raises(ValueError, match="no place for the tables"):
        with_tables("# The plan\n")
