"""Topics that were made anew while no engine watched, told by the ids that another one has seen.

Clusters below Kafka 2.8 give no ids: there nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cockpit.core.facts import Facts
from cockpit.core.plan import SIDES, Side
from cockpit.core.survey import TopicsSurvey


def ids_of(facts: Facts, topics: Iterable[str]) -> dict[Side, dict[str, str]]:
    """By side and topic the ids, where one is known."""
    wanted = tuple(topics)
    found = {side: _ids(facts, side, wanted) for side in SIDES}
    return {side: ids for side, ids in found.items() if ids}


def _ids(facts: Facts, side: Side, topics: Iterable[str]) -> dict[str, str]:
    survey = facts.survey(TopicsSurvey, f"{side}.topics")
    seen = {} if survey is None else survey.topics
    before = facts.ids_before.get(side, {})
    ids = {name: seen[name].id if name in seen else before.get(name, "") for name in topics}
    return {name: id_ for name, id_ in ids.items() if id_}


def not_compared(facts: Facts, side: Side, topics: Iterable[str]) -> str:
    """Why nobody knows yet whether one of these topics was made anew meanwhile; empty: it is known,
    or nothing was left to compare it with."""
    before: Mapping[str, str] = facts.ids_before.get(side, {})
    unseen = facts.survey(TopicsSurvey, f"{side}.topics") is None
    if unseen and not before.keys().isdisjoint(topics):
        return f"reads on {side} whether its topics are still the same"
    return ""
