"""The demonstration: two waves of a payments company, with one bad minute in the second.

Plan and world as values only; nothing of it exists anywhere.
"""

from __future__ import annotations

from typing import Final

from cockpit.core.plan import (
    ClusterSpec,
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
    StopStep,
    Wave,
    WriteOwner,
)
from cockpit.sim.faults import ErrorBurst, MirrorStalled, When
from cockpit.sim.spec import MirrorSpec, WorldSpec

BURST: Final = 0.12
"""The share of failed payments while the bad minute lasts."""
BURST_MS: Final = 9_000
TOLERATED: Final = 0.02

_PARTITIONS: Final = {
    "audit": 4,
    "payments": 8,
    "payouts": 6,
    "receipts": 4,
    "refunds": 6,
    "settlements": 6,
}


def demo_plan() -> Plan:
    """Readers first, then everybody who writes, under one fence."""
    nowhere = ClusterSpec(("simulated.invalid:9092",), Security())
    canary = Login("canary", SecretRef("env", "SIMULATED_NO_SECRET"))
    return Plan(
        name="payments-week",
        source=ClusterSpec(nowhere.bootstrap, nowhere.security, canary),
        target=nowhere,
        replication=Replication("http://simulated.invalid", "mm2-source", "mm2-checkpoint"),
        services=_services(),
        waves=(_readers(), _writers()),
        signals=(
            SignalSpec("checkout-errors", _url("checkout"), "errors.ratio"),
            SignalSpec("settlement-errors", _url("settlement"), "errors.ratio"),
        ),
        environment="DEMO",
    )


def demo_world(seed: int = 1) -> WorldSpec:
    """A world in which the first try of the second wave meets a burst of errors.

    The mirror hangs as well, from the moment the producers stop, so that the burst shows before
    anybody has started on the target: the wave can still go back without a loss.
    """
    burst = When(event="fence writers", delay_ms=300, for_ms=BURST_MS)
    hang = When(event="stop checkout", for_ms=BURST_MS + 1_000)
    return WorldSpec(
        seed=seed,
        partitions=_PARTITIONS,
        rates_per_s={"checkout": 240.0, "refunds": 90.0},
        signal_baselines={"checkout-errors": 0.003, "settlement-errors": 0.002},
        mirror=MirrorSpec(latency_ms=200, flush_ms=1_000),
        faults=(
            ErrorBurst(signal="checkout-errors", value=BURST, when=burst),
            MirrorStalled(when=hang),
        ),
    )


def _services() -> tuple[Service, ...]:
    return (
        _service(
            "ledger",
            "team-finance",
            consumes=("audit", "payments", "refunds", "settlements"),
            tolerance=2_000,
        ),
        _service("notifier", "team-mail", consumes=("payouts", "receipts"), tolerance=1_000),
        _service(
            "settlement",
            "team-settle",
            consumes=("payments", "refunds"),
            produces=("payouts", "receipts", "settlements"),
            tolerance=0,
        ),
        _service("checkout", "team-pay", produces=("audit", "payments")),
        _service("refunds", "team-pay", produces=("audit", "refunds")),
    )


def _service(
    name: str,
    owner: str,
    *,
    consumes: tuple[str, ...] = (),
    produces: tuple[str, ...] = (),
    tolerance: int | None = None,
) -> Service:
    return Service(
        name=name,
        principal=f"User:{name}",
        stop=HttpCall(f"{_url(name)}/stop", timeout_ms=10_000),
        start=HttpCall(f"{_url(name)}/start?cluster=target", timeout_ms=10_000),
        undo=HttpCall(f"{_url(name)}/start?cluster=source", timeout_ms=10_000),
        produces=produces,
        consumes=consumes,
        group=name if consumes else None,
        offsets=OffsetsSpec(replay_tolerance_records=tolerance) if consumes else None,
        owner=owner,
        criticality="high" if produces else "normal",
    )


def _readers() -> Wave:
    return Wave(
        name="readers",
        services=("ledger", "notifier"),
        steps=(StopStep(20_000), OffsetsStep(20_000), StartStep(20_000), SoakStep(15_000)),
        write_owner=WriteOwner("source", "source"),
        gates=(
            ReplicationLagGate(500, for_ms=5_000),
            GroupLagGate(5_000, for_ms=5_000),
            OffsetDeltaGate(2_000),
            ParityGate(),
            SignalGate("checkout-errors", TOLERATED, for_ms=5_000),
        ),
        rollback=Rollback((GroupLagGate(20_000, for_ms=5_000),), "ask"),
    )


def _writers() -> Wave:
    return Wave(
        name="writers",
        services=("settlement", "checkout", "refunds"),
        steps=(
            StopStep(20_000),
            FenceStep(30_000),
            DrainStep(20_000),
            OffsetsStep(20_000),
            StartStep(20_000),
            SoakStep(20_000),
        ),
        write_owner=WriteOwner("source", "target"),
        gates=(
            ReplicationLagGate(500, for_ms=5_000),
            OffsetDeltaGate(2_000),
            ParityGate(),
            SignalGate("checkout-errors", TOLERATED, for_ms=5_000),
            SignalGate("settlement-errors", TOLERATED, for_ms=5_000),
        ),
        rollback=Rollback(
            (SignalGate("checkout-errors", TOLERATED, for_ms=2_000),), "rollback", "pause"
        ),
    )


def _url(name: str) -> str:
    return f"http://simulated.invalid/{name}"
