"""Topics that a cluster showed before and leaves out now: gone, refused, or only not shown.

Never takes a topic for gone unless a broker that was asked for it by name says so; brokers before
0.11 cannot be asked by name without creating it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cockpit.kafka.client import Client
from cockpit.kafka.errors import UNKNOWN_TOPIC, UnsupportedError, code_name
from cockpit.kafka.protocol.metadata import TopicInfo
from cockpit.ports import PortError

NO_NAMES: Final = "brokers before 0.11 cannot be asked for it alone"


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of topics that are not shown where all are asked for."""

    topics: Mapping[str, TopicInfo]
    """Those that are there all the same."""
    gone: frozenset[str]
    """Those that may come back as other topics of their names."""
    unseen: Mapping[str, str]
    """Those of which nobody says that they are gone, and why they are not seen."""


async def look_for(client: Client, names: Iterable[str]) -> Looked:
    """Ask for topics by name. Never raises."""
    wanted = sorted(names)
    if not wanted:
        return Looked({}, frozenset(), {})
    try:
        view = await client.named(wanted)
    except UnsupportedError:
        return Looked({}, frozenset(wanted), dict.fromkeys(wanted, NO_NAMES))
    except PortError as error:
        return Looked({}, frozenset(), dict.fromkeys(wanted, error.reason))
    gone = frozenset(name for name in wanted if view.failed.get(name) == UNKNOWN_TOPIC)
    unseen = {name: _why(view.failed.get(name)) for name in wanted if name not in view.topics}
    return Looked(view.topics, gone, {n: why for n, why in unseen.items() if n not in gone})


def _why(code: int | None) -> str:
    return code_name(code) if code else "not answered"
