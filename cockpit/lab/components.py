"""What the lab's processes are: their command lines, environments and files.

Never waits for one and never stops one.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

import cockpit
from cockpit.lab import access, properties
from cockpit.lab.home import write_private
from cockpit.lab.jars import Jars
from cockpit.lab.layout import Layout
from cockpit.lab.procs import LAB_ID, Process, spawn
from cockpit.lab.state import SECOND, State

JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)
_MAIN = {
    "zookeeper": ("source", "96m", "org.apache.zookeeper.server.quorum.QuorumPeerMain"),
    "source": ("source", "384m", "kafka.Kafka"),
    SECOND: ("source", "384m", "kafka.Kafka"),
    "target": ("target", "384m", "kafka.Kafka"),
    "connect": ("target", "384m", "org.apache.kafka.connect.cli.ConnectDistributed"),
}


def java_components(state: State | None) -> tuple[str, ...]:
    """Names of a lab's Java processes; of one that is not there, those of one source broker."""
    two = state is not None and len(state.source_brokers()) > 1
    return tuple(name for name in _MAIN if name != SECOND or two)


def write_secrets(layout: Layout) -> dict[str, str]:
    """A fresh password for every principal, each in a file of its own."""
    layout.secrets.mkdir(mode=0o700, exist_ok=True)
    users = (*access.USERS, properties.CONTROLLER)
    passwords = {user: secrets.token_urlsafe(18) for user in users}
    for user, password in passwords.items():
        write_private(layout.secret(user), password)
    return passwords


def write_configs(layout: Layout, state: State, passwords: Mapping[str, str]) -> None:
    """The configuration file of each Java process, and the target's formatted disk."""
    data, admin = layout.data, passwords[access.ADMIN]
    texts = {
        "zookeeper": properties.zookeeper(state, data / "zookeeper"),
        "target": properties.target(
            state, data / "target", admin, passwords[properties.CONTROLLER]
        ),
        "connect": properties.connect(state, passwords[access.MIRROR], layout.secrets),
    }
    for name in state.source_brokers():
        texts[name] = properties.source(state, data / name, admin, name)
    for name, text in texts.items():
        write_private(layout.config / f"{name}.properties", text)
    # What `StorageTool format` writes; the broker makes the rest itself, a JVM start sooner.
    meta = f"version=1\ncluster.id={kafka_id()}\nnode.id=1\ndirectory.id={kafka_id()}\n"
    write_private(data / "target" / "meta.properties", meta)


def kafka_id() -> str:
    """A random id as Kafka writes them: 22 characters that do not begin with a dash."""
    while True:
        text = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def start_java(name: str, *, jars: Jars, layout: Layout, state: State) -> Process:
    """Start one of the Java processes. Raises LabError."""
    side, heap, main = _MAIN[name]
    argv = [jars.java, f"-Xmx{heap}", *JVM, *LOGGING, main]
    argv.append(str(layout.config / f"{name}.properties"))
    env = environment(state.lab_id) | {"CLASSPATH": jars.classpath(side)}
    return spawn(name, argv, env=env, log=layout.log(name))


def start_service(name: str, *, layout: Layout, state: State) -> Process:
    """Start the process of one service; it waits there for a `/start`. Raises LabError."""
    argv = [sys.executable, "-m", "cockpit.lab.service", "--folder", str(layout.folder)]
    argv += ["--name", name, "--port", str(state.ports[name])]
    # The same package as this process, wherever it was imported from.
    package = str(Path(cockpit.__file__).resolve().parent.parent)
    env = environment(state.lab_id) | {"PYTHONPATH": package}
    return spawn(name, argv, env=env, log=layout.log(name))


def environment(lab_id: str) -> dict[str, str]:
    """What a child needs to know, and the mark by which it is found."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return inherited | {LAB_ID: lab_id}
