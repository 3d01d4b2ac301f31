"""Effective topic configs and partition counts of the plan's topics, and every ACL.

What a broker keeps to itself (sensitive values) is left out, never guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cockpit.core.observe import AclBinding, AclSample, ConfigSample
from cockpit.core.plan import Side
from cockpit.kafka.client import Client
from cockpit.kafka.errors import (
    NO_AUTHORIZER,
    UNKNOWN_TOPIC,
    UnsupportedError,
    code_error,
    code_name,
)
from cockpit.kafka.protocol.acls import describe_acls
from cockpit.kafka.protocol.configs import TOPIC, ResourceConfigs, describe_configs
from cockpit.kafka.text import one_line
from cockpit.kafka.vanished import look_for
from cockpit.ports import Clock, PortError


async def read_configs(
    side: Side, client: Client, clock: Clock, topics: Iterable[str]
) -> ConfigSample:
    """Configs of those of these topics that exist. Raises PortError.

    A topic is left out where a broker that was asked for it by name says that there is none.
    """
    asked_at_ms = clock.now_ms()
    view = await client.view()
    wanted = frozenset(topics)
    found = await look_for(client, wanted - view.topics.keys())
    shown = {**view.topics, **found.topics}
    names = tuple(sorted(wanted & shown.keys()))
    answer, lacking = await _describe(client, names)
    codes = {resource.name: resource.error for resource in answer}
    unknown = {name: f"not in the cluster's metadata: {why}" for name, why in found.unseen.items()}
    for name in names:
        code = codes.get(name)
        if lacking:
            continue
        if code is None:
            unknown[name] = "no configs answered"
        elif code not in (0, UNKNOWN_TOPIC):
            unknown[name] = f"configs: {code_name(code)}"
    return ConfigSample(
        side=side,
        asked_at_ms=asked_at_ms,
        answered_at_ms=clock.now_ms(),
        topics={
            resource.name: {key: value for key, value in resource.values if value is not None}
            for resource in answer
            if not resource.error
        },
        partitions={
            name: len(shown[name].partitions) for name in names if codes.get(name) != UNKNOWN_TOPIC
        },
        unknown=unknown,
        configs_unknown=dict.fromkeys(names, lacking) if lacking else {},
        own={resource.name: resource.own for resource in answer if not resource.error},
    )


async def _describe(
    client: Client, names: Sequence[str]
) -> tuple[tuple[ResourceConfigs, ...], str]:
    """Configs of topics that are there, and why brokers cannot tell any (those before 0.11).

    Raises PortError.
    """
    if not names:
        return (), ""
    try:
        return await client.ask_any(describe_configs(TOPIC, names)), ""
    except UnsupportedError as error:
        return (), error.reason


async def read_bindings(client: Client) -> frozenset[AclBinding]:
    """Every ACL. Raises PortError; protocol where the cluster has no authorizer."""
    return _bindings(await client.ask_any(describe_acls()))


async def bindings_by_broker(client: Client) -> dict[int, frozenset[AclBinding]]:
    """Every ACL as each broker knows it now: one may be behind. Raises PortError."""
    answers, failures = await client.ask_each(
        {node: describe_acls() for node in await client.brokers()}
    )
    for node in sorted(failures):
        raise PortError(failures[node].kind, one_line(f"broker {node}: {failures[node].reason}"))
    return {node: _bindings(answer) for node, answer in answers.items()}


def _bindings(answer: tuple[int, str, tuple[AclBinding, ...]]) -> frozenset[AclBinding]:
    error, message, bindings = answer
    if error:
        raise code_error(error, "ACLs", message if error != NO_AUTHORIZER else "")
    return frozenset(bindings)


async def read_acls(side: Side, client: Client, clock: Clock) -> AclSample:
    """Every ACL as a sample. Raises PortError."""
    asked_at_ms = clock.now_ms()
    bindings = await read_bindings(client)
    return AclSample(side, asked_at_ms, clock.now_ms(), bindings)
