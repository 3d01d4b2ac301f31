"""Everything that a screen draws can be read, in every theme and on every kind of terminal."""

from __future__ import annotations

from itertools import combinations

import pytest
from rich.color import Color
from rich.style import Style

from cockpit.tui.contrast import DRAWN, ENOUGH, PALETTES, contrast, faintest, ratios
from cockpit.tui.look import Look
from cockpit.tui.text import Token
from cockpit.tui.themes import SHIPPED
from tests.tui import fixtures
from tests.tui.seen import Seen, Size, answering, opened
from tests.tui.states import every_state
from tests.tui.test_themes import shipped

COLOURED = [name for name in SHIPPED if name != "mono"]
PANES = "123456789u"


def test_the_ratio_is_the_one_of_wcag() -> None:
    assert contrast((0, 0, 0), (255, 255, 255)) == pytest.approx(21.0)
    assert contrast((255, 255, 255), (118, 118, 118)) == pytest.approx(4.54, abs=0.01)
    assert contrast((1, 2, 3), (1, 2, 3)) == 1.0


def test_what_the_terminal_chooses_has_no_ratio_and_bold_black_is_taken_for_grey() -> None:
    assert not list(ratios(Style.parse("bold reverse")))
    assert not list(ratios(Style.parse("red on default")))
    plain = min(ratio for ratio, _ in ratios(Style.parse("black on white")))
    bold = min(ratio for ratio, _ in ratios(Style.parse("bold black on white")))
    assert bold < ENOUGH < plain
    console = {where: ratio for ratio, where in ratios(Style.parse("black on bright_yellow"))}
    assert console["Linux console"] < ENOUGH
    assert {len(palette) for palette in PALETTES.values()} == {16}


@pytest.mark.parametrize("name", COLOURED)
def test_every_pair_of_a_theme_can_be_read(name: str) -> None:
    floor = 7.0 if name == "high-contrast" else ENOUGH
    look = Look(shipped(name).styles)
    faint = {
        (token, base, where): round(ratio, 2)
        for token, base in DRAWN
        for ratio, where in ratios(look.style(token, base))
        if ratio < floor
    }
    assert not faint
    worst = faintest(shipped(name))
    assert worst is not None
    assert worst.ratio >= floor


def test_the_terminal_s_own_colours_have_no_faintest_pair() -> None:
    assert faintest(shipped("mono")) is None


async def look_around(seen: Seen) -> None:
    """Draw panes in full, dialogs and pages."""
    for key in PANES:
        await seen.press(key, "j", "j")
        seen.strips()
    await seen.press("0")
    for keys in (("question_mark", "q"), ("h", "q"), ("2", "j", "enter", "q"), ("m", "escape"),
                 ("A",), ("escape",), ("E",), ("escape",), ("q",), ("n",)):  # fmt: skip
        for key in keys:
            await seen.press(key, then_s=0.02)
            seen.strips()


@pytest.mark.parametrize("size", [(80, 24), (160, 48), (40, 10)])
async def test_no_pair_is_drawn_that_is_not_judged(
    size: Size, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: set[tuple[Token, Token]] = set()
    style = Look.style

    def noted(self: Look, token: Token, base: Token = "text") -> Style:
        drawn.add((token, base))
        return style(self, token, base)

    monkeypatch.setattr(Look, "style", noted)
    async with answering(size=size) as seen:
        await look_around(seen)
        for state in (*every_state(), fixtures.hostile(), fixtures.simulated(fixtures.armed())):
            seen.app.board.take(state)
            seen.strips()
    assert drawn - DRAWN == set()
    if size == (160, 48):
        assert len(drawn) > 45


@pytest.mark.parametrize("name", COLOURED)
async def test_what_is_on_the_screen_can_be_read(name: str) -> None:
    faint: set[tuple[str, str, float]] = set()

    def look(seen: Seen) -> None:
        for strip in seen.strips():
            for segment in strip:
                if segment.text.strip() and segment.style is not None:
                    faint.update(
                        (segment.text, str(segment.style), round(ratio, 2))
                        for ratio, _ in ratios(segment.style)
                        if ratio < ENOUGH
                    )

    async with opened(fixtures.fired(), (160, 48), theme=shipped(name)) as seen:
        for state in (fixtures.stale_target(), fixtures.holding(), fixtures.simulated()):
            seen.app.board.take(state)
            look(seen)
        for keys in (("2", "j", "j"), ("question_mark",), ("q", "h"), ("q", "m", "x")):
            await seen.press(*keys, then_s=0.02)
            look(seen)
    assert not faint


# --- eyes that do not tell all colours apart ------------------------------------------------------

SEEN_BY = {
    "protanopia": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
    "deuteranopia": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "tritanopia": ((1.256, -0.077, -0.179), (-0.078, 0.931, 0.148), (0.005, 0.691, 0.304)),
}
"""Matrices of Machado, Oliveira and Fernandes (2009), on linear light, for the full deficiency."""
APART = 12.0
"""In CIE Lab; 2.3 is what can just be told apart side by side."""


def lab(color: Color, eyes: str) -> tuple[float, float, float]:
    """How a colour looks to these eyes."""
    linear = [
        s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4
        for s in (c / 255 for c in color.get_truecolor())
    ]
    red, green, blue = (
        max(0.0, min(1.0, sum(m * c for m, c in zip(row, linear, strict=True))))
        for row in SEEN_BY[eyes]
    )
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089
    f = [t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z)]
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_the_colour_blind_theme_keeps_states_apart_for_all_eyes(eyes: str) -> None:
    styles = shipped("colour-blind").styles
    marks: tuple[Token, ...] = ("good", "warn", "bad", "text")
    seen = {}
    for token in marks:
        color = styles[token].bgcolor if token == "bad" else styles[token].color
        assert color is not None
        seen[token] = lab(color, eyes)
    for one, other in combinations(marks, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        blocks = "bad" in (one, other)  # a block of colour is told from letters by its shape
        assert blocks or distance >= APART, (one, other, round(distance, 1))


@pytest.mark.parametrize("eyes", SEEN_BY)
def test_who_owns_the_writes_is_four_grounds_to_all_eyes(eyes: str) -> None:
    styles = shipped("colour-blind").styles
    words: tuple[Token, ...] = (
        "writes.source", "writes.fenced", "writes.target", "writes.unknown",
    )  # fmt: skip
    grounds = []
    for token in words:
        ground = styles[token].bgcolor
        assert ground is not None
        grounds.append(lab(ground, eyes))
    for one, other in combinations(grounds, 2):
        assert sum((a - b) ** 2 for a, b in zip(one, other, strict=True)) ** 0.5 >= APART
