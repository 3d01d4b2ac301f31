"""Sets up who is told outside of a flight's screens: the webhook of its plan, and its metrics.

Never ends a flight and never holds one up: what cannot be told becomes an alarm.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import cockpit
from cockpit.core.flight import Tell
from cockpit.core.notify import MetricsPlace, Webhook
from cockpit.core.observe import Failure
from cockpit.core.ownsurvey import METRICS, WEBHOOK, WebhookSurvey
from cockpit.core.plan import Plan
from cockpit.core.snapshot import Snapshot
from cockpit.engine.fanout import Listener
from cockpit.engine.folders import SessionFolder
from cockpit.engine.journal import JournalError, read_journal
from cockpit.engine.loop import Engine
from cockpit.notify.addresses import networks
from cockpit.notify.listener import ListenError, on_port, on_socket
from cockpit.notify.metrics import exposition
from cockpit.notify.notices import Flight
from cockpit.notify.outbox import Outbox, left_over
from cockpit.notify.sender import Sender
from cockpit.notify.transport import Post, Resolve, destination, resolve_here
from cockpit.plan.secrets import SecretUnavailable, reveal_secret
from cockpit.ports import Clock
from cockpit.secrecy import SECRETS


@dataclass(frozen=True, slots=True)
class Receiver:
    """The webhook of a plan: how it is reached, or why it is not."""

    spec: Webhook
    post: Post | None
    why_not: str = ""


def receiver(plan: Plan, resolve: Resolve = resolve_here) -> Receiver | None:
    """The webhook of a plan; None: it has none. Sends nothing and asks no name server."""
    spec = plan.notify.webhook if plan.notify is not None else None
    if spec is None:
        return None
    try:
        to = destination(reveal_secret(spec.url), spec.hosts)
        allowed = networks(spec.addresses)
        return Receiver(spec, Post(to, ca_file=spec.ca_file, allowed=allowed, resolve=resolve))
    except (SecretUnavailable, ValueError) as error:
        return Receiver(spec, None, SECRETS.text(f"the webhook's address: {error}"))


@contextlib.asynccontextmanager
async def telling(
    engine: Engine, folder: SessionFolder, to: Receiver | None, clock: Clock
) -> AsyncIterator[None]:
    """Tell while the block runs, and at its end for a moment longer."""
    place = engine.state.plan.notify.metrics if engine.state.plan.notify is not None else None
    async with _counted(engine, place, clock), _noticed(engine, folder, to, clock):
        yield


@contextlib.asynccontextmanager
async def _counted(engine: Engine, place: MetricsPlace | None, clock: Clock) -> AsyncIterator[None]:
    """Hand out metrics while the block runs."""
    if place is None:
        yield
        return
    async with asyncio.TaskGroup() as group:
        task = group.create_task(_hand_out(engine, place, clock), name=METRICS)
        try:
            yield
        finally:
            task.cancel()


async def _hand_out(engine: Engine, place: MetricsPlace, clock: Clock) -> None:
    """Never raises."""
    listener = engine.fanout.join()
    newest: list[Snapshot] = []

    def text() -> str:
        return exposition(newest[-1], version=cockpit.__version__) if newest else ""

    try:
        where = on_port(place.listen, text) if place.listen else on_socket(Path(place.socket), text)
        async with where:
            async for snapshot in listener.snapshots():
                newest[:] = [snapshot]
    except ListenError as error:
        now_ms = clock.now_ms()
        tell = Tell("metrics_failing", f"metrics are not handed out: {error}", "warn")
        engine.hear(Failure(METRICS, now_ms, now_ms, "refused", str(error)), tell)
    finally:
        engine.fanout.leave(listener)


@contextlib.asynccontextmanager
async def _noticed(
    engine: Engine, folder: SessionFolder, to: Receiver | None, clock: Clock
) -> AsyncIterator[None]:
    """Send notices while the block runs."""
    if to is None:
        yield
        return
    state = engine.state
    flight = Flight(folder.id, state.plan.name, state.plan.environment, state.simulated)
    telling = _Telling(engine, flight, _what_is_left(folder, flight), to, clock)
    async with asyncio.TaskGroup() as group:
        task = group.create_task(telling.run(engine.fanout.join()), name=WEBHOOK)
        try:
            yield
        finally:
            # a flight that has not ended goes on in another engine, which sends what is left
            if not engine.state.outcome:
                task.cancel()


@dataclass(frozen=True, slots=True)
class _Telling:
    engine: Engine
    flight: Flight
    outbox: Outbox
    to: Receiver
    clock: Clock

    async def run(self, listener: Listener) -> None:
        """Never raises."""
        try:
            if self.to.post is None:
                self._trouble(self.to.why_not)
                return
            sender = Sender(
                self.flight,
                self.outbox,
                self.to.post,
                self.clock,
                heads_every_ms=self.to.spec.heads_every_ms,
                trouble=self._trouble,
            )
            try:
                await sender.run(listener)
            finally:
                await self.to.post.close()
        except Exception as error:  # noqa: BLE001  # a defect here must not end the flight
            sys.stderr.write(SECRETS.text("".join(traceback.format_exception(error))))
            while isinstance(error, ExceptionGroup):
                error = error.exceptions[0]
            self._trouble(f"a defect of the cockpit's own: {type(error).__name__}")
        finally:
            self.engine.fanout.leave(listener)

    def _trouble(self, why: str) -> None:
        """Raise the alarm, or take it back with an empty reason."""
        now_ms = self.clock.now_ms()
        if why:
            failure = Failure(WEBHOOK, now_ms, now_ms, "unreachable", why)
            tell = Tell("webhook_failing", f"the webhook takes no notices: {why}", "warn")
            self.engine.hear(failure, tell)
        else:
            tell = Tell("webhook_again", "the webhook takes notices again", "good")
            self.engine.hear(WebhookSurvey(now_ms, now_ms), tell)


def _what_is_left(folder: SessionFolder, flight: Flight) -> Outbox:
    """The outbox with all that an engine before has not got rid of; nothing is added to the journal
    meanwhile. A journal that cannot be read is told of elsewhere."""
    outbox = Outbox(folder.webhook)
    with contextlib.suppress(JournalError, OSError):
        for notice in left_over(flight, read_journal(folder.journal), outbox.done):
            outbox.add(notice)
    return outbox
