"""Themes: shipped ones are whole, broken ones are named by their line and stop nothing."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path

import pytest
from rich.cells import cell_len

from cockpit.tui import glyphs
from cockpit.tui.look import Look
from cockpit.tui.ownfiles import Mistake
from cockpit.tui.text import BASES, TOKENS, Line
from cockpit.tui.themefile import CockpitTheme
from cockpit.tui.themes import (
    SHIPPED,
    Shelf,
    built_in,
    choose,
    hidden_alarm,
    is_16_colours,
    next_after,
    own_folder,
    shipped_folder,
)
from tests.tui import fixtures
from tests.tui.seen import Seen, opened

RICH_TERMINAL = {"COLORTERM": "truecolor", "TERM": "xterm-256color"}
FOLDER = shipped_folder()
assert FOLDER is not None
DARK = (FOLDER / "dark.yaml").read_text()


def shipped(name: str) -> CockpitTheme:
    """A shipped theme, which is whole."""
    found = Shelf(FOLDER, None).read(name)
    assert isinstance(found, CockpitTheme), found
    return found


def own_shelf(folder: Path, **files: str) -> Shelf:
    """The shipped themes and files of a user."""
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return Shelf(FOLDER, folder)


def mistakes(folder: Path, text: str) -> list[str]:
    """What is wrong with this file, in words."""
    found = own_shelf(folder, mine=text).read("mine")
    return [] if isinstance(found, CockpitTheme) else [one.words() for one in found]


def test_the_shipped_themes_are_there_whole_and_named_as_their_files() -> None:
    shelf = Shelf(FOLDER, None)
    assert tuple(shelf.paths()) == SHIPPED
    for name in SHIPPED:
        theme = shipped(name)
        assert theme.name == name
        assert theme.about
        assert set(theme.styles) == set(TOKENS)


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast", "colour-blind", "16-colours"])
def test_every_base_of_a_coloured_theme_has_a_ground_of_its_own(name: str) -> None:
    assert all(shipped(name).styles[base].bgcolor is not None for base in BASES)


@pytest.mark.parametrize("theme", [shipped("mono"), built_in()], ids=lambda theme: theme.name)
def test_without_colour_there_is_none_and_the_cursor_and_what_is_bad_stand_out(
    theme: CockpitTheme,
) -> None:
    for style in theme.styles.values():
        for color in (style.color, style.bgcolor):
            assert color is None or color.is_default
    plain = Look(theme.styles)
    for token in ("cursor", "bad", "writes.unknown", "writes.fenced", "danger.head", "badge.sim"):
        assert plain.style(token) != plain.style("text")


def test_16_colours_are_16_names_and_never_bold_black() -> None:
    for token, style in shipped("16-colours").styles.items():
        for color in (style.color, style.bgcolor):
            assert color is None or (color.number is not None and color.number < 16), token
        assert not (style.bold and style.color is not None and style.color.number == 0), token


# --- broken files ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('dim: "#98a3b3"', 'dim: "no such colour"', "line 8: styles.dim: 'no such colour' is not"),
        ('dim: "#98a3b3"', "dim: #98a3b3", "line 8: styles.dim is empty; a colour that begins"),
        ('dim: "#98a3b3"', "dim: [red]", "line 8: styles.dim must be a single value"),
        ('dim: "#98a3b3"', 'dim: "blink red"', "line 8: styles.dim: links, blinking"),
        ('dim: "#98a3b3"', 'dim: "link http://x.org"', "line 8: styles.dim: links"),
        ('dim: "#98a3b3"', 'dimm: "#98a3b3"', "line 8: styles: unknown 'dimm'"),
        ('dim: "#98a3b3"', "dim: red\n  dim: blue", "line 9: styles: 'dim' stands there twice"),
        ('dim: "#98a3b3"', 'dim: "red', "line 9: is not YAML: expected"),
        ("dark: true", "dark: maybe", "line 3: dark must be true or false, not 'maybe'"),
        ("dark: true", "name: x\ndark: true", "line 3: the file: unknown 'name'"),
        ("dark: true", "like: midnight", "line 3: like: there is no shipped theme 'midnight'"),
        ('foreground: "#d6dbe3"', 'foreground: "x"', "line 5: base.foreground: 'x' is not a"),
    ],
)
def test_each_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, said: str) -> None:
    assert old in DARK
    found = mistakes(tmp_path, DARK.replace(old, new, 1))
    assert found
    assert all(one.startswith("mine.yaml") for one in found)
    assert any(re.search(said, one) for one in found), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file must be names with values"),
        ("- 1\n", "line 1: the file must be names with values"),
        ("{", "line 1: is not YAML: "),
        ("dark: true\n", "is not whole: `like: dark`"),
        ("styles: 7\n", "line 1: styles must be names"),
        ("a: &x [1]\nb: *x\n", "line 1: the file: unknown 'a'"),
        ("\x00", "special characters are not allowed"),
        ("[" * 5000, "mine.yaml: "),
        ("x" * 70_000, "is larger than 65536 bytes"),
    ],
)
def test_what_is_no_theme_at_all_is_named(tmp_path: Path, text: str, said: str) -> None:
    found = mistakes(tmp_path, text)
    assert said in found[0]


def test_every_mistake_of_a_file_is_told_in_the_order_of_its_lines(tmp_path: Path) -> None:
    text = "like: dark\nstyles:\n  good: x y z\n  bad: link\n  cursr: red\nbase: {primary: no}\n"
    lines = [int(one.split(" line ")[1].split(":")[0]) for one in mistakes(tmp_path, text)]
    assert lines == [3, 4, 5, 6]


def test_a_pipe_a_folder_and_a_secret_file_hold_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "folder.yaml").mkdir()
    (tmp_path / "loop.yaml").symlink_to(tmp_path / "loop.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"about: caf\xe9\n")
    shelf = Shelf(FOLDER, tmp_path)
    said = {
        "pipe": "is not a regular file", "folder": "is a folder", "loop": "cannot be opened",
        "latin": "is not UTF-8",
    }  # fmt: skip
    for name, words in said.items():
        chosen = choose(name, shelf, RICH_TERMINAL)
        assert chosen.theme.name == "dark"
        assert words in chosen.notice


def test_a_user_s_theme_takes_what_it_leaves_out_from_the_shipped_one(tmp_path: Path) -> None:
    shelf = own_shelf(tmp_path, mine="like: light\nstyles: {good: '#005500'}\n")
    theme = shelf.read("mine")
    assert isinstance(theme, CockpitTheme)
    light = shipped("light")
    assert theme.styles["good"].color is not None
    assert theme.styles["good"].color.name == "#005500"
    assert theme.styles["warn"] == light.styles["warn"]
    assert (theme.dark, theme.ansi, theme.base) == (light.dark, light.ansi, light.base)
    assert tuple(shelf.paths()) == (*SHIPPED, "mine")


def test_the_example_of_the_documents_is_a_theme_and_every_shipped_one_is_named(
    tmp_path: Path,
) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / "themes.md").read_text()
    (example,) = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert mistakes(tmp_path, example) == []
    assert (
        tuple(re.findall(r"^\| `([a-z0-9-]+)` \| [a-z].*[^:]$", text, re.MULTILINE)[:6]) == SHIPPED
    )


# --- which one ------------------------------------------------------------------------------------


def test_where_themes_lie(tmp_path: Path) -> None:
    package = tmp_path / "cockpit"
    package.mkdir()
    assert shipped_folder(package) is None
    (tmp_path / "themes").mkdir()
    assert shipped_folder(package) == tmp_path / "themes"
    (package / "_shared" / "themes").mkdir(parents=True)
    assert shipped_folder(package) == package / "_shared" / "themes"
    home = {"HOME": "/home/ana"}
    assert own_folder(home) == Path("/home/ana/.config/cockpit/themes")
    assert own_folder({**home, "XDG_CONFIG_HOME": "/x"}) == Path("/x/cockpit/themes")
    assert own_folder({**home, "XDG_CONFIG_HOME": "x"}) == Path("/home/ana/.config/cockpit/themes")
    assert own_folder({}) is None


@pytest.mark.parametrize(
    ("wanted", "environment", "name", "notice"),
    [
        (None, {}, "dark", ""),
        (None, {"NO_COLOR": "1"}, "mono", ""),
        (None, {"NO_COLOR": ""}, "dark", ""),
        (None, {"COCKPIT_THEME": "light", "NO_COLOR": "1"}, "light", ""),
        ("high-contrast", {"COCKPIT_THEME": "light"}, "high-contrast", ""),
        ("cockpit-light", {}, "light", ""),
        ("nope", {}, "dark", "theme dark is used: there is no theme 'nope' (there are: dark, li"),
        ("nope", {"NO_COLOR": "1"}, "mono", "theme mono is used: there is no theme 'nope'"),
    ],
)
def test_which_theme_is_used(
    wanted: str | None, environment: dict[str, str], name: str, notice: str
) -> None:
    chosen = choose(wanted, Shelf(FOLDER, None), {**RICH_TERMINAL, **environment})
    assert chosen.theme.name == name
    assert chosen.notice.startswith(notice)
    assert bool(chosen.notice) is bool(notice)


@pytest.mark.parametrize(
    ("environment", "few"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "screen"}, True),
        ({"TERM": "linux"}, True),
        ({"TERM": "vt220"}, True),
        ({"TERM": "screen-256color"}, False),
        ({"TERM": "tmux-256color"}, False),
        ({"TERM": "xterm-direct"}, False),
        ({"TERM": "xterm", "COLORTERM": "truecolor"}, False),
        ({"TERM": "xterm", "TEXTUAL_COLOR_SYSTEM": "256"}, False),
        ({"TERM": "xterm-256color", "TEXTUAL_COLOR_SYSTEM": "standard"}, True),
    ],
)
def test_a_terminal_of_16_colours_gets_the_theme_for_it(
    environment: dict[str, str], few: bool
) -> None:
    assert is_16_colours(environment) is few
    shelf = Shelf(FOLDER, None)
    assert choose(None, shelf, environment).theme.name == ("16-colours" if few else "dark")
    assert ("16 colours" in choose("light", shelf, environment).notice) is few
    assert choose("mono", shelf, environment).notice == ""


def test_a_broken_theme_is_replaced_and_the_line_says_by_what(tmp_path: Path) -> None:
    broken = "like: dark\nstyles: {good: nothing, bad: nothing}\n"
    shelf = own_shelf(tmp_path, mine=broken, light=broken)
    chosen = choose("mine", shelf, RICH_TERMINAL)
    assert chosen.theme.name == "dark"
    assert chosen.notice == (
        "theme dark is used: mine.yaml line 2: styles.good: 'nothing' is not a style (and 1 more)"
    )
    chosen = choose("light", shelf, RICH_TERMINAL)
    assert chosen.theme == shipped("light")
    assert chosen.notice.startswith("the shipped theme light is used: light.yaml line 2: ")
    # what nobody asked for is no business of the screen
    assert choose(None, shelf, RICH_TERMINAL).notice == ""


@pytest.mark.parametrize(
    ("styles", "notice"),
    [
        ("{bad: '#000001 on #000000'}", "theme mine: alarms can hardly be seen: bad on "),
        ("{writes.unknown: '#303030 on #333333'}",
         "theme mine: alarms can hardly be seen: writes.unknown on "),
        ("{dim: '#000001 on #000000'}", ""),
        ("{bad: 'bold #ff6b6b'}", ""),
    ],
)  # fmt: skip
def test_a_theme_that_hides_alarms_is_worn_and_the_line_says_so(
    tmp_path: Path, styles: str, notice: str
) -> None:
    shelf = own_shelf(tmp_path, mine=f"like: dark\nstyles: {styles}\n")
    chosen = choose("mine", shelf, RICH_TERMINAL)
    assert chosen.theme.name == "mine"
    assert chosen.notice.startswith(notice)
    assert bool(chosen.notice) is bool(notice)


@pytest.mark.parametrize("name", SHIPPED)
def test_alarms_are_seen_in_every_shipped_theme(name: str) -> None:
    hidden = hidden_alarm(shipped(name))
    assert hidden is None, hidden


def test_even_the_default_one_may_be_broken(tmp_path: Path) -> None:
    (tmp_path / "dark.yaml").write_text("7")
    chosen = choose(None, Shelf(FOLDER, tmp_path), RICH_TERMINAL)
    assert chosen.theme == shipped("dark")
    assert "dark.yaml line 1" in chosen.notice
    chosen = choose(None, Shelf(tmp_path, None), RICH_TERMINAL)
    assert chosen.theme.name == "built-in"
    assert "theme built-in is used: dark.yaml line 1" in chosen.notice
    for shelf in (Shelf(None, None), Shelf(Path("/nowhere"), Path("/nowhere"))):
        assert choose(None, shelf, RICH_TERMINAL).theme.name == "built-in"
        assert choose("light", shelf, RICH_TERMINAL).theme.name == "built-in"


def test_reading_a_file_never_fails(tmp_path: Path) -> None:
    for cut in range(0, len(DARK), 7):
        found = own_shelf(tmp_path, mine=DARK[:cut]).read("mine")
        assert isinstance(found, CockpitTheme) or all(isinstance(one, Mistake) for one in found)


# --- on the screen --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHIPPED)
async def test_every_theme_draws_every_state_word(name: str) -> None:
    async with opened(fixtures.simulated(fixtures.fired()), theme=shipped(name)) as seen:
        for word in ("SIMULATED", "FENCED", "LOSSY", "PAUSED", "3 alarms", "FIRED", "FAIL"):
            assert word in seen.text()


def drawn_styles(seen: Seen) -> list[list[tuple[str, str]]]:
    """Text and style of everything on the screen but the message line, row by row."""
    rows = [[(segment.text, str(segment.style)) for segment in strip] for strip in seen.strips()]
    return [*rows[:-2], rows[-1]]


async def test_a_key_goes_through_the_themes_and_says_how_to_keep_one(tmp_path: Path) -> None:
    shelf = own_shelf(tmp_path, mine="like: light\n", torn="{")
    async with opened(fixtures.fired(), shelf=shelf, theme=shipped("dark")) as seen:
        text, first = seen.rows()[:-2], drawn_styles(seen)
        for number, name in enumerate((*SHIPPED[1:], "mine"), 2):
            await seen.press("c", then_s=0.05)
            assert f"theme {name} ({number} of 8)" in seen.rows()[-2]  # beside the alarm
            assert seen.app.theme == f"cockpit-{name}"
            assert seen.rows()[:-2] == text
            assert drawn_styles(seen) != first
        said, level = seen.app.next_theme()
        assert said.startswith("theme dark (1 of 8); --theme dark keeps it")
        assert "left out: torn.yaml line 1" in said
        assert level == "warn"
        await seen.pilot.pause(0.05)
        assert drawn_styles(seen) == first


def test_a_theme_of_ones_own_in_which_alarms_are_lost_says_so_when_a_key_puts_it_on(
    tmp_path: Path,
) -> None:
    shelf = own_shelf(tmp_path, mine="like: dark\nstyles: {bad: '#000001 on #000000'}\n")
    found, said, level = next_after(SHIPPED[-1], shelf)
    assert found is not None
    assert found.name == "mine"
    assert "; alarms can hardly be seen: bad on " in said
    assert level == "warn"


@pytest.mark.parametrize(("first", "then"), [("dark", "light"), ("16-colours", "mono")])
async def test_a_theme_that_is_put_on_later_looks_as_it_does_from_the_beginning(
    first: str, then: str
) -> None:
    shelf = Shelf(FOLDER, None)
    async with opened(fixtures.fired(), theme=shipped(then)) as seen:
        wanted = drawn_styles(seen)
    async with opened(fixtures.fired(), shelf=shelf, theme=shipped(first)) as seen:
        await seen.press("c", then_s=0.1)
        assert drawn_styles(seen) == wanted


async def test_without_other_themes_the_key_says_so() -> None:
    async with opened() as seen:
        await seen.press("c")
        assert "there is no other theme" in seen.rows()[-2]


# --- glyphs ---------------------------------------------------------------------------------------


def test_glyphs_are_one_cell_wide_everywhere_and_have_ascii_stand_ins() -> None:
    look = Look(built_in().styles, ascii_only=True)
    for glyph in (*glyphs.ALL, *map(chr, range(0x2800, 0x2900))):
        assert unicodedata.east_asian_width(glyph) in {"N", "Na"}
        assert cell_len(glyph) == 1
        assert look.letters(glyph).isascii()
        assert len(look.letters(glyph)) == 1


def test_ascii_keeps_widths() -> None:
    look = Look(built_in().styles, ascii_only=True)
    strip = look.strip(Line((("\u65e5\u672c ok \u2713", "text"),)), 12)
    assert strip.text == "???? ok +   "


def test_which_terminals_get_ascii() -> None:
    assert glyphs.is_plain_terminal(encoding="ANSI_X3.4-1968", term="xterm")
    assert glyphs.is_plain_terminal(encoding="ISO-8859-1", term="xterm")
    assert glyphs.is_plain_terminal(encoding="utf-8", term="linux")
    assert not glyphs.is_plain_terminal(encoding="UTF-8", term="xterm-256color")
