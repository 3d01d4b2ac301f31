"""Whether a principal has the rights that it needs, found out by asking the cluster for them.

Only reads: nothing is tried that would change anything. Brokers from 2.3 on say what a principal
may do; older ones show it by what they refuse, and what would have to be done to be known is
unproven.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeVar

from cockpit.core.rights import FOR_FENCE, Right
from cockpit.kafka.client import Client
from cockpit.kafka.effects.authorizer import CLASS_KEY
from cockpit.kafka.errors import (
    GROUP_ID_NOT_FOUND,
    NO_AUTHORIZER,
    UNAUTHORISED,
    UNKNOWN_TOPIC,
    UnsupportedError,
    code_name,
)
from cockpit.kafka.protocol.acls import OPERATIONS, describe_acls
from cockpit.kafka.protocol.cluster import cluster_operations, old_cluster_operations
from cockpit.kafka.protocol.configs import BROKER, TOPIC, describe_configs
from cockpit.kafka.protocol.fetch import fetch
from cockpit.kafka.protocol.groups import find_coordinators
from cockpit.kafka.protocol.members import describe_members, group_operations
from cockpit.kafka.protocol.metadata import OPERATIONS_NOT_RETURNED, topic_operations
from cockpit.kafka.protocol.quotas import describe_client_quotas
from cockpit.kafka.protocol.transactions import describe_transactions
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

T = TypeVar("T")
Word = Literal["held", "missing", "unproven", "unneeded"]

NO_SUCH_OFFSET: Final = 1 << 62
PROBE_ID: Final = "cockpit-doctor"
"""A transactional id that nobody has: who may describe every id may describe it."""

_CODES: Final = {word: code for code, word in OPERATIONS.items()}
_EVERYTHING: Final = sum(1 << _CODES[word] for word in ("alter", "describe", "cluster_action"))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a right is held.

    `unproven`: it could not be found out, `detail` says why; `unneeded`: the brokers are too old
    for what it would be used for.
    """

    right: Right
    word: Word
    detail: str = ""


Judge = Callable[[Right], Verdict]


async def probe(client: Client, rights: Iterable[Right]) -> tuple[Verdict, ...]:
    """A verdict for each of these rights, all of the principal that the client logs in as.

    Raises PortError when the cluster cannot be asked at all.
    """
    wanted = tuple(rights)
    await client.brokers()
    probes = {
        "cluster": _cluster,
        "topic": _topics,
        "group": _groups,
        "transactional_id": _transactions,
    }
    found: list[Verdict] = []
    for resource, ask in probes.items():
        mine = tuple(right for right in wanted if right.resource == resource)
        if mine:
            found.extend(await ask(client, mine))
    return tuple(sorted(found, key=lambda verdict: wanted.index(verdict.right)))


async def may_everything(client: Client) -> bool:
    """Whether the principal may even do what only brokers do: a super user, or no authorizer.

    Raises PortError.
    """
    return await _cluster_bits(client) & _EVERYTHING == _EVERYTHING


def _from_bits(right: Right, bits: int) -> Verdict:
    if bits == OPERATIONS_NOT_RETURNED:
        return Verdict(right, "unproven", "the broker does not say what is allowed")
    return Verdict(right, "held" if bits & 1 << _CODES[right.operation] else "missing")


def _from_code(right: Right, code: int) -> Verdict:
    if code in UNAUTHORISED:
        return Verdict(right, "missing", code_name(code))
    if code == UNKNOWN_TOPIC:
        return Verdict(right, "unproven", "there is no such topic")
    return Verdict(right, "unproven", code_name(code))


def _all(rights: Sequence[Right], word: Word, detail: str) -> list[Verdict]:
    return [Verdict(right, word, one_line(detail)) for right in rights]


# --- the cluster ----------------------------------------------------------------------------------


async def _cluster_bits(client: Client) -> int:
    try:
        return await client.ask_any(cluster_operations())
    except UnsupportedError:
        return await client.ask_any(old_cluster_operations())


async def _cluster(client: Client, rights: Sequence[Right]) -> list[Verdict]:
    """`describe_configs` by reading quotas, or the brokers' configs where there are none: brokers
    tell nothing about the cluster to whoever may not describe it."""
    found: list[Verdict] = []
    for right in rights:
        try:
            if right.operation == "describe_configs":
                found.append(await _quotas(client, right))
            else:
                found.append(await _cluster_right(client, right))
        except PortError as error:
            found.append(Verdict(right, "unproven", error.reason))
    return found


async def _quotas(client: Client, right: Right) -> Verdict:
    try:
        reply = await client.ask_any(describe_client_quotas())
    except UnsupportedError:
        if FOR_FENCE in right.why:
            return await _broker_configs(client, right)
        return Verdict(right, "unneeded", "Kafka before 2.6 has no quota API")
    return _from_code(right, reply.error) if reply.error else Verdict(right, "held")


async def _broker_configs(client: Client, right: Right) -> Verdict:
    """By what a fence needs it for: the name of a broker's authorizer."""
    node = min(await client.brokers())
    answer = _only(await client.call(node, describe_configs(BROKER, [str(node)], [CLASS_KEY])))
    return _from_code(right, answer.error) if answer.error else Verdict(right, "held")


async def _cluster_right(client: Client, right: Right) -> Verdict:
    try:
        # no operation at all: not even describe, which alter would carry with it
        return _from_bits(right, await _cluster_bits(client))
    except UnsupportedError:
        return await _old_cluster(client, right)


async def _old_cluster(client: Client, right: Right) -> Verdict:
    """Brokers before 2.3: whoever may read the ACLs may describe the cluster."""
    error, _, _ = await client.ask_any(describe_acls())
    if error in UNAUTHORISED:
        return Verdict(right, "missing", code_name(error))
    if right.operation == "describe" and error in (0, NO_AUTHORIZER):
        return Verdict(right, "held")
    return Verdict(right, "unproven", "Kafka before 2.3 does not say what is allowed")


# --- topics ---------------------------------------------------------------------------------------


async def _topics(client: Client, rights: Sequence[Right]) -> list[Verdict]:
    """`describe_configs` by reading configs, for a topic that may not be described shows nothing
    else; the rest by what the brokers say is allowed."""
    configs = [right for right in rights if right.operation == "describe_configs"]
    others = [right for right in rights if right.operation != "describe_configs"]
    found: list[Verdict] = []
    for mine, ask in ((configs, _topic_configs), (others, _topic_bits)):
        if not mine:
            continue
        try:
            judge = await ask(client, sorted({right.name for right in mine}))
        except PortError as error:
            found += _all(mine, "unproven", error.reason)
        else:
            found += [judge(right) for right in mine]
    return found


async def _topic_configs(client: Client, names: Sequence[str]) -> Judge:
    answer = await client.ask_any(describe_configs(TOPIC, names, ["retention.ms"]))
    codes = {resource.name: resource.error for resource in answer}

    def judge(right: Right) -> Verdict:
        if right.name not in codes:
            return Verdict(right, "unproven", "not answered")
        code = codes[right.name]
        return _from_code(right, code) if code else Verdict(right, "held")

    return judge


async def _topic_bits(client: Client, names: Sequence[str]) -> Judge:
    try:
        reply = await client.ask_any(topic_operations(names))
    except UnsupportedError:
        return await _old_topics(client, names)
    topics = {topic.name: topic for topic in reply.topics}

    def judge(right: Right) -> Verdict:
        topic = topics.get(right.name)
        if topic is None:
            return Verdict(right, "unproven", "not answered")
        if topic.error and topic.operations == OPERATIONS_NOT_RETURNED:
            return _from_code(right, topic.error)
        return _from_bits(right, topic.operations)

    return judge


async def _old_topics(client: Client, names: Sequence[str]) -> Judge:
    """Brokers before 2.3: a fetch where no record can be shows whether it is allowed."""
    view = await client.view()
    there = [name for name in names if name in view.topics]
    leaders, _ = view.leaders(there)
    answers, _ = await client.ask_each(
        {
            node: fetch({(topic, parts[0]): NO_SUCH_OFFSET for topic, parts in led.items()},
                        committed_only=False)
            for node, led in leaders.items()
        }
    )  # fmt: skip
    codes = {part.topic: part.error for answer in answers.values() for part in answer}

    def judge(right: Right) -> Verdict:
        if right.name not in there:
            return Verdict(right, "missing", "not among the topics that may be described")
        if right.operation != "read":
            return Verdict(right, "unproven", "Kafka before 2.3 does not say what is allowed")
        if right.name not in codes:
            return Verdict(right, "unproven", "not answered")
        refused = codes[right.name] in UNAUTHORISED
        return _from_code(right, codes[right.name]) if refused else Verdict(right, "held")

    return judge


# --- groups and transactional ids -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a coordinator said of a group: an error code, or what is allowed."""

    error: int
    operations: int = OPERATIONS_NOT_RETURNED


async def _groups(client: Client, rights: Sequence[Right]) -> list[Verdict]:
    found: list[Verdict] = []
    for name in sorted({right.name for right in rights}):
        mine = [right for right in rights if right.name == name]
        try:
            answer = await _group_answer(client, name)
        except PortError as error:
            found += _all(mine, "unproven", error.reason)
        else:
            found += [_group_verdict(right, answer) for right in mine]
    return found


def _group_verdict(right: Right, answer: _Answer) -> Verdict:
    if answer.error:
        return _from_code(right, answer.error)
    if answer.operations == OPERATIONS_NOT_RETURNED and right.operation == "describe":
        return Verdict(right, "held")
    return _from_bits(right, answer.operations)


async def _group_answer(client: Client, name: str) -> _Answer:
    coordinator = _only(await client.ask_any(find_coordinators([name])))
    if coordinator.error:
        return _Answer(coordinator.error)
    try:
        group = _only(await client.call(coordinator.node, group_operations([name])))
    except UnsupportedError:
        group = _only(await client.call(coordinator.node, describe_members([name])))
    return _Answer(0 if group.error == GROUP_ID_NOT_FOUND else group.error, group.operations)


def _only(items: tuple[T, ...]) -> T:
    """The one answer to one question. Raises PortError."""
    if len(items) != 1:
        raise PortError("protocol", f"{len(items)} answers to one question")
    return items[0]


async def _transactions(client: Client, rights: Sequence[Right]) -> list[Verdict]:
    try:
        described = _only(await client.ask_any(describe_transactions([PROBE_ID])))
    except UnsupportedError:
        return _all(rights, "unneeded", "Kafka before 3.0 does not list transactions")
    except PortError as error:
        return _all(rights, "unproven", error.reason)
    if described.error in UNAUTHORISED:
        return _all(rights, "missing", code_name(described.error))
    return _all(rights, "held", "")
