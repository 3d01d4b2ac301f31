"""House rules as tests: sizes, words that do not belong, and that every command is documented."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCES = sorted((ROOT / "cockpit").rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

MAX_FILE_LINES = 500
MAX_APP_LINES = 400
MAX_FUNCTION_LINES = 70

FORBIDDEN_CALLS = ("create_subprocess_shell", "shell=True", "os.system(")


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=name)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text()
    limit = MAX_APP_LINES if path.match("tui/app.py") else MAX_FILE_LINES
    assert len(text.splitlines()) <= limit
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            length = node.end_lineno - node.lineno + 1
            assert length <= MAX_FUNCTION_LINES, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_every_module_says_what_it_is_and_no_shell_is_ever_started(path: Path) -> None:
    text = path.read_text()
    assert ast.get_docstring(ast.parse(text)), "a module opens with one sentence on what it is"
    for call in FORBIDDEN_CALLS:
        assert call not in text


@pytest.mark.parametrize("path", SOURCES + TESTS, ids=name)
def test_nothing_is_raised_where_early_pythons_would_wrap_it(path: Path) -> None:
    """In an `except*`, before 3.11.4: `cockpit.taskgroups` is there for it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.TryStar):
            inside = (part for handler in node.handlers for part in ast.walk(handler))
            assert not any(isinstance(part, ast.Raise) for part in inside)


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_public_functions_and_classes_have_docstrings(path: Path) -> None:
    for node in ast.parse(path.read_text()).body:
        if isinstance(
            node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
        ) and not node.name.startswith("_"):
            assert ast.get_docstring(node), node.name


def test_the_changelog_has_an_unreleased_part() -> None:
    assert re.search(r"^## \[Unreleased\]$", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)


def test_no_left_over_markers() -> None:
    marker = re.compile(r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X)\b")
    found = [name(path) for path in SOURCES + TESTS if marker.search(path.read_text())]
    assert not found
