"""The kinds of trouble that a seed of the swarm may draw, each with its line for the handbook."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from cockpit.core.plan import SIDES, Side
from cockpit.sim.faults import (
    ActionWord,
    BrokerDown,
    ClusterRefuses,
    ClusterSlow,
    ClusterUnreachable,
    ConnectDown,
    EffectFault,
    EffectMode,
    ErrorBurst,
    EscapingWriter,
    Fault,
    FenceForgotten,
    FenceVanishes,
    LogStartMoves,
    MirrorLoops,
    MirrorSlow,
    MirrorStalled,
    MirrorTaskFailed,
    OpenTransaction,
    PartialAnswer,
    RebalanceStorm,
    RepliesReordered,
    ServiceCrash,
    SignalDown,
    SignalGarbage,
    StaleLeader,
    StalePositions,
    StrayMember,
    Throttled,
    TopicRecreated,
    TopicUnknown,
    Truncation,
    When,
)
from tests.flights.swarm_plan import GROUPS, PARTITIONS, SERVICES, SIGNAL
from tests.flights.troubles import (
    EndPressed,
    EngineFrozen,
    EngineKilled,
    IntentFlood,
    JournalRefuses,
    JournalSlow,
    NobodyAnswers,
    PausePressed,
    RollbackPressed,
    StaleConfirm,
    TransactionMarkers,
    Trouble,
    TwoConfirm,
    WrongAnswer,
)

Dice = random.Random
EVENTS: Final = (
    "stop audit",
    "commit audit",
    "start audit",
    "stop biller",
    "fence middle",
    "commit biller",
    "start biller",
    "stop shop",
    "fence writers",
    "started shop",
)
ACTIONS: Final[tuple[ActionWord, ...]] = (
    *("any", "any", "call", "call", "fence", "fence", "commit", "commit"),
    *("unfence", "patch", "exclude", "prove_shut"),
)
BEFORE: Final[Mapping[ActionWord, tuple[str, ...]]] = {
    "any": EVENTS,
    "call": ("fence middle", "commit audit", "commit biller", "started audit", "started biller"),
    "fence": ("stop biller", "stop shop"),
    "unfence": ("stop biller", "fence middle", "fence writers"),
    "commit": ("stop audit", "stop biller", "exclude"),
    "patch": ("started audit", "stop biller", "fence middle", "stop shop"),
    "exclude": ("stop audit", "stop biller", "commit biller"),
    "prove_shut": ("fence middle", "commit biller", "fence writers"),
}
"""By effect: what comes some time before it. Without that, what comes first in a flight is all that
such a fault ever hits."""
FENCE_LATE_MS: Final = 30_000
"""How late an order to fence may land. The cockpit waits for a minute before it says that none is
on its way any more."""
FLIGHT_MS: Final = 30_000
"""About as long as a flight takes on a day on which nothing goes wrong."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of trouble."""

    name: str
    line: str
    draw: Callable[[Dice], Fault | Trouble]


def _when(dice: Dice, longest_ms: int = 15_000) -> When:
    """Some window, opened by the clock or by what the cockpit does."""
    for_ms = dice.randrange(500, longest_ms)
    if dice.random() < 0.6:
        return When(delay_ms=dice.randrange(FLIGHT_MS), for_ms=for_ms)
    return When(event=dice.choice(EVENTS), delay_ms=dice.randrange(2_000), for_ms=for_ms)


def _long(dice: Dice) -> When:
    """A window in which something that has to be met will be."""
    return When(delay_ms=dice.randrange(FLIGHT_MS // 2), for_ms=dice.randrange(5_000, 30_000))


def _side(dice: Dice) -> Side:
    return dice.choice(SIDES)


def _topic(dice: Dice) -> str:
    return dice.choice(tuple(PARTITIONS))


def _effect(mode: EffectMode, longest_ms: int = 5_000) -> Callable[[Dice], Fault]:
    def draw(dice: Dice) -> Fault:
        action = dice.choice(ACTIONS)
        fences = action in ("any", "fence")
        return EffectFault(
            action=action,
            mode=mode,
            delay_ms=dice.randrange(100, min(longest_ms, FENCE_LATE_MS) if fences else longest_ms),
            times=dice.choice((1, 1, 2)),
            when=_before(dice, action),
        )

    return draw


def _before(dice: Dice, action: ActionWord) -> When:
    """A window in which such an effect comes, if it comes at all."""
    if dice.random() < 0.5:
        return _long(dice) if action == "any" else When(delay_ms=dice.randrange(FLIGHT_MS // 2))
    return When(event=dice.choice(BEFORE[action]))


def _escaping(dice: Dice) -> Fault:
    return EscapingWriter(topics=(_topic(dice),), rate_per_s=20.0, when=_when(dice))


def _killed(dice: Dice, *, power_cut: bool = False, clock_step_ms: int = 0) -> Trouble:
    point: Literal["before entry", "after entry", "after effect", "now"] = dice.choice(
        ("before entry", "after entry", "after effect", "now")
    )
    down_ms = dice.randrange(500, 30_000)
    return EngineKilled(
        point=point,
        down_ms=down_ms,
        power_cut=power_cut,
        clock_step_ms=clock_step_ms,
        when=_long(dice),
    )


def _stepped(dice: Dice) -> Trouble:
    return _killed(dice, clock_step_ms=dice.choice((-3_600_000, 3_600_000)))


EFFECTS: Final = (
    Kind("effect lost before", "a request is lost on its way there", _effect("lost_before")),
    Kind("effect lost after", "it happens, and its answer is lost", _effect("lost_after")),
    Kind("effect delayed", "it happens up to 60 s later", _effect("slow", 60_000)),
    Kind("effect refused", "it is refused", _effect("refused")),
    Kind("effect twice", "it happens twice, right after another", _effect("twice")),
)
CLUSTERS: Final = (
    Kind(
        "cluster slow",
        "every answer of a side takes up to 9 s",
        lambda d: ClusterSlow(
            side=_side(d), latency_ms=d.choice((300, 2_000, 9_000)), when=_when(d)
        ),
    ),
    Kind(
        "cluster unreachable",
        "no broker of a side answers the cockpit",
        lambda d: ClusterUnreachable(side=_side(d), when=_when(d)),
    ),
    Kind(
        "login refused",
        "a side refuses the cockpit's login in mid-flight",
        lambda d: ClusterRefuses(side=_side(d), when=_when(d)),
    ),
    Kind(
        "replies reordered",
        "later questions of a side's are answered before earlier ones",
        lambda d: RepliesReordered(side=_side(d), when=_when(d)),
    ),
    Kind(
        "throttled",
        "a side makes the cockpit wait after each answer",
        lambda d: Throttled(
            side=_side(d), throttle_ms=d.choice((200, 1_000, 5_000)), when=_when(d)
        ),
    ),
    Kind(
        "partial answer",
        "a side leaves every second partition and group out of its answers",
        lambda d: PartialAnswer(side=_side(d), when=_when(d)),
    ),
    Kind(
        "topic unknown",
        "a side's brokers know nothing of a topic's ends",
        lambda d: TopicUnknown(side=_side(d), topic=_topic(d), when=_when(d)),
    ),
    Kind(
        "stale leader",
        "an old leader answers: ends of its partitions stand still",
        lambda d: StaleLeader(side=_side(d), broker=d.randrange(3), when=_when(d)),
    ),
    Kind(
        "broker down",
        "one broker is gone, for everybody",
        lambda d: BrokerDown(side=_side(d), broker=d.randrange(3), when=_when(d)),
    ),
)
LOGS: Final = (
    Kind(
        "transaction markers",
        "offsets without a record, also at the end of a log",
        lambda d: TransactionMarkers(
            source_every=d.choice((0, 2, 7, 40)), target_every=d.choice((0, 3, 25))
        ),
    ),
    Kind(
        "open transaction",
        "one stays open on a topic of the source: nobody reads past its begin",
        lambda d: OpenTransaction(topic=_topic(d), when=_when(d)),
    ),
    Kind(
        "truncation",
        "logs of the source lose their last records: ends go backwards",
        lambda d: Truncation(when=_when(d)),
    ),
    Kind(
        "topic recreated",
        "a topic of the source is deleted and made anew, from offset 0",
        lambda d: TopicRecreated(topic=_topic(d), when=_when(d)),
    ),
    Kind(
        "log start moves",
        "retention removes what was read and copied, all the time",
        lambda d: LogStartMoves(when=_long(d)),
    ),
)
CLIENTS: Final = (
    Kind("escaping writer", "a super user outside the plan writes to a source topic", _escaping),
    Kind(
        "new producer",
        "somebody outside the plan writes under a principal of its own",
        lambda d: EscapingWriter(
            name="newcomer", principal="User:newcomer", topics=(_topic(d),), when=_when(d)
        ),
    ),
    Kind(
        "forgotten consumer",
        "one joins a group on the source and commits an older place",
        lambda d: StrayMember(side="source", group=d.choice(GROUPS), when=_when(d)),
    ),
    Kind(
        "early consumer",
        "one joins a group on the target and commits an older place",
        lambda d: StrayMember(side="target", group=d.choice(GROUPS), when=_when(d)),
    ),
    Kind(
        "rebalance storm",
        "a group rebalances without end, and no commit is taken",
        lambda d: RebalanceStorm(side=_side(d), group=d.choice(GROUPS), when=_when(d)),
    ),
    Kind(
        "service crash",
        "a service dies without its last commit and comes back",
        lambda d: ServiceCrash(service=d.choice(SERVICES), when=_when(d)),
    ),
    Kind(
        "fence vanishes",
        "somebody removes every DENY from the source",
        lambda d: FenceVanishes(when=_when(d)),
    ),
    Kind(
        "fence forgotten",
        "one broker of the source goes by its ACLs as if none denied",
        lambda d: FenceForgotten(broker=d.randrange(3), when=_when(d)),
    ),
)
MIRROR: Final = (
    Kind(
        "mirror slow",
        "the mirror copies less than is written",
        lambda d: MirrorSlow(records_per_step=d.choice((1, 3)), when=_when(d)),
    ),
    Kind(
        "mirror loops",
        "it copies its last records again and again",
        lambda d: MirrorLoops(when=_when(d)),
    ),
    Kind(
        "mirror stalled",
        "the mirror copies nothing and says that it runs",
        lambda d: MirrorStalled(when=_when(d)),
    ),
    Kind(
        "mirror task failed",
        "its task has failed under a connector that runs",
        lambda d: MirrorTaskFailed(replays=False, when=_when(d)),
    ),
    Kind(
        "mirror replays",
        "its task has failed, and copies again what it had copied",
        lambda d: MirrorTaskFailed(replays=True, when=_when(d)),
    ),
    Kind(
        "mirror positions stale",
        "it copies and publishes no positions",
        lambda d: StalePositions(when=_when(d)),
    ),
)
OUTSIDE: Final = (
    Kind("connect down", "Connect's REST interface is gone", lambda d: ConnectDown(when=_when(d))),
    Kind(
        "signal down",
        "a signal's endpoint does not answer",
        lambda d: SignalDown(signal=SIGNAL, when=_when(d)),
    ),
    Kind(
        "signal garbage",
        "a signal's endpoint answers with no number",
        lambda d: SignalGarbage(signal=SIGNAL, when=_when(d)),
    ),
    Kind(
        "signal burst",
        "a signal shows errors",
        lambda d: ErrorBurst(signal=SIGNAL, value=0.3, when=_when(d)),
    ),
)
ENGINE: Final = (
    Kind(
        "disk slow",
        "a sync of the journal takes 5 s",
        lambda d: JournalSlow(when=_when(d, 6_000)),
    ),
    Kind(
        "disk full",
        "the journal cannot be written",
        lambda d: JournalRefuses(why="No space left on device", when=_when(d)),
    ),
    Kind(
        "disk read-only",
        "the journal's file system is read-only",
        lambda d: JournalRefuses(why="Read-only file system", when=_when(d)),
    ),
    Kind("engine killed", "the engine dies, and another takes over", _killed),
    Kind(
        "power cut",
        "as before, and the disk forgets what was not synced",
        lambda d: _killed(d, power_cut=True),
    ),
    Kind("clock stepped", "as before, and the clock is an hour early or late", _stepped),
    Kind(
        "engine frozen",
        "the engine stands still for up to 40 s",
        lambda d: EngineFrozen(freeze_ms=d.choice((3_000, 15_000, 40_000)), when=_long(d)),
    ),
)
PEOPLE: Final = (
    Kind("pause pressed", "somebody pauses", lambda d: PausePressed(when=_long(d))),
    Kind("rollback pressed", "somebody takes back", lambda d: RollbackPressed(when=_long(d))),
    Kind("end pressed", "somebody closes the flight", lambda d: EndPressed(when=_long(d))),
    Kind("intent flood", "fifty keys at once", lambda d: IntentFlood(when=_long(d))),
    Kind("nobody answers", "no key is pressed", lambda d: NobodyAnswers(when=_when(d))),
    Kind(
        "stale confirmation",
        "it comes after the state has changed",
        lambda d: StaleConfirm(delay_ms=d.choice((1_000, 5_000, 40_000)), when=_long(d)),
    ),
    Kind(
        "two confirm",
        "a second person confirms, or arms, the same",
        lambda d: TwoConfirm(arms=d.random() < 0.5, when=_long(d)),
    ),
    Kind("wrong answer", "the answer to another question", lambda d: WrongAnswer(when=_long(d))),
)
KINDS: Final = (*EFFECTS, *CLUSTERS, *LOGS, *CLIENTS, *MIRROR, *OUTSIDE, *ENGINE, *PEOPLE)
CALM_SHARE: Final = 0.04
MOST: Final = 7


def draw_kinds(dice: Dice) -> tuple[Kind, ...]:
    """None to seven kinds, none of them twice."""
    if dice.random() < CALM_SHARE:
        return ()
    return tuple(dice.sample(KINDS, dice.randint(1, MOST)))
