"""Principals: Kafka compares them letter by letter, and so must whoever fences them."""

from __future__ import annotations

import pytest

from tests.plan.given import MINIMAL, load, only_problem


def connecting_as(principal: str) -> str:
    return MINIMAL.replace('"User:checkout"', f'"{principal}"')


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("user:checkout", "Kafka tells capitals apart, write 'User:checkout'"),
        ("USER:checkout", "Kafka tells capitals apart, write 'User:checkout'"),
        ("User:checkout ", "a blank belongs to the name here, write 'User:checkout'"),
        ("User: checkout", "a blank belongs to the name here, write 'User:checkout'"),
        ("User:*", "it is everybody, name the one that it connects as"),
    ],
)
def test_a_principal_that_a_fence_would_miss_is_refused(written: str, why: str) -> None:
    problem = only_problem(connecting_as(written))
    line = MINIMAL[: MINIMAL.index('"User:checkout"')].count("\n") + 1
    assert (problem.line, problem.column) == (line, 33)
    assert problem.message == f"'{written}' is not a principal such as User:checkout: {why}"


@pytest.mark.parametrize(
    "written", ["User:ANONYMOUS", "User:CN=shop, O=example", "Group:payments", "Role:x", "User:a*"]
)
def test_any_other_principal_may_be_one(written: str) -> None:
    assert load(connecting_as(written)).services[1].principal == written


def test_a_difference_may_be_about_everybody_s_rights_but_not_about_a_misspelt_user() -> None:
    def approved(who: str) -> str:
        entry = f"{{acl: '{who}', why: old, by: team-pay}}"
        return MINIMAL.replace("waves:", f"approved_differences: [{entry}]\nwaves:", 1)

    assert load(approved("User:*")).approved_differences[0].principal == "User:*"
    assert "capitals" in only_problem(approved("user:checkout")).message
