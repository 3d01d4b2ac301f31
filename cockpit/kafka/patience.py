"""Questions that go on being asked when nobody waits for their answers any more.

Who has waited long enough says so in time; the request, or the handshake before it, is not broken
off for that: on a slow link it would otherwise be begun again and again, and never end. Never lets
a question outlive the connection's own time limit, and never asks a broker anew while an earlier
question to it hangs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from cockpit.kafka.link import Link
from cockpit.kafka.protocol.request import Request
from cockpit.kafka.text import one_line
from cockpit.ports import PortError

A = TypeVar("A")

CLOSE_TIMEOUT_S: Final = 0.5
HEDGE_S: Final = 0.3
"""Where any broker will do: how long one is waited for before the next is asked as well."""


class Tasks:
    """Tasks that outlive whoever started them, until they are done or all are closed."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()

    def start(self, doing: Coroutine[Any, Any, A], name: str) -> asyncio.Task[A]:
        """Begin; the task's result is to be a value: nobody may be there to see it fail."""
        task = asyncio.get_running_loop().create_task(doing, name=name)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def close(self) -> None:
        """End them all, in half a second at most."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        if running:
            await asyncio.wait(running, timeout=CLOSE_TIMEOUT_S)


async def outcome(asking: Awaitable[A]) -> A | PortError:
    """An answer, or why there is none, as a value."""
    try:
        return await asking
    except PortError as error:
        return error


@dataclass(slots=True, eq=False)
class Call:
    """One request to one broker, under way or answered."""

    link: Link
    request: Request[Any]
    task: asyncio.Task[Any]
    began_s: float
    took_s: float = 0.0
    """Once it is done."""

    def answer(self) -> Any:  # noqa: ANN401 - the caller knows what it has asked
        """Of a call that is done. Raises PortError."""
        if self.task.cancelled():
            raise PortError("unreachable", f"{self.link.address}: closed by us")
        found = self.task.result()
        if isinstance(found, PortError):
            raise found.with_traceback(None)
        return found

    def has_answer(self) -> bool:
        """Whether it is done, and well."""
        done = self.task.done() and not self.task.cancelled()
        return done and not isinstance(self.task.result(), PortError)


class Calls:
    """The requests of one client that are out."""

    def __init__(self) -> None:
        self._tasks = Tasks()
        self._given_up: dict[str, list[Call]] = {}
        """Those that nobody waits for any more, by address."""

    def start(
        self,
        link: Link,
        request: Request[Any],
        ask: Callable[[Link], Awaitable[Any]] | None = None,
    ) -> Call:
        """Send a request, or `ask` what begins with it."""
        name = f"{request.api.name}-{link.address}"
        asking = ask(link) if ask is not None else link.call(request)
        task = self._tasks.start(outcome(asking), name)
        call = Call(link, request, task, _now())

        def done(_: object) -> None:
            call.took_s = _now() - call.began_s

        task.add_done_callback(done)
        return call

    def give_up(self, call: Call) -> None:
        """Nobody waits for it now; it goes on."""
        calls = self._given_up.setdefault(call.link.address, [])
        if call not in calls:
            calls.append(call)

    def overdue(self, link: Link) -> tuple[Call, ...]:
        """Calls to this broker that were given up and are not over."""
        calls = self._given_up.get(link.address, ())
        return tuple(call for call in calls if not call.task.done())

    def collect(self, link: Link) -> tuple[Call, ...]:
        """Calls that were given up and are over now; each is told once."""
        calls = self._given_up.pop(link.address, [])
        if going_on := [call for call in calls if not call.task.done()]:
            self._given_up[link.address] = going_on
        return tuple(call for call in calls if call.task.done())

    async def close(self) -> None:
        """Break everything off."""
        self._given_up.clear()
        await self._tasks.close()


class Race:
    """One request to several brokers of which the first good answer counts.

    The next one is asked as soon as one has failed or takes its time.
    """

    def __init__(
        self, calls: Calls, request: Request[Any], links: Sequence[Link], *, longest_s: float
    ) -> None:
        self._calls = calls
        self._request = request
        self._todo = list(links)
        self._running: dict[asyncio.Task[Any], Call] = {}
        self._next_s = _now()
        self._longest_s = longest_s
        self._until_s = _now() + longest_s
        self.failures: list[PortError] = []
        """Of those who gave no answer."""

    async def next(self) -> tuple[Link, Any] | None:
        """The next answer and who gave it; None when there will be none, or none in time."""
        while self._todo or self._running:
            if self._todo and (not self._running or _now() >= self._next_s):
                self._enter(self._todo.pop(0))
                self._next_s = _now() + HEDGE_S
            until_s = min(self._until_s, self._next_s) if self._todo else self._until_s
            done, _ = await asyncio.wait(
                self._running,
                timeout=max(0.0, until_s - _now()),
                return_when=asyncio.FIRST_COMPLETED,
            )
            found = [answer for task in done if (answer := self._over(task)) is not None]
            if found:
                return found[0]
            if not done and _now() >= self._until_s:
                break
        if self._running:
            who = ", ".join(sorted(call.link.address for call in self._running.values()))
            reason = f"no answer from {who} within {self._longest_s:g} s"
            self.failures.append(PortError("slow", one_line(reason)))
        return None

    def leave(self) -> None:
        """Wait for nobody any more."""
        for call in self._running.values():
            self._calls.give_up(call)
        self._running.clear()

    def _enter(self, link: Link) -> None:
        """Ask one more, unless it hangs at an earlier question: that is waited for first."""
        hanging = self._calls.overdue(link)
        mine = [call for call in hanging if call.request is self._request]
        call = (*mine, *hanging)[0] if hanging else self._calls.start(link, self._request)
        self._running[call.task] = call

    def _over(self, task: asyncio.Task[Any]) -> tuple[Link, Any] | None:
        call = self._running.pop(task)
        if call.request is not self._request:
            self._enter(call.link)
            return None
        try:
            return call.link, call.answer()
        except PortError as error:
            self.failures.append(error)
            self._next_s = _now()
            return None


class Unhurried(Generic[A]):
    """One thing that is read again and again, and reported as slow in time.

    What takes longer is read on, and handed over at the next look with the time of its own
    beginning: who needs long for an answer is late, not unknown for ever.
    """

    def __init__(self, who: str, tasks: Tasks) -> None:
        """`who` it is that is asked, in words."""
        self._who = who
        self._tasks = tasks
        self._task: asyncio.Task[A | PortError] | None = None
        self._began_s = 0.0

    async def read(self, begin: Callable[[], Awaitable[A]], *, within_s: float) -> A:
        """What `begin` reads, or what it has been reading since an earlier look.

        Raises PortError: slow where it takes longer than this.
        """
        found = await self.glance(begin, within_s=within_s)
        if found is None:
            waited_s = _now() - self._began_s
            raise PortError("slow", f"no answer from {self._who} within {waited_s:.1f} s")
        return found.value

    async def glance(
        self, begin: Callable[[], Awaitable[A]], *, within_s: float
    ) -> Finished[A] | None:
        """As `read`; None where it goes on for longer."""
        task = self._task
        if task is None:
            task = self._task = self._tasks.start(outcome(begin()), self._who)
            self._began_s = _now()
        await asyncio.wait({task}, timeout=within_s)
        if not task.done():
            return None
        if self._task is task:
            self._task = None
        if task.cancelled():
            raise PortError("unreachable", f"{self._who}: closed by us")
        found = task.result()
        if isinstance(found, PortError):
            raise found.with_traceback(None)
        return Finished(found)


@dataclass(frozen=True, slots=True)
class Finished(Generic[A]):
    """What has been read to its end."""

    value: A


def _now() -> float:
    return asyncio.get_running_loop().time()
