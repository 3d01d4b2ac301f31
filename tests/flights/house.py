"""A house's own authorizer on one broker of a lab: Kafka's, extended by nothing, under its own
name. What it would decide only its authors know.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import cockpit.lab
from cockpit.lab import restarting
from cockpit.lab.jars import Jars, Progress
from cockpit.lab.layout import Layout
from tests.flights.test_lab import until

if TYPE_CHECKING:
    from cockpit.lab.looking import Status

KAFKAS = "kafka.security.authorizer.AclAuthorizer"
HOUSE = "com.example.HouseAuthorizer"
_JAVA = f"package com.example;\npublic class HouseAuthorizer extends {KAFKAS} {{}}\n"


def build_jar(jars: Jars, folder: Path) -> Path:
    """Compile the class against the source's own jars."""
    source = folder / "HouseAuthorizer.java"
    source.write_text(_JAVA)
    javac = Path(jars.java).with_name("javac")
    compiler = str(javac) if javac.exists() else shutil.which("javac")
    assert compiler, "javac is missing: the tests need a JDK, not only a JRE"
    words = [compiler, "-cp", jars.classpath("source"), "-d", str(folder), str(source)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    jar = folder / "house-authorizer.jar"
    with zipfile.ZipFile(jar, "w") as archive:
        name = HOUSE.replace(".", "/") + ".class"
        archive.write(folder / name, name)
    return jar


def with_house_jar(jars: Jars, folder: Path) -> Jars:
    """The same jars, and one more on the class path of the source."""
    side = folder / "jars" / "source"
    side.mkdir(parents=True)
    for jar in (*(jars.folder / "source").glob("*.jar"), build_jar(jars, folder)):
        (side / jar.name).symlink_to(jar)
    return Jars(jars.java, side.parent)


def start_again(lab: Status, broker: str) -> None:
    """The broker is killed, which is soon done, and starts again with the file that is there."""
    pid = int(cockpit.lab.status(lab.folder).as_json()["pids"][broker])
    os.kill(pid, signal.SIGKILL)
    until(lambda: broker not in cockpit.lab.status(lab.folder).as_json()["pids"])
    cockpit.lab.restart(lab.folder, broker)
    until(lambda: cockpit.lab.status(lab.folder).state == "up")


@contextmanager
def house_authorizer(lab: Status, broker: str, folder: Path, jars: Jars) -> Iterator[None]:
    """The broker runs with it; afterwards it runs as before."""
    settings = Layout.of(lab.folder).config / f"{broker}.properties"
    before = settings.read_text()
    assert KAFKAS in before
    extended = with_house_jar(jars, folder)

    async def fetched(_progress: Progress) -> Jars:
        return extended

    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(restarting, "fetch", fetched)
            settings.write_text(before.replace(KAFKAS, HOUSE))
            start_again(lab, broker)
        yield
    finally:
        settings.write_text(before)
        start_again(lab, broker)
