"""What a simulated world is made of, as values.

Holds no state; the same spec and the same plan give the same world.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cockpit.sim.faults import Fault


@dataclass(frozen=True, slots=True, kw_only=True)
class MirrorSpec:
    """How the simulated MirrorMaker 2 behaves."""

    latency_ms: int = 300
    """How long after its append a record can be copied."""
    records_per_step: int = 5_000
    """For each partition."""
    flush_ms: int = 1_000
    """How often positions and delayed offset-syncs are published."""
    offset_lag_max: int = 100
    """Records after which a sync is written at once."""
    group_sync_ms: int = 2_000
    acl_sync_ms: int = 10_000
    reconfigure_ms: int = 800
    """How long a connector's tasks are gone after its config has changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSpec:
    """A seeded world for a plan.

    Where a mapping has no entry, the default beside it counts. Rates are records per second and
    service; a service that consumes and produces writes `output_ratio` records for each one that
    it has read.
    """

    seed: int = 1
    step_ms: int = 100
    brokers: int = 3
    partitions: Mapping[str, int] = field(default_factory=dict)
    """By topic."""
    default_partitions: int = 4
    rates_per_s: Mapping[str, float] = field(default_factory=dict)
    """By producing service."""
    default_rate_per_s: float = 60.0
    output_ratio: float = 0.5
    consumer_speed_per_s: float = 4_000.0
    """For each consuming service, over all its partitions."""
    commit_ms: int = 1_000
    stop_ms: int = 300
    """How long a graceful stop takes."""
    start_ms: int = 500
    """How long a start takes until the first poll."""
    auto_offset_reset: Literal["earliest", "latest"] = "earliest"
    history_records: int = 500
    """Records in every producing service's share of a partition before the world begins."""
    warmup_ms: int = 10_000
    """How long everything has been running when the world begins."""
    base_spread: int = 10_000
    """The source's log starts lie between 0 and this; the target's at 0: raw offsets differ."""
    source_marker_every: int = 0
    """Each so many offsets of the source hold a transaction marker instead of a record; 0: none."""
    target_marker_every: int = 0
    """The same on the target, as an exactly-once mirror leaves them."""
    acl_delay_ms: int = 150
    """The longest that a broker takes to learn of a changed ACL."""
    latency_ms: int = 8
    """A usual answer to the cockpit; each one is up to half as long again."""
    call_timeout_ms: int = 5_000
    """When a call of the cockpit gives up."""
    super_users: tuple[str, ...] = ()
    """Services that no ACL holds."""
    without_target_acls: tuple[str, ...] = ()
    """Services whose ACLs were forgotten on the target."""
    target_configs: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """By topic: configs that differ on the target."""
    signal_baselines: Mapping[str, float] = field(default_factory=dict)
    """By signal: its value on a good day."""
    signal_services: Mapping[str, str] = field(default_factory=dict)
    """By signal: the service whose refused writes it shows as errors (signals of unit ratio). By
    default the one whose name the signal's begins with."""
    mirror: MirrorSpec = MirrorSpec()
    faults: tuple[Fault, ...] = ()
