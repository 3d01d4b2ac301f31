"""Real schema registries on this machine: Apicurio Registry, in memory, on the loopback interface.

Speaks Confluent's REST interface under a path of its own. Never keeps anything: a registry that is
started again is empty.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import httpx

from cockpit.lab.components import JVM
from cockpit.lab.home import LabError
from cockpit.lab.jars import JarSet, Progress, fetch
from cockpit.lab.ports import free_ports
from cockpit.lab.procs import Process, alive, spawn, stop
from cockpit.lab.waiting import wait_for_answer

CONFLUENT_PATH: Final = "/apis/ccompat/v7"
SERVER: Final = JarSet("registry", ("registry.xml",), folders=())
_GRACE_S: Final = 5.0


@dataclass(frozen=True, slots=True)
class RegistryServer:
    """Where the server is unpacked, and the Java that runs it."""

    java: str
    folder: Path

    def argv(self, port: int) -> list[str]:
        """The command that serves on a port. Raises LabError."""
        jar = next(self.folder.glob("*-runner.jar"), None)
        if jar is None:
            raise LabError(f"no registry in {self.folder}")
        return [
            *(self.java, "-Xmx256m", *JVM),
            *("-Dquarkus.http.host=127.0.0.1", f"-Dquarkus.http.port={port}"),
            *("-Dquarkus.http.access-log.enabled=false", "-jar", str(jar)),
        ]


@dataclass(frozen=True, slots=True)
class Registry:
    """A running registry."""

    process: Process
    port: int

    @property
    def url(self) -> str:
        """Base address of its Confluent interface."""
        return f"http://127.0.0.1:{self.port}{CONFLUENT_PATH}"

    def kill(self) -> None:
        """End it without a word, as a crash does."""
        if alive(self.process):
            os.kill(self.process.pid, signal.SIGKILL)


async def fetch_registry(progress: Progress) -> RegistryServer:
    """The server, from the cache or from Maven. Raises LabError that names what is missing."""
    found = await fetch(progress, SERVER)
    return RegistryServer(found.java, found.folder)


async def start_registry(
    server: RegistryServer, folder: Path, name: str, *, port: int | None = None
) -> Registry:
    """Start a registry and wait until it answers; its log goes into `folder`.

    On a free port unless one is given. Raises LabError.
    """
    if port is None:
        port = free_ports([name])[name]
    log = folder / f"{name}.log"
    env = {key: os.environ[key] for key in ("PATH", "HOME", "JAVA_HOME") if key in os.environ}
    registry = Registry(spawn(name, server.argv(port), env=env, log=log), port)

    async def answers() -> bool:
        try:
            async with httpx.AsyncClient(timeout=2.0, trust_env=False) as http:
                return (await http.get(f"{registry.url}/subjects")).is_success
        except httpx.HTTPError:
            return False

    try:
        await wait_for_answer(name, registry.process, answers, log=log)
    except BaseException:
        registry.kill()
        raise
    return registry


def stop_registry(registry: Registry) -> None:
    """Ask it to end, and see to it that it does. Raises LabError."""
    stop([registry.process], grace_s=_GRACE_S)
