"""Rules about reverse mirrors: which connector each is, and that it ends where the move began.

Never about when one may begin; that is proved.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.plan.draft import Draft, Word, word
from cockpit.plan.problems import Place, Problems
from cockpit.plan.text import quoted


def reverse_reaches_the_source(draft: Draft, problems: Problems) -> None:
    """Over a first hop there is no reverse: the mirror back would write to the cluster in between,
    and nothing brings records from there to the source."""
    replication = draft.root.fields.get("replication")
    if replication is None or "first_hop" not in replication.key_places:
        return
    for place, _ in _reverses(draft):
        message = "reverse over a first hop: the records would end on the cluster in between"
        problems.add(place, message, "remove reverse: the way back ends at the producers' start")


def reverse_connectors_differ(draft: Draft, problems: Problems) -> None:
    """Each reverse has a connector of its own, which is none of the plan's connectors."""
    replication = draft.root.fields.get("replication")
    connectors = replication.fields.get("connectors") if replication is not None else None
    forward = [word(item) for item in connectors.fields.values()] if connectors is not None else []
    taken = {name.text: "works forward" for name in forward if name is not None}
    for _, name in _reverses(draft):
        if name is None:
            continue
        if name.text in taken:
            message = f"connector {quoted(name.text)} {taken[name.text]} already"
            problems.add(name.place, message, "give this reverse a connector of its own")
        taken.setdefault(name.text, f"mirrors back from line {name.place.line}")


CHECKS = (
    ("reverse-reaches-the-source", reverse_reaches_the_source),
    ("reverse-connectors-differ", reverse_connectors_differ),
)


def _reverses(draft: Draft) -> Iterator[tuple[Place, Word | None]]:
    """Each reverse step with its connector; None: it could not be read."""
    waves = draft.root.fields.get("waves")
    for wave in waves.items if waves is not None else ():
        steps = wave.fields.get("steps")
        for step in steps.items if steps is not None else ():
            reverse = step.fields.get("reverse")
            if reverse is not None:
                yield step.place, word(reverse.fields.get("connector"))
