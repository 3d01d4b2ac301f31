"""A report as values: sections of paragraphs, tables, plots and things that people must fill in.

Knows nothing of recordings, and nothing of how it will be written. Texts may come from clusters:
they are hostile until a writer has escaped them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Point = tuple[int, float | None]
"""UTC milliseconds and a value; None: not known from then on."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in one place of a table, and where it comes from."""

    text: str
    value: float | int | str | None = None
    """The same for a program: numbers as numbers, times in UTC milliseconds; None: unknown."""
    events: tuple[int, ...] = ()
    """Numbers of the events that it was worked out from."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or more."""

    text: str
    events: tuple[int, ...] = ()
    tone: Literal["plain", "good", "bad"] = "plain"


@dataclass(frozen=True, slots=True)
class Todo:
    """What no recording can know: a person writes it."""

    text: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells under the same columns."""

    name: str
    """Such as `waves`: the name of its CSV, and of its key in JSON."""
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str = "none"
    """What is said instead of a table without rows."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a plot; points in order of time, each holding until the next."""

    name: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Tick:
    """Something that happened at one moment."""

    at_ms: int
    text: str
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """Something that lasted: a fence, or a gap in what is known."""

    from_ms: int
    to_ms: int
    kind: Literal["fence", "gap"]
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """Lines over time, with what happened meanwhile."""

    name: str
    title: str
    unit: str
    from_ms: int
    to_ms: int
    lines: tuple[Line, ...]
    limits: tuple[tuple[str, float], ...] = ()
    """Thresholds by name."""
    ticks: tuple[Tick, ...] = ()
    bands: tuple[Band, ...] = ()


@dataclass(frozen=True, slots=True)
class Stretch:
    """How something stood from one moment to another."""

    from_ms: int
    to_ms: int
    text: str
    """A word or two, such as `PASS`, or the name of a step."""
    kind: Literal["good", "warn", "bad", "off", "plain"]
    event: int | None = None


@dataclass(frozen=True, slots=True)
class Strip:
    """One row of stretches, in order of time."""

    name: str
    stretches: tuple[Stretch, ...]
    limit_ms: int | None = None
    """A moment that the row must not pass, such as a deadline."""


@dataclass(frozen=True, slots=True)
class Strips:
    """What stood how, and when: a row for each thing, side by side in time."""

    name: str
    title: str
    from_ms: int
    to_ms: int
    strips: tuple[Strip, ...]
    ticks: tuple[Tick, ...] = ()
    bands: tuple[Band, ...] = ()
    relative: bool = False
    """Times count from the beginning of each row instead of being moments."""
    limit: str = ""
    """What the rows' limits are."""


@dataclass(frozen=True, slots=True)
class Heat:
    """The most of many rows, in stretches of equal length."""

    name: str
    title: str
    unit: str
    from_ms: int
    step_ms: int
    rows: tuple[tuple[str, tuple[float | None, ...]], ...]
    """Name and values by stretch; None: not known in it. Every row has equally many."""
    steps: tuple[float, ...]
    """From each of these on a value is drawn darker; ascending."""
    of: int
    """Rows that there were; only those with the most are kept."""
    alarming: bool = False
    """The last step is a limit."""
    ticks: tuple[Tick, ...] = ()
    bands: tuple[Band, ...] = ()

    @property
    def to_ms(self) -> int:
        """Where the last stretch ends."""
        return self.from_ms + self.step_ms * max((len(row) for _, row in self.rows), default=0)


Figure = Plot | Strips | Heat
Block = Paragraph | Todo | Table | Figure


@dataclass(frozen=True, slots=True)
class Section:
    """One numbered part."""

    number: int
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    title: str
    sections: tuple[Section, ...]
    facts: tuple[tuple[str, str], ...] = field(default=())
    """What it is of, such as the session and the hash of its journal."""
