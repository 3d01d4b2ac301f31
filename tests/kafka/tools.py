"""Kafka's own command line tools, run against the lab with its admin's login."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from cockpit.core.plan import Side
from cockpit.kafka.factory import reveal_secret
from cockpit.lab.components import JVM, environment
from cockpit.lab.jars import Jars, fetch, run
from tests.kafka.real import login_of

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

GROUPS = {
    "source": "kafka.admin.ConsumerGroupCommand",
    "target": "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand",
}
ACLS = {"source": "kafka.admin.AclCommand", "target": "org.apache.kafka.tools.AclCommand"}
CONFIGS = {"source": "kafka.admin.ConfigCommand", "target": "kafka.admin.ConfigCommand"}
OFFSETS_OF_TARGET = "org.apache.kafka.tools.GetOffsetShell"
"""That of 2.8 cannot log in."""
QUIET = "-Dorg.slf4j.simpleLogger.defaultLogLevel=error"


@dataclass(frozen=True)
class Tools:
    """The tools of one side, each of that side's own version."""

    side: Side
    jars: Jars
    address: str
    login: Path

    async def run(self, main: str, *arguments: str) -> str:
        """What a tool prints; one that fails, fails the test."""
        argv = [self.jars.java, "-Xmx128m", *JVM, QUIET, main]
        argv += ["--bootstrap-server", self.address, "--command-config", str(self.login)]
        env = environment("tools") | {"CLASSPATH": self.jars.classpath(self.side)}
        code, output = await run([*argv, *arguments], timeout_s=60.0, env=env)
        assert code == 0, output
        return output


async def tools_of(lab: Status, side: Side, folder: Path) -> Tools:
    """The tools of the lab's own jars; the login's file goes into `folder`."""
    password = reveal_secret(login_of(lab, "admin").password)
    module = "org.apache.kafka.common.security.scram.ScramLoginModule"
    login = folder / f"{side}.properties"
    login.touch(mode=0o600)
    login.write_text(
        "security.protocol=SASL_PLAINTEXT\n"
        "sasl.mechanism=SCRAM-SHA-512\n"
        f'sasl.jaas.config={module} required username="admin" password="{password}";\n',
        encoding="utf-8",
    )
    jars = await fetch(lambda _: None)
    return Tools(side, jars, lab.as_json()["bootstrap"][side], login)
