"""Free loopback ports for a lab.

Taken from below the range that outgoing connections use, so that a component which restarts finds
its port free. Never holds a port: whoever starts on one must cope with losing a race.
"""

from __future__ import annotations

import secrets
import socket
from collections.abc import Sequence
from contextlib import ExitStack

FIRST, LAST = 20_000, 32_000


def free_ports(names: Sequence[str]) -> dict[str, int]:
    """A free port for each name, all different."""
    ports: dict[str, int] = {}
    with ExitStack() as held:
        while len(ports) < len(names):
            port = FIRST + secrets.randbelow(LAST - FIRST)
            if port in ports.values():
                continue
            probe = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            ports[names[len(ports)]] = port
    return ports
