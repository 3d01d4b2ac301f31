"""The pictures of the documents: the command still makes them, and each is there."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from cockpit.tui.layout import PANES
from tests.tui.screens import SHOTS, Shot, draw, index

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screens"
MAX_BYTES = 60_000


def words(svg: str) -> str:
    """What can be read in a picture."""
    return " ".join("".join(ET.fromstring(svg).itertext()).replace("\u00a0", " ").split())


@pytest.mark.parametrize("shot", SHOTS, ids=lambda shot: shot.name)
async def test_each_picture_can_be_made_and_shows_what_the_document_s_does(shot: Shot) -> None:
    svg = await draw(shot)
    kept = (FOLDER / f"{shot.name}.svg").read_text()
    for one in (svg, kept):
        assert "payments-week" in words(one)
        assert "http" not in re.sub(r'xmlns(:\w+)?="[^"]*"', "", one)
        assert len(one.encode()) < MAX_BYTES
    assert await draw(shot) == svg, "the same snapshot, the same bytes"


def test_every_pane_has_a_picture_and_the_page_shows_them() -> None:
    assert {shot.name for shot in SHOTS} >= set(PANES)
    assert (FOLDER / "README.md").read_text() == index()
