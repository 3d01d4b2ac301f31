"""Sends notices of a flight to its webhook: in order, each until it is taken.

Lives beside the engine and only listens: whatever the receiver does, the flight does not wait. That
notices are not taken is said once, as one alarm, and once that they are taken again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol

from cockpit.core.snapshot import Snapshot
from cockpit.notify.notices import ACTIONS, Flight, Notice, head_notice, is_worth, notice, payload
from cockpit.notify.outbox import Outbox
from cockpit.notify.transport import NotSentError
from cockpit.ports import Clock
from cockpit.secrecy import SECRETS

FIRST_PAUSE_MS: Final = 1_000
LONGEST_PAUSE_MS: Final = 60_000
TELL_AFTER: Final = 2
"""So many tries in a row fail before anybody is told: one alone is nothing."""
GIVE_UP_AFTER: Final = 3
"""So often one notice is tried of which the receiver says that it will never take it."""
HEAD_GAP_MS: Final = 1_000
BROKEN_GAP_MS: Final = 60_000
LOOK_MS: Final = 1_000
LAST_WORDS_MS: Final = 10_000
"""So long a flight that is over goes on sending."""

News = tuple[list[Mapping[str, Any]], Snapshot | None]


class Listener(Protocol):
    """What an engine tells."""

    async def news(self) -> News | None:
        """Events since the last time and the newest snapshot; None: it is over."""


class Carrier(Protocol):
    """What takes a notice away."""

    async def send(self, body: bytes) -> None:
        """Raises NotSentError."""


class Sender:
    """The notices of one engine."""

    def __init__(
        self,
        flight: Flight,
        outbox: Outbox,
        carrier: Carrier,
        clock: Clock,
        *,
        heads_every_ms: int,
        trouble: Callable[[str], None],
    ) -> None:
        """`trouble` is told why notices are not taken, and an empty text once they are again."""
        self._flight = flight
        self._outbox = outbox
        self._carrier = carrier
        self._clock = clock
        self._heads_every_ms = heads_every_ms
        self._trouble = trouble
        self._something = asyncio.Event()
        self._number = 0
        self._head = ""
        self._sent_head = ""
        self._sent_head_ms = clock.now_ms()
        self._acted = False
        self._broken_ms: int | None = None
        self._failures = 0
        self._tries_of_first = 0
        self._told = False
        self._over = False

    async def run(self, listener: Listener) -> None:
        """Until the flight is over and all is taken, or nobody has the time any more."""
        async with asyncio.TaskGroup() as group:
            sending = group.create_task(self._send(), name="webhook")
            while (news := await listener.news()) is not None:
                self._take(*news)
            self._over = True
            self._something.set()
            await asyncio.wait({sending}, timeout=LAST_WORDS_MS / 1000)
            sending.cancel()

    def _take(self, events: list[Mapping[str, Any]], snapshot: Snapshot | None) -> None:
        if snapshot is not None:
            self._head = snapshot.head
        for event in events:
            self._acted = self._acted or event.get("kind") in ACTIONS
            if is_worth(event) and not self._is_again(event):
                self._number += 1
                one = notice(self._flight, event, head=self._head, number=self._number)
                self._outbox.add(one)
                self._something.set()
        if self._acted:
            self._something.set()

    def _is_again(self, event: Mapping[str, Any]) -> bool:
        """A disk that is full refuses every entry: that is told once a minute."""
        if event.get("kind") != "journal_broken":
            return False
        now_ms, last = self._clock.now_ms(), self._broken_ms
        if last is not None and now_ms - last < BROKEN_GAP_MS:
            return True
        self._broken_ms = now_ms
        return False

    async def _send(self) -> None:
        while True:
            one = self._next()
            if one is None:
                if self._over:
                    return
                await self._wait(LOOK_MS)
                continue
            await self._try(one)

    def _next(self) -> Notice | None:
        """The oldest that waits; else the journal's head where it is time for it."""
        if (first := self._outbox.first()) is not None:
            return first
        if not self._head or self._head == self._sent_head:
            self._acted = False
            return None
        now_ms = self._clock.now_ms()
        since_ms = now_ms - self._sent_head_ms
        due = 0 if self._over else HEAD_GAP_MS if self._acted else self._heads_every_ms
        return head_notice(self._flight, self._head, now_ms) if since_ms >= due else None

    async def _try(self, one: Notice) -> None:
        try:
            await self._carrier.send(self._bytes(one))
        except NotSentError as error:
            await self._failed(one, error)
            return
        self._taken(one)
        self._failures = 0
        if self._told:
            self._told = False
            self._trouble("")

    def _bytes(self, one: Notice) -> bytes:
        """As it goes out. Scrubbed before it is put together, where a secret stands as it is, and
        after, where it may have come together."""
        left_out = {"left_out": self._outbox.left_out} if self._outbox.left_out else {}
        tree = payload(_scrubbed({**one.body, **left_out}))
        return json.dumps(_scrubbed(tree), sort_keys=True).encode()

    def _taken(self, one: Notice) -> None:
        self._tries_of_first = 0
        self._outbox.taken(one)
        if one.body["kind"] == "head":
            self._sent_head = str(one.body["head"])
            self._sent_head_ms = self._clock.now_ms()
            self._acted = False

    async def _failed(self, one: Notice, error: NotSentError) -> None:
        self._failures += 1
        self._tries_of_first += 1
        if self._failures >= TELL_AFTER and not self._told:
            self._told = True
            self._trouble(SECRETS.text(str(error)))
        if not error.retry and self._tries_of_first >= GIVE_UP_AFTER:
            self._taken(one)
            return
        pause_ms = FIRST_PAUSE_MS * 2 ** min(self._failures - 1, 10)
        asked_ms = int(error.pause_s * 1000)
        await self._clock.sleep(max(min(pause_ms, LONGEST_PAUSE_MS), asked_ms))

    async def _wait(self, duration_ms: int) -> None:
        """Until there is something, or for so long."""
        self._something.clear()
        async with asyncio.TaskGroup() as group:
            tasks = (
                group.create_task(self._something.wait(), name="webhook something"),
                group.create_task(self._clock.sleep(duration_ms), name="webhook pause"),
            )
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()


def _scrubbed(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: SECRETS.text(v) if isinstance(v, str) else v for key, v in body.items()}
