"""One broker of a chosen Kafka version on the loopback interface, for as long as it is wanted.

Each version's jars are fetched when it is first asked for. No logins: who connects is ANONYMOUS,
which may do everything. Never leaves a process behind, and never touches a running lab.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from cockpit.kafka.client import Client
from cockpit.kafka.security import Access
from cockpit.lab.components import JVM, LOGGING, environment, kafka_id
from cockpit.lab.home import LabError
from cockpit.lab.jars import Progress, fetch, run
from cockpit.lab.ports import free_ports
from cockpit.lab.procs import Process, spawn, stop
from cockpit.lab.releases import LOG4J, RELEASES, Release
from cockpit.lab.waiting import wait_for_answer
from cockpit.ports import PortError

ZOOKEEPER_MAIN: Final = "org.apache.zookeeper.server.quorum.QuorumPeerMain"
TOOL_TIMEOUT_S: Final = 60.0
STOP_GRACE_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class Door:
    """A listener besides a broker's own, for versions from 1.0 on."""

    name: str
    protocol: str
    """As Kafka names it, such as `SASL_PLAINTEXT`."""
    address: str


@dataclass
class Broker:
    """A running broker, and what it takes to break it and to run its own tools."""

    version: str
    folder: Path
    java: str
    classpath: str
    ports: Mapping[str, int]
    advertised: str
    heap: str = "384m"
    processes: dict[str, Process] = field(default_factory=dict)
    lab_id: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def address(self) -> str:
        """Where it listens, `host:port`."""
        return f"127.0.0.1:{self.ports['broker']}"

    @property
    def zookeeper(self) -> str:
        """Where its ZooKeeper listens; raises KeyError for a version without."""
        return f"127.0.0.1:{self.ports['zookeeper']}"

    def access(self) -> Access:
        """Access to it as it advertises itself."""
        host, _, port = self.advertised.rpartition(":")
        return Access(((host, int(port)),), "PLAINTEXT")

    async def tool(self, main: str, *arguments: str) -> str:
        """What one of this version's own tools prints. Raises LabError where it fails."""
        argv = [self.java, "-Xmx128m", *JVM, *self._logging(), main, *arguments]
        code, output = await run(argv, timeout_s=TOOL_TIMEOUT_S, env=self._environment())
        if code:
            raise LabError(f"{main} of {self.version} failed:\n{output}")
        return output

    async def start(self) -> None:
        """Start the broker and wait until it answers. Raises LabError.

        One that was killed is not started before ZooKeeper has forgotten it: old brokers come back
        wrong, or not at all.
        """
        if (zookeeper := self.processes.get("zookeeper")) is not None:
            forgotten = self._is_forgotten
            await wait_for_answer("ZooKeeper", zookeeper, forgotten, log=self.log("zookeeper"))
        self._spawn("broker", "kafka.Kafka")
        process = self.processes["broker"]
        await wait_for_answer(self.version, process, self._answers, log=self.log("broker"))

    def start_zookeeper(self) -> None:
        """Start its ZooKeeper; the broker waits for it."""
        self._spawn("zookeeper", ZOOKEEPER_MAIN)

    def signal(self, number: signal.Signals, name: str = "broker") -> None:
        """Send a signal to the broker: SIGSTOP, SIGCONT, or SIGKILL before another `start`."""
        os.kill(self.processes[name].pid, number)

    async def stop(self) -> None:
        """End every process; done once they are gone."""
        # ZooKeeper last: a broker cannot end in peace without it.
        for name in ("broker", "zookeeper"):
            process = self.processes.pop(name, None)
            if process is not None:
                await asyncio.to_thread(stop, [process], grace_s=STOP_GRACE_S)

    def log(self, name: str) -> Path:
        """What a process has printed."""
        return self.folder / f"{name}.log"

    def config(self, name: str) -> Path:
        """A process's properties."""
        return self.folder / f"{name}.properties"

    def _spawn(self, name: str, main: str) -> None:
        heap = "96m" if name == "zookeeper" else self.heap
        argv = [self.java, f"-Xmx{heap}", *JVM, *self._logging(), main, str(self.config(name))]
        env = self._environment()
        self.processes[name] = spawn(name, argv, env=env, log=self.log(name))

    def _environment(self) -> dict[str, str]:
        return environment(self.lab_id) | {"CLASSPATH": self.classpath}

    def _logging(self) -> tuple[str, ...]:
        if not RELEASES[self.version].log4j:
            return LOGGING
        return (f"-Dlog4j.configuration=file:{self.config('log4j')}",)

    async def _answers(self) -> bool:
        if self.version.startswith("0.8"):
            # Its metadata is empty until there is a topic: ask where it registers.
            return await _is_registered(self.ports["zookeeper"])
        client = Client(Access((("127.0.0.1", self.ports["broker"]),), "PLAINTEXT"))
        try:
            return bool((await client.describe()).brokers)
        except PortError:
            return False
        finally:
            await client.close()

    async def _is_forgotten(self) -> bool:
        return not await _is_registered(self.ports["zookeeper"])


async def _is_registered(port: int) -> bool:
    """Whether ZooKeeper has a session of broker 1, by its command `dump`."""
    try:
        async with asyncio.timeout(2.0):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"dump")
            found = b"/brokers/ids/1" in await reader.read()
            writer.close()
    except (OSError, TimeoutError):
        return False
    return found


def _silent(_text: str) -> None:
    """Tell nobody."""


@asynccontextmanager
async def broker_of(
    version: str,
    folder: Path,
    *,
    settings: Mapping[str, str] | None = None,
    advertised_port: int | None = None,
    doors: Sequence[Door] = (),
    heap: str = "384m",
    progress: Progress = _silent,
) -> AsyncIterator[Broker]:
    """One broker of this version, which must be one of RELEASES, until the block ends.

    `settings` go over its properties; with `advertised_port` it sends its clients there, to
    something between them and it. `doors` are listeners besides its own. Raises LabError.
    """
    release = RELEASES[version]
    jars = await fetch(progress, release.jars)
    ports = free_ports(("broker", "zookeeper" if release.zookeeper else "controller"))
    advertised = f"127.0.0.1:{advertised_port or ports['broker']}"
    classpath = jars.classpath(release.folder)
    broker = Broker(version, folder, jars.java, classpath, ports, advertised, heap)
    _write_files(broker, release, doors, settings or {})
    try:
        if release.zookeeper:
            broker.start_zookeeper()
        await broker.start()
        yield broker
    finally:
        await broker.stop()


def _write_files(
    broker: Broker, release: Release, doors: Sequence[Door], settings: Mapping[str, str]
) -> None:
    data = broker.folder / "data"
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    values = _common(data) | (_on_zookeeper(broker) if release.zookeeper else _kraft(broker, data))
    for door in doors:
        for key in ("listeners", "advertised.listeners"):
            values[key] += f",{door.name}://{door.address}"
        values["listener.security.protocol.map"] += f",{door.name}:{door.protocol}"
    if release.authorizer:
        values |= {"authorizer.class.name": release.authorizer, "super.users": "User:ANONYMOUS"}
    _write(broker.config("broker"), {**values, **settings})
    if release.zookeeper:
        _write(broker.config("zookeeper"), _zookeeper(broker))
    if release.log4j:
        _write(broker.config("log4j"), LOG4J)


def _write(path: Path, values: Mapping[str, str]) -> None:
    path.write_text("".join(f"{key}={value}\n" for key, value in values.items()), encoding="utf-8")


def _common(data: Path) -> dict[str, str]:
    return {
        "log.dirs": str(data),
        "num.partitions": "1",
        "auto.create.topics.enable": "false",
        "delete.topic.enable": "true",
        "controlled.shutdown.enable": "false",
        "offsets.topic.num.partitions": "5",
        "offsets.topic.replication.factor": "1",
        "num.network.threads": "2",
        "num.io.threads": "4",
        "log.cleaner.dedupe.buffer.size": "4194304",
    }


def _on_zookeeper(broker: Broker) -> dict[str, str]:
    values = {
        "broker.id": "1",
        "zookeeper.connect": broker.zookeeper,
        "zookeeper.session.timeout.ms": "2000",
        "zookeeper.connection.timeout.ms": "10000",
    }
    if broker.version.startswith("0.8"):
        _, _, port = broker.advertised.rpartition(":")
        return values | {
            "host.name": "127.0.0.1",
            "port": str(broker.ports["broker"]),
            "advertised.host.name": "127.0.0.1",
            "advertised.port": port,
        }
    return values | _listeners(broker) | _transactions()


def _listeners(broker: Broker) -> dict[str, str]:
    return {
        "listeners": f"PLAINTEXT://{broker.address}",
        "advertised.listeners": f"PLAINTEXT://{broker.advertised}",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT",
        "group.initial.rebalance.delay.ms": "0",
    }


def _transactions() -> dict[str, str]:
    return {
        "transaction.state.log.num.partitions": "2",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
    }


def _kraft(broker: Broker, data: Path) -> dict[str, str]:
    controller = f"127.0.0.1:{broker.ports['controller']}"
    meta = {
        "version": "1",
        "cluster.id": kafka_id(),
        "node.id": "1",
        "directory.id": kafka_id(),
    }
    _write(data / "meta.properties", meta)
    listeners = _listeners(broker)
    listeners["listeners"] += f",CONTROLLER://{controller}"
    return (
        listeners
        | _transactions()
        | {
            "process.roles": "broker,controller",
            "node.id": "1",
            "controller.quorum.voters": f"1@{controller}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "broker.session.timeout.ms": "3000",
            "broker.heartbeat.interval.ms": "500",
            "share.coordinator.state.topic.replication.factor": "1",
            "share.coordinator.state.topic.min.isr": "1",
        }
    )


def _zookeeper(broker: Broker) -> dict[str, str]:
    return {
        "dataDir": str(broker.folder / "zookeeper"),
        "clientPort": str(broker.ports["zookeeper"]),
        "clientPortAddress": "127.0.0.1",
        "maxClientCnxns": "0",
        "admin.enableServer": "false",
        "tickTime": "500",
        "4lw.commands.whitelist": "dump",
    }
