"""Themes: shipped ones are whole and legible, broken ones are named and stop nothing."""

from __future__ import annotations

import unicodedata
from itertools import product
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.color import Color

from cockpit.tui import glyphs
from cockpit.tui.look import Look
from cockpit.tui.text import BASES, TOKENS, Line, Token
from cockpit.tui.themes import CockpitTheme, choose, load_themes, mono, themes_directory
from tests.tui import fixtures
from tests.tui.seen import opened

SHIPPED, PROBLEMS = load_themes(themes_directory())
NAMES = {
    "cockpit-dark", "cockpit-light", "cockpit-high-contrast", "cockpit-ansi", "cockpit-mono",
}  # fmt: skip


def luminance(color: Color) -> float:
    shares = [c / 255 for c in color.get_truecolor()]
    red, green, blue = (s / 12.92 if s <= 0.03928 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(theme: CockpitTheme, token: Token, base: Token) -> float:
    style = Look(theme.styles).style(token, base)
    assert style.color is not None
    assert style.bgcolor is not None
    light, dark = sorted((luminance(style.color), luminance(style.bgcolor)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_shipped_themes_are_whole() -> None:
    assert PROBLEMS == ()
    assert set(SHIPPED) == NAMES


@pytest.mark.parametrize("name", ["cockpit-dark", "cockpit-light", "cockpit-high-contrast"])
def test_every_style_is_legible_on_every_ground_it_may_stand_on(name: str) -> None:
    theme = SHIPPED[name]
    own = {t for t in TOKENS if theme.styles[t].bgcolor is not None}
    on_rows: tuple[Token, ...] = ("text", "bar", "columns", "dialog")
    pairs = [(t, b) for t, b in product(TOKENS, on_rows) if t not in own]
    pairs += [(t, t) for t in own]
    pairs += [("unknown", "head"), ("text", "cursor")]
    floor = 7.0 if name == "cockpit-high-contrast" else 4.5
    faint = {(t, b): round(contrast(theme, t, b), 2) for t, b in pairs}
    assert not {pair: ratio for pair, ratio in faint.items() if ratio < floor}


def test_every_base_has_a_ground_of_its_own() -> None:
    for name in ("cockpit-dark", "cockpit-light", "cockpit-high-contrast"):
        assert all(SHIPPED[name].styles[base].bgcolor is not None for base in BASES)


def test_the_monochrome_theme_has_no_colour_and_tells_states_apart_without() -> None:
    for style in mono().styles.values():
        for color in (style.color, style.bgcolor):
            assert color is None or color.is_default


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "must be a mapping"),
        ("name: x\n", "missing"),
        ("{", "expected"),
        ("- 1\n", "must be a mapping"),
    ],
)
def test_a_broken_theme_is_named_and_stops_nothing(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "bad.yaml").write_text(text)
    themes, problems = load_themes(tmp_path)
    assert set(themes) == {"cockpit-mono"}
    assert len(problems) == 1
    assert problems[0].startswith("theme bad.yaml: ")
    assert said in problems[0]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('dim: "#8d99a9"', 'dim: "no such colour"', "styles.dim"),
        ('dim: "#8d99a9"', "dim: 7", "styles.dim"),
        ('dim: "#8d99a9"', 'dim: "blink red"', "blinking"),
        ('dim: "#8d99a9"', 'dim: "link http://x.org"', "links"),
        ('dim: "#8d99a9"', 'dimm: "#8d99a9"', "missing dim"),
        ("dark: true", "dark: maybe", "dark must be"),
        ("name: cockpit-dark", "name: 7", "name must be"),
        ('foreground: "#d6dbe3"', "foreground: 12", "base.foreground"),
    ],
)
def test_each_mistake_in_a_theme_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = themes_directory()
    assert folder is not None
    text = (folder / "cockpit-dark.yaml").read_text()
    assert old in text
    (tmp_path / "mine.yaml").write_text(text.replace(old, new, 1))
    themes, problems = load_themes(tmp_path)
    assert set(themes) == {"cockpit-mono"}
    assert said in problems[0]


def test_themes_are_found_in_an_installed_package_and_beside_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "cockpit"
    package.mkdir()
    assert themes_directory(package) is None
    (tmp_path / "themes").mkdir()
    assert themes_directory(package) == tmp_path / "themes"
    (package / "_shared" / "themes").mkdir(parents=True)
    assert themes_directory(package) == package / "_shared" / "themes"


def test_which_theme_is_used() -> None:
    assert choose(None, SHIPPED, no_color=False)[0].name == "cockpit-dark"
    assert choose(None, SHIPPED, no_color=True)[0].name == "cockpit-mono"
    assert choose("cockpit-light", SHIPPED, no_color=True)[0].name == "cockpit-light"
    theme, notice = choose("nope", SHIPPED, no_color=False)
    assert theme.name == "cockpit-dark"
    assert "nope" in notice
    assert choose(None, {"cockpit-mono": mono()}, no_color=False)[0].name == "cockpit-mono"
    assert load_themes(None) == ({"cockpit-mono": mono()}, ())


@pytest.mark.parametrize("name", sorted(NAMES))
async def test_every_theme_draws_every_state_word(name: str) -> None:
    async with opened(fixtures.simulated(fixtures.fired()), theme=SHIPPED[name]) as seen:
        for word in ("SIMULATED", "FENCED", "LOSSY", "PAUSED", "3 alarms", "FIRED", "FAIL"):
            assert word in seen.text()


def test_glyphs_are_one_cell_wide_everywhere_and_have_ascii_stand_ins() -> None:
    look = Look(mono().styles, ascii_only=True)
    for glyph in (*glyphs.ALL, *map(chr, range(0x2800, 0x2900))):
        assert unicodedata.east_asian_width(glyph) in {"N", "Na"}
        assert cell_len(glyph) == 1
        assert look.letters(glyph).isascii()
        assert len(look.letters(glyph)) == 1


def test_ascii_keeps_widths() -> None:
    look = Look(mono().styles, ascii_only=True)
    strip = look.strip(Line((("\u65e5\u672c ok \u2713", "text"),)), 12)
    assert strip.text == "???? ok +   "


def test_which_terminals_get_ascii() -> None:
    assert glyphs.is_plain_terminal(encoding="ANSI_X3.4-1968", term="xterm")
    assert glyphs.is_plain_terminal(encoding="ISO-8859-1", term="xterm")
    assert glyphs.is_plain_terminal(encoding="utf-8", term="linux")
    assert not glyphs.is_plain_terminal(encoding="UTF-8", term="xterm-256color")
