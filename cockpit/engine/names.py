"""Login names of users, asked for without ever holding the engine up.

A name service may hang for minutes: each question has a thread of its own, which nobody waits for
longer than NAME_WITHIN_S, and what it answers later is known from then on.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Final, TypeVar

from cockpit.engine.folders import unnamed, user_name

T = TypeVar("T")

NAME_WITHIN_S: Final = 1.0
AGAIN_S: Final = 60.0
"""A question that has had no answer for so long is asked once more."""


class Names:
    """What users are called."""

    def __init__(self, look_up: Callable[[int], str] = user_name) -> None:
        """`look_up` may take for ever."""
        self._look_up = look_up
        self._known: dict[int, str] = {}
        self._asked: dict[int, tuple[asyncio.Future[str], float]] = {}
        """Questions under way, and since when."""

    async def of(self, uid: int) -> str:
        """A user's name; `uid NUMBER` while nobody has told it, and where there is none."""
        if uid not in self._known:
            question, since_s = self._question(uid)
            left_s = since_s + NAME_WITHIN_S - asyncio.get_running_loop().time()
            await asyncio.wait({question}, timeout=max(0.0, left_s))
        return self._known.get(uid, unnamed(uid))

    def _question(self, uid: int) -> tuple[asyncio.Future[str], float]:
        now_s = asyncio.get_running_loop().time()
        found = self._asked.get(uid)
        if found is None or found[0].done() or now_s - found[1] >= AGAIN_S:
            question = aside(lambda: self._look_up(uid), f"name of uid {uid}")
            question.add_done_callback(lambda answer: self._told(uid, answer))
            found = self._asked[uid] = (question, now_s)
        return found

    def _told(self, uid: int, answer: asyncio.Future[str]) -> None:
        """A name is kept; that there is none may be said by a service that is away."""
        failed = answer.cancelled() or answer.exception() is not None
        if not failed and answer.result() != unnamed(uid):
            self._known[uid] = answer.result()


def aside(call: Callable[[], T], name: str) -> asyncio.Future[T]:
    """What a call comes to that may take for ever. Its thread keeps no process from ending, as one
    of the loop's own would."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def tell(found: T | Exception) -> None:
        if not future.done():
            if isinstance(found, Exception):
                future.set_exception(found)
            else:
                future.set_result(found)

    def run() -> None:
        found: T | Exception
        try:
            found = call()
        except Exception as error:  # noqa: BLE001  # it is for whoever waits
            found = error
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(tell, found)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
