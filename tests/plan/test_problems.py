"""All mistakes of a file are named at once, each once, in their places, with the nearest word."""

from __future__ import annotations

import pytest

from cockpit.plan import PlanInvalid, load_plan
from cockpit.plan.problems import MAX_PROBLEMS, did_you_mean
from tests.plan.given import GOOD, good_with, only_problem, problems_of


def place_of(text: str, marker: str) -> tuple[int, int]:
    """Line and column where a marker begins."""
    before = text[: text.index(marker)]
    return before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1


def test_five_mistakes_of_five_kinds_are_five_problems_in_their_places() -> None:
    text = GOOD
    wanted = []
    for old, new, marker, message in (
        ("environment: PROD", "environmet: PROD", "environmet", "unknown key 'environmet'"),
        ("mechanism: scram-sha-512\n    username: cockpit\n    password: \"${file:secrets/source-c",
         "mechanism: SCRAM\n    username: cockpit\n    password: \"${file:secrets/source-c",
         "SCRAM", "expected one of: plain"),
        ("max_age: 10s", "max_age: 1:30", "1:30", "base 60"),
        ("services: [settlement, checkout]", "services: [settlement, chekout]", "chekout",
         "unknown service 'chekout'"),
        ("- offsets\n", "- offsets\n      - drain\n", "drain\n      - start",
         "drain is there twice"),
    ):  # fmt: skip
        assert text.count(old) == 1
        text = text.replace(old, new)
        wanted.append((marker, message))
    problems = problems_of(text)
    assert len(problems) == 5
    assert list(problems) == sorted(problems)
    for problem, (marker, message) in zip(problems, wanted, strict=True):
        assert (problem.line, problem.column) == place_of(text, marker)
        assert message in problem.message


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("environment: PROD", "enviroment: PROD", "did you mean environment?"),
        ("kind: mirrormaker2", "kind: mirrormaker", "did you mean mirrormaker2?"),
        ("- drain: {timeout: 45s}", "- drian: {timeout: 45s}", "did you mean drain?"),
        ("criticality: low", "criticality: Low", "did you mean low?"),
        ("on_trigger: pause", "on_trigger: stop", "known: ask, pause, rollback"),
        (
            "name: settlement-latency, max",
            "name: settlement, max",
            "did you mean settlement-latency?",
        ),
        ("topic: orders", "topic: order", "did you mean orders?"),
    ],
)
def test_an_unknown_word_gets_the_nearest_known_one(old: str, new: str, hint: str) -> None:
    assert only_problem(good_with(old, new)).hint == hint


def test_a_misspelt_key_is_one_mistake_and_its_value_is_still_looked_at() -> None:
    text = good_with("    group: settlement\n", "    gruop: no\n")
    problems = problems_of(text)
    assert [p.message.split(",")[0] for p in problems] == [
        "service: unknown key 'gruop'",
        "expected a consumer group",
    ]


def test_a_misspelt_service_in_a_wave_is_one_mistake() -> None:
    problem = only_problem(good_with("[ledger, fraud-report]", "[ledger, fraud-reprt]"))
    assert problem.message == "unknown service 'fraud-reprt'"


def test_a_value_that_is_not_built_yet_does_not_make_its_neighbours_wrong() -> None:
    text = good_with(
        "kind: mirrormaker2\n  connect: http://connect.example.internal:8083\n",
        "kind: automq-link\n  link: {name: week}\n",
    )
    assert only_problem(text).message.startswith("automq-link: recognised, not built yet")


def test_the_same_word_in_two_waves_is_two_problems() -> None:
    text = GOOD.replace("write_owner: {before: source", "write_owner: {before: sorce")
    assert [p.hint for p in problems_of(text)] == ["did you mean source?"] * 2


def test_problems_are_capped_and_the_last_one_says_so() -> None:
    text = "\n".join(f"key-{n}: 1" for n in range(5_000))
    problems = problems_of(text)
    assert len(problems) == MAX_PROBLEMS + 1
    assert "the others are not shown" in problems[-1].message


def test_an_error_reads_like_a_compiler_s() -> None:
    with pytest.raises(PlanInvalid) as caught:
        load_plan("cockpit: 2\n", origin="week.yaml")
    first = str(caught.value).splitlines()[-1]
    assert first == (
        "week.yaml:1:10: expected format version 1, found '2', which YAML reads as a number "
        "(write: cockpit: 1)"
    )


def test_messages_and_origins_cannot_drive_a_terminal() -> None:
    with pytest.raises(PlanInvalid) as caught:
        load_plan('"\\e]0;x\\a": 1\n"\\u202e": 2\n', origin="\x1b[2J.yaml")
    assert str(caught.value).replace("\n", "").isprintable()


def test_a_guess_is_made_only_for_what_comes_close() -> None:
    assert did_you_mean("wavs", ["waves", "name"]) == "did you mean waves?"
    assert did_you_mean("zzz", ["waves", "name"]) == "known: name, waves"
    assert did_you_mean("x" * 1_000_000, [f"k{n}" for n in range(100)]) == ""
