"""What a factory has made, as an engine takes it. Never makes or closes any of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cockpit.engine.loop import Ports
from cockpit.engine.sharing import Sharing
from cockpit.ports import Clock

if TYPE_CHECKING:
    from cockpit.kafka.factory import RealPorts
    from cockpit.sim.factory import SimPorts


def engine_ports(made: RealPorts | SimPorts, clock: Clock, sharing: Sharing | None = None) -> Ports:
    """Everything that was made, with this clock."""
    return Ports(
        made.source,
        made.target,
        made.replication,
        made.signals,
        made.effector,
        clock,
        made.surveyor,
        sharing,
    )
