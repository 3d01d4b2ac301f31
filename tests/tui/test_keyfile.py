"""Keys of one's own: what looks and moves can be moved, what acts cannot, mistakes stop nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from textual.keys import _character_to_key

from cockpit.core.intents import Arm
from cockpit.tui import keydoc
from cockpit.tui.keyfile import KeySet, own_keys, read_keys, why_fixed
from cockpit.tui.keynames import CHARACTERS, NAMED, textual_name
from cockpit.tui.keys import KEYS, LIVE
from cockpit.tui.playkeys import REPLAY
from cockpit.tui.run import make_app
from tests.tui import fixtures
from tests.tui.seen import answering
from tests.tui.sessions import PlayedSession

ROOT = Path(__file__).resolve().parents[2]
ACTING = [key for key in KEYS if key.group in {"act", "people"}]


def keys_of(folder: Path, text: str) -> KeySet:
    """What a file of this text makes of the keys."""
    path = folder / "keys.yaml"
    path.write_text(text)
    return read_keys(path)


def mistakes(folder: Path, text: str) -> list[str]:
    """What is wrong with it."""
    found = keys_of(folder, text)
    assert (found.live, found.replay) == (LIVE, REPLAY) or not found.mistakes
    return [one.words() for one in found.mistakes]


def test_keys_have_the_names_that_the_terminal_s_have() -> None:
    for code in range(0x20, 0x7F):
        assert textual_name(chr(code)) == _character_to_key(chr(code))
    assert {textual_name(name) for name in NAMED} == set(NAMED)
    assert len(CHARACTERS) == 0x7F - 0x21


def test_safe_keys_move_and_leave_their_old_place(tmp_path: Path) -> None:
    found = keys_of(tmp_path, "down: [n, down]\nsort: '|'\nhelp: ['?', f2]\nreverse: s\n")
    assert not found.mistakes
    assert found.moved == {"down", "sort", "help", "reverse"}
    for table in (found.live, found.replay):
        assert table.by_key["n"].id == "down"
        assert table.by_key["vertical_line"].id == "sort"
        assert table.by_key["s"].id == "reverse"
        assert table.by_key["f2"].shown == "? f2"
        assert "j" not in table.by_key


def test_keys_that_play_move_too(tmp_path: Path) -> None:
    found = keys_of(tmp_path, "play.toggle: v\n")
    assert found.replay.by_key["v"].id == "play.toggle"
    assert found.live == LIVE


@pytest.mark.parametrize("key", ACTING, ids=lambda key: key.id)
@pytest.mark.parametrize("to", ["x", "X", "enter", "space", "ctrl+a", "f5", "j", "P"])
def test_what_acts_never_moves(tmp_path: Path, key: object, to: str) -> None:
    (wrong,) = mistakes(tmp_path, f"{key.id}: {to}\n")  # type: ignore[attr-defined]
    assert wrong.startswith("keys.yaml line 1: ")
    assert "stays on" in wrong
    assert "what acts has the same letter for everybody" in wrong


@pytest.mark.parametrize("letter", [*"PARVEDONKLmY"])
def test_nothing_safe_gets_a_key_that_acts(tmp_path: Path, letter: str) -> None:
    (wrong,) = mistakes(tmp_path, f"\n\nsort: {letter}\n")
    assert wrong.startswith("keys.yaml line 3: sort: ")


@pytest.mark.parametrize(
    "name",
    ["enter", "Enter", "return", "esc", "escape", "ctrl+c", "ctrl+x", "Ctrl+X", "alt+a", "^c"],
)
def test_reflex_keys_are_not_given_away(tmp_path: Path, name: str) -> None:
    (wrong,) = mistakes(tmp_path, f"sort: {name}\n")
    assert wrong.startswith("keys.yaml line 1: sort: ")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sort: j\n", "line 1: sort: j is the key of down"),
        ("sort: o\nfilter: o\n", "line 2: filter: o is the key of sort"),
        ("sort: space\n", "line 1: sort: space is the key of play.toggle"),
        ("down: [j, j]\n", "line 1: down: a key stands there twice"),
        ("down: []\n", "line 1: down: one to 4 keys"),
        ("down:\n", "line 1: down: '' is no key here"),
        ("down: {a: b}\n", "line 1: down: '' is no key here"),
        ("down: jj\n", "line 1: down: 'jj' is no key here"),
        ("down: \u00e4\n", "line 1: down: '\u00e4' is no key here"),
        ("sort: o\nsort: p\n", "line 2: sort stands there twice"),
        ("srot: o\n", "line 1: there is no action 'srot'; sort?"),
        ("[a]: o\n", "line 1: there is no action '?'"),
        ("leave: Q\n", "line 1: leave stays on q: messages name it"),
        ("nothing: x\n", "line 1: nothing stays on ctrl+c q z d"),
        ("- a\n", "line 1: must be actions with keys"),
        ("sort: [\n", "is not YAML"),
        ("a: &a [*a]\n", "line 1: there is no action 'a'"),
        ("\x00", "is not YAML"),
    ],
)
def test_every_mistake_is_named_by_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert any(said in one for one in mistakes(tmp_path, text)), mistakes(tmp_path, text)


def test_all_mistakes_are_told_in_their_order_and_the_file_is_left_out(tmp_path: Path) -> None:
    found = keys_of(tmp_path, "sort: o\nadvance: x\nfilter: Y\n")
    assert [one.line for one in found.mistakes] == [2, 3]
    assert found.live.by_key["s"].id == "sort"
    assert found.notice.startswith("the usual keys are used: keys.yaml line 2: advance stays on A")
    assert found.notice.endswith("(and 1 more)")


def test_nothing_that_a_file_says_is_run(tmp_path: Path) -> None:
    found = keys_of(tmp_path, "sort: !!python/object/apply:os.system [x]\n")
    assert found.live.by_key["x"].id == "sort"


def test_an_empty_file_and_none_change_nothing(tmp_path: Path) -> None:
    assert keys_of(tmp_path, "") == KeySet()
    assert keys_of(tmp_path, "# nothing\n") == KeySet()
    assert own_keys({"XDG_CONFIG_HOME": str(tmp_path)}) == KeySet()
    assert own_keys({}) == KeySet()


@pytest.mark.parametrize("kind", ["folder", "pipe", "dangling", "large", "bytes"])
def test_what_is_no_file_of_text_stops_nothing(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "cockpit"
    folder.mkdir()
    path = folder / "keys.yaml"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "dangling":
            path.symlink_to(tmp_path / "nowhere")
        case "large":
            path.write_bytes(b"#" * 70_000)
        case _:
            path.write_bytes(b"\xff\xfe")
    app = make_app(PlayedSession(), user="ana", environment={"XDG_CONFIG_HOME": str(tmp_path)})
    assert app.board.keys == LIVE
    assert "the usual keys are used: keys.yaml" in app._notice


async def test_the_screen_goes_by_the_user_s_keys_and_says_what_is_wrong(tmp_path: Path) -> None:
    async with answering() as seen:
        seen.app.board.keys = keys_of(tmp_path, "help: H\n").live
        await seen.press("question_mark")
        assert "this page" not in seen.text()
        await seen.press("H")
        assert "keys" in seen.rows()[2]
        await seen.press("q", "A")
        assert seen.session.intents == [Arm("advance", by=fixtures.USER)]


def test_the_document_has_the_tables_of_today() -> None:
    path = ROOT / "docs" / "keys.md"
    text = path.read_text()
    assert keydoc.with_tables(text) == text, "python -m cockpit.tui.keydoc docs/keys.md"
    for key in (*LIVE.keys, *REPLAY.keys):
        assert f"| {key.id} | {key.help} | {'' if why_fixed(key) else 'yes'} |" in text
    with pytest.raises(ValueError, match="no place"):
        keydoc.with_tables("nothing")
