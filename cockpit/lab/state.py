"""The lab's own record of what it started: read by `status` and `down`, also after a crash.

Never starts or stops anything.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal, cast

from cockpit.lab.home import LabError, write_private
from cockpit.lab.procs import Process
from cockpit.lab.profiles import BY_PASSWORD, DEFAULT, Profile, profile_named

Phase = Literal["starting", "ready", "down"]
STATE_FILE = "lab.json"
VERSION = 1

SURROUNDINGS = ("connect-source", "registry-source", "registry-target", "prometheus")
"""What stands around the clusters, where a profile has it."""
SECOND = "source-2"
"""The other broker of a source that has two."""


def ports_of(brokers: int, profile: Profile = DEFAULT) -> tuple[str, ...]:
    """Everything that listens in a lab with so many source brokers: one or two.

    Only where people log in by SCRAM is there a listener `-watch` of those who watch.
    """
    sources = ("source",) if brokers == 1 else ("source", SECOND)
    listeners = [
        f"{name}{suffix}"
        for name, cluster in (
            *((name, profile.source) for name in sources),
            ("target", profile.target),
        )
        for suffix in (("", "-watch") if cluster.security in BY_PASSWORD else ("",))
    ]
    services = (work.name for work in profile.workload.works)
    hosts = () if profile.hosts is None else profile.hosted()
    tools = ("connect",) if profile.mirror.kind == "mirrormaker2" else ("link", "link-proxy")
    keeper = "zookeeper" if profile.zookeeper else "source-controller"
    around = SURROUNDINGS if profile.surroundings else ()
    between = ("between", "between-controller") if profile.mirror.first_hop else ()
    return (keeper, *listeners, "controller", *between, *tools, *around, *services, *hosts)


PORTS = ports_of(1)
"""Everything that listens, by name, in a lab of one source broker."""


@dataclass(frozen=True, slots=True)
class State:
    """One lab."""

    lab_id: str
    phase: Phase
    ports: Mapping[str, int]
    processes: tuple[Process, ...] = ()
    profile: Profile = DEFAULT

    def address(self, name: str) -> str:
        """`host:port` of something that listens."""
        return f"127.0.0.1:{self.ports[name]}"

    def source_brokers(self) -> tuple[str, ...]:
        """Names of the source's brokers, by their number."""
        return ("source", SECOND) if SECOND in self.ports else ("source",)

    def bootstrap(self, side: str, *, watch: bool = False) -> tuple[str, ...]:
        """Addresses of every broker of a side, at the listener of the workload, or of the watch
        where there is one."""
        brokers = self.source_brokers() if side == "source" else (side,)
        wanted = [f"{name}-watch" if watch else name for name in brokers]
        return tuple(
            self.address(name if name in self.ports else broker)
            for name, broker in zip(wanted, brokers, strict=True)
        )

    def url(self, name: str) -> str:
        """Base URL of something that speaks HTTP."""
        return f"http://{self.address(name)}"

    def started(self, process: Process) -> State:
        """The same lab with one more process."""
        return replace(self, processes=(*self.processes, process))


def new_state(ports: Mapping[str, int], profile: Profile = DEFAULT) -> State:
    """A lab that has started nothing yet."""
    return State(secrets.token_hex(8), "starting", ports, profile=profile)


def save(folder: Path, state: State) -> None:
    """Write the record durably."""
    body = {
        "version": VERSION,
        "lab_id": state.lab_id,
        "phase": state.phase,
        "profile": state.profile.name,
        "ports": dict(state.ports),
        "processes": [asdict(process) for process in state.processes],
    }
    write_private(folder / STATE_FILE, json.dumps(body, indent=1) + "\n")


def load(folder: Path) -> State | None:
    """The lab of this folder, None when there never was one. Raises LabError."""
    path = folder / STATE_FILE
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise LabError(f"cannot read {path}: {error.strerror}") from error
    try:
        return _decode(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LabError(f"{path} is not a lab's record: {error}") from error


def _decode(body: dict[str, Any]) -> State:
    if body["version"] != VERSION:
        raise ValueError(f"version {body['version']}, this is {VERSION}")
    phase = body["phase"]
    if phase not in {"starting", "ready", "down"}:
        raise ValueError(f"phase {phase}")
    return State(
        lab_id=str(body["lab_id"]),
        phase=cast("Phase", phase),
        ports={str(name): int(port) for name, port in body["ports"].items()},
        processes=tuple(
            Process(str(entry["name"]), int(entry["pid"]), str(entry["born"]))
            for entry in body["processes"]
        ),
        profile=profile_named(str(body.get("profile", DEFAULT.name))),
    )
