"""SCRAM users of both clusters: which of them exist, by mechanism, and how many iterations.

A password never leaves a broker: that it is the same on both sides only a login can show.
"""

from __future__ import annotations

from cockpit.core.facts import Facts
from cockpit.core.observe import Unknown
from cockpit.core.parity.found import Found
from cockpit.core.parity.people import relevant_principals, unread_acls
from cockpit.core.parity.read import ABSENT, both, differing
from cockpit.core.plan import Plan
from cockpit.core.snapshot import CheckView
from cockpit.core.survey import UsersSurvey


def users(plan: Plan, facts: Facts) -> list[Found] | Unknown:
    """Every credential; users that the plan has nothing to do with are only noted. Nobody is such a
    user as long as the ACLs of a side are not read."""
    surveys = both(facts, UsersSurvey, "users")
    if isinstance(surveys, Unknown):
        return surveys
    left, right = ({(c.user, c.mechanism): c.iterations for c in s.credentials} for s in surveys)
    relevant, unread = relevant_principals(plan, facts), unread_acls(facts)
    found: list[Found] = []
    for (user, mechanism), here, there in differing(left, right):
        principal = f"User:{user}"
        why, bad = _why(here, there)
        if bad and principal not in relevant and unread:
            why = f"{why}; ACLs of {unread} not read: the plan may be about this user"
        elif bad and principal not in relevant:
            why, bad = f"{why}; the plan has nothing to do with this user", False
        words = (_value(here), _value(there))
        check = CheckView("user", f"{user} {mechanism}", "open" if bad else "noted", *words, why)
        found.append(Found(check, "user", (principal, user)))
    if not any(item.check.word == "open" for item in found):
        counts = (f"{len(left)} credentials", f"{len(right)} credentials")
        why = "passwords cannot be compared"
        found.append(Found(CheckView("user", "all", "equal", *counts, why)))
    return found


def _value(iterations: int | None) -> str:
    return ABSENT if iterations is None else f"{iterations} iterations"


def _why(here: int | None, there: int | None) -> tuple[str, bool]:
    if there is None:
        return "cannot log in on the target", True
    if here is None:
        return "only on the target", False
    if there < here:
        return "weaker on the target", True
    return "stronger on the target", False
