"""What the lab's processes are: their command lines, environments and files.

Never waits for one and never stops one.
"""

from __future__ import annotations

import base64
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import cockpit
from cockpit.lab import access, hopfiles, properties
from cockpit.lab.certificates import Tls, write_certificates
from cockpit.lab.home import write_private
from cockpit.lab.jars import Jars, Progress, fetch, one_mirror, one_sink
from cockpit.lab.layout import Layout
from cockpit.lab.procs import LAB_ID, Process, spawn
from cockpit.lab.profiles import BY_PASSWORD, DEFAULT, Profile
from cockpit.lab.releases import LOG4J, RELEASES
from cockpit.lab.state import SECOND, State
from cockpit.lab.workload import SIDES

JVM = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
LOGGING = (
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
)
LOG4J_FILE = "log4j.properties"
BROKER = "broker"
"""Principal of the target's broker, where people log in by certificate."""
_WORKER = "org.apache.kafka.connect.cli.ConnectDistributed"
_MAIN = {
    "zookeeper": ("source", "96m", "org.apache.zookeeper.server.quorum.QuorumPeerMain"),
    "source": ("source", "384m", "kafka.Kafka"),
    SECOND: ("source", "384m", "kafka.Kafka"),
    "target": ("target", "384m", "kafka.Kafka"),
    "connect": ("target", "384m", _WORKER),
    "connect-source": ("connect-source", "256m", _WORKER),
    "between": ("between", "384m", "kafka.Kafka"),
    hopfiles.FIRST_HOP: ("source", "192m", "kafka.tools.MirrorMaker"),
}
_HOP = ("between", hopfiles.FIRST_HOP)


def java_components(state: State | None) -> tuple[str, ...]:
    """Names of a lab's Java processes; of one that is not there, those of one source broker."""
    left_out = set()
    if state is None or len(state.source_brokers()) == 1:
        left_out.add(SECOND)
    profile = DEFAULT if state is None else state.profile
    if profile.mirror.kind == "link":
        left_out.add("connect")
    if not profile.zookeeper:
        left_out.add("zookeeper")
    if not profile.surroundings:
        left_out.add("connect-source")
    if not profile.mirror.first_hop:
        left_out.update(_HOP)
    return tuple(name for name in _MAIN if name not in left_out)


@dataclass(frozen=True, slots=True)
class PartJars:
    """Java and the class path of each part, from sets of different versions."""

    java: str
    classpaths: Mapping[str, str]

    def classpath(self, side: str) -> str:
        """Class path of `source`, `target`, `mirror`, `connect-source` or `between`."""
        return self.classpaths[side]


async def fetch_parts(progress: Progress, profile: Profile) -> PartJars:
    """The jars of each part of a profile. Raises LabError."""
    source, target = (RELEASES[profile.cluster(side).version] for side in SIDES)
    found: dict[str, str] = {}
    wanted = {
        "source": (source.jars, source.folder),
        "target": (target.jars, target.folder),
    }
    if profile.mirror.kind == "mirrormaker2":
        wanted["mirror"] = (one_mirror(profile.mirror.version), "mirror")
    if profile.mirror.first_hop:
        between = RELEASES[profile.mirror.version]
        wanted["between"] = (between.jars, between.folder)
    for side, (jars, folder) in wanted.items():
        fetched = await fetch(progress, jars)
        found[side] = fetched.classpath(folder)
    if profile.surroundings:
        await _with_sinks(found, progress, profile)
    return PartJars(fetched.java, found)


async def _with_sinks(found: dict[str, str], progress: Progress, profile: Profile) -> None:
    """A second Connect, of the source's version, and what a sink needs beside both of them."""
    older = await fetch(progress, one_mirror(profile.source.version))
    found["connect-source"] = older.classpath("mirror")
    for side, version in (
        ("mirror", profile.mirror.version),
        ("connect-source", profile.source.version),
    ):
        sink = await fetch(progress, one_sink(version))
        found[side] = os.pathsep.join((found[side], sink.classpath("sink")))


def write_secrets(layout: Layout, profile: Profile = DEFAULT) -> dict[str, str]:
    """A fresh password for every principal, each in a file of its own; and certificates where
    people log in by them. Raises LabError."""
    layout.secrets.mkdir(mode=0o700, exist_ok=True)
    everybody = access.users(profile.workload)
    by_password = {profile.source.security, profile.target.security}.intersection(BY_PASSWORD)
    users = (*(everybody if by_password else ()), properties.CONTROLLER)
    passwords = {user: secrets.token_urlsafe(18) for user in users}
    for user, password in passwords.items():
        write_private(layout.secret(user), password)
    if profile.target.security == "mtls":
        write_certificates(layout.tls, (*everybody, BROKER))
    elif profile.source.security == "scram_tls":
        write_certificates(layout.tls, (BROKER,))
    return passwords


def write_configs(layout: Layout, state: State, passwords: Mapping[str, str]) -> None:
    """The configuration file of each Java process, and the target's formatted disk."""
    data = layout.data
    texts = {"target": _target(layout, state, passwords)}
    if state.profile.zookeeper:
        texts["zookeeper"] = properties.zookeeper(state, data / "zookeeper")
    if state.profile.mirror.kind == "mirrormaker2":
        login = _mirror_login(layout, state, passwords)
        texts["connect"] = properties.connect(state, login, layout.secrets)
    if state.profile.surroundings:
        login = properties.scram_tls(access.WORKER, passwords[access.WORKER], layout.tls)
        name = "connect-source"
        texts[name] = properties.connect(state, login, layout.secrets, name)
    if state.profile.mirror.first_hop:
        password = passwords[properties.CONTROLLER]
        texts["between"] = hopfiles.between(state, data / "between", password)
        texts[f"{hopfiles.FIRST_HOP}-consumer"] = hopfiles.consumer(state)
        texts[f"{hopfiles.FIRST_HOP}-producer"] = hopfiles.producer(state)
        _format(data / "between")
    for name in state.source_brokers():
        if state.profile.source.security == "scram_tls":
            tls, controller = Tls(layout.tls, BROKER), passwords[properties.CONTROLLER]
            admin = passwords[access.ADMIN]
            texts[name] = properties.tls_source(state, data / name, tls, admin, controller)
        elif state.profile.source.is_before_groups:
            texts[name] = hopfiles.old_source(state, data / name)
        elif state.profile.source.security == "plaintext":
            texts[name] = properties.open_source(state, data / name)
        else:
            texts[name] = properties.source(state, data / name, passwords[access.ADMIN], name)
    for name, text in texts.items():
        write_private(layout.config / f"{name}.properties", text)
    write_private(layout.config / LOG4J_FILE, "".join(f"{k}={v}\n" for k, v in LOG4J.items()))
    for side in ("target",) if state.profile.zookeeper else ("source", "target"):
        _format(data / side)


def _format(data: Path) -> None:
    """What `StorageTool format` writes; the broker makes the rest itself, a JVM start sooner."""
    meta = f"version=1\ncluster.id={kafka_id()}\nnode.id=1\ndirectory.id={kafka_id()}\n"
    write_private(data / "meta.properties", meta)


def _target(layout: Layout, state: State, passwords: Mapping[str, str]) -> str:
    data, controller = layout.data / "target", passwords[properties.CONTROLLER]
    if state.profile.target.security == "mtls":
        return properties.tls_target(state, data, Tls(layout.tls, BROKER), controller)
    if state.profile.target.security == "plaintext":
        return properties.open_target(state, data, controller)
    return properties.target(state, data, passwords[access.ADMIN], controller)


def _mirror_login(layout: Layout, state: State, passwords: Mapping[str, str]) -> Mapping[str, str]:
    if state.profile.target.security == "mtls":
        return properties.tls_client(Tls(layout.tls, access.MIRROR))
    if state.profile.target.security == "plaintext":
        return {"security.protocol": "PLAINTEXT"}
    return properties.scram(access.MIRROR, passwords[access.MIRROR])


def kafka_id() -> str:
    """A random id as Kafka writes them: 22 characters that do not begin with a dash."""
    while True:
        text = base64.urlsafe_b64encode(secrets.token_bytes(16)).decode().rstrip("=")
        if not text.startswith("-"):
            return text


def start_java(name: str, *, jars: Jars | PartJars, layout: Layout, state: State) -> Process:
    """Start one of the Java processes. Raises LabError."""
    side, heap, main = _MAIN[name]
    profile = state.profile
    if name == "connect" and profile is not DEFAULT:
        side = "mirror"
    logging: tuple[str, ...] = LOGGING
    if side == "source" and RELEASES[profile.source.version].log4j:
        logging = (f"-Dlog4j.configuration=file:{layout.config / LOG4J_FILE}",)
    argv = [jars.java, f"-Xmx{heap}", *JVM, *logging, main]
    if name == hopfiles.FIRST_HOP:
        argv += _first_hop(layout, state)
    else:
        argv.append(str(layout.config / f"{name}.properties"))
    env = environment(state.lab_id) | {"CLASSPATH": jars.classpath(side)}
    return spawn(name, argv, env=env, log=layout.log(name))


def _first_hop(layout: Layout, state: State) -> list[str]:
    """Arguments of the source's own MirrorMaker. One stream: two would mix up the order."""
    files = [
        f"--{role}.config={layout.config / f'{hopfiles.FIRST_HOP}-{role}.properties'}"
        for role in ("consumer", "producer")
    ]
    topics = f"{state.profile.workload.prefix.replace('.', '[.]')}.*"
    return [*files, "--new.producer", "--num.streams=1", f"--whitelist={topics}"]


def start_services(name: str, *, layout: Layout, state: State) -> Process:
    """Start a process of services; each waits there for a `/start`. Raises LabError."""
    is_sink = any(work.name == name for work in state.profile.workload.sinks)
    module = "cockpit.lab.sink" if is_sink else "cockpit.lab.service"
    argv = [sys.executable, "-m", module, "--folder", str(layout.folder)]
    for service in state.profile.hosted()[name]:
        argv += ["--name", service, "--port", str(state.ports[service])]
    if state.profile.hosts is not None:
        argv += ["--together", str(state.ports[name])]
    # The same package as this process, wherever it was imported from.
    package = str(Path(cockpit.__file__).resolve().parent.parent)
    env = environment(state.lab_id) | {"PYTHONPATH": package}
    return spawn(name, argv, env=env, log=layout.log(name))


def environment(lab_id: str) -> dict[str, str]:
    """What a child needs to know, and the mark by which it is found."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME")
    inherited = {name: os.environ[name] for name in kept if name in os.environ}
    return inherited | {LAB_ID: lab_id}
