"""Rules about drills: what is broken exists, and who is to notice does.

Never looks whether the clusters are such that drills may be flown; that is asked before a flight.
"""

from __future__ import annotations

from collections.abc import Iterator

from cockpit.core.drills import ALARMS, FIRED_LATER, MADE_ANEW, is_alarm, numbered
from cockpit.plan.draft import Draft, word
from cockpit.plan.problems import Problems, did_you_mean
from cockpit.plan.reader import Item

_BROKERS = ("source", "target")


def drills_are_allowed(draft: Draft, problems: Problems) -> None:
    """A plan with drills says `drills: allowed`."""
    said = word(draft.root.fields.get("drills"))
    if said is not None and said.text == "allowed":
        return
    if "drills" in draft.root.key_places and said is None:
        return  # it was not readable
    for _, drill in _drills(draft):
        message = "a drill breaks something, and this plan does not allow it"
        problems.add(drill.place, message, "add drills: allowed where nobody needs the clusters")


def drill_hits_something(draft: Draft, problems: Problems) -> None:
    """stop-task is for one of the plan's connectors, kill-broker for a broker such as source/1,
    cut-connection for a side, and call, with break and mend, for a service."""
    replication = draft.root.fields.get("replication")
    named = replication.fields.get("connectors") if replication is not None else None
    known = [w.text for item in named.fields.values() if (w := word(item))] if named else None
    called: set[str] = set()
    for _, drill in _drills(draft):
        do, on = word(drill.fields.get("do")), word(drill.fields.get("on"))
        if do is None or on is None:
            continue
        side, _, number = on.text.partition("/")
        match do.text:
            case "stop-task" if known is not None and on.text not in known:
                hint = did_you_mean(on.text, known)
                problems.add(on.place, f"the plan has no connector {on.text}", hint)
            case "kill-broker" if side not in _BROKERS or not number:
                message = f"{on.text} is no broker"
                problems.add(on.place, message, "write source/1 or target/1")
            case "cut-connection" if on.text not in _BROKERS:
                problems.add(on.place, f"{on.text} is no side", "write source or target")
            case "call" if draft.services_whole and on.text not in draft.by_name:
                hint = did_you_mean(on.text, list(draft.by_name))
                problems.add(on.place, f"the plan has no service {on.text}", hint)
            case "call" if on.text in called:
                problems.add(on.place, f"another drill calls {on.text} already", "remove one")
            case "call":
                called.add(on.text)
            case _:
                pass
        _calls_fit(drill, do.text, problems)


def _calls_fit(drill: Item, do: str, problems: Problems) -> None:
    """Only a call has calls, and it has both."""
    given = {"break", "mend"} & drill.key_places.keys()
    if do == "call" and len(given) < 2:
        message = "a call says what it calls, to break the service and to mend it"
        problems.add(drill.place, message, "give break and mend, each with a url")
    elif do != "call" and given:
        problems.add(drill.place, f"{do} calls nobody", "remove break and mend, or write do: call")


def drill_is_noticed(draft: Draft, problems: Problems) -> None:
    """What a drill expects exists: a gate or trigger of its wave, or an alarm that can be
    raised, of topics of the plan or of triggers of an earlier wave where it names them."""
    for index, wave, drill in _numbered_drills(draft):
        expect = drill.fields.get("expect")
        for kind, item in expect.fields.items() if expect is not None else ():
            which = word(item)
            if which is None:
                continue
            if kind == "alarm":
                if not is_alarm(which.text, _subjects(draft, index, which.text)):
                    some = (*ALARMS, f"{MADE_ANEW} TOPIC", f"{FIRED_LATER} WAVE")
                    hint = f"subjects of alarms: {', '.join(some)}"
                    problems.add(which.place, f"no alarm begins with {which.text}", hint)
                continue
            names = _names(wave, kind)
            found = numbered(names, which.text) if names is not None else 0
            if isinstance(found, str):
                problems.add(which.place, f"{kind}s of this wave: {found}")


def drill_blocks_nobody(draft: Draft, problems: Problems) -> None:
    """No drill comes between stop and start, while clients are blocked."""
    for wave in draft.waves:
        words = [step.text for step in wave.steps]
        if "stop" not in words or "start" not in words:
            continue
        for step in wave.steps[words.index("stop") : words.index("start")]:
            if step.text == "drill":
                message = "a drill while clients are blocked"
                problems.add(step.place, message, "put it before stop or after start")


CHECKS = (
    ("drills-are-allowed", drills_are_allowed),
    ("drill-hits-something", drill_hits_something),
    ("drill-is-noticed", drill_is_noticed),
    ("drill-blocks-nobody", drill_blocks_nobody),
)


def _subjects(draft: Draft, index: int, which: str) -> Iterator[str]:
    """The subjects of alarms that a flight can raise in the wave of that number. Where what they
    are about could not be read, `which` may be one."""
    yield from ALARMS
    whole = draft.services_whole and all(service.whole for service in draft.services)
    if not whole and which.startswith(MADE_ANEW):
        yield which
    for service in draft.services:
        yield from (f"{MADE_ANEW} {topic.text}" for topic in (*service.produces, *service.consumes))
    for wave in draft.waves[:index]:
        triggers = _names(draft.root.fields["waves"].items[wave.index], "trigger")
        if (triggers is None or wave.name is None) and which.startswith(FIRED_LATER):
            yield which
        elif wave.name is not None:
            yield from (f"{FIRED_LATER} {wave.name.text}: {name}" for name in triggers or ())


def _drills(draft: Draft) -> Iterator[tuple[Item, Item]]:
    """Each drill that was readable as one, with its wave."""
    return ((wave, drill) for _, wave, drill in _numbered_drills(draft))


def _numbered_drills(draft: Draft) -> Iterator[tuple[int, Item, Item]]:
    waves = draft.root.fields.get("waves")
    for index, wave in enumerate(waves.items if waves is not None else ()):
        steps = wave.fields.get("steps")
        for step in steps.items if steps is not None else ():
            drill = step.fields.get("drill")
            if drill is not None:
                yield index, wave, drill


def _names(wave: Item, kind: str) -> list[str] | None:
    """Names of a wave's gates or triggers, in order; None where not all could be read."""
    rollback = wave.fields.get("rollback")
    holder = rollback if kind == "trigger" else wave
    listed = holder.fields.get(f"{kind}s") if holder is not None else None
    names: list[str] = []
    for condition in listed.items if listed is not None else ():
        for name, settings in condition.fields.items():
            signal = word(settings.fields.get("name"))
            if name == "signal" and signal is None:
                return None
            names.append(f"signal {signal.text}" if signal is not None else name)
    return names if listed is None or len(names) == len(listed.items) else None
