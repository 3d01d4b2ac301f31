"""Filters: regular expressions that cannot hold the screen up, else plain text, as is said."""

from __future__ import annotations

from itertools import count
from time import perf_counter
from typing import cast

import pytest

from cockpit.tui.grid import Grid
from cockpit.tui.matching import AT_MOST_S, MAX_REPEATS, Filter, matcher, plain
from tests.tui import fixtures
from tests.tui.seen import opened

LONG_NAME = "a" * 249
"""As long as Kafka lets a topic's name be."""


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("a.c", ("a.c", "abc")),
        ("A.C", ("a.c", "abc")),
        ("^b", ()),
        ("=a.c", ("a.c",)),
        ("=A.C", ("a.c",)),
        ("!a.c", ("x",)),
        ("!=a.c", ("abc", "x")),
        ("[", ()),
        ("=", ("a.c", "abc", "x")),
    ],
)
def test_a_filter_is_a_regular_expression_or_plain_and_can_be_turned_round(
    pattern: str, texts: tuple[str, ...]
) -> None:
    every = ("a.c", "abc", "x")
    found = matcher(pattern).of(every)
    assert tuple(text for text, accepted in zip(every, found, strict=True) if accepted) == texts


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "!(a+)+$",
        "(?:a*)*$",
        "((a|aa))+$",
        "(a|a)*$",
        "(a?){40}$",
        "(a{1,9}b?)+$",
        "([a-z]+)*$",
        r"(\w+)*?$",
        "(?x)( a + ) + $",
        "(a+)(?#)+$",
        "a?" * (MAX_REPEATS + 1) + "$",
    ],
)
def test_what_could_take_for_ever_is_never_run(pattern: str) -> None:
    begun = perf_counter()
    found = matcher(pattern)
    assert found.as_it_is
    assert found.of([f"{LONG_NAME}!", pattern.removeprefix("!")]) == (
        [True, False] if pattern.startswith("!") else [False, True]
    )
    assert perf_counter() - begun < AT_MOST_S


@pytest.mark.parametrize("pattern", ["(", "[", "a{2,1}", "*", "\\", "x" * 90 + "("])
def test_what_is_no_regular_expression_is_plain_text_and_says_so(pattern: str) -> None:
    found = matcher(pattern)
    assert found.as_it_is
    assert found.of([f"a{pattern}b", "ab"]) == [True, False]


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"^orders\.(eu|us)/\d+$", "orders.eu/12"),
        (r"orders-v[0-9]+(-dlq)?$", "orders-v17-dlq"),
        (r"orders(-v\d+)?$", "orders-v2"),
        (r"[*+?({]", "a(b"),
        (r"\(a+\)+", "(aa))"),
        ("a.*b.*c.*d", "a1b2c3d"),
        (r"(?:pay|bank)\w*", "payments"),
        (r"orders(?!-dlq)", "orders/1"),
        (r"\d{2}", "orders/12"),
    ],
)
def test_what_people_type_is_run_as_it_is_meant(pattern: str, text: str) -> None:
    found = matcher(pattern)
    assert not found.as_it_is
    assert found.accepts(text)


def test_what_is_slow_over_all_rows_is_given_up() -> None:
    clock = count(0.0, AT_MOST_S * 0.6)
    rows = ["a"] * 1_000
    with pytest.raises(TimeoutError):
        matcher("a").of(rows, lambda: next(clock))
    assert matcher("a").of(rows) == [True] * 1_000


@pytest.mark.parametrize("typed", ["(a+)+$", "("])
async def test_the_title_says_that_a_pattern_is_taken_as_it_is(typed: str) -> None:
    async with opened(size=(132, 30)) as seen:
        await seen.press("2", "slash", *typed, "enter")
        assert f"/{typed}/ taken as it is: 0 of 120 shown" in seen.rows()[2]
        assert "0 rows match, the pattern taken as it is" in seen.rows()[-2]
        await seen.press("slash", *["backspace"] * len(typed), *"refunds", "enter")
        assert "/refunds/ 10 of 120 shown" in seen.rows()[2]
        assert seen.rows()[-2].rstrip().endswith("  10 rows match")


async def test_the_title_says_so_of_a_pattern_that_was_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def never_done(text: str) -> bool:
        raise TimeoutError

    monkeypatch.setattr("cockpit.tui.grid.matcher", lambda _: Filter(never_done))
    async with opened(size=(132, 30)) as seen:
        pane = cast("Grid", seen.app.board.panes["lag"])
        await seen.press("2")
        pane.set_filter("refunds")
        assert "taken as it is: 10 of 120 shown" in "".join(text for text, _ in pane.note(132))
        assert plain("refunds").as_it_is
        await seen.show(fixtures.later(fixtures.snapshot(), 6_000))
        assert "10 of 120 shown" in seen.rows()[2]
