"""Rules about who is on a flight.

Never asks whether a user or a Unix group exists on this machine.
"""

from __future__ import annotations

from typing import Final

from cockpit.plan.draft import Draft, word
from cockpit.plan.problems import Problems

LEASE_MS: Final = (10_000, 600_000)


def somebody_drives(draft: Draft, problems: Problems) -> None:
    """Of the people at least one is a driver; a lease is between 10s and 10m."""
    people = draft.root.fields.get("people")
    if people is None:
        return
    roles = people.fields.get("roles")
    if roles is not None and roles.valid:
        listed = [map(word, one.items) for one in roles.fields.values()]
        said = {one.text for words in listed for one in words if one is not None}
        if "driver" not in said:
            message = "nobody of them may drive"
            problems.add(roles.place, message, "give somebody the role driver")
    lease = people.fields.get("lease")
    if lease is not None and isinstance(lease.value, int):
        shortest, longest = LEASE_MS
        if not shortest <= lease.value <= longest:
            problems.add(lease.place, "a lease is between 10s and 10m", "write for example 60s")


CHECKS = (("somebody-drives", somebody_drives),)
