"""Both sides' surveys of one kind, or why they cannot be compared. Never compares anything."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeVar

from cockpit.core.facts import Facts
from cockpit.core.observe import Unknown
from cockpit.core.plan import SIDES
from cockpit.core.survey import QuotasSurvey, RegistrySurvey, UsersSurvey

S = TypeVar("S", QuotasSurvey, UsersSurvey, RegistrySurvey)
K = TypeVar("K", bound=tuple[object, ...])
V = TypeVar("V")

ABSENT = "absent"
"""The word for what one side does not have."""


def both(facts: Facts, kind: type[S], word: str) -> tuple[S, S] | Unknown:
    """Source's and target's newest survey; `word` as in the feed's name."""
    found: list[S] = []
    for side in SIDES:
        survey = facts.survey(kind, f"{side}.{word}")
        if survey is None:
            failure = facts.failures.get(f"{side}.{word}")
            reason = f"{word} of {side}: {failure.reason}" if failure else ""
            return Unknown(reason or f"{word} of {side} not read yet")
        found.append(survey)
    return found[0], found[1]


def differing(
    source: Mapping[K, V], target: Mapping[K, V]
) -> Iterator[tuple[K, V | None, V | None]]:
    """What is not the same on both sides, in order; None: not there."""
    for key in sorted(source.keys() | target.keys()):
        here, there = source.get(key), target.get(key)
        if here != there:
            yield key, here, there
