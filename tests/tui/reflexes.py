"""Hands that do not look: random keys, random clicks, held keys. `python -m tests.tui.reflexes`
runs ten thousand of each and says what came of it.

Sessions record what they are asked for, and the app is as a user has it but for one thing: it does
not end when it is left, so that the next sequence finds it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from unittest import mock

from textual import events

from cockpit.core.intents import Acknowledge, AddNote, Disarm, Pause, Point
from cockpit.core.snapshot import Snapshot
from cockpit.tui.app import CockpitApp
from cockpit.tui.keynames import CHARACTERS
from cockpit.tui.keys import KEYS, deliberate
from tests.tui import fixtures
from tests.tui.seen import Seen, answering

HARMLESS: Final = (Acknowledge, AddNote, Disarm, Pause, Point)
"""What keys other than those that begin an action may ask for."""
NAMED: Final = (
    "enter", "escape", "tab", "shift+tab", "space", "up", "down", "left", "right", "pageup",
    "pagedown", "home", "end", "backspace", "delete", "insert", "f1", "f2", "f5", "f10",
    "ctrl+a", "ctrl+c", "ctrl+d", "ctrl+e", "ctrl+j", "ctrl+p", "ctrl+q", "ctrl+r", "ctrl+s",
    "ctrl+u", "ctrl+v", "ctrl+w", "ctrl+x", "ctrl+z", "ctrl+backslash", "ctrl+enter",
    "shift+enter", "alt+a",
)  # fmt: skip
BEGINS: Final = frozenset(name for key in KEYS if deliberate(key) for name in key.keys)
WITHOUT: Final = tuple(name for name in (*CHARACTERS, *NAMED) if name not in BEGINS)
"""Every key but those that begin an action."""
STATES: Final[Mapping[str, Callable[[], Snapshot]]] = {
    "calm": lambda: fixtures.snapshot(actions=fixtures.actions()),
    "fenced": lambda: fixtures.fenced(actions=fixtures.actions()),
    "fired": fixtures.fired,
    "holding": fixtures.holding,
    "another has armed": lambda: fixtures.armed("advance", "bo"),
}


def key_event(name: str) -> events.Key:
    """As the terminal's parser makes it."""
    return events.Key(name, " " if name == "space" else CHARACTERS.get(name))


@contextmanager
def never_left() -> Iterator[None]:
    """The app stays when it is left."""
    with mock.patch.object(CockpitApp, "leave"):
        yield


@asynccontextmanager
async def staying(snapshot: Snapshot, size: tuple[int, int] = (80, 24)) -> AsyncIterator[Seen]:
    """The app with a session that arms and disarms as it is asked."""
    with never_left():
        async with answering(snapshot, size) as seen:
            yield seen


def press(seen: Seen, names: Sequence[str]) -> None:
    """Press keys as fast as a paste without brackets brings them."""
    for name in names:
        seen.app.post_message(key_event(name))


async def random_keys(seen: Seen, rng: random.Random, sequences: int, length: int = 20) -> None:
    """Sequences of keys that begin nothing, some at a reader's pace; after each what is open is
    left."""
    for number in range(sequences):
        for name in rng.choices(WITHOUT, k=length):
            press(seen, [name])
            if number % 20 == 0:
                await seen.pilot.pause()
        await seen.pilot.pause()
        while seen.app.screen is not seen.app.board:
            press(seen, ["escape"])
            await seen.pilot.pause()


async def random_clicks(seen: Seen, rng: random.Random, clicks: int) -> None:
    """Clicks of any button anywhere, with any modifier."""
    width, height = seen.app.size
    for number in range(clicks):
        x, y = rng.randrange(width), rng.randrange(height)
        held = [rng.random() < 0.1 for _ in range(3)]
        kinds = (events.MouseMove, events.MouseDown, events.MouseUp)
        for kind in kinds:
            button = rng.choice((1, 1, 2, 3)) if kind is not events.MouseMove else 0
            shift, meta, ctrl = held
            seen.app.post_message(
                kind(None, x, y, 0, 0, button, shift, meta, ctrl, screen_x=x, screen_y=y)
            )
        if number % 50 == 49:
            await seen.pilot.pause()
    await seen.pilot.pause()


async def _all(sequences: int, clicks: int, seed: int) -> bool:
    rng = random.Random(seed)
    share, clean = len(STATES), True
    for name, state in STATES.items():
        for what, run, number in (
            ("key sequences", random_keys, sequences // share),
            ("clicks", random_clicks, clicks // share),
        ):
            begun = time.perf_counter()
            async with staying(state()) as seen:
                await run(seen, rng, number)
                bad = [one for one in seen.session.intents if not isinstance(one, HARMLESS)]
                done = time.perf_counter() - begun
                asked = len(seen.session.intents)
            print(  # noqa: T201
                f"{name}: {number} {what}, {len(bad)} actions, {asked} harmless, {done:.0f} s"
            )
            clean = clean and not bad
    return clean


def main() -> int:
    """Exit code 1 where anything was begun."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=10_000)
    parser.add_argument("--clicks", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    return 0 if asyncio.run(_all(options.sequences, options.clicks, options.seed)) else 1


if __name__ == "__main__":
    sys.exit(main())
