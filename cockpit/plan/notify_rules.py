"""Rules about who is told outside of the screens.

Never repeats anything of a webhook's address, and never asks a name server.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from cockpit.plan.draft import Draft, word
from cockpit.plan.problems import Problems
from cockpit.plan.reader import Item

MOST_ADDRESSES: Final = 65_536
HEADS_MS: Final = (10_000, 3_600_000)


def notify_tells_somebody(draft: Draft, problems: Problems) -> None:
    """Notify has a webhook or metrics; heads are sent every 10s to 1h."""
    notify = draft.root.fields.get("notify")
    if notify is None or not notify.valid:
        return
    if not notify.key_places:
        problems.add(notify.place, "nobody is told", "add webhook or metrics, or remove it")
    hook = _webhook(draft)
    every = hook.fields.get("heads_every") if hook is not None else None
    shortest, longest = HEADS_MS
    value = every.value if every is not None else None
    if every is not None and isinstance(value, int) and not shortest <= value <= longest:
        message = "heads are sent every 10s to 1h"
        problems.add(every.place, message, "write for example 1m")


def webhook_addresses_are_few(draft: Draft, problems: Problems) -> None:
    """A webhook's addresses are not public ones, which need no leave, and no network of them has
    more than 65,536."""
    hook = _webhook(draft)
    listed = hook.fields.get("addresses") if hook is not None else None
    for entry in listed.items if listed is not None else ():
        text = word(entry)
        if text is None:
            continue
        network = ipaddress.ip_network(text.text)
        if network.num_addresses > MOST_ADDRESSES:
            message = f"{network.num_addresses} addresses are not expressly allowed"
            problems.add(entry.place, message, "name the host's own address")
        elif network.is_global and not network.is_multicast:
            message = "a public address needs no leave"
            problems.add(entry.place, message, "remove it")


def _webhook(draft: Draft) -> Item | None:
    notify = draft.root.fields.get("notify")
    return notify.fields.get("webhook") if notify is not None else None


CHECKS = (
    ("notify-tells-somebody", notify_tells_somebody),
    ("webhook-addresses-are-few", webhook_addresses_are_few),
)
