"""The Effector port for real clusters: sends each action to the file that knows it.

Decides nothing itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
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
    ProveDrained,
    ProveReversible,
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
from cockpit.kafka.effects.places import PlaceSearch
from cockpit.kafka.effects.probe import ShadowReader
from cockpit.kafka.effects.reverse import MirrorRuns
from cockpit.kafka.effects.seek import PlaceSeek
from cockpit.kafka.effects.service import ServiceCalls
from cockpit.kafka.http import Http


@dataclass(frozen=True, slots=True)
class Handlers:
    """One for each kind of action."""

    services: ServiceCalls
    patches: ConnectorPatches
    exclusions: GroupExclusions
    fencing: Fencing
    drain: DrainProof
    commits: OffsetCommits
    places: PlaceSearch
    seeks: PlaceSeek
    shadow: ShadowReader
    runs: MirrorRuns
    drills: Drills


class RealEffector:
    """Changes real clusters, services and connectors."""

    def __init__(self, handlers: Handlers, *, clients: tuple[Client, ...], http: Http) -> None:
        self._handlers = handlers
        self._clients = clients
        self._http = http

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
            case ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror():
                return await handlers.runs.precheck(action)
            case Fence():
                return await handlers.fencing.precheck(action)
            case Unfence():
                return await handlers.fencing.verify_open(action)
            case ProveSilent(topics=topics):
                return await handlers.fencing.silent(topics)
            case ProveDrained():
                return await self._drain(action).verify(action.topics)
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
            case ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror():
                return await handlers.runs.do(action)
            case Fence():
                return await handlers.fencing.do(action)
            case Unfence():
                return await handlers.fencing.undo(action)
            case ProveSilent():
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
            case ExcludeTopics() | ProveReversible() | StopMirror() | StartMirror():
                return await handlers.runs.verify(action)
            case Fence():
                return await handlers.fencing.verify(action)
            case Unfence():
                return await handlers.fencing.verify_open(action)
            case ProveSilent(topics=topics):
                return await handlers.fencing.silent(topics)
            case ProveDrained():
                return await self._drain(action).verify(action.topics)
            case CommitOffsets():
                return await handlers.commits.check(action)
            case Drill():
                return await handlers.drills.check(action)
            case FindPlaces() | SeekPlaces() | ProbePlaces():
                return Finding(None, "a search is no state")
            case _:
                assert_never(action)

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
            tasks.create_task(self._http.close(), name="close-effector-http")
            for client in self._clients:
                tasks.create_task(client.close(), name="close-effector-client")
