"""The ports' reading half, watched: when each feed was asked, and what it said.

A failure comes back with what a hostile cluster would put into its text.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, TypeVar

from cockpit.core.observe import (
    AclSample,
    ClusterInfo,
    ConfigSample,
    GroupSample,
    LogSample,
    MirrorSample,
    SignalSample,
    SyncsSample,
)
from cockpit.core.survey import Survey
from cockpit.engine.loop import Ports
from cockpit.ports import Cluster, PortError, Replication, Signals, SurveyFeed, Surveyor

if TYPE_CHECKING:
    from tests.flights.invariants.recorder import Recorder

HOSTILE: Final = " \x1b]52;c;cm0=\x07\x9b2J\u202e[@click=app.advance]x[/]"
"""Clipboard, screen, direction and a button: what a cluster's text may try."""

T = TypeVar("T")


async def _tap(recorder: Recorder, feed: str, read: Callable[[], Awaitable[T]]) -> T:
    asked = recorder.now()
    try:
        sample = await read()
    except PortError as error:
        recorder.answered(feed, asked, None)
        raise PortError(error.kind, error.reason + HOSTILE) from error
    told: T = recorder.answered(feed, asked, sample)
    return told


@dataclass(frozen=True, slots=True)
class TappedCluster:
    """One cluster."""

    side: str
    inner: Cluster
    recorder: Recorder

    async def info(self) -> ClusterInfo:
        found = await _tap(self.recorder, f"{self.side}.info", self.inner.info)
        return replace(found, cluster_id=found.cluster_id + HOSTILE)

    async def logs(self) -> LogSample:
        return await _tap(self.recorder, f"{self.side}.logs", self.inner.logs)

    async def groups(self, *, states_max_age_ms: int = 0) -> GroupSample:
        def read() -> Awaitable[GroupSample]:
            return self.inner.groups(states_max_age_ms=states_max_age_ms)

        return await _tap(self.recorder, f"{self.side}.groups", read)

    async def configs(self) -> ConfigSample:
        return await _tap(self.recorder, f"{self.side}.configs", self.inner.configs)

    async def acls(self) -> AclSample:
        return await _tap(self.recorder, f"{self.side}.acls", self.inner.acls)

    async def close(self) -> None:
        await self.inner.close()


@dataclass(frozen=True, slots=True)
class TappedReplication:
    """The mirror."""

    inner: Replication
    recorder: Recorder

    async def mirror(self) -> MirrorSample:
        return await _tap(self.recorder, "mirror", self.inner.mirror)

    async def syncs(self) -> SyncsSample:
        return await _tap(self.recorder, "syncs", self.inner.syncs)

    async def close(self) -> None:
        await self.inner.close()


@dataclass(frozen=True, slots=True)
class TappedSignals:
    """Signals."""

    inner: Signals
    recorder: Recorder

    async def read(self, name: str) -> SignalSample:
        return await _tap(self.recorder, f"signal.{name}", lambda: self.inner.read(name))

    async def close(self) -> None:
        await self.inner.close()


@dataclass(frozen=True, slots=True)
class TappedSurveyor:
    """Slow looks."""

    inner: Surveyor
    recorder: Recorder

    def feeds(self) -> tuple[SurveyFeed, ...]:
        return tuple(replace(feed, read=self._reading(feed)) for feed in self.inner.feeds())

    def _reading(self, feed: SurveyFeed) -> Callable[[], Awaitable[Survey]]:
        return lambda: _tap(self.recorder, feed.name, feed.read)

    async def close(self) -> None:
        await self.inner.close()


def tapped(ports: Ports, recorder: Recorder) -> Ports:
    """Every reading port, watched."""
    surveyor = ports.surveyor
    return replace(
        ports,
        source=TappedCluster("source", ports.source, recorder),
        target=TappedCluster("target", ports.target, recorder),
        replication=TappedReplication(ports.replication, recorder),
        signals=TappedSignals(ports.signals, recorder),
        surveyor=None if surveyor is None else TappedSurveyor(surveyor, recorder),
    )
