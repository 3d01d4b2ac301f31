"""The commands that clear what was left standing, each as a line for a shell.

Lines only; never runs one, and never has a secret in one: a login goes into a file that the
person has. Names are quoted, whatever they hold.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

from cockpit.core.observe import AclBinding, TopicPartition
from cockpit.core.plan import ClusterSpec
from cockpit.core.shell import shell_line

ADMIN_FILE: Final = "admin.properties"
"""Stands for the file with the login of somebody who may."""
PATCH_SINCE: Final = (3, 8)
_RELEASE: Final = re.compile(r"(\d{1,4})\.(\d{1,4})(.*)")
_CONFLUENT: Final = re.compile(r"-(ccs|ce)\b")


def remove_acls(spec: ClusterSpec, bindings: Iterable[AclBinding]) -> str:
    """Removes bindings of topics, or of groups, that differ in their resource's name alone."""
    every = sorted(bindings)
    first = every[0]
    deny = first.permission == "deny"
    words = [
        *_tool("kafka-acls.sh", spec),
        "--remove",
        "--force",
        f"--{'deny' if deny else 'allow'}-principal={first.principal}",
        f"--operation={_camel(first.operation)}",
        *(f"--{first.resource_type}={binding.resource_name}" for binding in every),
    ]
    if first.host != "*":
        words.append(f"--{'deny' if deny else 'allow'}-host={first.host}")
    if first.pattern != "literal":
        words.append(f"--resource-pattern-type={first.pattern}")
    return shell_line(words)


def allow_everybody(spec: ClusterSpec, topics: Iterable[str]) -> str:
    """Lets everybody do everything with topics, as they may without an ACL where the brokers say
    so."""
    words = [
        *_tool("kafka-acls.sh", spec),
        "--add",
        "--allow-principal=User:*",
        "--operation=All",
        *(f"--topic={topic}" for topic in topics),
    ]
    return shell_line(words)


def delete_offsets(spec: ClusterSpec, group: str, names: Iterable[TopicPartition]) -> str:
    """Forgets a group's commits of these partitions; the group must not read their topics."""
    by_topic: dict[str, list[int]] = {}
    for topic, partition in sorted(names):
        by_topic.setdefault(topic, []).append(partition)
    return shell_line(
        [
            *_tool("kafka-consumer-groups.sh", spec),
            f"--group={group}",
            "--delete-offsets",
            *(f"--topic={t}:{','.join(map(str, found))}" for t, found in by_topic.items()),
        ]
    )


def abort_transaction(spec: ClusterSpec, name: TopicPartition, start: int) -> str:
    """Ends the transaction that is open in a partition from this offset on, as if its producer had
    given it up."""
    topic, partition = name
    return shell_line(
        [
            *_tool("kafka-transactions.sh", spec),
            "abort",
            f"--topic={topic}",
            f"--partition={partition}",
            f"--start-offset={start}",
        ]
    )


def find_hanging(spec: ClusterSpec, name: TopicPartition) -> str:
    """Shows the transactions of a partition that no coordinator has any more."""
    topic, partition = name
    return shell_line(
        [
            *_tool("kafka-transactions.sh", spec),
            "find-hanging",
            f"--topic={topic}",
            f"--partition={partition}",
        ]
    )


def resume_connector(base: str, connector: str) -> str:
    """Lets a paused or stopped connector run again."""
    return shell_line(["curl", "-sS", "--fail", "-X", "PUT", _url(base, connector, "resume")])


def stop_connector(base: str, connector: str) -> str:
    """Stops a connector: its tasks go, its places stay."""
    return shell_line(["curl", "-sS", "--fail", "-X", "PUT", _url(base, connector, "stop")])


def set_config(
    base: str, connector: str, settings: Mapping[str, str | None], *, version: str
) -> str:
    """Sets or (None) removes keys of a connector's config; the other keys stay.

    Connect before 3.8 takes whole configs only: then jq changes it between reading and writing.
    """
    url = _url(base, connector, "config")
    change = ["curl", "-sS", "--fail", "-H", "Content-Type: application/json"]
    if _patches(version):
        body = json.dumps(settings, sort_keys=True, separators=(",", ":"))
        return shell_line([*change, "-X", "PATCH", "--data", body, url])
    edits = [
        f"del(.[{json.dumps(key)}])"
        if value is None
        else f".[{json.dumps(key)}]=" + json.dumps(value)
        for key, value in sorted(settings.items())
    ]
    read = shell_line(["curl", "-sS", "--fail", url])
    edit = shell_line(["jq", "-c", " | ".join(edits)])
    return " | ".join((read, edit, shell_line([*change, "-X", "PUT", "--data", "@-", url])))


def _tool(name: str, spec: ClusterSpec) -> list[str]:
    words = [name, f"--bootstrap-server={spec.bootstrap[0]}"]
    if spec.security.protocol != "plaintext":
        words.append(f"--command-config={ADMIN_FILE}")
    return words


def _camel(operation: str) -> str:
    return "".join(part.capitalize() for part in operation.split("_"))


def _url(base: str, connector: str, what: str) -> str:
    bare = re.sub(r"//[^/@]*@", "//", base).rstrip("/")
    return f"{bare}/connectors/{quote(connector, safe='')}/{what}"


def _patches(version: str) -> bool:
    """Whether Connect of this version changes single keys; a Confluent 7.8 is a Kafka 3.8."""
    found = _RELEASE.match(version)
    if found is None:
        return True
    major, minor = int(found[1]), int(found[2])
    if _CONFLUENT.search(found[3]) and 5 <= major < 8:
        major -= 4
    return (major, minor) >= PATCH_SINCE
