"""Data from clusters and people can neither drive the terminal nor press a key."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from textual import events

import cockpit.tui
from tests.tui import fixtures
from tests.tui.seen import Seen, Size, opened
from tests.tui.test_clean import acts_on_a_terminal

ROOM = Path(cockpit.tui.__file__).parent
SINKS = {
    "Static", "Label", "notify", "RichLog", "Log", "DataTable", "add_row", "add_column",
    "OptionList", "Tree", "Markdown", "Button", "from_markup", "from_ansi", "Header", "Footer",
}  # fmt: skip
TEXT_ATTRIBUTES = {"border_title", "border_subtitle", "tooltip", "sub_title", "placeholder"}


def calls_of(tree: ast.AST) -> list[tuple[str, ast.Call]]:
    named: list[tuple[str, ast.Call]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            function = node.func
            name = function.attr if isinstance(function, ast.Attribute) else ""
            named.append((function.id if isinstance(function, ast.Name) else name, node))
    return named


@pytest.mark.parametrize("path", sorted(ROOM.rglob("*.py")), ids=lambda p: p.name)
def test_no_text_goes_past_the_one_door(path: Path) -> None:
    tree = ast.parse(path.read_text())
    for name, call in calls_of(tree):
        assert name not in SINKS, f"{path.name}:{call.lineno} {name} takes text as markup"
        if name in {"Segment", "Text"}:
            assert path.name in {"look.py", "app.py"}, f"{path.name}:{call.lineno}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Attribute):
                    assert target.attr not in TEXT_ATTRIBUTES, f"{path.name}:{node.lineno}"


def assert_harmless(seen: Seen) -> None:
    for strip in seen.strips():
        assert not acts_on_a_terminal(strip.text)
        for segment in strip:
            assert segment.control is None
            assert segment.style is None or segment.style.link is None
            assert segment.style is None or "@click" not in segment.style.meta


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (160, 48), (40, 10)])
async def test_no_screen_lets_a_control_character_through(size: Size) -> None:
    async with opened(fixtures.hostile(), size) as seen:
        assert_harmless(seen)
        for key in "123456789u":
            await seen.press(key)
            assert_harmless(seen)
            await seen.press("j", "j")
            assert_harmless(seen)
        for keys in (("question_mark",), ("escape", "A"), ("R",), ("E",), ("q",)):
            await seen.press(*keys)
            assert_harmless(seen)


async def test_a_hostile_confirmation_is_only_text() -> None:
    view = fixtures.armed_view()
    lines = tuple(fixtures.HOSTILE)
    hostile = fixtures.snapshot(
        armed=type(view)(
            view.verb, fixtures.HOSTILE[15], view.by, view.token, view.armed_at_ms,
            view.confirm_from_ms, view.expires_at_ms, lines,
        )
    )  # fmt: skip
    async with opened(hostile) as seen:
        assert_harmless(seen)
        for _ in range(10):
            await seen.press("pagedown")
            assert_harmless(seen)


async def test_what_is_typed_or_pasted_is_cleaned_on_the_way_in() -> None:
    async with opened() as seen:
        await seen.press("m")
        for text in fixtures.HOSTILE:
            seen.app.post_message(events.Paste(text))
        await seen.pilot.pause()
        assert_harmless(seen)
        await seen.press("enter")
        (note,) = seen.session.intents
        assert not acts_on_a_terminal(note.text)  # type: ignore[union-attr]


async def test_clicks_on_hostile_text_do_nothing() -> None:
    async with opened(fixtures.hostile(), (80, 24)) as seen:
        for y in range(1, 24, 3):
            for x in (4, 50):
                await seen.pilot.click(offset=(x, y))
        assert seen.app.return_value is None
        assert seen.session.intents == []
        assert seen.app.screen is seen.app.board


async def test_hostile_answers_of_the_session_are_cleaned() -> None:
    from tests.tui.sessions import PlayedSession

    session = PlayedSession(fixtures.snapshot(), refuse="".join(fixtures.HOSTILE))
    async with opened(session=session) as seen:
        await seen.press("P", then_s=0.1)
        assert "pause refused" in seen.text()
        assert_harmless(seen)
