"""Jars of the lab and of single brokers: fetched once by Maven coordinates, then only read.

Never starts a broker. Two labs that fetch at the same time do it one after the other, and a fetch
that is broken off leaves nothing that could be taken for a complete one.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import signal
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cockpit.lab.home import LabBusyError, LabError, cache_folder, locked
from cockpit.taskgroups import one_of

JAVA_VERSION = 17
FETCH_TIMEOUT_S = 600.0
Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class JarSet:
    """What Maven is asked for: a project of this package, and the folders that it fills."""

    name: str
    poms: tuple[str, ...]
    """The first is the one that Maven runs; the others are what it refers to."""
    folders: tuple[str, ...]
    properties: Mapping[str, str] = field(default_factory=dict)
    proof: tuple[str, str] = ("broker", "kafka_*.jar")
    """What is in every folder of a whole set: a word for it, and its files."""

    def bodies(self) -> dict[str, bytes]:
        """The projects' text."""
        return {name: (Path(__file__).parent / name).read_bytes() for name in self.poms}

    def digest(self) -> str:
        """Another one for other projects or other properties."""
        values = (f"{key}={value}".encode() for key, value in sorted(self.properties.items()))
        return hashlib.sha256(b"\0".join([*self.bodies().values(), *values])).hexdigest()[:16]


LAB = JarSet("jars", ("pom.xml", "source.xml", "target.xml"), ("source", "target"))


def one_broker(artifact: str, version: str, logging: str) -> JarSet:
    """One broker of any version: `kafka_2.11`, `0.8.2.2` and the slf4j binding that suits it."""
    properties = {"kafka.artifact": artifact, "kafka.version": version, "kafka.logging": logging}
    return JarSet(f"broker-{version}", ("broker.xml", "pom.xml"), ("broker",), properties)


def one_mirror(version: str) -> JarSet:
    """Connect with MirrorMaker 2 of any version, such as `3.9.2`."""
    properties = {"mirror.version": version}
    poms, proof = ("mirror.xml", "pom.xml"), ("mirror", "connect-mirror-*.jar")
    return JarSet(f"mirror-{version}", poms, ("mirror",), properties, proof)


def one_sink(version: str) -> JarSet:
    """Kafka's own file connectors of any version, to stand beside Connect of that one."""
    poms, proof = ("sink.xml", "pom.xml"), ("sink", "connect-file-*.jar")
    return JarSet(f"sink-{version}", poms, ("sink",), {"sink.version": version}, proof)


@dataclass(frozen=True, slots=True)
class Jars:
    """Java and the class paths of a set."""

    java: str
    folder: Path

    def classpath(self, side: str) -> str:
        """Class path of one of the set's folders, in an order that never changes."""
        return os.pathsep.join(sorted(str(jar) for jar in (self.folder / side).glob("*.jar")))


async def fetch(progress: Progress, wanted: JarSet = LAB) -> Jars:
    """The jars, from the cache or from Maven. Raises LabError that names what is missing."""
    cache = Cache(cache_folder(), f"{wanted.name}-{wanted.digest()}")
    java, maven = _find_java(), shutil.which("mvn")
    missing = []
    if java is None:
        home = os.environ.get("JAVA_HOME")
        where = f"under JAVA_HOME ({home})" if home else "on PATH, and JAVA_HOME is not set"
        missing.append(f"Java {JAVA_VERSION} or newer: there is no `java` {where}")
    if maven is None and not cache.is_complete():
        missing.append("Maven, to fetch jars once: there is no `mvn` on PATH")
    if java is None or missing:
        raise LabError("the lab needs what is missing here: " + "; ".join(missing))
    await _check_java(java)
    while not cache.is_complete():
        try:
            with locked(cache.lock, busy="another lab is fetching jars"):
                if not cache.is_complete():
                    await _fetch(str(maven), wanted, cache, progress)
        except LabBusyError as busy:
            progress(f"jars: {busy}; waiting")
            await asyncio.sleep(1.0)
    return Jars(java, cache.final)


@dataclass(frozen=True, slots=True)
class Cache:
    """The folder of one set of jars. It appears by one rename: it is its own stamp."""

    parent: Path
    name: str

    @property
    def final(self) -> Path:
        """Where the jars are once they are all there."""
        return self.parent / self.name

    @property
    def lock(self) -> Path:
        """Held by whoever fetches."""
        return self.parent / "lock"

    def is_complete(self) -> bool:
        """Whether the jars are there."""
        return self.final.is_dir()

    def stage(self, poms: Mapping[str, bytes]) -> Path:
        """A fresh folder to fetch into; what a fetch that was killed has left is removed."""
        for left in self.parent.glob("fetching-*"):
            shutil.rmtree(left)
        staging = Path(tempfile.mkdtemp(dir=self.parent, prefix="fetching-"))
        for name, body in poms.items():
            (staging / name).write_bytes(body)
        return staging

    def publish(self, staging: Path, wanted: JarSet = LAB) -> None:
        """Make what was fetched the cache's content. Raises LabError when it is not whole."""
        for folder in wanted.folders:
            word, files = wanted.proof
            if not any((staging / "out" / folder).glob(files)):
                raise LabError(f"Maven fetched no {word} for the {folder}")
        (staging / "out").rename(self.final)


def _find_java() -> str | None:
    home = os.environ.get("JAVA_HOME")
    return shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")


async def _check_java(java: str) -> None:
    """Raises LabError when this is not a Java that the brokers run on."""
    code, output = await run([java, "-version"], timeout_s=30.0)
    found = re.search(r'version "(\d+)', output)
    if code != 0 or found is None:
        raise LabError(f"{java} -version failed: {_tail(output)}")
    if int(found[1]) < JAVA_VERSION:
        raise LabError(f"the lab needs Java {JAVA_VERSION} or newer; {java} is Java {found[1]}")


async def _fetch(maven: str, wanted: JarSet, cache: Cache, progress: Progress) -> None:
    progress(f"jars: fetching into {cache.final} (once)")
    staging = cache.stage(wanted.bodies())
    try:
        with one_of(LabError):
            async with asyncio.TaskGroup() as group:
                ticker = group.create_task(_tick(progress), name="lab-fetch-ticker")
                await _run_maven(maven, staging, wanted)
                ticker.cancel()
            cache.publish(staging, wanted)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


async def _run_maven(maven: str, staging: Path, wanted: JarSet = LAB) -> None:
    """Fetch a set whose projects are in `staging` into `staging/out`. Raises LabError."""
    # Maven remembers a failed download; -U asks again.
    argv = [maven, "-q", "-B", "-U", "-f", str(staging / wanted.poms[0])]
    values = {"lab.out": f"{staging}/out", **wanted.properties}
    argv += [f"-D{key}={value}" for key, value in values.items()]
    code, output = await run([*argv, "generate-resources"], timeout_s=FETCH_TIMEOUT_S)
    if code != 0:
        raise LabError(f"Maven could not fetch the lab's jars:\n{_tail(output)}")


async def _tick(progress: Progress) -> None:
    """Say now and then that a long fetch goes on."""
    for seconds in range(10, int(FETCH_TIMEOUT_S), 10):
        await asyncio.sleep(10.0)
        progress(f"jars: still fetching, {seconds} s")


async def run(
    argv: Sequence[str], *, timeout_s: float, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a command to its end; it is killed with its children if we do not get there."""
    process = await asyncio.create_subprocess_exec(
        *argv,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        env=env,
    )
    try:
        async with asyncio.timeout(timeout_s):
            output, _ = await process.communicate()
    except TimeoutError:
        raise LabError(f"{argv[0]} did not end within {timeout_s:.0f} s") from None
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
            await process.wait()
    return process.returncode or 0, output.decode(errors="replace")


def _tail(text: str, lines: int = 12) -> str:
    return "\n".join(text.strip().splitlines()[-lines:])
