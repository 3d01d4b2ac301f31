"""The state of a flight, the events that change it, and the commands that come out.

Values only; `cockpit.core.machine` holds every rule.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from cockpit.core.actions import Action
from cockpit.core.blocked import Marks
from cockpit.core.crew import Crew
from cockpit.core.facts import Facts
from cockpit.core.gates import Histories
from cockpit.core.intents import Intent, Verb
from cockpit.core.left import Left, Past
from cockpit.core.observe import Failure, Sample
from cockpit.core.plan import Plan, Step, Wave
from cockpit.core.rereads import Rereads
from cockpit.core.snapshot import LogLine, StepWord, WaveWord
from cockpit.core.survey import Survey
from cockpit.core.tasks import Task
from cockpit.core.watch import Watch
from cockpit.core.windows import Gathered, Row

Outcome = Literal["done", "already", "failed", "unknown"]
FlightOutcome = Literal["", "completed", "rolled_back", "failed", "stopped", "taken_over"]
"""taken_over: by an engine on another host, which goes on with it."""


# --- events ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Observed:
    """A feed answered, or failed to."""

    at_ms: int
    sample: Sample | Survey | Failure


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed."""

    at_ms: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A person, or a program in a person's place, wants something."""

    at_ms: int
    intent: Intent
    seat: str = ""
    """The connection that it came by; empty: none, the engine's own process asks."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A command ended. `data` is what the effector returned."""

    at_ms: int
    action_id: str
    outcome: Outcome
    detail: str
    data: Mapping[str, Any] = field(default_factory=dict)
    intended: bool = True
    """Whether its intent came to the disk. Without that certainly nothing has left."""


QUESTION: Final = "question"
"""In place of an action's id: a question to a person for services, named in the data, of which the
disk knows nothing. Nobody was asked."""

Event = Observed | Ticked | Asked | Finished


# --- commands -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Perform:
    """Carry out an action: precheck, durable intent, effect, verify until `verify_ms` are over."""

    action_id: str
    action: Action
    verify_ms: int
    fresh_until_ms: int | None = None
    """The evidence behind it is stale after this: then refuse instead."""


@dataclass(frozen=True, slots=True)
class Abandon:
    """Stop waiting for an action's verification; it ends as unknown."""

    action_id: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Something happened that the journal, the log and every listener must have."""

    kind: str
    text: str
    level: Literal["info", "good", "warn", "bad"] = "info"
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Keep:
    """Rows of long windows, each with the name of its number: later engines need them."""

    rows: tuple[tuple[str, Row], ...]


Command = Perform | Abandon | Tell | Keep


# --- state ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Run:
    """One task on its way. `action_id` is set while a command of it is in flight."""

    task: Task
    started_at_ms: int
    action_id: str = ""
    done: bool = False
    detail: str = ""
    asked: bool = False


@dataclass(frozen=True, slots=True)
class StepState:
    """One step of a wave. `stages` are worked off in order; the runs of a stage go side by side."""

    step: Step
    word: StepWord = "pending"
    detail: str = ""
    started_at_ms: int | None = None
    ended_at_ms: int | None = None
    begun: bool = False
    """Whether any effect of it was ever intended: then going back includes its undo."""


Memory = Mapping[str, Any]
"""What a wave has learnt that its later steps and its undo need; JSON-able."""


@dataclass(frozen=True, slots=True)
class WaveState:
    """One wave on its way."""

    wave: Wave
    word: WaveWord = "pending"
    steps: tuple[StepState, ...] = ()
    cursor: int = 0
    """Index of the step at work, forward or back."""
    stages: tuple[tuple[Run, ...], ...] = ()
    """What is left of the step at work; the first stage is at work."""
    attempt: int = 0
    back: bool = False
    back_wanted: str = ""
    """Why it shall go back as soon as nothing is in flight; empty: it shall not."""
    memory: Memory = field(default_factory=dict)
    detail: str = ""
    blocked_since_ms: int | None = None
    fenced_at_ms: int | None = None
    start_intent_at_ms: int | None = None
    """The durable intent of the first producer start on the target: the point of no return."""
    closed_at_ms: int | None = None
    """When a record on the target was seen that the mirror did not write."""
    done_at_ms: int | None = None
    fired: frozenset[str] = frozenset()
    """Triggers that have fired and not been quiet since."""
    deadline_told: bool = False
    escape_told: bool = False
    verdicts: tuple[str, ...] = ()
    """Of the gates, as last told."""
    restored_at_ms: int | None = None
    """When another engine took it over half-way: what stands is read from the clusters first."""
    restored_told: bool = False
    recovery_at: int | None = None
    """Index of the recovery step at work; None: none is."""
    recovery_run: Run | None = None


@dataclass(frozen=True, slots=True)
class Armed:
    """A verb that waits for its confirmation."""

    verb: Verb
    by: str
    token: str
    armed_at_ms: int
    until_ms: int
    """When it has not been confirmed in time."""
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FlightState:
    """Everything that `step` knows."""

    plan: Plan
    session: str
    simulated: bool
    at_ms: int
    waves: tuple[WaveState, ...]
    current: int = 0
    facts: Facts = field(default_factory=Facts)
    histories: Histories = field(default_factory=dict)
    paused: bool = False
    armed: Armed | None = None
    log: tuple[LogLine, ...] = ()
    told: int = 0
    next_action: int = 1
    outcome: FlightOutcome = ""
    watch: Watch = field(default_factory=Watch)
    gathered: Gathered = field(default_factory=Gathered)
    """For gates that are judged over a long window."""
    priced: str = ""
    """Of which wave and attempt the price of going back was told last, and its word."""
    rereads: Rereads = field(default_factory=Rereads)
    """How much going back would have made read again lately."""
    left: Left = field(default_factory=Left)
    """What an earlier attempt has left standing, while no wave is at work."""
    there: Mapping[str, int] = field(default_factory=dict)
    """By wave that every look so far has shown on the target: until when the first was asked."""
    past: tuple[Past, ...] = ()
    """Earlier flights of the plan, oldest first, as their journals tell."""
    crew: Crew = field(default_factory=Crew)
    """Who is here, and who drives."""
    marks: Mapping[str, Marks] = field(default_factory=dict)
    """By wave when what happened, for the account of how long clients were blocked."""

    def wave(self) -> WaveState:
        """The wave that keys act on."""
        return self.waves[self.current]


def begin(plan: Plan, *, session: str, simulated: bool, at_ms: int, first: str = "") -> FlightState:
    """A flight that has not moved anything yet.

    Waves before the one called `first` are taken as moved by earlier flights.
    """
    names = [wave.name for wave in plan.waves]
    current = names.index(first) if first in names else 0
    waves = tuple(
        WaveState(
            wave,
            word="done" if i < current else "pending",
            steps=tuple(StepState(step) for step in wave.steps),
            detail="taken as moved" if i < current else "",
        )
        for i, wave in enumerate(plan.waves)
    )
    return FlightState(
        plan=plan, session=session, simulated=simulated, at_ms=at_ms, waves=waves, current=current
    )
