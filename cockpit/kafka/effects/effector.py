"""The Effector port for real clusters: sends each action to the file that knows it.

Decides nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, assert_never

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
from cockpit.kafka.client import Client
from cockpit.kafka.effects.commits import OffsetCommits
from cockpit.kafka.effects.connector import ConnectorPatches, GroupExclusions
from cockpit.kafka.effects.drain import DrainProof
from cockpit.kafka.effects.drill import Drills
from cockpit.kafka.effects.fence import Fencing
from cockpit.kafka.effects.linking import LinkGroups, NoPromotion, Promotion
from cockpit.kafka.effects.places import PlaceSearch
from cockpit.kafka.effects.probe import ShadowReader
from cockpit.kafka.effects.reverse import MirrorRuns
from cockpit.kafka.effects.seek import PlaceSeek
from cockpit.kafka.effects.service import ServiceCalls
from cockpit.kafka.effects.shut import ShutProof


class Tool(Protocol):
    """Changes the replication tool."""

    async def precheck(self, action: Any) -> Finding: ...  # noqa: ANN401 - its own kinds of action

    async def do(self, action: Any) -> Mapping[str, Any]: ...  # noqa: ANN401 - as above

    async def verify(self, action: Any) -> Finding: ...  # noqa: ANN401 - as above


@dataclass(frozen=True, slots=True)
class Handlers:
    """One for each kind of action."""

    services: ServiceCalls
    patches: ConnectorPatches
    exclusions: GroupExclusions | LinkGroups
    promotion: Promotion | NoPromotion
    fencing: Fencing
    drain: DrainProof
    shut: ShutProof
    commits: OffsetCommits
    places: PlaceSearch
    seeks: PlaceSeek
    shadow: ShadowReader
    runs: MirrorRuns
    drills: Drills

    def tool(self, action: Action) -> Tool:
        """What runs mirrors, or what promotes."""
        return self.promotion if isinstance(action, PromoteTopics) else self.runs


class RealEffector:
    """Changes real clusters, services and connectors."""

    def __init__(
        self,
        handlers: Handlers,
        *,
        clients: tuple[Client, ...],
        closers: tuple[Callable[[], Awaitable[None]], ...],
    ) -> None:
        """`closers` let go of whatever is spoken to by HTTP."""
        self._handlers = handlers
        self._clients = clients
        self._closers = closers

    async def precheck(self, action: Action) -> Finding:
        """Read whether it is already so. Raises PortError."""
        handlers = self._handlers
        match action:
            case CallService() | Errand():
                return await handlers.services.check(action)
            case PatchConnector():
                return await handlers.patches.precheck(action)
            case ExcludeGroups():
                return await handlers.exclusions.precheck(action)
            case (
                ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror() | PromoteTopics()
            ):
                return await handlers.tool(action).precheck(action)
            case Fence():
                return await handlers.fencing.precheck(action)
            case Unfence():
                return await handlers.fencing.verify_open(action)
            case ProveSilent() | ProveDrained() | ProveShut():
                return await self._proof(action)
            case CommitOffsets():
                return await handlers.commits.check(action)
            case Drill():
                return await handlers.drills.check(action)
            case FindPlaces() | SeekPlaces() | ProbePlaces():
                return Finding(None, "a search is no state")
            case _:
                assert_never(action)

    async def do(self, action: Action) -> Mapping[str, Any]:
        """Make it so. Raises PortError or OutcomeUnknownError."""
        handlers = self._handlers
        match action:
            case CallService() | Errand():
                return await handlers.services.do(action)
            case PatchConnector():
                return await handlers.patches.do(action)
            case ExcludeGroups():
                return await handlers.exclusions.do(action)
            case (
                ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror() | PromoteTopics()
            ):
                return await handlers.tool(action).do(action)
            case Fence():
                return await handlers.fencing.do(action)
            case Unfence():
                return await handlers.fencing.undo(action)
            case ProveSilent() | ProveShut():
                return {}
            case ProveDrained():
                return await self._drain(action).do(action.topics)
            case CommitOffsets():
                return await handlers.commits.do(action)
            case Drill():
                return await handlers.drills.do(action)
            case FindPlaces() | SeekPlaces() | ProbePlaces():
                return await self._look(action)
            case _:
                assert_never(action)

    async def verify(self, action: Action) -> Finding:
        """Read whether it is so now. Raises PortError."""
        handlers = self._handlers
        match action:
            case CallService() | Errand():
                return await handlers.services.check(action)
            case PatchConnector():
                return await handlers.patches.verify(action)
            case ExcludeGroups():
                return await handlers.exclusions.verify(action)
            case (
                ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror() | PromoteTopics()
            ):
                return await handlers.tool(action).verify(action)
            case Fence():
                return await handlers.fencing.verify(action)
            case Unfence():
                return await handlers.fencing.verify_open(action)
            case ProveSilent() | ProveDrained() | ProveShut():
                return await self._proof(action)
            case CommitOffsets():
                return await handlers.commits.check(action)
            case Drill():
                return await handlers.drills.check(action)
            case FindPlaces() | SeekPlaces() | ProbePlaces():
                return Finding(None, "a search is no state")
            case _:
                assert_never(action)

    async def _proof(self, action: ProveSilent | ProveDrained | ProveShut) -> Finding:
        match action:
            case ProveSilent(topics=topics):
                return await self._handlers.fencing.silent(topics)
            case ProveDrained(topics=topics):
                return await self._drain(action).verify(topics)
            case ProveShut():
                return await self._handlers.shut.verify(action)

    def _drain(self, action: ProveDrained) -> DrainProof:
        proof = self._handlers.drain
        return proof if action.written == "source" else proof.back(action.back_by)

    async def _look(self, action: Look) -> Mapping[str, Any]:
        match action:
            case FindPlaces():
                return await self._handlers.places.do(action)
            case SeekPlaces():
                return await self._handlers.seeks.do(action)
            case ProbePlaces():
                return await self._handlers.shadow.do(action)
            case _:
                assert_never(action)

    async def close(self) -> None:
        """Let go of every connection. Never raises."""
        async with asyncio.TaskGroup() as tasks:
            for close in self._closers:
                tasks.create_task(_closed(close), name="close-effector-http")
            for client in self._clients:
                tasks.create_task(client.close(), name="close-effector-client")


async def _closed(close: Callable[[], Awaitable[None]]) -> None:
    await close()
