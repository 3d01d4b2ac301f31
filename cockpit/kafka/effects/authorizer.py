"""Whether an ACL can stop anybody on a cluster: the authorizers of its brokers.

Changes nothing. What cannot be read is no yes. Brokers tell nobody who their super users are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from cockpit.core.clearing import allow_everybody
from cockpit.core.plan import ClusterSpec
from cockpit.kafka.client import Client
from cockpit.kafka.errors import UNAUTHORISED, code_error
from cockpit.kafka.protocol.configs import BROKER, describe_configs
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

KNOWN: Final = frozenset(
    {
        "kafka.security.auth.SimpleAclAuthorizer",
        "kafka.security.authorizer.AclAuthorizer",
        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    }
)
"""Those of Apache Kafka: a DENY beats every ALLOW. Of others that is not known."""
CLASS_KEY: Final = "authorizer.class.name"
NEEDED: Final = "needs the right DescribeConfigs on the cluster"
WHOLE_COMMAND: Final = 20_000
"""A command that is cut does something else, or nothing."""
INSTEAD: Final = "fence with {by: stop}, or stop its writers at a gateway"


async def authorizers(client: Client) -> dict[int, str]:
    """The class of each broker's authorizer, empty where there is none.

    Raises PortError, also where one broker does not tell.
    """
    nodes = await client.brokers()
    answers, failures = await client.ask_each(
        {node: describe_configs(BROKER, [str(node)], [CLASS_KEY]) for node in nodes}
    )
    for node in sorted(failures):
        error = failures[node]
        raise PortError(error.kind, one_line(f"broker {node}: {error.reason}"))
    found: dict[int, str] = {}
    for node, (answer,) in answers.items():
        if answer.error:
            lacks = NEEDED if answer.error in UNAUTHORISED else answer.message
            raise code_error(answer.error, f"configs of broker {node}", lacks)
        found[node] = dict(answer.values).get(CLASS_KEY) or ""
    return found


def why_no_acl_stops(classes: Mapping[int, str]) -> str:
    """Why a DENY would stop nobody, or not for certain; empty: it would."""
    for node, name in sorted(classes.items()):
        if not name:
            return one_line(f"broker {node} has no authorizer: {INSTEAD}")
        if name not in KNOWN:
            why = f"broker {node} has authorizer {name}, of which it is not known"
            return one_line(f"{why} that a DENY beats every ALLOW: {INSTEAD}")
    return ""


def free_for_all(spec: ClusterSpec | None, topics: Sequence[str]) -> str:
    """Why topics without any ACL are not fenced where everybody may use those, and the command that
    keeps everybody else in: with the first ACL all that is not allowed is forbidden."""
    more = f" (and {len(topics) - 1} more)" if len(topics) > 1 else ""
    why = (
        f"topic {topics[0]}{more} has no ACL and everybody may use it"
        " (allow.everyone.if.no.acl.found): a DENY would also stop its readers and the mirror;"
        " first allow what nobody has to be allowed now"
    )
    command = f": {allow_everybody(spec, topics)}" if spec is not None else ""
    return one_line(why + command, WHOLE_COMMAND)
