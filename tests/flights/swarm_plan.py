"""The plan and the world of one seed: small, short, and different from seed to seed.

Three waves in the only order that is safe: who only reads, who reads and writes, who only writes.
"""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Final, Literal

from cockpit.core.plan import (
    ClusterSpec,
    Condition,
    ConfirmStep,
    DrainStep,
    FenceStep,
    GroupLagGate,
    HttpCall,
    Login,
    OffsetDeltaGate,
    OffsetsSpec,
    OffsetsStep,
    ParityGate,
    Plan,
    Replication,
    ReplicationLagGate,
    Rollback,
    SecretRef,
    Security,
    Service,
    SignalGate,
    SignalSpec,
    SoakStep,
    StartStep,
    Step,
    StopStep,
    Wave,
    WriteOwner,
)
from cockpit.sim.spec import MirrorSpec, WorldSpec

SIGNAL: Final = "shop-errors"
TOLERATED: Final = 0.02
PARTITIONS: Final = {"orders": 2, "bills": 2, "stats": 1}
SERVICES: Final = ("audit", "biller", "shop")
GROUPS: Final = ("audit", "biller")
SECOND_MS: Final = 1_000


def draw_plan(dice: random.Random) -> Plan:
    """A plan for services that every seed has."""
    by_stop = dice.random() < 0.2
    nowhere = ClusterSpec(("simulated.invalid:9092",), Security())
    canary = Login("canary", SecretRef("env", "SIMULATED_NO_SECRET"))
    resumes: tuple[Literal["translated", "exact"], ...] = ("translated", "exact")
    biller = dice.choice(resumes)
    services = (
        _service("audit", consumes=("bills", "orders", "stats"), resume=dice.choice(resumes)),
        _service("biller", consumes=("orders",), produces=("bills",), resume=biller),
        _service("shop", produces=("orders", "stats")),
    )
    waves = (
        _wave(dice, "readers", "audit", (), WriteOwner("source", "source")),
        *(
            _wave(dice, name, service, _fencing(dice, by_stop=by_stop), owner)
            for name, service, owner in (
                ("middle", "biller", WriteOwner("source", "target")),
                ("writers", "shop", WriteOwner("source", "target")),
            )
        ),
    )
    return Plan(
        name="swarm",
        source=nowhere if by_stop else replace(nowhere, canary=canary),
        target=nowhere,
        replication=Replication("http://simulated.invalid", "mm2-source", "mm2-checkpoint"),
        services=services,
        waves=waves,
        signals=(SignalSpec(SIGNAL, _url("shop"), "errors.ratio"),),
        environment="SWARM",
    )


def draw_world(dice: random.Random, seed: int) -> WorldSpec:
    """A small world; faults are none of its business."""
    return WorldSpec(
        seed=seed,
        partitions=PARTITIONS,
        rates_per_s={"shop": dice.choice((30.0, 90.0, 240.0))},
        history_records=60,
        warmup_ms=3 * SECOND_MS,
        auto_offset_reset=dice.choice(("earliest", "latest")),
        call_timeout_ms=3 * SECOND_MS,
        mirror=MirrorSpec(
            latency_ms=dice.choice((100, 300, 700)), flush_ms=dice.choice((500, SECOND_MS))
        ),
    )


def _fencing(dice: random.Random, *, by_stop: bool) -> tuple[Step, ...]:
    fence = FenceStep(
        dice.choice((8, 15)) * SECOND_MS,
        at_zero=dice.choice(("unfence", "unfence", "hold")),
        by="stop" if by_stop else "acl",
        deny="all" if by_stop else dice.choice(("all", "producers")),
    )
    return fence, DrainStep(8 * SECOND_MS)


def _wave(
    dice: random.Random,
    name: str,
    service: str,
    fencing: tuple[Step, ...],
    owner: WriteOwner,
) -> Wave:
    timeout_ms = 8 * SECOND_MS
    offsets: tuple[Step, ...] = (OffsetsStep(timeout_ms),) if service in GROUPS else ()
    asks: tuple[Step, ...] = (ConfirmStep("go on?"),) if dice.random() < 0.25 else ()
    gates = (
        ReplicationLagGate(500, for_ms=SECOND_MS),
        *((OffsetDeltaGate(2_000),) if service in GROUPS else ()),
        ParityGate(),
        SignalGate(SIGNAL, TOLERATED, for_ms=SECOND_MS),
    )
    triggers: tuple[Condition, ...] = (SignalGate(SIGNAL, TOLERATED, for_ms=2 * SECOND_MS),)
    if service in GROUPS:
        triggers = (*triggers, GroupLagGate(20_000, for_ms=2 * SECOND_MS))
    rollback = Rollback(
        triggers,
        dice.choice(("ask", "pause", "rollback")),
        dice.choice(("rollback", "pause")),
    )
    steps = (StopStep(timeout_ms), *fencing, *offsets, *asks, StartStep(timeout_ms))
    soak = SoakStep(2 * SECOND_MS)
    return Wave(name, (service,), (*steps, soak), owner, gates, rollback)


def _service(
    name: str,
    *,
    consumes: tuple[str, ...] = (),
    produces: tuple[str, ...] = (),
    resume: Literal["translated", "exact"] = "translated",
) -> Service:
    tolerance = 2_000 if resume == "translated" else 0
    return Service(
        name=name,
        principal=f"User:{name}",
        stop=HttpCall(f"{_url(name)}/stop", timeout_ms=4 * SECOND_MS),
        start=HttpCall(f"{_url(name)}/start?cluster=target", timeout_ms=4 * SECOND_MS),
        undo=HttpCall(f"{_url(name)}/start?cluster=source", timeout_ms=4 * SECOND_MS),
        produces=produces,
        consumes=consumes,
        group=name if consumes else None,
        offsets=OffsetsSpec(resume, tolerance) if consumes else None,
        owner=f"team-{name}",
    )


def _url(name: str) -> str:
    return f"http://simulated.invalid/{name}"
