"""`cockpit demo`: two simulated waves, one of which goes wrong and comes back. Needs no cluster."""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from cockpit.cli import exits
from cockpit.cli.options import add_pilot_options, add_screen_options
from cockpit.cli.output import complain, say, say_json
from cockpit.core.flight import begin
from cockpit.core.intents import Intent
from cockpit.core.snapshot import LogLine, Snapshot

DEMO_USER = "demo"


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`demo` and its options."""
    parser = commands.add_parser(
        "demo",
        help="fly a simulated cutover",
        description="Flies two simulated waves. On the screen the keys are yours: A, then Y, "
        "begins a wave; an error burst trips a trigger in the second one and it comes back; "
        "fly it again. With --headless it flies by itself, in no time.",
    )
    parser.add_argument("--seed", type=int, default=1, help="another seed, another flight")
    parser.add_argument("--speed", type=float, default=1.0, help="on the screen: times real time")
    parser.add_argument("--auto", action="store_true", help="on the screen: fly by itself")
    parser.add_argument(
        "--tour",
        action="store_true",
        help="on the screen, with captions that say what to press and why; about three minutes",
    )
    add_pilot_options(parser)
    parser.set_defaults(again=True)
    add_screen_options(parser)


def run(options: argparse.Namespace) -> int:
    """On the screen, or without one on virtual time."""
    if options.tour and (why := _why_no_tour(options)):
        complain(why)
        return exits.USAGE
    if options.headless:
        return _headless(options)
    from cockpit.cli.attach import show, why_no_screen

    if why := why_no_screen(options):
        complain(f"{why.partition(': use')[0]}: flying without the screen")
        return _headless(options)
    code = show(DemoSession(options.seed, options.speed, auto=options.auto), options)
    say("that was a simulation: `cockpit run PLAN` flies real clusters, `make lab` starts some")
    return code


def _why_no_tour(options: argparse.Namespace) -> str:
    """Why there can be no tour; empty: there can."""
    from cockpit.tui.terminal import on_a_terminal, why_unfit

    if options.headless or options.plain or options.auto:
        return "--tour is on the screen, with your own keys: without --headless, --plain and --auto"
    why = why_unfit(os.environ, is_terminal=on_a_terminal())
    return f"{why}: the tour needs a screen" if why else ""


def _headless(options: argparse.Namespace) -> int:
    from cockpit.cli.pilot import Orders, Pilot, result_event
    from cockpit.cli.run import event_line
    from cockpit.engine.loop import LocalSession
    from cockpit.sim.loop import VirtualClock, run_virtual

    def show(event: Mapping[str, Any]) -> None:
        if options.json:
            say_json(event)
        else:
            say(event_line(event))

    async def fly() -> int:
        engine, world = _engine(options.seed, VirtualClock())
        # the demonstration has a pilot of its own, so that the same seed gives the same bytes
        orders = Orders(
            user=DEMO_USER,
            gate_wait_ms=options.gate_wait,
            on_ask=options.on_ask,
            accept_loss=options.accept_loss,
            confirm_steps=True,
            fly_again=options.again,
        )
        session = LocalSession(engine)
        async with asyncio.TaskGroup() as group:
            flight = group.create_task(engine.run(), name="engine")
            result = await Pilot(session, orders, show).fly()
            if result.left_running:
                flight.cancel()
        truth = world.truth()
        last = result_event(
            result, lost=truth.lost, duplicated=truth.duplicated, measured_by="simulation"
        )
        if options.json:
            say_json(last)
        else:
            say(f"SIMULATED {result.outcome}: {truth.lost} lost, {truth.duplicated} read twice")
        return result.exit_code

    return run_virtual(fly())


def _engine(seed: int, clock: Any) -> tuple[Any, Any]:  # noqa: ANN401  # loaded late on purpose
    from cockpit.cli.wiring import engine_ports
    from cockpit.engine.loop import Engine
    from cockpit.sim.demo import demo_plan, demo_world
    from cockpit.sim.factory import connect_sim

    plan = demo_plan()
    world = connect_sim(plan, clock, demo_world(seed))
    state = begin(plan, session=f"demo-{seed}", simulated=True, at_ms=clock.now_ms())
    return Engine(state, engine_ports(world, clock), None), world


class DemoSession:
    """The engine inside the screen's own process: allowed for a demonstration only."""

    seat = ""
    past: Sequence[LogLine] = ()

    def __init__(self, seed: int, speed: float, *, auto: bool) -> None:
        self._seed = seed
        self._speed = speed
        self._auto = auto
        self._engine: Any = None

    async def snapshots(self) -> AsyncIterator[Snapshot]:
        """Start the engine with the first listener, and end it with the last."""
        from cockpit.engine.loop import LocalSession
        from cockpit.sim.loop import RealtimeClock

        self._engine, _ = _engine(self._seed, RealtimeClock(self._speed))
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._engine.run(), name="engine")]
            if self._auto:
                tasks.append(group.create_task(self._autopilot(), name="autopilot"))
            async for snapshot in LocalSession(self._engine).snapshots():
                yield snapshot
            for task in tasks:
                task.cancel()

    async def _autopilot(self) -> None:
        from cockpit.cli.pilot import Orders, Pilot
        from cockpit.engine.loop import LocalSession

        orders = Orders(user=DEMO_USER, confirm_steps=True, fly_again=True)
        await Pilot(LocalSession(self._engine), orders, lambda _: None).fly()

    async def submit(self, intent: Intent) -> None:
        """Hand in an intent."""
        if self._engine is not None:
            await self._engine.submit(intent)

    async def close(self) -> None:
        """The engine ends with the screen."""
