"""A plan that is about everything on its clusters, so that the readers of a flight read it all.

Only the clusters, the mirror and the registries of such a plan mean anything: it is never flown.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cockpit.core.facts import Facts
from cockpit.core.plan import SIDES, Manual, Plan, Service
from cockpit.core.survey import TopicsSurvey

_NOBODY = Manual("nobody")


def read_topics(facts: Facts) -> tuple[str, ...]:
    """Topics that a look at either side's metadata has found, but not Kafka's own; sorted."""
    surveys = (facts.survey(TopicsSurvey, f"{side}.topics") for side in SIDES)
    found = (s.topics.items() for s in surveys if s is not None)
    return tuple(sorted({name for topics in found for name, t in topics if not t.internal}))


def about_everything(plan: Plan, topics: Iterable[str]) -> Plan:
    """The plan with these topics beside its own, and without waves or anything else to fly.

    It names the same secrets, so that each is masked wherever somebody says it.
    """
    everything = Service(
        name="everything",
        principal="User:nobody",
        stop=_NOBODY,
        start=_NOBODY,
        undo=_NOBODY,
        produces=tuple(topics),
    )
    return replace(
        plan,
        services=(*plan.services, everything),
        waves=(),
        signals=(),
        coordination=None,
        people=None,
    )
