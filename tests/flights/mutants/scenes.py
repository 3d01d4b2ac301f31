"""The flights on which planted defects must show: short ones, each with the trouble it takes.

Every one of them is clean with the code as it is.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from cockpit.cli.pilot import Orders
from cockpit.core.intents import Pause
from cockpit.core.late import LANDS_WITHIN_MS
from cockpit.core.observe import MirrorSample
from cockpit.core.plan import (
    Condition,
    DrainStep,
    FenceStep,
    Plan,
    ReplicationLagGate,
    Rollback,
    SignalGate,
    SoakStep,
    Step,
    Wave,
)
from cockpit.core.schedule import FreezeWindow
from cockpit.sim.demo import demo_plan, demo_world
from cockpit.sim.faults import (
    BrokerDown,
    ClusterUnreachable,
    ConnectDown,
    EffectFault,
    ErrorBurst,
    EscapingWriter,
    Fault,
    MirrorStalled,
    MirrorTaskFailed,
    SignalDown,
    When,
)
from cockpit.sim.loop import run_virtual
from cockpit.sim.spec import MirrorSpec
from cockpit.sim.world import World
from tests.flights.hands import Company, Hand, confirming
from tests.flights.simulate import ORDERS, Flown, fly_in
from tests.flights.swarm import Drawn, fly_drawn
from tests.flights.troubles import EngineKilled, NobodyAnswers, Trouble

HELD_MS: Final = 1_000
SOAK_MS: Final = 2_000
LIMIT_MS: Final = 75_000
"""Every scene ends long before: what goes on is stuck."""
MEMORY: Final = Path("/dev/shm")
BRIEF: Final = replace(ORDERS, gate_wait_ms=12_000)
PATIENT: Final = replace(BRIEF, on_ask="pause")


def short_plan() -> Plan:
    """The demonstration's plan, with everything that waits cut short."""
    plan = demo_plan()
    return replace(plan, waves=tuple(_short(wave) for wave in plan.waves))


def _short(wave: Wave) -> Wave:
    steps: list[Step] = [
        replace(step, for_ms=SOAK_MS) if isinstance(step, SoakStep) else step for step in wave.steps
    ]
    triggers = tuple(_held(trigger) for trigger in wave.rollback.triggers)
    return replace(
        wave,
        steps=tuple(steps),
        gates=tuple(_held(gate) for gate in wave.gates),
        rollback=replace(wave.rollback, triggers=triggers),
    )


def _held(condition: Condition) -> Condition:
    if condition.for_ms <= HELD_MS:
        return condition
    return replace(condition, for_ms=HELD_MS)


def _with_fence(fence: FenceStep, drain: DrainStep) -> Plan:
    plan = short_plan()
    readers, writers = plan.waves
    changed: dict[type, Step] = {FenceStep: fence, DrainStep: drain}
    steps = tuple(changed.get(type(step), step) for step in writers.steps)
    return replace(plan, waves=(readers, replace(writers, steps=steps)))


def _hurried_plan() -> Plan:
    """Little time under the fence, much for the drain: the deadline must strike."""
    return _with_fence(FenceStep(6_000), DrainStep(20_000))


def _returning_plan() -> Plan:
    """The readers soak for a while; a signal takes them back."""
    plan = short_plan()
    readers, writers = plan.waves
    steps = (*readers.steps[:-1], SoakStep(12_000))
    trigger = Rollback((SignalGate("settlement-errors", 0.02, for_ms=HELD_MS),), "rollback")
    return replace(plan, waves=(replace(readers, steps=steps, rollback=trigger), writers))


def _signal_plan() -> Plan:
    """The readers' only gate is a signal, which tells nothing of the clusters."""
    plan = short_plan()
    readers, writers = plan.waves
    gate = SignalGate("checkout-errors", 0.02, for_ms=5_000)
    return replace(plan, waves=(replace(readers, gates=(gate,)), writers))


def _soaking_plan() -> Plan:
    """The readers soak for longer than one signal's answers are apart; no trigger asks for it."""
    plan = short_plan()
    readers, writers = plan.waves
    gate = SignalGate("checkout-errors", 0.02, for_ms=HELD_MS)
    steps = (*readers.steps[:-1], SoakStep(6_000))
    readers = replace(readers, steps=steps, gates=(gate,), rollback=Rollback((), "pause"))
    return replace(plan, waves=(readers, writers))


def _slow_gate_plan(for_ms: int = 5_000) -> Plan:
    """A signal holds the gates for a while; the mirror alone is asked beside it, and may lag."""
    plan = short_plan()
    readers, writers = plan.waves
    gates = (
        SignalGate("checkout-errors", 0.02, for_ms=for_ms),
        ReplicationLagGate(100_000, for_ms=HELD_MS),
    )
    return replace(plan, waves=(replace(readers, gates=gates), writers))


def _frozen_plan() -> Plan:
    """No wave may begin at any time of the day."""
    always = FreezeWindow(0, 86_400_000, "year's end", daily=True)
    return replace(short_plan(), freeze_windows=(always,))


@dataclass(frozen=True, slots=True)
class Scene:
    """A plan, what goes wrong, who else is there."""

    what: str
    faults: tuple[Fault, ...] = ()
    plan: Callable[[], Plan] = short_plan
    orders: Orders = BRIEF
    company: Company = field(default_factory=lambda: Company(limit_ms=LIMIT_MS))
    mirror: MirrorSpec = demo_world().mirror
    troubles: tuple[Trouble, ...] = ()
    """With engines that die, and no company: each is followed by another one."""


def _ahead(feed: str, sample: Any) -> Any:
    """A mirror that says it is further than the source's log is long."""
    if feed != "mirror" or not isinstance(sample, MirrorSample):
        return sample
    ahead = {name: offset + 50_000 for name, offset in sample.positions.items()}
    return replace(sample, positions=ahead)


def _set_back(world: World) -> None:
    """Somebody resets a group's places on the target."""
    group = world.layout.groups.index("ledger")
    row = world.shores["target"].committed[group]
    row[row > 0] = 0


def _bring_back(world: World) -> None:
    """Somebody starts a producer where it was."""
    world.call_service("checkout", "undo")


def _stop(wave: str, after_ms: int, for_ms: int | None) -> MirrorStalled:
    return MirrorStalled(when=When(event=wave, delay_ms=after_ms, for_ms=for_ms))


def _death(event: str, *, down_ms: int = 3_000) -> EngineKilled:
    return EngineKilled(point="after effect", down_ms=down_ms, when=When(event=event))


def _burst(signal: str, event: str, after_ms: int, for_ms: int) -> ErrorBurst:
    when = When(event=event, delay_ms=after_ms, for_ms=for_ms)
    return ErrorBurst(signal=signal, value=0.5, when=when)


SCENES: Final[Mapping[str, Scene]] = {
    "calm": Scene("nothing goes wrong"),
    "back": Scene(
        "errors burst under the fence while the mirror hangs",
        (_burst("checkout-errors", "fence writers", 300, 6_000), _stop("stop checkout", 0, 9_000)),
    ),
    "late errors": Scene(
        "errors burst after the producers have started on the target",
        (_burst("checkout-errors", "started settlement", 800, 30_000),),
        orders=PATIENT,
    ),
    "one bad second": Scene(
        "errors burst for less than the trigger's window, then the signal falls silent",
        (
            _burst("checkout-errors", "fence writers", 0, 1_100),
            SignalDown(
                signal="checkout-errors",
                when=When(event="fence writers", delay_ms=1_150, for_ms=6_000),
            ),
            _stop("stop checkout", 0, 9_000),
        ),
        plan=lambda: _with_trigger(3_000),
    ),
    "silent signal": Scene(
        "a signal never answers",
        (SignalDown(signal="checkout-errors", when=When()),),
    ),
    "silent mirror": Scene(
        "Connect falls silent before the gates have held",
        (ConnectDown(when=When(delay_ms=4_000, for_ms=20_000)),),
        plan=lambda: _slow_gate_plan(8_000),
        orders=replace(BRIEF, gate_wait_ms=16_000),
    ),
    "blind target": Scene(
        "the target falls silent before the gates have held",
        (ClusterUnreachable(side="target", when=When(delay_ms=1_000, for_ms=10_000)),),
        plan=_signal_plan,
    ),
    "late first effect": Scene(
        "Connect is away from the confirmation on, for longer than evidence may be old",
        (ConnectDown(when=When(delay_ms=6_100, for_ms=9_000)),),
        plan=_slow_gate_plan,
    ),
    "broker away": Scene(
        "one broker of the source dies as the fence is set",
        (BrokerDown(side="source", broker=1, when=When(event="fence writers", for_ms=3_000)),),
    ),
    "long drain": Scene(
        "the mirror hangs for good as the producers stop",
        (_stop("stop checkout", 0, None),),
        plan=_hurried_plan,
    ),
    "unfence refused": Scene(
        "the mirror hangs for good as the producers stop, and no fence may be removed for a while",
        (
            _stop("stop checkout", 0, None),
            EffectFault(action="unfence", mode="refused", times=3),
        ),
        plan=_hurried_plan,
    ),
    "hanging mirror": Scene(
        "the mirror hangs as the producers stop, and comes back while the drain waits for it",
        (_stop("stop checkout", 0, 13_000),),
    ),
    "repeating mirror": Scene(
        "the mirror copies a second time what it had copied, then hangs as the producers stop",
        (
            MirrorTaskFailed(replays=True, when=When(event="commit notifier", for_ms=1_500)),
            _stop("stop checkout", 0, 6_000),
        ),
        mirror=MirrorSpec(latency_ms=200, flush_ms=4_000),
    ),
    "slow start": Scene(
        "one producer takes longer to start than the fence may stand",
        (EffectFault(action="call", subject="refunds start", mode="slow", delay_ms=9_000),),
        plan=_hurried_plan,
    ),
    "stop lost": Scene(
        "the order to stop a consumer never arrives",
        (EffectFault(action="call", subject="ledger stop", mode="lost_before"),),
    ),
    "writer escapes": Scene(
        "a super user writes for a second while the drain waits for the mirror",
        (
            EscapingWriter(
                topics=("audit",),
                when=When(event="fence writers", delay_ms=2_500, for_ms=1_000),
            ),
            _stop("stop checkout", 0, 6_000),
        ),
    ),
    "producer comes back": Scene(
        "somebody starts a producer on the source again after the drain",
        company=Company(meddling={"commit settlement": _bring_back}, limit_ms=LIMIT_MS),
    ),
    "start unanswered": Scene(
        "a producer starts, and the reply is lost",
        (EffectFault(action="call", subject="refunds start", mode="lost_after"),),
    ),
    "fence lost": Scene(
        "the order to fence never arrives",
        (EffectFault(action="fence", mode="lost_before"),),
        company=Company(limit_ms=LIMIT_MS + LANDS_WITHIN_MS),
    ),
    "commit unanswered": Scene(
        "a commit arrives, and the reply is lost",
        (EffectFault(action="commit", subject="ledger", mode="lost_after"),),
    ),
    "commits reset": Scene(
        "somebody resets a group's commits after they were placed and read back",
        (EffectFault(action="commit", subject="notifier", mode="slow", delay_ms=1_500),),
        company=Company(meddling={"commit notifier": _set_back}, limit_ms=LIMIT_MS),
    ),
    "readers return": Scene(
        "errors take the readers back from their soak",
        (_burst("settlement-errors", "started ledger", 5_000, 30_000),),
        plan=_returning_plan,
    ),
    "errors in the soak": Scene(
        "errors that only a gate asks for burst while the readers soak",
        (_burst("checkout-errors", "started ledger", 0, 8_000),),
        plan=_soaking_plan,
    ),
    "mirror ahead": Scene(
        "the mirror claims to be past the source's end",
        company=Company(lie=_ahead, limit_ms=LIMIT_MS),
        orders=replace(BRIEF, gate_wait_ms=6_000),
    ),
    "pause": Scene(
        "a second person pauses while groups are placed",
        company=Company(
            hands=(Hand("step_started", lambda _: Pause("bo"), text="offsets"),), limit_ms=LIMIT_MS
        ),
    ),
    "another confirms": Scene(
        "a second person confirms what the first has armed",
        company=Company(
            hands=(Hand("armed", confirming("mallory"), delay_ms=720),), limit_ms=LIMIT_MS
        ),
    ),
    "bouncing key": Scene(
        "a confirmation follows 50 ms after the arming",
        company=Company(hands=(Hand("armed", confirming("test"), delay_ms=50),), limit_ms=LIMIT_MS),
    ),
    "freeze": Scene("no wave may begin", plan=_frozen_plan),
    "dies after effect": Scene(
        "the engine dies right after it took groups out of the mirror's sync; the wave goes back",
        troubles=(_death("exclude"),),
    ),
    "dies behind the fence": Scene(
        "the engine dies with the fence set, and the next one comes after its deadline to nobody",
        plan=_hurried_plan,
        orders=PATIENT,
        troubles=(
            _death("fence writers", down_ms=9_000),
            NobodyAnswers(when=When(event="fence writers", delay_ms=100, for_ms=30_000)),
        ),
    ),
}


def _with_trigger(for_ms: int) -> Plan:
    plan = short_plan()
    readers, writers = plan.waves
    trigger = Rollback((SignalGate("checkout-errors", 0.02, for_ms=for_ms),), "rollback", "pause")
    return replace(plan, waves=(readers, replace(writers, rollback=trigger)))


def play(name: str, seed: int) -> Flown:
    """Fly a scene."""
    scene = SCENES[name]
    spec = replace(
        demo_world(seed),
        faults=scene.faults,
        mirror=scene.mirror,
        default_partitions=2,
        partitions={},
    )
    if scene.troubles:
        named = tuple((trouble, name) for trouble in (*scene.faults, *scene.troubles))
        return fly_drawn(Drawn(seed, scene.plan(), spec, (), named, scene.troubles, scene.orders))
    where = MEMORY if MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=where) as folder:
        journal = Path(folder) / "journal.jsonl"
        return run_virtual(fly_in(spec, scene.orders, scene.plan(), journal, scene.company))
