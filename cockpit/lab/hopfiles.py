"""Configuration files of a source of 0.8 and of the first hop away from it, as text.

Never writes a file and never starts a process.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cockpit.lab.properties import SOURCE_SEGMENT_BYTES, broker_on_zookeeper, open_target
from cockpit.lab.state import State

FIRST_HOP: Final = "first-hop"
"""The group of the source's own MirrorMaker, and the name of its process."""


def old_source(state: State, data: Path) -> str:
    """A source broker of 0.8, which has no listeners yet: one address for everybody."""
    own = {
        "broker.id": "1",
        "host.name": "127.0.0.1",
        "port": str(state.ports["source"]),
        "advertised.host.name": "127.0.0.1",
        "controlled.shutdown.enable": "false",
        "log.dirs": str(data),
        "log.segment.bytes": SOURCE_SEGMENT_BYTES,
    }
    return broker_on_zookeeper(state, own)


def consumer(state: State) -> str:
    """How the source's own MirrorMaker reads: from the beginning, with commits in ZooKeeper."""
    return _text(
        {
            "zookeeper.connect": state.address("zookeeper"),
            "group.id": FIRST_HOP,
            "auto.offset.reset": "smallest",
            "fetch.wait.max.ms": "100",
            # A minute unless said otherwise: so long a drain would wait for its word.
            "auto.commit.interval.ms": "1000",
            "zookeeper.session.timeout.ms": "2000",
        }
    )


def producer(state: State) -> str:
    """How it writes: one request at a time, so that nothing overtakes, and again until it is
    taken."""
    return _text(
        {
            "bootstrap.servers": state.address("between"),
            "acks": "all",
            "retries": "1000000",
            "max.in.flight.requests.per.connection": "1",
        }
    )


def between(state: State, data: Path, controller_password: str) -> str:
    """The cluster in between. It stamps what comes, for records of 0.8 have no time."""
    stamps = {"log.message.timestamp.type": "LogAppendTime"}
    return open_target(state, data, controller_password, name="between") + _text(stamps)


def _text(values: Mapping[str, str]) -> str:
    return "".join(f"{key}={value}\n" for key, value in values.items())
