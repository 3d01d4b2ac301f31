"""Jars are fetched once, by one at a time; what is missing is named."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cockpit.lab.home import LabError
from cockpit.lab.jars import fetch, one_broker

JAVA_17 = "echo 'openjdk version \"17.0.15\" 2025-04-15' >&2"
MAVEN = """
echo run >> "$COUNT"
for a in "$@"; do case "$a" in -Dlab.out=*) out="${a#-Dlab.out=}";; esac; done
sleep 0.3
mkdir -p "$out/source" "$out/target"
touch "$out/source/kafka_2.13-1.jar" "$out/source/a.jar" "$out/target/kafka_2.13-2.jar"
"""
ONE_BROKER = """
echo run >> "$COUNT"
for a in "$@"; do case "$a" in
  -Dlab.out=*) out="${a#*=}";; -Dkafka.artifact=*) name="${a#*=}";;
  -Dkafka.version=*) version="${a#*=}";;
esac; done
mkdir -p "$out/broker"
touch "$out/broker/$name-$version.jar"
"""


class Machine:
    """A PATH with only what a test puts there."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.cache = folder / "cache" / "cockpit" / "lab"
        self.count = folder / "count"
        self.said: list[str] = []
        monkeypatch.setenv("PATH", f"{self.bin}")
        monkeypatch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        monkeypatch.setenv("COUNT", str(self.count))
        monkeypatch.delenv("JAVA_HOME", raising=False)

    def program(self, name: str, script: str) -> None:
        path = self.bin / name
        path.write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        path.chmod(0o755)

    def maven_runs(self) -> int:
        return len(self.count.read_text().splitlines()) if self.count.exists() else 0


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    return Machine(tmp_path, monkeypatch)


async def test_everything_that_is_missing_is_named_at_once(machine: Machine) -> None:
    with pytest.raises(LabError, match=r"Java 17 or newer: .* on PATH.*Maven, .* no `mvn`"):
        await fetch(machine.said.append)


async def test_java_home_is_named_when_it_holds_no_java(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine.program("java", JAVA_17)
    monkeypatch.setenv("JAVA_HOME", "/no/jdk")
    with pytest.raises(LabError, match=r"no `java` under JAVA_HOME \(/no/jdk\)"):
        await fetch(machine.said.append)


async def test_an_old_java_is_refused_with_its_version(machine: Machine) -> None:
    machine.program("java", "echo 'openjdk version \"11.0.2\"' >&2")
    machine.program("mvn", MAVEN)
    with pytest.raises(LabError, match=r"needs Java 17 or newer; .*/java is Java 11"):
        await fetch(machine.said.append)


async def test_jars_are_fetched_once_and_then_need_no_maven(machine: Machine) -> None:
    machine.program("java", JAVA_17)
    machine.program("mvn", MAVEN)
    jars = await fetch(machine.said.append)
    (machine.bin / "mvn").unlink()
    again = await fetch(machine.said.append)

    assert again == jars
    assert machine.maven_runs() == 1
    names = [Path(jar).name for jar in jars.classpath("source").split(":")]
    assert names == ["a.jar", "kafka_2.13-1.jar"]


async def test_two_labs_at_once_fetch_once(machine: Machine) -> None:
    machine.program("java", JAVA_17)
    machine.program("mvn", MAVEN)
    async with asyncio.TaskGroup() as group:
        both = [group.create_task(fetch(machine.said.append), name=f"f{n}") for n in range(2)]

    assert both[0].result() == both[1].result()
    assert machine.maven_runs() == 1
    assert any("another lab is fetching" in line for line in machine.said)


async def test_a_fetch_that_fails_leaves_nothing_to_be_taken_for_a_complete_one(
    machine: Machine,
) -> None:
    machine.program("java", JAVA_17)
    machine.program("mvn", f"{MAVEN}\necho '[ERROR] no route to host'; exit 1")
    (machine.cache / "fetching-killed").mkdir(parents=True)
    with pytest.raises(LabError, match=r"could not fetch the lab's jars:\n.*no route to host"):
        await fetch(machine.said.append)

    assert [path.name for path in machine.cache.iterdir()] == ["lock"]


async def test_a_fetch_without_a_broker_in_it_is_not_kept(machine: Machine) -> None:
    machine.program("java", JAVA_17)
    machine.program("mvn", "exit 0")
    with pytest.raises(LabError, match="no broker for the source"):
        await fetch(machine.said.append)
    assert [path.name for path in machine.cache.iterdir()] == ["lock"]


async def test_the_jars_of_one_broker_are_a_set_of_their_own(machine: Machine) -> None:
    machine.program("java", JAVA_17)
    machine.program("mvn", ONE_BROKER)
    old = one_broker("kafka_2.11", "0.8.2.2", "slf4j-log4j12")
    new = one_broker("kafka_2.13", "3.9.2", "slf4j-simple")
    found = await fetch(machine.said.append, old)

    assert [Path(jar).name for jar in found.classpath("broker").split(":")] == [
        "kafka_2.11-0.8.2.2.jar"
    ]
    assert (await fetch(machine.said.append, old)) == found
    assert (await fetch(machine.said.append, new)).folder != found.folder
    assert machine.maven_runs() == 2
