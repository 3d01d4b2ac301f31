"""Rules about who is on a flight.

Never asks whether a user or a Unix group exists on this machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cockpit.core.crew import HAVE_A_SAY
from cockpit.plan.draft import Draft, word
from cockpit.plan.problems import Problems
from cockpit.plan.reader import Item
from cockpit.plan.text import quoted

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


def others_can_be_asked(draft: Draft, problems: Problems) -> None:
    """Whoever is asked for a go is there: waves under `second_person` exist and there are two
    people with a say; each role under `poll` has somebody who is not the only driver."""
    people = draft.root.fields.get("people")
    roles = people.fields.get("roles") if people is not None else None
    if people is None or roles is None or not roles.valid:
        return
    said = {
        user: {one.text for one in map(word, listed.items) if one is not None}
        for user, listed in roles.fields.items()
    }
    drivers = [user for user, mine in said.items() if "driver" in mine]
    second = people.fields.get("second_person")
    if second is not None and second.valid:
        _second(draft, second, said, problems)
    poll = people.fields.get("poll")
    for entry in poll.items if poll is not None else ():
        role = word(entry)
        if role is None:
            continue
        able = [user for user, mine in said.items() if role.text in mine]
        if not able or (len(drivers) == 1 and able == drivers):
            message = f"nobody but the driver is {role.text}"
            problems.add(entry.place, message, f"give another user the role {role.text}")


def _second(draft: Draft, second: Item, said: Mapping[str, set[str]], problems: Problems) -> None:
    waves = {wave.name.text for wave in draft.waves if wave.name is not None}
    for entry in second.items:
        name = word(entry)
        if name is not None and name.text not in waves:
            known = ", ".join(sorted(waves))
            problems.add(entry.place, f"there is no wave {quoted(name.text)}", f"known: {known}")
    if sum(bool(mine & set(HAVE_A_SAY)) for mine in said.values()) < 2:
        message = "a second person cannot be proved: only one user has a say"
        problems.add(second.place, message, "name another driver, checker or commander")


CHECKS = (
    ("somebody-drives", somebody_drives),
    ("others-can-be-asked", others_can_be_asked),
)
