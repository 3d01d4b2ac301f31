"""Whatever the file holds, the loader answers with a plan or with problems, and soon."""

from __future__ import annotations

import time

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cockpit.plan import PlanInvalid, Problem, load_plan
from tests.plan.given import GOOD

LONGEST_S = 1.0

TOKENS = st.sampled_from(
    [
        *("cockpit", "name", "source", "waves", "services", "steps", "stop", "signal", "password"),
        *("http://a", "User:x", "${env:A}", "60s", "0.5%", "100", "no", "1:30", "~", "0x1f", "<<"),
        *(
            ": ",
            ":",
            "- ",
            "\n",
            "\n  ",
            "\n    ",
            " ",
            ",",
            "{",
            "}",
            "[",
            "]",
            "#",
            "|",
            ">",
            "?",
        ),
        *(
            "&a",
            "*a",
            "!t",
            "!!int",
            "%YAML 1.1",
            "---",
            "...",
            '"',
            "'",
            "\\",
            "\t",
            "@",
            "`",
            "=",
        ),
        *("\\UFFFFFFFF", "\\ud800", "\x00", "\x1b", "\x85", "\u2028", "\ufeff", "\U0001f600", "\r"),
    ]
)
YAMLISH = st.lists(TOKENS, max_size=80).map("".join)


def assert_answered(text: str) -> None:
    """Load; what is refused is refused properly."""
    begun = time.process_time()
    problems = _problems(text)
    assert time.process_time() - begun < LONGEST_S
    assert list(problems) == sorted(problems)
    lines = text.count("\n") + text.count("\r") + 2
    for problem in problems:
        assert 1 <= problem.line <= lines
        assert problem.column >= 1
        assert str(problem).isprintable()


def _problems(text: str) -> tuple[Problem, ...]:
    try:
        plan = load_plan(text, origin="fuzz.yaml")
    except PlanInvalid as invalid:
        return invalid.problems
    assert plan.waves
    return ()


@given(YAMLISH)
@settings(max_examples=400, deadline=None)
def test_random_tokens(text: str) -> None:
    assert_answered(text)


@given(st.text(max_size=200))
@settings(max_examples=200, deadline=None)
def test_random_text(text: str) -> None:
    assert_answered(text)


@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 12), TOKENS), max_size=4))
@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_good_plan_with_spans_replaced(edits: list[tuple[int, int, str]]) -> None:
    text = GOOD
    for start, length, token in edits:
        text = text[:start] + token + text[start + length :]
    assert_answered(text)


LINES = GOOD.splitlines(keepends=True)


@given(
    st.lists(st.tuples(st.integers(0, len(LINES) - 1), st.integers(0, len(LINES) - 1)), max_size=6)
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_good_plan_with_lines_moved_doubled_and_lost(moves: list[tuple[int, int]]) -> None:
    lines = list(LINES)
    for source, target in moves:
        kept = lines[source % len(lines)]
        if (source + target) % 3:
            lines.pop(source % len(lines))
        if (source + target) % 2:
            lines.insert(target % (len(lines) + 1), kept)
    assert_answered("".join(lines))
