"""Unquoted scalars that parsers turn into something else, and the units that a plan has."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cockpit.plan import units
from cockpit.plan.scalars import yaml_reading
from tests.plan.given import good_with, load, only_problem, problems_of

AMBIGUOUS = (
    *(
        "1:30",
        "190:20:30",
        "1:30.5",
        "no",
        "No",
        "NO",
        "yes",
        "on",
        "off",
        "true",
        "False",
        "y",
        "N",
    ),
    *(
        "010",
        "0o17",
        "0x1f",
        "0b101",
        "1e3",
        "1.5e3",
        "1E+3",
        "1_000",
        "+5",
        "-5",
        ".5",
        "5.",
        ".inf",
    ),
    *(
        "-.inf",
        ".nan",
        "~",
        "null",
        "Null",
        "2024-01-31",
        "2024-01-31 10:00:00",
        "=",
        "00",
        "1_0.5",
    ),
)


@pytest.mark.parametrize("scalar", AMBIGUOUS)
def test_an_ambiguous_scalar_is_refused_where_a_duration_is_expected(scalar: str) -> None:
    text = good_with("max: 20, for: 2m", f"max: 20, for: {scalar}")
    problem = only_problem(text)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "max: 20" in row)
    assert (problem.line, problem.column) == (line, text.splitlines()[line - 1].index("for:") + 6)
    assert "which YAML reads as" in problem.message
    assert problem.hint


@pytest.mark.parametrize("scalar", AMBIGUOUS)
def test_an_ambiguous_scalar_is_refused_where_a_count_is_expected(scalar: str) -> None:
    problem = only_problem(good_with("max: 20, for: 2m", f"max: {scalar}, for: 2m"))
    assert "expected a whole number" in problem.message
    assert problem.hint


@pytest.mark.parametrize("scalar", AMBIGUOUS)
def test_an_ambiguous_scalar_is_refused_where_text_is_expected_and_taken_in_quotes(
    scalar: str,
) -> None:
    problem = only_problem(good_with("owner: team-pay\n", f"owner: {scalar}\n"))
    assert "which YAML reads as" in problem.message
    assert f'"{scalar}"' in problem.hint
    plan = load(good_with("owner: team-pay\n", f'owner: "{scalar}"\n'))
    assert plan.service("checkout").owner == scalar


@pytest.mark.parametrize("scalar", ["100", "0", "12.5", "2.8"])
def test_a_number_is_not_silently_taken_for_text(scalar: str) -> None:
    assert (
        "expected text"
        in only_problem(good_with("owner: team-pay\n", f"owner: {scalar}\n")).message
    )


@pytest.mark.parametrize("scalar", AMBIGUOUS)
def test_an_ambiguous_key_is_refused_as_a_name(scalar: str) -> None:
    text = good_with("  settlement-latency:\n", f"  {scalar}:\n").replace(
        "name: settlement-latency", "name: checkout-errors"
    )
    assert "which YAML reads as" in str(problems_of(text)[0])


@given(st.text(alphabet="0123456789_:.+-eExXoObBaAnNfFyYsStTuUlLrR~= ", max_size=12))
def test_whatever_pyyaml_would_convert_is_known_to_be_ambiguous(text: str) -> None:
    loader = yaml.SafeLoader("")
    tag = loader.resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    if tag != "tag:yaml.org,2002:str":
        assert yaml_reading(text) is not None, tag


@given(st.text(alphabet="ghijkmpqvwz-", min_size=1, max_size=20))
def test_words_are_not_ambiguous(text: str) -> None:
    assert yaml_reading(text) is None


@pytest.mark.parametrize("quoted", ['"100"', "'100'"])
def test_a_count_in_quotes_is_text(quoted: str) -> None:
    problem = only_problem(good_with("max: 20, for: 2m", f"max: {quoted}, for: 2m"))
    assert problem.hint == "write 100 without quotes"


def test_a_duration_without_a_unit_gets_a_hint_with_one() -> None:
    problem = only_problem(good_with("max: 20, for: 2m", "max: 20, for: 60"))
    assert problem.hint == "say the unit: 60s or 60ms"


@pytest.mark.parametrize(
    ("text", "duration_ms"),
    [
        ("0s", 0),
        ("500ms", 500),
        ("60s", 60_000),
        ("10m", 600_000),
        ("24h", 86_400_000),
        ("7d", 604_800_000),
        ("366d", units.MAX_DURATION_MS),
    ],
)
def test_durations(text: str, duration_ms: int) -> None:
    assert units.parse_duration_ms(text) == duration_ms


@pytest.mark.parametrize(
    "text",
    ["", "60", "s", "1.5h", "-1s", "+1s", "01s", "1 s", "1S", "1h30m", "367d", "9" * 5000 + "s"],
)
def test_what_is_no_duration(text: str) -> None:
    with pytest.raises(ValueError, match="a duration is"):
        units.parse_duration_ms(text)


@given(st.integers(min_value=0, max_value=units.MAX_DURATION_MS))
def test_a_written_duration_reads_back(duration_ms: int) -> None:
    text = units.format_duration(duration_ms)
    if len(text) <= 11:
        assert units.parse_duration_ms(text) == duration_ms


@pytest.mark.parametrize(
    ("text", "value", "percent"),
    [("0.5%", 0.005, True), ("0.005", 0.005, False), ("12", 12.0, False), ("100%", 1.0, True)],
)
def test_limits(text: str, value: float, *, percent: bool) -> None:
    assert units.parse_limit(text) == units.Limit(value, percent)


@pytest.mark.parametrize(
    "text", ["", "%", "1e3", "-1", ".5", "1.", "0.5 %", "1,5", "nan", "07", "9" * 50]
)
def test_what_is_no_limit(text: str) -> None:
    with pytest.raises(ValueError, match="a limit is"):
        units.parse_limit(text)


@pytest.mark.parametrize("text", ["", "1_000", "-1", "010", "1.0", "1e3", "\u0661", "9" * 50])
def test_what_is_no_count(text: str) -> None:
    with pytest.raises(ValueError, match="a count is"):
        units.parse_count(text)
