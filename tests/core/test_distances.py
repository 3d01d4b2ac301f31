"""How far from the limit, and what exactly differs."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cockpit.core.distances import Differs, differs, distance
from cockpit.core.observe import Unknown
from cockpit.core.snapshot import CheckView
from cockpit.tui.format import distance_text
from tests.tui.fixtures import gates


@pytest.mark.parametrize(
    ("value", "limit", "words"),
    [(61.0, 100.0, "61% of limit"), (1204.0, 100.0, "12x limit"), (100.1, 100.0, "1.1x limit"),
     (0.12, 0.02, "6x limit"), (100.0, 100.0, "100% of limit"),
     (99.01, 100.0, "100% of limit"), (0.0, 0.0, ""), (3.0, 0.0, "3 over"),
     (-5.0, 100.0, "0% of limit"), (float("nan"), 1.0, "")],
)  # fmt: skip
def test_the_distance_is_a_share_until_it_is_passed(value: float, limit: float, words: str) -> None:
    gate = replace(gates()[0], value=value, limit=limit, verdict="PASS")
    assert distance_text(gate) == words


def test_of_what_is_not_known_or_not_believed_nothing_is_said() -> None:
    gate = gates()[0]
    assert distance(replace(gate, value=Unknown("x"))) is None
    assert distance(replace(gate, verdict="UNKNOWN")) is None


@pytest.mark.parametrize(
    ("source", "target", "found"),
    [
        ("604800000", "1209600000", Differs(604_800_000)),
        ("a,b, c", "b,c,d", Differs(None, ("a",), ("d",))),
        ("delete", "compact,delete", Differs(None, (), ("compact",))),
        ("allow", "none", None),
        ("4 ACLs", "4 ACLs", None),
        ("one two", "three four", None),
        ("", "x", None),
    ],
)
def test_what_differs_is_a_number_or_the_members_that_one_side_lacks(
    source: str, target: str, found: Differs | None
) -> None:
    assert differs(CheckView("config", "t", "open", source, target, "")) == found
