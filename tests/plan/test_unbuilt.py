"""What the format names and this version does not do is refused by name."""

from __future__ import annotations

import pytest
import yaml

from cockpit.plan.document import compose
from cockpit.plan.format import OBJECTS
from cockpit.plan.kinds import Choice, Kind, Object, OneOf
from cockpit.plan.problems import Problems
from cockpit.plan.reader import Reader
from cockpit.plan.reference import unbuilt_words

NAMED_BY_DESIGN = {
    *("automq-link", "connect", "topic_config", "acls"),
    *("records", "deadline"),
}


def refusals(kind: Kind, text: str) -> list[str]:
    problems = Problems()
    node = compose(text, problems)
    assert isinstance(node, yaml.Node)
    assert not Reader(problems).read(kind, node).valid or problems
    return [problem.message for problem in problems.sorted()]


def test_everything_that_the_design_names_is_recognised() -> None:
    assert {word for _, word in unbuilt_words()} >= NAMED_BY_DESIGN


@pytest.mark.parametrize("kind", OBJECTS.values(), ids=lambda kind: kind.name)
def test_each_word_is_refused_by_name_and_never_as_unknown(kind: Object | OneOf) -> None:
    for word in kind.unbuilt:
        wanted = [f"{word}: recognised, not built yet in this version"]
        assert refusals(kind, f"{word}: x") == wanted
        if isinstance(kind, OneOf):
            assert refusals(kind, word) == wanted
    for field in kind.fields if isinstance(kind, Object) else ():
        for word in field.kind.unbuilt if isinstance(field.kind, Choice) else ():
            assert refusals(field.kind, word) == [
                f"{word}: recognised, not built yet in this version"
            ]


def test_no_word_is_both_built_and_not() -> None:
    for kind in OBJECTS.values():
        built = kind.by_key if isinstance(kind, Object) else kind.options
        assert not set(kind.unbuilt) & set(built)
