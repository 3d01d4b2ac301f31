"""Builds the real ports of a plan: two clusters, the mirror, signals, effector and surveyor.

Opens no connection by itself; the first call of a port does.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from cockpit.core.drills import calls_of
from cockpit.core.plan import Plan, SecretRef, Side
from cockpit.core.reversing import connectors
from cockpit.kafka.any_groups import consumed
from cockpit.kafka.beside import beside_clusters
from cockpit.kafka.client import CHANGE_TIMEOUT_MS, Client
from cockpit.kafka.clientprobes import client_probe_feeds
from cockpit.kafka.cluster import KafkaCluster
from cockpit.kafka.connect import ConnectRest
from cockpit.kafka.cutting import Way
from cockpit.kafka.effects.commits import OffsetCommits
from cockpit.kafka.effects.connector import ConnectorPatches, GroupExclusions
from cockpit.kafka.effects.drain import DrainProof
from cockpit.kafka.effects.drill import Calls, Drills
from cockpit.kafka.effects.effector import Handlers, RealEffector
from cockpit.kafka.effects.fence import Fencing
from cockpit.kafka.effects.linking import LinkGroups, NoPromotion, Promotion
from cockpit.kafka.effects.places import PlaceSearch
from cockpit.kafka.effects.probe import ShadowReader
from cockpit.kafka.effects.reverse import MirrorRuns
from cockpit.kafka.effects.seek import PlaceSeek
from cockpit.kafka.effects.service import ServiceCalls
from cockpit.kafka.effects.shut import ShutProof
from cockpit.kafka.habits import habits_reader
from cockpit.kafka.hops import Arrivals, HopPositions, TwoHops
from cockpit.kafka.http import Http
from cockpit.kafka.links.mirror import LinkMirror
from cockpit.kafka.links.msk import MskReplicator
from cockpit.kafka.links.wiring import link_api
from cockpit.kafka.mirror import MirrorMaker
from cockpit.kafka.ready import readiness_surveys
from cockpit.kafka.records import record_surveys
from cockpit.kafka.security import Access, access
from cockpit.kafka.sharedlog import TopicLog
from cockpit.kafka.signals import PlanSignals
from cockpit.kafka.surveyor import KafkaSurveyor
from cockpit.kafka.zookeeper import Registrations, ZooKeeper
from cockpit.ports import Clock, Cluster, Effector, Gate, Replication, Saboteur, Signals, Surveyor


@dataclass(frozen=True, slots=True)
class RealPorts:
    """Everything that the engine works through, for real clusters."""

    source: Cluster
    target: Cluster
    replication: Replication
    signals: Signals
    effector: Effector
    surveyor: Surveyor

    async def close(self) -> None:
        """Let go of every connection, all at once. Never raises."""
        ports = (
            self.source,
            self.target,
            self.replication,
            self.signals,
            self.effector,
            self.surveyor,
        )
        async with asyncio.TaskGroup() as tasks:
            for port in ports:
                tasks.create_task(port.close(), name="close-port")


def reveal_secret(ref: SecretRef) -> str:
    """A secret from where the plan says it is. Raises `cockpit.plan.secrets.SecretUnavailable`."""
    from cockpit.plan import secrets

    return secrets.reveal_secret(ref)


def _know_webhook(plan: Plan, reveal: Callable[[SecretRef], str]) -> None:
    """Fetch the one secret of a plan that no client here needs: a broker that says it must not be
    repeated. Whoever sends notices says that it is missing."""
    webhook = plan.notify.webhook if plan.notify is not None else None
    if webhook is not None:
        with contextlib.suppress(Exception):
            reveal(webhook.url)


def connect_real(
    plan: Plan,
    clock: Clock,
    reveal: Callable[[SecretRef], str] = reveal_secret,
    saboteur: Saboteur | None = None,
    gate: Gate | None = None,
) -> RealPorts:
    """The ports of a plan.

    `gate`: what each change of the effector passes. `reveal` reads a secret; it is called here,
    once for each login, and whatever it raises passes through. Raises PortError when a TLS file
    cannot be read. Needs no running event loop.
    """
    _know_webhook(plan, reveal)
    source = access(plan.source, reveal)
    target = access(plan.target, reveal)
    ids: set[int] = set()
    beside = beside_clusters(plan, clock, reveal, ids=ids)
    records = record_surveys(plan, clock, source=source, target=target, ids=ids)
    ready = readiness_surveys(plan, clock, reveal, source=source, target=target)
    ways: dict[Side, Way] = {"source": source.way, "target": target.way} if plan.drills else {}
    drills = partial(Drills, ways=ways, saboteur=saboteur)
    return RealPorts(
        source=_cluster("source", source, plan, clock),
        target=_cluster("target", target, plan, clock),
        replication=_replication(plan, clock, reveal, source=source, target=target),
        signals=PlanSignals(plan.signals, clock),
        effector=_effector(
            plan,
            clock,
            reveal,
            drills,
            source=replace(source, gate=gate),
            target=replace(target, gate=gate),
        ),
        surveyor=KafkaSurveyor(
            plan,
            clock,
            source=source,
            target=target,
            extra=(
                *beside.feeds,
                *records.feeds,
                *ready.feeds,
                *client_probe_feeds(plan, clock),
            ),
            closers=(*beside.closers, *records.closers, *ready.closers),
        ),
    )


def _replication(
    plan: Plan, clock: Clock, reveal: Callable[[SecretRef], str], *, source: Access, target: Access
) -> Replication:
    spec = plan.replication
    if spec.kind == "link":
        return LinkMirror(spec.name, link_api(plan, reveal), clock)
    if spec.kind == "msk-replicator":
        return MskReplicator(spec.arn, spec.region, clock)
    mirror = MirrorMaker(spec, clock, source=source, target=target, reverse=connectors(plan))
    if plan.first_hop is None:
        return mirror
    clients = (Client(source), Client(target))
    return TwoHops(
        mirror,
        plan.first_hop,
        clock,
        arrivals=Arrivals(source=clients[0], target=clients[1], topics=plan.topics()),
        clients=clients,
        registrations=_registrations(plan),
    )


def _registrations(plan: Plan) -> Registrations | None:
    """Who knows the members that the source's brokers do not, on a connection of its own."""
    spec = plan.source.zookeeper
    return Registrations(ZooKeeper(spec)) if spec is not None else None


def _cluster(side: Side, found: Access, plan: Plan, clock: Clock) -> KafkaCluster:
    return KafkaCluster(
        side,
        found,
        clock,
        topics=plan.topics(),
        groups=plan.groups(),
        consumes=consumed(plan),
        registrations=_registrations(plan) if side == "source" else None,
    )


def _effector(
    plan: Plan,
    clock: Clock,
    reveal: Callable[[SecretRef], str],
    drills: Callable[..., Drills],
    *,
    source: Access,
    target: Access,
) -> RealEffector:
    """The effector on connections of its own: a slow proof holds up no observation."""
    login = plan.source.canary
    canary = Client(access(plan.source, reveal, login=login)) if login is not None else None
    source_reader, target_reader = Client(source), Client(target)
    source_changer = Client(source, timeout_ms=CHANGE_TIMEOUT_MS)
    target_changer = Client(target, timeout_ms=CHANGE_TIMEOUT_MS)
    http = Http(gate=source.gate)
    rest = ConnectRest(http, plan.replication.connect)
    patches = ConnectorPatches(rest, clock)
    habits = habits_reader(plan, clock, rest)
    link = link_api(plan, reveal, source.gate) if plan.replication.kind == "link" else None
    hops = _hops(plan, clock, reveal, source=source_reader, rest=rest)
    fencing = Fencing.of(plan, clock, admin=source_reader, changer=source_changer, canary=canary)
    handlers = Handlers(
        services=ServiceCalls(plan, http),
        patches=patches,
        runs=MirrorRuns(plan.replication.source_connector, rest, patches),
        exclusions=GroupExclusions(plan.replication.checkpoint_connector, rest, patches)
        if link is None
        else LinkGroups(link),
        promotion=NoPromotion() if link is None else Promotion(link, clock),
        fencing=fencing,
        shut=ShutProof(fencing=fencing, source=source_reader, target=target_reader),
        drain=DrainProof(
            source=source_reader,
            target=target_reader,
            rest=rest,
            mirror=plan.replication.source_connector,
            positions=hops.read if hops is not None else None,
        ),
        commits=OffsetCommits(source=source_changer, target=target_changer),
        places=PlaceSearch(
            clock,
            source=source_reader,
            target=target_reader,
            habits=habits,
        ),
        seeks=PlaceSeek(target_reader),
        drills=drills(rest, calls=Calls(http, calls_of(s for w in plan.waves for s in w.steps))),
        shadow=ShadowReader(clock, source=source_reader, target=target_reader, habits=habits),
    )
    clients = (source_reader, target_reader, source_changer, target_changer)
    extra = () if hops is None else (hops.close,)
    return RealEffector(
        handlers,
        clients=clients + ((canary,) if canary is not None else ()),
        closers=(http.close, *extra, *(() if link is None else (link.close,))),
    )


def _hops(
    plan: Plan,
    clock: Clock,
    reveal: Callable[[SecretRef], str],
    *,
    source: Client,
    rest: ConnectRest,
) -> HopPositions | None:
    """What both hops of a mirror tell of themselves; None: it has one."""
    if plan.first_hop is None:
        return None
    return HopPositions(
        plan.first_hop,
        clock,
        source=source,
        between=Client(access(plan.first_hop.between, reveal)),
        rest=rest,
        connector=plan.replication.source_connector,
        topics=plan.topics(),
    )


def shared_log(
    plan: Plan,
    clock: Clock,
    *,
    flight: str,
    session: str,
    head: Mapping[str, Any],
    reveal: Callable[[SecretRef], str] = reveal_secret,
) -> TopicLog:
    """Where the journal of a plan with `coordination` is written to as well, on connections of its
    own; raises what `connect_real` raises."""
    spec = plan.coordination
    assert spec is not None
    cluster = plan.source if spec.cluster == "source" else plan.target
    client = Client(access(cluster, reveal))
    return TopicLog(client, clock, topic=spec.topic, flight=flight, session=session, head=head)
