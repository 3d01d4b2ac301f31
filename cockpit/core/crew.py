"""Who is on a flight and who drives it, as values; `cockpit.core.driving` has the rules.

A seat is one connection: a person may have several. The kernel says whose it is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Role = Literal["driver", "commander", "checker", "scribe", "observer"]
ROLES: Final[tuple[Role, ...]] = ("driver", "commander", "checker", "scribe", "observer")
HAVE_A_SAY: Final[tuple[Role, ...]] = ("driver", "checker", "commander")
"""Who may stop a flight, and be a second person."""
LEASE_MS: Final = 60_000


@dataclass(frozen=True, slots=True)
class People:
    """What a plan says of the people of its flights."""

    roles: Mapping[str, tuple[Role, ...]] = field(default_factory=dict)
    """By user. Whoever is not in it may not even look on."""
    unix_group: str = ""
    """Its members may reach the socket; empty: only the engine's own user."""
    lease_ms: int = LEASE_MS
    second_person: tuple[str, ...] = ()
    """Waves that nobody begins alone: somebody else, with another uid, says go as well."""
    poll: tuple[Role, ...] = ()
    """Roles that are asked for their go before any wave begins, in this order."""


@dataclass(frozen=True, slots=True)
class Said:
    """A go in a poll."""

    user: str
    role: Role
    """By the plan, his own: of a second person the first that has a say."""
    at_ms: int


def asked_word(role: str) -> str:
    """Whose go it is: in a poll an observer stands for anybody else who has a say."""
    return "a second person" if role == "observer" else role


@dataclass(frozen=True, slots=True)
class Poll:
    """Who is asked before what is armed may be confirmed, and who has said go."""

    token: str
    """Of what is armed: another wave, try, plan or evidence is another poll."""
    asked_at_ms: int
    """When it was armed: arming it anew asks anew."""
    roles: tuple[Role, ...]
    """All that are asked, in order."""
    said: tuple[Said, ...] = ()

    @property
    def waits_for(self) -> Role | None:
        """Whose turn it is; None: all have said go."""
        return self.roles[len(self.said)] if len(self.said) < len(self.roles) else None


@dataclass(frozen=True, slots=True)
class Seat:
    """One connection."""

    id: str
    user: str
    since_ms: int
    key_ms: int | None = None
    """When a key of its person was last heard of; None: never."""
    told: bool = False
    """Whether everybody was told that he looks on: not of a script that asks once and leaves."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who drives. He does until he gives the controls back, leaves, or somebody takes over; nobody
    may take over before the lease has run out. An empty `seat`: he is gone."""

    user: str
    seat: str
    token: int
    """Rises with every change of hands, over the whole flight."""
    until_ms: int
    """Begins anew with each key of his; no screen renews it by itself."""
    before: tuple[str, ...] = ()
    """Other seats of his, that he drove from until then, oldest first: he drives from the newest
    that is still there when this one is left."""
    told: bool = False
    """That it has run out."""


@dataclass(frozen=True, slots=True)
class OfferMade:
    """The controls, offered."""

    to: str
    token: int
    """Of the lease that it is made from."""
    until_ms: int


@dataclass(frozen=True, slots=True)
class VetoStands:
    """A commander's no."""

    by: str
    reason: str
    at_ms: int

    def words(self) -> str:
        """For whoever wants to go forward."""
        return f"{self.by} has vetoed going forward: {self.reason}"


@dataclass(frozen=True, slots=True)
class Pointed:
    """What somebody points at."""

    by: str
    pane: str
    row: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class Crew:
    """Everybody here, by the order of their coming."""

    seats: tuple[Seat, ...] = ()
    lease: Lease | None = None
    token: int = 0
    """The highest that was ever given."""
    offer: OfferMade | None = None
    veto: VetoStands | None = None
    poll: Poll | None = None
    pointed: Pointed | None = None
    left_ms: Mapping[str, int] = field(default_factory=dict)
    """When the last seat of a user who had looked on was left."""

    def seat(self, name: str) -> Seat | None:
        """A seat by its name."""
        return next((seat for seat in self.seats if seat.id == name), None)

    def drives(self, name: str) -> bool:
        """Whether a seat has the controls."""
        return self.lease is not None and self.lease.seat == name != ""
