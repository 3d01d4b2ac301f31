"""What a person wants, as data. The machine decides whether it is allowed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verb = Literal["advance", "rollback", "recover"]


@dataclass(frozen=True, slots=True)
class Arm:
    """Show what `verb` would do and wait for a confirmation."""

    verb: Verb
    by: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """Do what was armed. `token` is the one that the armed view showed: it binds the confirmation
    to the state and the evidence that the person has seen. `typed`: the wave's name, where what is
    confirmed is grave."""

    token: str
    by: str
    typed: str = ""


@dataclass(frozen=True, slots=True)
class Disarm:
    """Take back what was armed."""

    by: str


@dataclass(frozen=True, slots=True)
class Pause:
    """Begin no new step. Always accepted, needs no confirmation."""

    by: str


@dataclass(frozen=True, slots=True)
class AddNote:
    """A line for the log and the review."""

    text: str
    by: str


@dataclass(frozen=True, slots=True)
class End:
    """Close the flight: the engine writes the outcome and stops. Refused while a fence stands."""

    by: str


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """An alarm was seen: it makes no more noise until it is over and comes back, or becomes worse.
    `since_ms`: of the alarm that was shown; None: whichever of this subject stands."""

    subject: str
    by: str
    since_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Attach:
    """Somebody looks on from now, from a seat of his own. Made by the engine's server only."""

    by: str


@dataclass(frozen=True, slots=True)
class Detach:
    """A seat is empty. Made by the engine's server only."""

    by: str


@dataclass(frozen=True, slots=True)
class Beat:
    """A person has pressed a key, whatever it does: the driver's lease begins anew."""

    by: str


@dataclass(frozen=True, slots=True)
class Drive:
    """Drive from this seat. Whoever takes over from a driver whose lease has run out names him and
    why. `again`: a screen asks by itself, whose connection was lost while it drove: no person has,
    so the lease does not begin anew."""

    by: str
    of: str = ""
    reason: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """The driver offers the controls to somebody who is here."""

    to: str
    by: str


@dataclass(frozen=True, slots=True)
class Accept:
    """Take what was offered. `reads` is the wave's name, typed by who accepts: the state read
    back."""

    reads: str
    by: str


@dataclass(frozen=True, slots=True)
class Release:
    """The driver gives the controls back; or whoever was offered them does not take them."""

    by: str


@dataclass(frozen=True, slots=True)
class Veto:
    """A commander's no: nothing goes forward until a commander lifts it. Going back stays open."""

    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Lift:
    """A commander lifts the veto."""

    by: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Go, or no-go with a reason, to what somebody else has armed; `token` is what was shown."""

    token: str
    go: bool
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Point:
    """Point at something for all to see; nobody's own view moves by it. `pane` is the screen's word
    for where, `row` its words for what; both may be empty."""

    pane: str
    row: str
    by: str


CrewIntent = (
    Attach | Detach | Beat | Drive | Offer | Accept | Release | Veto | Lift | Answer | Point
)
"""About who is here and who drives."""
ActIntent = Arm | Confirm | Disarm | Pause | AddNote | End | Acknowledge
"""About the flight."""
Intent = ActIntent | CrewIntent
