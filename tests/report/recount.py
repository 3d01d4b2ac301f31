"""The numbers of a report once more, from raw events and samples; compared with those it has."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import Any

from cockpit.core.observe import Unknown
from cockpit.core.snapshot import AlarmView, CheckView, GateView, Snapshot, StragglerView
from tests.report.raw import Event, Raw, Try
from tests.report.recount_lines import lines_of
from tests.report.recount_rows import assert_rows
from tests.report.recount_tolerances import tolerances
from tests.report.said import said

Row = dict[str, Any]
Json = dict[str, Any]
ROUTINE = {"action_started", "action_finished", "going_back", "gate"}
STARTS = {"step_started", "undo_started"}
STEP_ENDS = {"step_done", "step_failed", "step_undone"}
LEAVES = {"rollback_started", "proves_again", "wave_done", "wave_rolled_back"}
ORDERS = {"armed", "confirmed", "disarmed", "refused", "paused", "resumed", "retry"}


def at(event: Event | None) -> int | None:
    """When."""
    return None if event is None else event["at_ms"]


def first(events: Sequence[Event]) -> Event | None:
    """None: there is none."""
    return events[0] if events else None


def took(begun: Event | None, ended: Event | None) -> int | None:
    """From one to the other."""
    return None if begun is None or ended is None else ended["at_ms"] - begun["at_ms"]


# --- by events ------------------------------------------------------------------------------------


def _identity(raw: Raw) -> list[Row]:
    """Rows without a number are empty: names, hashes and words."""
    last = raw.frames[-1][1]
    times = [raw.from_ms, raw.to_ms, raw.to_ms - raw.from_ms, len(raw.reader.lives)]
    rows: list[Row] = [{}, {}, {}, {}, {}, *({"value": value} for value in times), {}]
    for side in (last.source, last.target):
        rows += [{}, {"value": side.brokers if side.cluster_id else None}]
    return rows


def _fence(raw: Raw, one: Try) -> int | None:
    return at(first(raw.during(one, "step_started", step="fence")))


def _blocked(raw: Raw) -> Iterator[Row]:
    for one in raw.tries:
        for event in raw.during(one, "clients_blocked"):
            shares = {key: event.get(f"{key}_ms") for key in ("cockpit", "mirror", "services")}
            known = event["blocked_ms"] is not None
            yield {
                "try": one.number,
                "blocked at most": event["blocked_ms"] if known else raw.blocked_ms(one),
                **shares,
                "fence": _fence(raw, one),
            }
        seen_ms = raw.blocked_ms(one)
        if not raw.during(one, "clients_blocked") and seen_ms is not None:
            yield {"try": one.number, "blocked at most": seen_ms, "fence": _fence(raw, one)}


def _sum(events: Sequence[Event], key: str) -> int | None:
    values = [event.get(key) for event in events]
    return None if not values or None in values else sum(v for v in values if v is not None)


def _waves(raw: Raw) -> Iterator[Row]:
    words = {
        "wave_done": "done",
        "wave_rolled_back": "rolled back",
        "wave_found": "found on target",
    }
    for one in raw.tries:
        begun, ended = raw.events[one.first - 1], raw.ended(one)
        blocked_ms = next((e["blocked_ms"] for e in raw.during(one, "clients_blocked")), None)
        placed = raw.placed(one)
        yield {
            "wave": one.wave,
            "try": one.number,
            "begun": at(begun),
            "lasted": took(begun, ended) if one.number else None,
            "blocked at most": raw.blocked_ms(one) if blocked_ms is None else blocked_ms,
            "fence deadline": raw.fence_deadline_ms(one.wave),
            "re-read at most": _sum(placed, "reread_max_records"),
            "skipped at most": _sum(placed, "skipped_max_records"),
            "result": "under way" if ended is None else words[ended["kind"]],
            "closed at": at(first(raw.during(one, "point_of_no_return"))),
        }


def _steps(raw: Raw) -> Iterator[Row]:
    """A step lasts from its first beginning until something else of its wave is told than that it
    is begun once more."""
    for one in raw.tries:
        told = raw.during(one, *STARTS, *STEP_ENDS, *LEAVES)
        words = [(event["kind"], event.get("step")) for event in told]
        for place, event in enumerate(told):
            if event["kind"] not in STARTS or words[place] in words[place - 1 : place]:
                continue
            others = (n for n in range(place + 1, len(told)) if words[n] != words[place])
            over = next(others, len(told))
            ended = told[over] if over < len(told) else None
            if ("step_undone", event["step"]) in words[place - 1 : place]:
                ended = told[place - 1]  # told before it had begun
            until_ms = raw.to_ms if ended is None else ended["at_ms"]
            yield {
                "wave": one.wave,
                "try": one.number,
                "step": ("undo " if event["kind"] == "undo_started" else "") + event["step"],
                "begun": at(event),
                "took": took(event, ended),
                "without an engine": raw.without_engine_ms(event["at_ms"], until_ms) or None,
                "begun again": over - place - 1 or None,
            }


def _timeline(raw: Raw) -> Iterator[Row]:
    rows = [(e["at_ms"], n) for n, e in raw.numbered()
            if e["kind"] not in ROUTINE or e["level"] == "bad"]  # fmt: skip
    rows += [(gap.from_ms, 0) for gap in raw.reader.gaps()]
    yield from ({"time": at_ms} for at_ms, _ in sorted(rows))


def gates_opened_ms(raw: Raw, order: Event) -> int | None:
    """When the last gate of the wave that an order begins had opened."""
    begun = raw.begun_by(order)
    if begun is None:
        return None
    told = [e for e in raw.told("gate", wave=begun["wave"]) if e["at_ms"] <= order["at_ms"]]
    newest = {event["gate"]: event for event in told}
    assert {event["verdict"] for event in newest.values()} <= {"PASS"}
    return max((event["at_ms"] for event in newest.values()), default=None)


def _decisions(raw: Raw) -> Iterator[Row]:
    for event in raw.told(*ORDERS - {"armed", "retry"}):
        opened = None
        if event["kind"] == "confirmed" and event["verb"] == "advance":
            opened = gates_opened_ms(raw, event)
        yield {
            "time": at(event),
            "who": event.get("by") or "the cockpit",
            "gates open for": None if opened is None else event["at_ms"] - opened,
        }


def _actions(raw: Raw) -> Iterator[Row]:
    for event in raw.told("action_started"):
        ended = first(raw.told("action_finished", action_id=event["action_id"]))
        yield {"action": event["action_id"], "begun": at(event), "took": took(event, ended)}


def _offsets(raw: Raw) -> Iterator[Row]:
    for one in raw.tries:
        for event in raw.placed(one):
            lags = [
                group.target_lag_records
                for look in raw.looks
                for group in look.groups
                if group.name == event["group"] and look.at_ms >= event["at_ms"]
            ]
            known = [float(lag) for lag in lags if not isinstance(lag, Unknown)]
            yield {
                "try": one.number,
                "group": event["group"],
                "placed": at(event),
                "re-read at most": event["reread_max_records"],
                "skipped at most": event["skipped_max_records"],
                "worst lag on the target": (
                    max(known, default=None) if event["side"] == "target" else None
                ),
            }


def _proofs(raw: Raw) -> Iterator[Row]:
    for one in raw.tries:
        for step in ("drain", "fence"):
            begun = raw.during(one, "step_started", step=step)
            if begun:
                yield {"try": one.number, "proof": step, "begun": at(begun[-1])}


def _no_return(raw: Raw) -> Iterator[Row]:
    for one in raw.tries:
        if closed := raw.during(one, "point_of_no_return"):
            yield {
                "try": one.number,
                "producers started on the target": at(closed[0]),
                "proved by a record": at(first(raw.during(one, "no_return_proved"))),
            }


def _ways_back(raw: Raw) -> Iterator[Row]:
    for one in raw.tries:
        if begun := raw.during(one, "rollback_started"):
            back = first(raw.during(one, "wave_rolled_back"))
            yield {
                "try": one.number,
                "wanted": at(first(raw.during(one, "rollback_wanted"))),
                "begun": at(begun[0]),
                "ended": at(back),
                "took": took(begun[0], back),
            }


def _people(raw: Raw) -> Iterator[Row]:
    acted = [event for kind in (ORDERS, {"note"}) for event in raw.told(*kind) if event.get("by")]
    for who in dict.fromkeys(event["by"] for event in acted):
        own = [event for event in acted if event["by"] == who]
        counts = [sum(e["kind"] == kind for e in own) for kind in ("confirmed", "refused", "note")]
        yield {
            "who": who,
            **dict(zip(("orders", "refused", "notes"), counts, strict=True)),
            "first": at(own[0]),
            "last": at(own[-1]),
        }


def _unknown_outcomes(raw: Raw) -> Iterator[Row]:
    for event in raw.told("action_started"):
        ended = first(raw.told("action_finished", action_id=event["action_id"]))
        if ended is None or ended["outcome"] == "unknown":
            read = raw.told("outcome_read", action_id=event["action_id"])
            yield {
                "action": event["action_id"],
                "begun": at(event),
                "by reading": read[-1]["outcome"] if read else None,
                "read": at(read[-1]) if read else None,
            }


def _gaps(raw: Raw) -> Iterator[Row]:
    for gap in raw.reader.gaps():
        yield {"from": gap.from_ms, "to": gap.to_ms, "lasted": gap.to_ms - gap.from_ms}


# --- by samples -----------------------------------------------------------------------------------


def _number(value: Any) -> float | None:  # a number or an Unknown
    return None if isinstance(value, Unknown) else float(value)


def _conditions(raw: Raw, what: str) -> list[tuple[str, list[tuple[int, GateView]]]]:
    """Every gate or trigger with its wave and its looks, waves in the plan's order."""
    found: dict[tuple[str, str, int], list[tuple[int, GateView]]] = {}
    for look in raw.looks:
        views: tuple[GateView, ...] = getattr(look, what)
        for place, view in enumerate(views):
            namesake = sum(other.name == view.name for other in views[:place])
            key = (look.status.wave, view.name, namesake)
            found.setdefault(key, []).append((look.at_ms, view))
    waves = [wave["name"] for wave in raw.plan["waves"]]
    return sorted(((key[0], seen) for key, seen in found.items()), key=lambda i: waves.index(i[0]))


def _worst(seen: Sequence[tuple[int, GateView]]) -> tuple[int | None, float | None]:
    known = [(at_ms, number) for at_ms, view in seen if (number := _number(view.value)) is not None]
    return max(known, key=lambda one: one[1], default=(None, None))


def _gates(raw: Raw) -> Iterator[Row]:
    for wave, seen in _conditions(raw, "gates"):
        verdicts = [view.verdict for _, view in seen]
        runs = [
            (word, [at_ms for at_ms, _ in run])
            for word, run in groupby(seen, key=lambda one: one[1].verdict)
        ]
        shut = [times[-1] - times[0] for word, times in runs if word != "PASS"]
        worst_ms, worst = _worst(seen)
        fails = (at_ms for at_ms, view in seen if view.verdict == "FAIL")
        yield {
            "wave": wave,
            "gate": seen[0][1].name,
            "limit": seen[0][1].limit,
            "looks": len(seen),
            **{w.lower(): verdicts.count(w) for w in ("PASS", "FAIL", "UNKNOWN", "INCONCLUSIVE")},
            "first fail": next(fails, None),
            "longest not passing": max(shut, default=0),
            "flaps": sum(a[0] == "PASS" and b[0] == "FAIL" for a, b in pairwise(runs)),
            "worst value": worst,
            "at": worst_ms,
        }


def _triggers(raw: Raw) -> Iterator[Row]:
    for wave, seen in _conditions(raw, "triggers"):
        view = seen[0][1]
        fired = raw.told("trigger", wave=wave, trigger=view.name)
        worst_ms, worst = _worst(seen)
        if fired and worst is not None and worst <= view.limit:
            worst_ms, worst = None, None  # it fired when no look showed it
        share = worst / view.limit if worst is not None and view.limit else None
        yield {
            "wave": wave,
            "trigger": view.name,
            "limit": view.limit,
            "for": view.for_ms,
            "nearest value": worst,
            "share of the limit": share,
            "at": worst_ms,
        }


def _alarms(raw: Raw) -> Iterator[Row]:
    shown: dict[str, list[tuple[int, AlarmView]]] = {}
    for look in raw.looks:
        for alarm in look.alarms:
            shown.setdefault(alarm.subject, []).append((look.at_ms, alarm))
    for subject, seen in shown.items():
        spans = [
            (since_ms, [at_ms for at_ms, _ in run][-1])
            for since_ms, run in groupby(seen, key=lambda one: one[1].since_ms)
        ]
        lengths = [to_ms - from_ms for from_ms, to_ms in spans]
        yield {
            "alarm": subject,
            "times": len(spans),
            "first": spans[0][0],
            "last": spans[-1][1],
            "stood for": sum(lengths),
            "longest": max(lengths),
        }


def _compared(raw: Raw) -> list[Snapshot]:
    """The looks at which a wave began, was done or came back; the first with checks before."""
    moments: list[Snapshot] = []
    words: dict[str, str] = {}
    for look in raw.looks:
        for wave in look.waves:
            before = words.setdefault(wave.name, wave.word)
            if wave.word != before and wave.word in ("running", "done", "rolled back"):
                moments.append(look)
            words[wave.name] = wave.word
        if look.checks and not moments:
            moments.append(look)
    return moments


def _parity(raw: Raw) -> Iterator[Row]:
    for look in _compared(raw):
        words = [check.word for check in look.checks]
        counts = {w: words.count(w) for w in ("equal", "approved", "open", "unknown", "noted")}
        yield {"time": look.at_ms, **counts}


def _checks(checks: Sequence[CheckView]) -> list[Row]:
    return [{"object": check.name, "read at": check.at_ms} for check in checks]


def _differences(raw: Raw) -> list[Row]:
    moments = _compared(raw)
    checks = moments[-1].checks if moments else ()
    return _checks([check for check in checks if check.word not in ("equal", "noted")])


def _stragglers(raw: Raw) -> Iterator[Row]:
    """Each once, in the order of his first visit; who cannot be told, at the last look only."""
    visits: dict[tuple[str, ...], list[StragglerView]] = {}
    for look in raw.looks:
        for one in look.stragglers:
            if one.kind == "unknown" and look is not raw.looks[-1]:
                continue
            named = one.where if one.kind == "unlisted writer" else one.name
            visits.setdefault((one.kind, named, one.service), []).append(one)
    for seen in visits.values():
        rate = _number(seen[-1].rate_milli)
        times = {"first seen": seen[0].at_ms, "last seen": seen[-1].at_ms}
        yield {"rate": None if rate is None else rate / 1_000, **times}


def _heads(raw: Raw) -> Iterator[Row]:
    """The last look at each way in which the waves stood."""
    kept = [look for look in raw.looks if look.head]
    words = [tuple(wave.word for wave in look.waves) for look in kept]
    for index, look in enumerate(kept):
        if words[index] not in words[index + 1 :]:
            yield {"seen at": look.at_ms}


def recounted(raw: Raw) -> dict[str, list[Row]]:
    """By table, row for row, the columns that hold numbers and some that say which row it is."""
    last = raw.looks[-1]
    return {
        "identity": _identity(raw),
        "clients_blocked": list(_blocked(raw)),
        "waves": list(_waves(raw)),
        "steps": list(_steps(raw)),
        "timeline": list(_timeline(raw)),
        "decisions": list(_decisions(raw)),
        "actions": list(_actions(raw)),
        "gates": list(_gates(raw)),
        "alarms": list(_alarms(raw)),
        "journal_heads": list(_heads(raw)),
        "bad_news": [{"time": at(e)} for e in raw.events if e["level"] == "bad"],
        "offsets": list(_offsets(raw)),
        "proofs": list(_proofs(raw)),
        "records": _checks([check for check in last.checks if check.kind == "records"]),
        "parity": list(_parity(raw)),
        "differences": _differences(raw),
        "triggers": list(_triggers(raw)),
        "no_return": list(_no_return(raw)),
        "ways_back": list(_ways_back(raw)),
        "people": list(_people(raw)),
        "gaps": list(_gaps(raw)),
        "engines": [
            {"engine": number, "from": life.begin_ms, "to": life.end_ms}
            for number, life in enumerate(raw.reader.lives, 1)
        ],
        "sides": [{"time": at(event)} for event in raw.told("side")],
        "unknown_outcomes": list(_unknown_outcomes(raw)),
        "stragglers": list(_stragglers(raw)),
        "tolerances": [dict(row) for row in tolerances(raw)],
        "events": [{"event": number, "time": at(event)} for number, event in raw.numbered()],
    }


# --- against the report ---------------------------------------------------------------------------


def assert_recounted(raw: Raw, document: Json, *, drawn: int = 100) -> int:
    """Every number in the tables of a report, and so many drawn from its plots, are what the
    recording says; how many numbers that were. `document`: the report as JSON."""
    blocks = [block for section in document["sections"] for block in section["blocks"]]
    checked = _assert_tables(raw, [b for b in blocks if b["kind"] == "table"])
    _assert_course(raw, next(b for b in blocks if b.get("name") == "course"))
    checked += assert_rows(raw, blocks)
    return checked + _assert_plots(raw, [b for b in blocks if b["kind"] == "plot"], drawn)


def _assert_course(raw: Raw, course: Json) -> None:
    """Every step is drawn from its first beginning to its end."""
    shown = [strip["stretches"][0] for strip in course["strips"] if ": " in strip["name"]]
    for stretch, step in zip(shown, _steps(raw), strict=True):
        assert stretch["text"] == step["step"]
        assert stretch["from_ms"] == step["begun"]
        if step["took"] is not None:
            assert stretch["to_ms"] == step["begun"] + step["took"]


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _assert_tables(raw: Raw, tables: Sequence[Json]) -> int:
    again = recounted(raw)
    checked = 0
    for table in tables:
        name = table["name"]
        rows = again.get(name, [{}] * len(table["rows"]))
        assert len(table["rows"]) == len(rows), name
        for cells, row in zip(table["rows"], rows, strict=True):
            for column, cell in zip(table["columns"], cells, strict=True):
                where = f"{name}: {column} of {cells[0]['text']}"
                if column in row:
                    value = row[column]
                    if isinstance(value, float) and not math.isfinite(value):
                        assert cell["text"].startswith("unbounded"), f"{where}: {cell}"
                        value = None  # no number of JSON
                    assert cell["value"] == value, f"{where}: {cell} is {value}"
                if _is_number(cell["value"]):
                    assert column in row, f"{where} is not recounted"
                    assert said(cell["text"], cell["value"]), f"{where}: {cell}"
                    checked += 1
    return checked


def _assert_plots(raw: Raw, plots: Sequence[Json], drawn: int) -> int:
    again = lines_of(raw)
    for plot in plots:
        assert plot["lines"].keys() == again[plot["name"]].keys(), plot["name"]
        for tick in plot["ticks"]:
            assert raw.events[tick["event"] - 1]["at_ms"] == tick["at_ms"]
    every = [
        (plot["name"], name, place, point)
        for plot in plots
        for name, points in plot["lines"].items()
        for place, point in enumerate(points)
    ]
    found = random.Random(len(every)).sample(every, min(drawn, len(every)))
    for plot_name, name, place, point in found:
        assert list(again[plot_name][name][place]) == point, (plot_name, name, place)
    return len(found)
