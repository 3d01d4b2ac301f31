"""Reads what two clusters hold, once and a second time after a while: facts for an inventory.

Changes nothing, joins no group, creates no topic.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Final

from cockpit.cli.leftovers import Reading, sampled
from cockpit.core.facts import Facts, absorb
from cockpit.core.inventory import about_everything, read_topics
from cockpit.core.observe import AclSample, Failure, Sample
from cockpit.core.plan import SIDES, Plan, Side
from cockpit.core.survey import Survey

if TYPE_CHECKING:
    from cockpit.engine.loop import Ports

TIMEOUT_S: Final = 60
"""Nobody waits for it with blocked clients, and a large registry is read whole."""
NO_AUTHORIZER: Final = "the cluster has no authorizer"
"""As the edge says it: then nobody has any ACL, and that is all there is to know."""
_ONCE: Final = ("topics", "members", "transactions", "quotas", "users", "storage", "registry")
Readings = Sequence[tuple[str, Reading]]
"""Feeds by name, one after the other."""


async def census(plan: Plan, *, apart_ms: int) -> Facts:
    """Read both clusters over connections of their own, and after `apart_ms` (0: not at all) once
    more what changes with the clients' work.

    Raises PortError or SecretUnavailable where nothing can be asked at all; what else goes wrong is
    a failure of its feed.
    """
    from cockpit.cli.wiring import engine_ports
    from cockpit.engine.clock import SystemClock
    from cockpit.kafka.factory import connect_real, reveal_secret

    clock = SystemClock()
    first = connect_real(about_everything(plan, plan.topics()), clock, reveal_secret)
    try:
        facts = await look_for_topics(engine_ports(first, clock))
    finally:
        await first.close()
    wide = about_everything(plan, read_topics(facts))
    real = connect_real(wide, clock, reveal_secret)
    try:
        return await look(facts, wide, engine_ports(real, clock), apart_ms=apart_ms)
    finally:
        await real.close()


async def look_for_topics(ports: Ports) -> Facts:
    """Facts with nothing but which topics there are."""
    topics = [[(name, read)] for name, read in _feeds(ports).items() if name.endswith(".topics")]
    return _absorbed(Facts(), await _read(topics, ports))


async def look(facts: Facts, plan: Plan, ports: Ports, *, apart_ms: int) -> Facts:
    """Everything through the ports of a plan that is about everything.

    Producers are read before the first ends and after the last, so that what grew in between was
    written in between their looks; commits before ends, so that no lag is negative by jitter.
    """
    clusters = {"source": ports.source, "target": ports.target}
    feeds = _feeds(ports)

    def in_order(side: Side, *kinds: str) -> Readings:
        own: dict[str, Reading] = {"groups": clusters[side].groups, "logs": clusters[side].logs}
        named = {f"{side}.{kind}": own.get(kind, feeds.get(f"{side}.{kind}")) for kind in kinds}
        return [(name, read) for name, read in named.items() if read is not None]

    first: list[Readings] = [in_order(side, "producers", "groups", "logs") for side in SIDES]
    for side, cluster in clusters.items():
        first += [[(f"{side}.info", cluster.info)], [(f"{side}.acls", cluster.acls)]]
        first.append([(f"{side}.configs", cluster.configs)])
    first += [in_order(side, kind) for side in SIDES for kind in _ONCE]
    if plan.replication.connect and "connect" in feeds:
        first.append([("connect", feeds["connect"])])
    facts = _absorbed(facts, await _read(first, ports))
    if not apart_ms:
        return facts
    await ports.clock.sleep(apart_ms)
    second = [in_order(side, "groups", "logs", "producers") for side in SIDES]
    return _absorbed(facts, await _read(second, ports))


def _feeds(ports: Ports) -> dict[str, Reading]:
    return {f.name: f.read for f in ports.surveyor.feeds()} if ports.surveyor is not None else {}


async def _read(readings: Iterable[Readings], ports: Ports) -> list[Sample | Survey | Failure]:
    """Each list in its order, the lists at once."""
    found: list[Sample | Survey | Failure] = []

    async def one_after_the_other(some: Readings) -> None:
        for name, read in some:
            answer = await sampled(name, read, ports.clock, timeout_s=TIMEOUT_S)
            found.append(_without_authorizer(answer))

    async with asyncio.TaskGroup() as group:
        for some in readings:
            group.create_task(one_after_the_other(some), name="inventory")
    return found


def _without_authorizer(answer: Sample | Survey | Failure) -> Sample | Survey | Failure:
    """Where nothing checks ACLs there are none: that is an answer."""
    if not isinstance(answer, Failure) or NO_AUTHORIZER not in answer.reason:
        return answer
    side, _, kind = answer.feed.partition(".")
    for known in SIDES:
        if side == known and kind == "acls":
            return AclSample(known, answer.asked_at_ms, answer.answered_at_ms, frozenset())
    return answer


def _absorbed(facts: Facts, answers: Sequence[Sample | Survey | Failure]) -> Facts:
    for answer in answers:
        facts = absorb(facts, answer)
    return facts
