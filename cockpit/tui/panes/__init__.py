"""The panes, one per file. Each shows a part of the newest snapshot and holds only its scroll,
sort and filter."""

from __future__ import annotations

from typing import Protocol

from cockpit.core.snapshot import Snapshot
from cockpit.tui.layout import PaneName
from cockpit.tui.look import Look
from cockpit.tui.panes.checks import ChecksPane
from cockpit.tui.panes.delta import DeltaPane
from cockpit.tui.panes.gates import GatesPane
from cockpit.tui.panes.lag import LagPane
from cockpit.tui.panes.log import LogPane
from cockpit.tui.panes.people import PeoplePane
from cockpit.tui.panes.services import ServicesPane
from cockpit.tui.panes.signals import SignalsPane
from cockpit.tui.panes.waves import WavesPane
from cockpit.tui.panes.wayback import WayBackPane

AnyPane = (
    WavesPane | LagPane | DeltaPane | SignalsPane | ChecksPane | GatesPane | LogPane | ServicesPane
    | WayBackPane | PeoplePane
)  # fmt: skip


class Takes(Protocol):
    """What every pane can do."""

    def take(self, snapshot: Snapshot) -> None:
        """Show this snapshot."""


def make_panes(look: Look) -> dict[PaneName, AnyPane]:
    """One of each, in the order of their digits."""
    return {
        "waves": WavesPane(look),
        "lag": LagPane(look),
        "delta": DeltaPane(look),
        "signals": SignalsPane(look),
        "checks": ChecksPane(look),
        "gates": GatesPane(look),
        "log": LogPane(look),
        "services": ServicesPane(look),
        "back": WayBackPane(look),
        "people": PeoplePane(look),
    }
