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
    to the state and the evidence that the person has seen."""

    token: str
    by: str


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


Intent = Arm | Confirm | Disarm | Pause | AddNote | End
