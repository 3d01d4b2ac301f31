"""`ports.Effector` over a simulated world, with every way in which an effect can go wrong.

What a real cluster refuses is refused here; what a real reply can leave open is left open.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from functools import partial
from typing import Any, assert_never

from cockpit.core.actions import (
    Action,
    CallService,
    CommitOffsets,
    Drill,
    Errand,
    ExcludeGroups,
    ExcludeTopics,
    Fence,
    Finding,
    FindPlaces,
    Look,
    PatchConnector,
    ProbePlaces,
    PromoteTopics,
    ProveDrained,
    ProveReversible,
    ProveShut,
    ProveSilent,
    SeekPlaces,
    StartMirror,
    StopMirror,
    Unfence,
)
from cockpit.core.errands import call_of
from cockpit.core.observe import MISSING, partition_text
from cockpit.core.plan import SIDES, CommandCall, Control, HttpCall, Manual, Service
from cockpit.ports import OutcomeUnknownError, PortError
from cockpit.sim.drills import SimDrills
from cockpit.sim.faults import ActionWord, EffectFault
from cockpit.sim.line import Line
from cockpit.sim.looks import look
from cockpit.sim.mirror import EXCLUDE_KEY
from cockpit.sim.proofs import SimDrain, SimFence, prove_shut

NO_SUCH_TOOL = "simulated: this world has one mirror, from the source to the target, and no link"
SETTLE_READS = 20
SETTLE_PAUSE_MS = 250
Change = PatchConnector | ExcludeGroups | Fence | Unfence | CommitOffsets
"""What a cluster, or Connect, does with a request as soon as it has it."""


class SimEffector:
    """Everything that the cockpit can change in a simulated world."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._world = line.world
        self._fence = SimFence(line)
        self._drain = SimDrain(line)
        self._drills = SimDrills(line)

    async def precheck(self, action: Action) -> Finding:
        """Read whether it is already so."""
        match action:
            case CallService() | Errand():
                self._control(action)
                return Finding(None, "a control cannot be read")
            case PatchConnector():
                return await self._patched(action)
            case ExcludeGroups():
                return await self._excluded(action)
            case (
                ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror() | PromoteTopics()
            ):
                raise PortError("unsupported", NO_SUCH_TOOL)
            case Fence():
                return await self._fence.precheck(action)
            case Unfence():
                return await self._fence.precheck_open(action)
            case ProveSilent() | ProveDrained() | ProveShut():
                return await self._proof(action)
            case CommitOffsets():
                return await self._committed(action)
            case Drill():
                return await self._drills.check(action)
            case FindPlaces() | SeekPlaces() | ProbePlaces():
                return Finding(None, "a search is no state")
            case _:
                assert_never(action)

    async def do(self, action: Action) -> Mapping[str, Any]:
        """Make it so, unless the script has something against it."""
        await self._reach(action)
        word, subjects = _known_as(action)
        fault = self._world.script.take_effect_fault(word, subjects)
        if fault is None:
            return await self._apply(action)
        return await self._apply_badly(action, fault)

    async def verify(self, action: Action) -> Finding:
        """Read whether it is so now."""
        match action:
            case Fence():
                return await self._fence.verify(action)
            case Unfence():
                return await self._fence.verify_open(action)
            case PatchConnector(connector=connector):
                found = await self._patched(action)
                return await self._settled(connector) if found.holds else found
            case ExcludeGroups():
                found = await self._excluded(action)
                name = self._world.plan.replication.checkpoint_connector
                return await self._settled(name) if found.holds else found
            case (
                ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror() | PromoteTopics()
            ):
                raise PortError("unsupported", NO_SUCH_TOOL)
            case ProveSilent() | ProveDrained() | ProveShut():
                return await self._proof(action)
            case CallService() | CommitOffsets() | Drill():
                return await self.precheck(action)
            case FindPlaces() | SeekPlaces() | ProbePlaces() | Errand():
                return await self.precheck(action)
            case _:
                assert_never(action)

    async def _proof(self, action: ProveSilent | ProveDrained | ProveShut) -> Finding:
        match action:
            case ProveSilent(topics=topics):
                return await self._fence.silent(topics)
            case ProveDrained(topics=topics):
                return await self._drain.verify(topics)
            case ProveShut():
                return await prove_shut(action, self._fence, self._line)

    async def close(self) -> None:
        """Nothing is held."""

    async def _reach(self, action: Action) -> None:
        """The way there. Raises PortError: then it certainly did not happen."""
        match action:
            case CallService() | Errand():
                self._control(action)
                await self._line.outside()
            case PatchConnector() | ExcludeGroups():
                await self._line.connect()
            case (
                ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror() | PromoteTopics()
            ):
                raise PortError("unsupported", NO_SUCH_TOOL)
            case Fence() | Unfence() | ProveSilent() | ProveDrained() | ProveShut():
                await self._line.cluster("source")
            case FindPlaces() | SeekPlaces() | ProbePlaces():
                for either in SIDES:
                    await self._line.cluster(either)
            case CommitOffsets(side=side):
                await self._line.cluster(side)
            case Drill():
                pass  # whoever breaks something does not go through what is broken
            case _:
                assert_never(action)

    async def _apply(self, action: Action) -> Mapping[str, Any]:
        match action:
            case CallService() | Errand():
                return await self._call(action)
            case PatchConnector() | ExcludeGroups() | Unfence() | CommitOffsets():
                return self._change(action)
            case Fence():
                self._fence.survey(action)
                return self._change(action)
            case (
                ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror() | PromoteTopics()
            ):
                raise PortError("unsupported", NO_SUCH_TOOL)
            case ProveSilent() | ProveShut():
                return {}
            case ProveDrained(topics=topics):
                return await self._drain.do(topics)
            case Drill():
                return await self._drills.do(action)
            case FindPlaces() | SeekPlaces() | ProbePlaces():
                return look(self._world, action)
            case _:
                assert_never(action)

    def _change(self, change: Change) -> Mapping[str, Any]:
        """What a request does where it arrives, whoever still waits for it. Raises PortError."""
        world = self._world
        match change:
            case PatchConnector(connector=connector, settings=settings):
                self._config(connector)
                previous = world.mirror.patch(connector, settings, world.now_ms)
                world.happened(f"patch {connector}")
                return {"previous": previous}
            case ExcludeGroups(groups=groups, excluded=excluded):
                before = world.mirror.exclude(groups, excluded=excluded, now_ms=world.now_ms)
                world.happened("exclude" if excluded else "include")
                return {"previous": before}
            case Fence():
                return self._fence.make(change)
            case Unfence():
                return self._fence.remove(change)
            case CommitOffsets():
                return self._commit(change)
            case _:
                assert_never(change)

    async def _apply_badly(self, action: Action, fault: EffectFault) -> Mapping[str, Any]:
        timeout_ms = self._world.spec.call_timeout_ms
        if isinstance(action, CallService | Errand):
            timeout_ms = self._control(action).timeout_ms
        match fault.mode:
            case "refused":
                raise PortError("refused", "simulated: refused this time")
            case "twice":
                data = await self._apply(action)
                with contextlib.suppress(PortError):  # the second answer is nobody's any more
                    await self._apply(action)
                return data
            case "lost_before":
                await self._line.wait(timeout_ms)
                raise OutcomeUnknownError("simulated: the request may have been lost")
            case "lost_after":
                await self._apply(action)
                raise OutcomeUnknownError("simulated: the reply was lost")
            case "slow":
                if fault.delay_ms < timeout_ms:
                    await self._line.wait(fault.delay_ms)
                    return await self._apply(action)
                await self._land_later(action, fault.delay_ms, timeout_ms)
                raise OutcomeUnknownError(f"simulated: no reply within {timeout_ms / 1000:g} s")
            case _:
                assert_never(fault.mode)

    async def _land_later(self, action: Action, delay_ms: int, timeout_ms: int) -> None:
        """Wait in vain; what was sent arrives when it does, and changes the world even so. Raises
        PortError where it would not have been sent."""
        world = self._world
        match action:
            case CallService(service=service, verb=verb):
                world.later(delay_ms, partial(world.call_service, service, verb))
            case Errand(part=part, what=what):
                world.later(delay_ms, partial(world.happened, f"{part} {what}"))
            case PatchConnector() | ExcludeGroups() | Fence() | Unfence() | CommitOffsets():
                if isinstance(action, Fence):
                    self._fence.survey(action)
                world.later(delay_ms, partial(self._arrive, action))
            case _:
                pass  # a reading leaves nothing behind
        await self._line.wait(timeout_ms)

    def _arrive(self, change: Change) -> None:
        """Nobody hears any more that it was refused."""
        with contextlib.suppress(PortError):
            self._change(change)

    # --- services ---

    def _control(self, action: CallService | Errand) -> HttpCall | CommandCall:
        """How a service is called, or a wave's own call is made. Raises PortError."""
        if isinstance(action, Errand):
            call = call_of(self._world.plan, action)
            if call is None:
                raise PortError("protocol", f"the plan has no such call: {action.what}")
            return call
        try:
            service: Service = self._world.layout.services[
                self._world.service_index(action.service)
            ]
        except KeyError:
            raise PortError("protocol", f"the plan has no service {action.service}") from None
        control: Control = getattr(service, action.verb)
        if isinstance(control, Manual):
            what = f"{action.verb} of {action.service} is done by a person"
            raise PortError("protocol", what)
        return control

    async def _call(self, action: CallService | Errand) -> Mapping[str, Any]:
        """Ask, and wait until the service says that it is done."""
        control, world = self._control(action), self._world
        if isinstance(action, Errand):
            world.happened(f"{action.part} {action.what}")
            return {"status": 200}
        index = world.service_index(action.service)
        until_ms = self._line.now() + control.timeout_ms
        world.call_service(action.service, action.verb)
        while not world.fleet.idle(index):
            if self._line.now() >= until_ms:
                limit_s = control.timeout_ms / 1000
                raise OutcomeUnknownError(f"simulated: no reply within {limit_s:g} s")
            await self._line.wait(world.spec.step_ms)
        return {"status": 200}

    # --- connectors ---

    def _config(self, connector: str) -> Mapping[str, str]:
        config = self._world.mirror.configs.get(connector)
        if config is None:
            raise PortError("protocol", f"simulated: no connector {connector}")
        return config

    async def _patched(self, action: PatchConnector) -> Finding:
        await self._line.connect()
        config = self._config(action.connector)
        wrong = sorted(key for key, value in action.settings if config.get(key) != value)
        if wrong:
            previous = {key: config.get(key) for key, _ in action.settings}
            why = f"{action.connector}: not set: {', '.join(wrong)}"
            return Finding(False, why, {"previous": previous})
        return Finding(True, f"{action.connector}: as wanted")

    async def _excluded(self, action: ExcludeGroups) -> Finding:
        await self._line.connect()
        mirror = self._world.mirror
        wrong = [g for g in action.groups if mirror.is_listed(g) != action.excluded]
        if wrong:
            name = self._world.plan.replication.checkpoint_connector
            previous = {EXCLUDE_KEY: self._config(name).get(EXCLUDE_KEY)}
            why = f"{EXCLUDE_KEY} is not yet so for {', '.join(wrong)}"
            return Finding(False, why, {"previous": previous})
        return Finding(True, f"{EXCLUDE_KEY} is so for {', '.join(action.groups)}")

    async def _settled(self, connector: str) -> Finding:
        """Wait a while for a changed connector's tasks. Raises PortError."""
        state = ""
        for _ in range(SETTLE_READS):
            await self._line.connect()
            states = self._world.mirror.connectors(self._world.now_ms)
            state = next(c.tasks[0].state for c in states if c.name == connector)
            if state == "RUNNING":
                return Finding(True, f"{connector} is set and running")
            await self._line.wait(SETTLE_PAUSE_MS)
        return Finding(False, f"{connector} is set, but its task is {state}")

    # --- offsets ---

    def _group(self, action: CommitOffsets) -> int:
        """A group's index. Raises PortError when nobody can answer for it."""
        layout = self._world.layout
        if action.group not in layout.groups:
            raise PortError("protocol", f"simulated: unknown group {action.group}")
        group = layout.groups.index(action.group)
        coordinator = layout.coordinator_of[group]
        if coordinator in self._world.shores[action.side].brokers_down:
            why = f"simulated: coordinator of {action.group}, broker {coordinator}, is down"
            raise PortError("unreachable", why)
        for (topic, partition), _ in action.offsets:
            if (topic, partition) not in layout.keys.position:
                raise PortError("protocol", f"simulated: no partition {topic}/{partition}")
        return group

    async def _committed(self, action: CommitOffsets) -> Finding:
        await self._line.cluster(action.side)
        commits = self._world.shores[action.side].commits(self._group(action))
        wrong = [name for name, offset in action.offsets if commits.get(name) != offset]
        if not wrong:
            count = len(action.offsets)
            return Finding(True, f"{action.group} on {action.side}: {count} commits as wanted")
        (topic, partition), rest = wrong[0], len(wrong) - 1
        more = f" and {rest} more" if rest else ""
        previous = {partition_text(name): commits.get(name) for name, _ in action.offsets}
        why = f"{action.group}: {topic}/{partition}{more} differ"
        return Finding(False, why, {"previous": previous})

    def _commit(self, action: CommitOffsets) -> Mapping[str, Any]:
        group, shore = self._group(action), self._world.shores[action.side]
        if shore.present(group):
            why = f"simulated: {action.group} has members on {action.side} (UNKNOWN_MEMBER_ID)"
            raise PortError("refused", why)
        position = self._world.layout.keys.position
        before, previous = shore.commits(group), {}
        for name, offset in action.offsets:
            previous[partition_text(name)] = before.get(name)
            shore.committed[group, position[name]] = MISSING if offset is None else offset
        self._world.happened(f"commit {action.group}")
        return {"previous": previous}


_LOOKS: dict[type[Look], ActionWord] = {
    FindPlaces: "find",
    SeekPlaces: "seek",
    ProbePlaces: "probe",
}


_OF_TOPICS: dict[type[Fence | Unfence | ProveSilent | ProveDrained | ProveShut], ActionWord] = {
    Fence: "fence",
    Unfence: "unfence",
    ProveSilent: "prove_silent",
    ProveDrained: "prove_drained",
    ProveShut: "prove_shut",
}


def _known_as(action: Action) -> tuple[ActionWord, tuple[str, ...]]:
    """The word of an action in a script of faults, and what it is about."""
    match action:
        case CallService(service=service, verb=verb):
            return "call", (service, f"{service} {verb}")
        case PatchConnector(connector=connector):
            return "patch", (connector,)
        case ExcludeGroups(groups=groups):
            return "exclude", groups
        case ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror():
            return "patch", (action.connector,)
        case PromoteTopics(topics=topics):
            return "patch", topics
        case Fence() | Unfence() | ProveSilent() | ProveDrained() | ProveShut():
            return _OF_TOPICS[type(action)], action.topics
        case CommitOffsets(group=group):
            return "commit", (group,)
        case Drill(on=on):
            return "drill", (on,)
        case FindPlaces() | SeekPlaces() | ProbePlaces():
            return _LOOKS[type(action)], (action.group,)
        case Errand(what=what):
            return "errand", (what,)
        case _:
            assert_never(action)
