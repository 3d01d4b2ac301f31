"""`lab up`: starts everything, waits until each part really answers, and ends.

Never leaves a part behind when it fails.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import httpx
from aiokafka.errors import KafkaError

from cockpit.lab import access, clusters, components, hop, linkpart, mirror
from cockpit.lab.components import LOG4J_FILE, PartJars
from cockpit.lab.home import LabError, locked, write_private
from cockpit.lab.hopfiles import FIRST_HOP
from cockpit.lab.jars import Jars, Progress, fetch
from cockpit.lab.layout import Layout
from cockpit.lab.looking import login_of, look
from cockpit.lab.oldclients import require_packages
from cockpit.lab.plans import write_plans
from cockpit.lab.ports import free_ports
from cockpit.lab.procs import Process
from cockpit.lab.profiles import BY_PASSWORD, DEFAULT, Profile
from cockpit.lab.registry import fetch_registry
from cockpit.lab.state import SECOND, STATE_FILE, State, load, new_state, ports_of, save
from cockpit.lab.stopping import stop_everything
from cockpit.lab.surroundings import (
    around_answers,
    create_sinks,
    fill_registry,
    registry_url,
    start_prometheus,
    start_registry,
)
from cockpit.lab.waiting import Asking, PartDiedError, wait_for_answer
from cockpit.lab.workload import SIDES, Side
from cockpit.taskgroups import leaves, one_of

START_TIMEOUT_S = 20.0
"""Longer than a service tries to reach its cluster."""
TOPIC_CONFIG = {"retention.ms": "86400000", "min.insync.replicas": "1"}


async def bring_up(
    folder: Path, progress: Progress, *, brokers: int = 1, profile: Profile = DEFAULT
) -> State:
    """Start a lab in this folder, or find that it runs already. Raises LabError.

    `brokers`: of the source, one or two; two only of the default profile.

    Leftovers of a lab that crashed are stopped first. On any failure, cancellation included,
    everything that was started is stopped again.
    """
    if brokers > 1 and profile is not DEFAULT:
        raise LabError(f"a lab of the profile {profile.name} has one source broker")
    layout = Layout.of(folder)
    _refuse_strangers(layout.folder)
    with locked(layout.lock, busy=f"another command is at work on the lab in {layout.folder}"):
        old = load(layout.folder)
        if old is not None and old.phase == "ready" and (await look(layout, old)).state == "up":
            if (running := len(old.source_brokers())) != brokers:
                word = "one source broker" if running == 1 else f"{running} source brokers"
                raise LabError(f"the lab in {layout.folder} runs with {word}: take it down first")
            if old.profile is not profile:
                name = old.profile.name
                raise LabError(
                    f"the lab in {layout.folder} is of profile {name}: take it down first"
                )
            progress(f"the lab in {layout.folder} is up already")
            return old
        if old is not None:
            left = await stop_everything(layout, old)
            if left:
                progress(f"stopped what an earlier lab had left: {', '.join(left)}")
        if profile.source.is_before_groups:
            require_packages()
        is_usual = profile is DEFAULT
        jars = await (fetch(progress) if is_usual else components.fetch_parts(progress, profile))
        state = new_state(free_ports(ports_of(brokers, profile)), profile)
        try:
            return await _Start(layout, jars, progress, state).run()
        except PartDiedError as error:
            # Most often a port that somebody took in the moment since it was found free.
            progress(f"{error}; trying once more on other ports")
            state = new_state(free_ports(ports_of(brokers, profile)), profile)
            return await _Start(layout, jars, progress, state).run()


def _refuse_strangers(folder: Path) -> None:
    """The lab clears its folder: it must be its own, or empty. Raises LabError."""
    try:
        names = {entry.name for entry in folder.iterdir()}
    except FileNotFoundError:
        return
    except OSError as error:
        raise LabError(f"cannot use {folder}: {error.strerror}") from error
    if names and STATE_FILE not in names and names != {".lock"}:
        raise LabError(f"{folder} is not empty and not a lab's folder")


class _Start:
    """One attempt to start a lab."""

    def __init__(
        self, layout: Layout, jars: Jars | PartJars, progress: Progress, state: State
    ) -> None:
        self._layout = layout
        self._jars = jars
        self._began = time.perf_counter()
        self._say = progress
        self._state = state
        self._profile = state.profile
        self._work = state.profile.workload
        self._passwords: dict[str, str] = {}

    async def run(self) -> State:
        """Everything in its order. Raises LabError; then nothing runs."""
        try:
            self._prepare()
            with one_of(LabError, KafkaError, httpx.HTTPError, chosen=_first):
                await self._start()
            self._state = replace(self._state, phase="ready")
            save(self._layout.folder, self._state)
        except BaseException:
            self._say("stopping what was started")
            await stop_everything(self._layout, self._state)
            raise
        return self._state

    def _prepare(self) -> None:
        layout = self._layout
        for folder in layout.folders():
            shutil.rmtree(folder, ignore_errors=True)
        for file in layout.run_files():
            file.unlink(missing_ok=True)
        # Written before the first child: from here on a crash can be cleaned up.
        save(layout.folder, self._state)
        for folder in layout.folders():
            folder.mkdir(mode=0o700, parents=True)
        self._passwords = components.write_secrets(layout, self._profile)
        components.write_configs(layout, self._state, self._passwords)
        write_private(layout.workload, json.dumps(workload_json(self._state), indent=1) + "\n")
        write_plans(layout, self._state)

    async def _start(self) -> None:
        async with httpx.AsyncClient(timeout=5.0, trust_env=False) as http:
            async with asyncio.TaskGroup() as group:
                is_old = self._profile.source.is_before_groups
                source = self._old_source() if is_old else self._source(http)
                group.create_task(source, name="lab-source")
                group.create_task(self._target(http), name="lab-target")
                if self._profile.surroundings:
                    group.create_task(self._around(http), name="lab-around")
                if self._profile.mirror.first_hop:
                    group.create_task(self._between(), name="lab-between")
            if self._profile.surroundings:
                await create_sinks(http, self._state, self._layout)
            if self._profile.mirror.first_hop:
                process = self._java(FIRST_HOP)
                works = partial(hop.first_hop_works, self._state, FIRST_HOP)
                await self._wait(FIRST_HOP, process, works)
            if self._profile.mirror.kind == "link":
                await self._link(http)
            else:
                configs = mirror.connector_configs(self._state, self._layout)
                await mirror.create(http, self._state.url("connect"), configs)
                self._progress("connectors created")
            await self._first_records(http)

    async def _link(self, http: httpx.AsyncClient) -> None:
        """Once both clusters answer, for it makes the source's topics on the target."""
        process = self._record(linkpart.start_link(self._layout, self._state))
        base = self._state.url("link")
        await self._wait("link", process, lambda: linkpart.link_answers(http, base))

    async def _around(self, http: httpx.AsyncClient) -> None:
        """Registries with their schemas, and Prometheus."""
        server = await fetch_registry(self._say)
        waiting = {
            side: self._record(start_registry(server, side, self._layout, self._state))
            for side in SIDES
        }
        for side, process in waiting.items():
            name = f"registry-{side}"
            await self._wait(name, process, partial(around_answers, http, self._state, name))
            await fill_registry(http, self._state, side)
        name, process = "prometheus", self._record(start_prometheus(self._layout, self._state))
        await self._wait(name, process, partial(around_answers, http, self._state, name))

    async def _source(self, http: httpx.AsyncClient) -> None:
        if self._profile.zookeeper:
            self._java("zookeeper")
        process = self._java("source")
        # The second one later, so that the first is their controller.
        await self._wait("source", process, lambda: clusters.answers(self._admin("source")))
        if SECOND in self._state.ports:
            other = self._java(SECOND)
            await self._wait(SECOND, other, lambda: clusters.answers(self._admin(SECOND)))
        await self._wait("source", process, lambda: self._furnished("source"), quiet=True)
        self._progress(f"source: users, ACLs and {len(self._work.topics)} topics are there")
        for host in self._profile.hosted():
            self._services(host)
        if self._profile.surroundings:
            name = "connect-source"
            base = self._state.url(name)
            await self._wait(name, self._java(name), lambda: mirror.answers(http, base))

    async def _old_source(self) -> None:
        """One of 0.8: topics before answers, and those by a tool."""
        self._java("zookeeper")
        process = self._java("source")
        registered = partial(hop.is_registered, self._state, "/brokers/ids")
        await self._wait("source", process, registered, quiet=True)
        assert isinstance(self._jars, PartJars)
        await hop.make_old_topics(self._jars, self._state, self._layout.config / LOG4J_FILE)
        answers = partial(hop.old_broker_answers, self._state.address("source"))
        await self._wait("source", process, answers)
        self._progress(f"source: {len(self._work.topics)} topics are there")
        for host in self._profile.hosted():
            self._services(host)

    async def _between(self) -> None:
        """The cluster that the first hop writes, with the source's topics and partition counts."""
        process = self._java("between")
        login = clusters.Login(self._state.address("between"), access.ADMIN)
        await self._wait("between", process, lambda: clusters.answers(login))

        async def furnished() -> bool:
            try:
                async with clusters.connected(login) as setup:
                    topics = dict.fromkeys(self._work.topics, TOPIC_CONFIG)
                    await setup.topics(topics, partitions=self._work.partitions)
            except KafkaError as error:
                if not error.retriable:
                    raise
                return False
            return True

        await self._wait("between", process, furnished, quiet=True)

    async def _target(self, http: httpx.AsyncClient) -> None:
        process = self._java("target")
        await self._wait("target", process, lambda: clusters.answers(self._admin("target")))
        await self._wait("target", process, lambda: self._furnished("target"), quiet=True)
        self._progress("target: users and ACLs are there")
        if self._profile.mirror.kind == "link":
            return
        worker = self._java("connect")
        base = self._state.url("connect")
        await self._wait("connect", worker, lambda: mirror.answers(http, base))

    async def _furnished(self, side: Side) -> bool:
        """Whether users, ACLs and topics could be made: a young broker may still refuse."""
        try:
            async with clusters.connected(self._admin(side)) as setup:
                if self._profile.cluster(side).security in BY_PASSWORD:
                    everybody = access.users(self._work)
                    await setup.users({user: self._passwords[user] for user in everybody})
                if allows := access.bindings(side, self._profile):
                    await setup.allow(allows)
                if side == "source":
                    await setup.topics(
                        dict.fromkeys(self._work.topics, TOPIC_CONFIG),
                        partitions=self._work.partitions,
                        brokers=len(self._state.source_brokers()),
                        single_copy=self._work.single_copy,
                    )
        except KafkaError as error:
            if not error.retriable:
                raise
            return False
        return True

    async def _first_records(self, http: httpx.AsyncClient) -> None:
        """Start the services on the source and wait until their records are on the target."""
        async with asyncio.TaskGroup() as group:
            hosted = self._profile.hosted()
            for process in self._state.processes:
                for service in hosted.get(process.name, ()):
                    begin = self._begin(http, process, service)
                    group.create_task(begin, name=f"lab-{service}")
        self._progress(f"{len(self._work.works)} services run on the source")
        worker = next(p for p in self._state.processes if p.name in ("connect", "link"))
        async with clusters.connected(self._admin("target")) as setup:
            await self._wait("mirror", worker, lambda: self._mirrored(http, setup))

    async def _begin(self, http: httpx.AsyncClient, process: Process, service: str) -> None:
        base = self._state.url(service)

        async def started() -> bool:
            try:
                reply = await http.post(
                    f"{base}/start", params={"cluster": "source"}, timeout=START_TIMEOUT_S
                )
            except httpx.HTTPError:
                return False
            return reply.status_code == 200

        await self._wait(service, process, started, quiet=True)

    async def _mirrored(self, http: httpx.AsyncClient, setup: clusters.Setup) -> bool:
        """Whether every topic is on the target and has a record."""
        if self._profile.mirror.kind == "link":
            tool, failed = "link", await linkpart.link_failure(http, self._state.url("link"))
        else:
            tool, failed = "connect", await mirror.failure(http, self._state.url("connect"))
        if failed is not None:
            raise LabError(f"the mirror failed: {failed}; see {self._layout.log(tool)}")
        try:
            partitions = await setup.partitions(self._work.prefix)
            if len(partitions) < len(self._work.topics):
                return False
            return all((await setup.end_offsets(partitions)).values())
        except KafkaError:
            # A partition that was made a moment ago has no leader yet, or the login has run out.
            return False

    def _java(self, name: str) -> Process:
        return self._record(
            components.start_java(name, jars=self._jars, layout=self._layout, state=self._state)
        )

    def _services(self, host: str) -> Process:
        return self._record(components.start_services(host, layout=self._layout, state=self._state))

    def _record(self, process: Process) -> Process:
        self._state = self._state.started(process)
        save(self._layout.folder, self._state)
        return process

    def _admin(self, broker: str) -> clusters.Login:
        side: Side = "target" if broker == "target" else "source"
        login = login_of(access.ADMIN, side, self._layout, self._state, broker=broker)
        # PLAIN lets the lab in before any SCRAM user exists
        return replace(login, mechanism="PLAIN") if login.password else login

    async def _wait(
        self, name: str, process: Process, answers: Asking, *, quiet: bool = False
    ) -> None:
        await wait_for_answer(name, process, answers, log=self._layout.log(process.name))
        if not quiet:
            self._progress(f"{name}: answers")

    def _progress(self, text: str) -> None:
        self._say(f"{time.perf_counter() - self._began:5.1f} s  {text}")


def workload_json(state: State) -> dict[str, object]:
    """The workload for the services and for any checker."""
    workload = state.profile.workload
    return {
        "profile": state.profile.name,
        "bootstrap": {side: ",".join(state.bootstrap(side)) for side in SIDES},
        "producers": {"target": state.address("link-proxy")} if "link-proxy" in state.ports else {},
        "registries": {side: registry_url(state, side) for side in SIDES}
        if state.profile.surroundings
        else {},
        "zookeeper": state.address("zookeeper") if "zookeeper" in state.ports else "",
        "topics": dict.fromkeys(workload.topics, workload.partitions),
        "services": {
            work.name: {
                "principal": work.principal,
                "group": work.group,
                "consumes": list(work.consumes),
                "produces": list(work.produces),
                "control": state.url(work.name),
            }
            for work in workload.works
        },
    }


def _first(errors: BaseExceptionGroup[Exception]) -> LabError:
    """One of several failures: a process that died explains more than one that did not answer."""
    found = [
        error if isinstance(error, LabError) else LabError(f"setting up the lab failed: {error!r}")
        for error in leaves(errors)
    ]
    return next((error for error in found if isinstance(error, PartDiedError)), found[0])
