"""The plan's connectors and every one of their tasks: a RUNNING connector may hold a dead task.

Shown among the checks; a parity gate does not count them. Never says RUNNING by an old answer.
"""

from __future__ import annotations

from typing import Final, Literal

from cockpit.core.facts import Facts
from cockpit.core.freshness import asked_at_ms, why_blind
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import ConnectorState
from cockpit.core.parity.age import unknown
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView

FEEDS: Final = ("mirror", "connect")
"""Both tell of connectors: the mirror's own of the plan's, each second, Connect's of all."""


def connectors(plan: Plan, facts: Facts, now_ms: int) -> tuple[CheckView, ...]:
    """One check for each connector of the plan, and for each that Connect told of."""
    mirror, survey = facts.newest_mirror(), facts.survey(ConnectSurvey, "connect")
    told = {"mirror": mirror.connectors if mirror else (),
            "connect": survey.connectors if survey else ()}  # fmt: skip
    blind = {feed: why_blind(facts, feed, now_ms) for feed in FEEDS}
    wanted = (plan.replication.source_connector, plan.replication.checkpoint_connector)
    found: dict[str, CheckView] = {}
    for feed in sorted(FEEDS, key=lambda feed: blind[feed] is not None):
        for state in told[feed]:
            if state.name in found:
                continue
            check = _check(state, wanted=state.name in wanted, at_ms=asked_at_ms(facts, feed))
            why = blind[feed]
            found[state.name] = check if why is None else unknown(check, why)
    for name, reason in (survey.unknown if survey else {}).items():
        found.setdefault(name, CheckView("connector", name, "unknown", "?", "?", reason))
    silent = next((f"{feed}: {facts.failures[feed].reason}" for feed in FEEDS
                   if feed in facts.failures), None)  # fmt: skip
    for name in filter(None, wanted):
        if silent is not None:
            found.setdefault(name, CheckView("connector", name, "unknown", "?", "?", silent))
    return tuple(check for _, check in sorted(found.items()))


def _check(connector: ConnectorState, *, wanted: bool, at_ms: int | None) -> CheckView:
    tasks = ", ".join(f"{t.id} {t.state}" for t in connector.tasks) or "no tasks"
    bad = connector.state != "RUNNING" or any(t.state != "RUNNING" for t in connector.tasks)
    cause = next((t.cause for t in connector.tasks if t.cause), "")
    word: Literal["open", "equal", "noted"] = "open" if bad else "equal"
    if bad and not wanted:
        word, cause = "noted", f"not one of the plan's; {cause}".rstrip("; ")
    return CheckView("connector", connector.name, word, connector.state, tasks, cause, at_ms=at_ms)
