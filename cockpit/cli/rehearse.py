"""`cockpit rehearse PLAN`: flies a plan in simulation, by itself. Touches no cluster."""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.cli import exits
from cockpit.cli.options import duration_ms
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.pilot import result_event

if TYPE_CHECKING:
    from cockpit.cli.keeping import Keep
    from cockpit.cli.rehearsing import Rehearsed, WaveLog
    from cockpit.core.plan import Plan
    from cockpit.sim.rehearsal import Invented
    from cockpit.sim.spec import WorldSpec

LONGEST_MS = 60_000
MAX_PARTITIONS = 200


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`rehearse` and its options."""
    parser = commands.add_parser(
        "rehearse",
        help="fly a plan in simulation, by itself",
        description="Flies PLAN in simulation: once calmly, then once more with each wave rolled "
        "back and flown again. With --seed or --faults it flies once, and things go wrong. "
        "Confirmations are answered, traffic is invented, no cluster is contacted.",
    )
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument("--seed", type=_seed, metavar="N", help="things go wrong, by this seed")
    parser.add_argument(
        "--faults", metavar="KIND,...", help="what goes wrong instead ('list' names every kind)"
    )
    parser.add_argument(
        "--no-faults", action="store_true", help="with --seed: another calm day, nothing goes wrong"
    )
    parser.add_argument(
        "--partitions",
        action="append",
        default=[],
        type=_partitions,
        metavar="[TOPIC=]N",
        help="of every topic, or of one (default 4)",
    )
    parser.add_argument(
        "--rate", type=_rate, metavar="N", help="records a second that each producer writes"
    )
    parser.add_argument(
        "--longest",
        type=duration_ms,
        default=LONGEST_MS,
        metavar="DURATION",
        help="soaks and windows that are longer are taken as long as this (default 60s)",
    )
    parser.add_argument(
        "--keep",
        type=Path,
        metavar="FOLDER",
        help="keep journal and recording in this new folder, for replay, report and verify; of two "
        "flights in its folders calm and back",
    )
    parser.add_argument("--json", action="store_true", help="one JSON event a line")


def run(options: argparse.Namespace) -> int:
    """Read, fly, tell; the flight's exit code, of several the first that is not 0."""
    from cockpit.core.unflown import unflown
    from cockpit.plan import PlanInvalid, load_plan_file
    from cockpit.sim.drills import stand_ins
    from cockpit.sim.rehearsal import KINDS, Invented, shortened, unrehearsed

    if options.faults == "list":
        for kind in KINDS:
            say(kind)
        return exits.COMPLETED
    try:
        plan = load_plan_file(options.plan)
    except PlanInvalid as error:
        return _refuse(options, (f"{options.plan}:{problem}" for problem in error.problems))
    if reasons := (*unflown(plan), *unrehearsed(plan)):
        return _refuse(options, reasons)
    kinds = tuple(options.faults.split(",")) if options.faults else ()
    counts = {topic: count for topic, count in options.partitions if topic}
    if wrong := _wrong_words(plan, kinds, counts, options):
        return _refuse(options, wrong)
    plan, notes = shortened(plan, options.longest)
    invented = Invented(
        seed=1 if options.seed is None else options.seed,
        partitions=next((n for topic, n in reversed(options.partitions) if not topic), 4),
        partitions_of=counts,
        rate_per_s=options.rate,
    )
    flights = _flights(plan, invented, kinds, options)
    told = (*notes, *stand_ins(plan, flights[0].spec.brokers))
    if not options.json:
        say(f"SIMULATION of plan {clean_line(plan.name)}: invented traffic, no cluster contacted")
        for note in told:
            say(f"  {clean_line(note)}")
    try:
        keeps = _keeps(options, [flight.name for flight in flights], shortened=bool(notes))
    except OSError as error:
        why = f"{error.filename}: {error.strerror}"
        return _refuse(options, (why,), code=exits.FAILED)
    flights = tuple(replace(flight, notes=told) for flight in flights)
    codes = [_fly(plan, *each, options) for each in zip(flights, keeps, strict=True)]
    return next((code for code in codes if code), exits.COMPLETED)


def _keeps(
    options: argparse.Namespace, names: list[str], *, shortened: bool
) -> tuple[Keep | None, ...]:
    """Where each flight is kept; None: nowhere. Raises OSError."""
    from cockpit.cli.keeping import Keep

    path: Path | None = options.keep
    if path is None:
        return (None,) * len(names)
    paths = [path]
    if len(names) > 1:
        path.mkdir(mode=0o700)
        paths = [path / name for name in names]
    text = options.plan.read_text()
    return tuple(Keep(one, options.plan, text, shortened) for one in paths)


def _seed(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to 999999999")
    return int(text)


def _rate(text: str) -> float:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 100_000):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to 100000")
    return float(text)


def _partitions(text: str) -> tuple[str, int]:
    topic, _, count = text.rpartition("=")
    if not (count.isascii() and count.isdigit() and 1 <= int(count) <= MAX_PARTITIONS):
        raise argparse.ArgumentTypeError(f"{text!r}: a number from 1 to {MAX_PARTITIONS}")
    return topic, int(count)


def _refuse(options: argparse.Namespace, reasons: Iterable[str], *, code: int = exits.USAGE) -> int:
    why = tuple(reasons)
    for line in (*why, "nothing was flown"):
        complain(clean_line(line))
    if options.json:
        refused = {"kind": "result", "outcome": "refused", "simulated": True}
        say_json({**refused, "exit_code": code, "why": "; ".join(why)})
    return code


def _wrong_words(
    plan: Plan, kinds: tuple[str, ...], counts: Mapping[str, int], options: argparse.Namespace
) -> tuple[str, ...]:
    from cockpit.cli.keeping import why_not_keep
    from cockpit.sim.rehearsal import KINDS

    wrong = [f"no kind of fault is called {kind}" for kind in kinds if kind not in KINDS]
    wrong += [f"the plan has no topic {name}" for name in counts if name not in plan.topics()]
    if options.keep is not None and (why := why_not_keep(options.keep)):
        wrong.append(why)
    if options.no_faults and kinds:
        wrong.append("--faults and --no-faults contradict each other")
    return tuple(wrong)


@dataclass(frozen=True, slots=True)
class _Flight:
    """One flight to fly."""

    name: str
    title: str
    spec: WorldSpec
    back_once: bool = False
    asked: tuple[str, ...] = ()
    """Kinds of fault that it was to have."""
    drawn: tuple[str, ...] = ()
    """Those that the plan gives something to act on, in the order of the world's faults."""
    notes: tuple[str, ...] = ()
    """What of the plan is flown otherwise than it says."""


def _flights(
    plan: Plan, invented: Invented, kinds: tuple[str, ...], options: argparse.Namespace
) -> tuple[_Flight, ...]:
    from cockpit.sim.rehearsal import draw_faults, world_of

    calm = world_of(plan, invented)
    if not kinds and (options.seed is None or options.no_faults):
        day = "a calm day" if options.seed is None else f"a calm day, seed {options.seed}"
        back = "each wave goes back once, and is flown again"
        return _Flight("calm", day, calm), _Flight("back", back, calm, back_once=True)
    drawn, faults = draw_faults(plan, calm, kinds)
    wrong = ", ".join(drawn) or "nothing of it concerns this plan"
    title = f"seed {invented.seed}: {wrong}"
    world = world_of(plan, invented, faults)
    return (_Flight("faulty", title, world, asked=kinds or drawn, drawn=drawn),)


def _fly(plan: Plan, flight: _Flight, keep: Keep | None, options: argparse.Namespace) -> int:
    from cockpit.cli.rehearsing import rehearse
    from cockpit.sim.rehearsal import never_came_about

    def tell(event: Mapping[str, Any]) -> None:
        say_json({**event, "flight": flight.name, "simulated": True})

    flown = rehearse(
        plan,
        flight.spec,
        session=f"rehearsal-{flight.name}",
        back_once=flight.back_once,
        on_event=tell if options.json else lambda _event: None,
        keep=keep,
    )
    kept = None if keep is None else str(keep.path)
    missed = never_came_about(flight.asked, flight.drawn, flown.met)
    if options.json:
        for wave in flown.waves:
            tell(_wave_event(wave))
        faults = _faults_json(flight.asked, dict(missed))
        tell({**_last_event(flown), "faults": faults, "kept": kept, "notes": list(flight.notes)})
    else:
        say(f"\n{flight.title}")
        for wave in flown.waves:
            _say_wave(wave, flown.began_ms)
        for kind, why in missed:
            say(f"  never came about: {kind} ({why})")
        _say_result(flown)
        if kept is not None:
            say(clean_line(f"  kept, SIMULATED: {kept}"))
    return flown.exit_code


def _faults_json(asked: tuple[str, ...], missed: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {"kind": kind, "came_about": kind not in missed, "why": missed.get(kind, "")}
        for kind in asked
    ]


def _wave_event(wave: WaveLog) -> dict[str, Any]:
    gates = [{"name": g.name, "verdict": g.verdict, "evidence": g.evidence} for g in wave.gates]
    return {
        "kind": "wave_rehearsed",
        "wave": wave.name,
        "state": wave.word,
        "gates": gates,
        "steps": [
            {"step": s.name, "state": s.word, "took_ms": took_ms(s.started_at_ms, s.ended_at_ms)}
            for s in wave.steps
        ],
        "waited_for_gates_ms": wave.waited_ms,
        "blocked_ms": wave.blocked_ms,
        "predicted_rereads_max": dict(wave.rereads),
        "went_back": list(wave.went_back),
        "left_behind": list(wave.left_behind),
        "failed": list(wave.failed),
    }


def _last_event(flown: Rehearsed) -> dict[str, Any]:
    from cockpit.cli.aftermath import Aftermath
    from cockpit.core.left import Left

    truth = flown.truth
    event = result_event(
        flown.result, lost=truth.lost, duplicated=truth.duplicated, measured_by="simulation"
    )
    wrong = list(flown.wrong)
    after = flown.aftermath or Aftermath(Left())
    return {
        **event,
        **after.as_json(),
        "excused_duplicates_max": truth.excused,
        "exit_code": flown.exit_code,
        "wrong": wrong,
        "lasted_ms": flown.lasted_ms,
    }


def took_ms(started_at_ms: int | None, ended_at_ms: int | None) -> int | None:
    """How long a step took; None: it has not begun, or not ended."""
    return None if started_at_ms is None or ended_at_ms is None else ended_at_ms - started_at_ms


def _say_wave(wave: WaveLog, began_ms: int) -> None:
    say(f"  wave {clean_line(wave.name)}: {wave.word}")
    for reason in wave.went_back:
        state = "not everything is as before" if wave.left_behind else "all as before"
        say(clean_line(f"    went back, {state}: {reason}"))
    for text in wave.failed:
        say(clean_line(f"    failed: {text}"))
    if wave.began_at_ms is not None:
        say(f"    gates met after {wave.waited_ms / 1000:.1f} s")
    for gate in wave.gates:
        say(clean_line(f"      {gate.name} {gate.verdict}: {gate.evidence}"))
    for step in wave.steps:
        took = took_ms(step.started_at_ms, step.ended_at_ms)
        time = "" if took is None else f"{took / 1000:6.1f} s"
        say(clean_line(f"    {step.name:<12} {step.word:<8} {time}  {step.detail}").rstrip())
    if wave.began_at_ms is not None:
        say(f"    clients stand still for {wave.blocked_ms / 1000:.1f} s, simulated")
    for where, most in sorted(wave.rereads.items()):
        bound = "an unknown number of" if most is None else f"at most {most}"
        say(clean_line(f"    {where}: {bound} records read again"))
    for line in _told(wave, began_ms):
        say(clean_line(f"    {line}"))


def _told(wave: WaveLog, began_ms: int) -> Iterator[str]:
    """What a person was warned of, each once, by when it came first."""
    times: dict[tuple[str, str], list[int]] = {}
    for told in wave.told:
        times.setdefault((told.level, told.text), []).append(told.at_ms)
    for (level, text), at_ms in times.items():
        first = datetime.timedelta(seconds=(at_ms[0] - began_ms) // 1000)
        again = f" ({len(at_ms)} times)" if len(at_ms) > 1 else ""
        yield f"{level:<4} after {first}: {text}{again}"


def _say_result(flown: Rehearsed) -> None:
    truth, result = flown.truth, flown.result
    lasted = datetime.timedelta(seconds=flown.lasted_ms // 1000)
    why = f" ({result.why})" if result.why else ""
    most = result.reread_max_records
    bound = "no bound predicted" if most is None else f"at most {most} predicted"
    if truth.excused:
        bound += f", at most {truth.excused} more by crashes and the mirror"
    say(
        clean_line(
            f"  SIMULATED {result.outcome}{why} after {lasted}: {truth.lost} lost, "
            f"{truth.duplicated} read twice ({bound}), "
            f"{truth.disordered} out of order"
        )
    )
    for name in sorted(flown.accepted | flown.outside):
        why = "its owner accepts that" if name in flown.accepted else "its offsets are elsewhere"
        service = next(s for s in truth.services if s.service == name)
        say(
            clean_line(
                f"    of these {name}: {service.lost} lost, {service.duplicated} twice: {why}"
            )
        )
    for line in flown.aftermath.lines() if flown.aftermath is not None else ():
        say(clean_line(f"    {line}"))
    for text in flown.wrong:
        complain(clean_line(f"  WRONG: {text}"))
