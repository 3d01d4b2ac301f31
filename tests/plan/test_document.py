"""Files that are no plain YAML, or too much of it, are refused with a place."""

from __future__ import annotations

from pathlib import Path

import pytest

from cockpit.plan import PlanInvalid, load_plan_file
from cockpit.plan.document import MAX_BYTES, MAX_DEPTH, MAX_NODES
from tests.plan.given import GOOD, good_with, only_problem, problems_of


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "the file is empty"),
        ("# only a comment\n", 1, 1, "the file is empty"),
        ("- a\n", 1, 1, "expected a mapping (plan), found a list"),
        ("hello\n", 1, 1, "expected a mapping (plan), found a single value"),
        ("cockpit: 1\nname: [\n", 3, 1, "YAML syntax"),
        ("cockpit: 1\n\tname: x\n", 2, 1, "a tab where a value begins"),
        ("cockpit: 'open\n", 2, 1, "YAML syntax: found unexpected end of stream"),
        ("cockpit: @x\n", 1, 10, "YAML syntax: found character '@'"),
        ("a: b: c\n", 1, 5, "YAML syntax: mapping values are not allowed here"),
        ('a: "\\UFFFFFFFF"\n', 1, 7, "a number or escape is out of range"),
        ("a: !x!y z\n", 1, 4, "tags are not part of a plan"),
        ("cockpit: 1\nname: a\u202eb\n", 2, 8, "an invisible or control character (U+202E)"),
        ("cockpit: 1\nname: a\x00\n", 2, 8, "an invisible or control character (U+0000)"),
    ],
)
def test_what_is_no_yaml_mapping_is_refused_in_its_place(
    text: str, line: int, column: int, message: str
) -> None:
    problem = problems_of(text)[0]
    assert (problem.line, problem.column) == (line, column)
    assert message in problem.message


def test_a_tab_gets_a_hint() -> None:
    assert only_problem("cockpit: 1\n\tname: x\n").hint == "indent with spaces"


@pytest.mark.parametrize("second", ["---\nmore: 1\n", "--- {}\n", "...\n---\n"])
def test_a_second_document_is_refused(second: str) -> None:
    problem = only_problem(GOOD + second)
    assert problem.message == "a second document begins here"
    assert problem.line >= len(GOOD.splitlines()) + 1


@pytest.mark.parametrize("directive", ["%YAML 1.1", "%TAG ! tag:example.com,2000:"])
def test_directives_are_refused(directive: str) -> None:
    assert only_problem(f"{directive}\n---\n{GOOD}").message == (
        "YAML directives are not part of a plan"
    )


@pytest.mark.parametrize("tag", ["!!str", "!!python/object/apply:os.system", "!", "!own", "!<x:y>"])
def test_tags_are_refused_and_build_nothing(tag: str) -> None:
    problem = only_problem(good_with("name: payments-week", f"name: {tag} payments-week"))
    assert problem.message == "tags are not part of a plan"


def test_an_alias_bomb_is_refused_without_being_walked() -> None:
    levels = "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9))
    messages = {problem.message for problem in problems_of("a0: &a0 [x]\n" + levels)}
    assert "anchors are not part of a plan" in messages


def test_an_undefined_alias_is_an_alias() -> None:
    text = good_with("why: Three brokers instead of five", "why: *")
    assert "YAML syntax" in only_problem(text).message
    text = good_with("why: Three brokers instead of five", "why: *three")
    assert only_problem(text).message == "aliases are not part of a plan"


def test_a_file_at_the_limits_of_size_is_read_and_beyond_them_refused() -> None:
    room = MAX_BYTES - len(GOOD.encode())
    assert problems_of(GOOD + "#" * room) == ()
    assert "larger than" in only_problem(GOOD + "#" * (room + 1)).message


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "? "])
def test_nesting_is_limited(opening: str) -> None:
    problem = problems_of(opening * 5_000)[0]
    assert problem.message == f"nested deeper than {MAX_DEPTH} levels"


def test_the_number_of_values_is_limited() -> None:
    problem = only_problem("[" + "a," * MAX_NODES + "]")
    assert problem.message == f"a plan has at most {MAX_NODES} values and keys"


def test_a_key_that_is_given_twice_names_the_first_line() -> None:
    text = good_with("environment: PROD\n", "environment: PROD\nenvironment: TEST\n")
    problem = only_problem(text)
    assert problem.message == "key 'environment' is given twice"
    assert problem.hint == f"it is in line {problem.line - 1} already"


@pytest.mark.parametrize("key", ["[a, b]: c", "{a: b}: c", "? |\n  two\n  lines\n: c", "*a : c"])
def test_a_key_that_is_no_word_is_refused(key: str) -> None:
    assert problems_of(GOOD + key + "\n")


def test_a_byte_order_mark_is_not_held_against_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())
    assert load_plan_file(path).name == "payments-week"


def test_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_bytes(GOOD.replace("\n", "\r\n").encode())
    assert load_plan_file(path).name == "payments-week"


def test_a_file_that_cannot_be_read_is_a_problem_with_a_clear_message(tmp_path: Path) -> None:
    binary = tmp_path / "binary.yaml"
    binary.write_bytes(b"cockpit: 1\nname: \xc3\xa9\xff\n")
    large = tmp_path / "large.yaml"
    large.write_bytes(b"#" * (MAX_BYTES + 1))
    for path, line, column, message in (
        (tmp_path / "none.yaml", 1, 1, "cannot be opened: No such file or directory"),
        (tmp_path, 1, 1, "is a folder"),
        (Path("/dev/null"), 1, 1, "is not a regular file"),
        (binary, 2, 8, "not UTF-8"),
        (large, 1, 1, "larger than"),
        (tmp_path / "a\x00b", 1, 1, "not a path"),
    ):
        with pytest.raises(PlanInvalid) as caught:
            load_plan_file(path)
        (problem,) = caught.value.problems
        assert (problem.line, problem.column) == (line, column)
        assert message in problem.message
