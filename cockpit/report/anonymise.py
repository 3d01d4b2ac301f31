"""Names replaced by pseudonyms that keep joins: the same name is the same word everywhere.

What people and foreign programs wrote freely cannot be searched for names nobody listed: it is
withheld. Never writes a name that it was given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, assert_never

from cockpit.core.plan import ClusterSpec, Plan
from cockpit.core.snapshot import Snapshot
from cockpit.report.document import (
    Band,
    Block,
    Cell,
    Document,
    Heat,
    Line,
    Paragraph,
    Plot,
    Section,
    Stretch,
    Strip,
    Strips,
    Table,
    Tick,
    Todo,
)
from cockpit.report.material import Event, Material

_OF_ALL: Final = ("all", "only on source", "only on target")
"""What checks of many things at once are called: no names."""
WITHHELD: Final = "(text withheld)"
_FREE: Final = ("note", "defect", "journal_broken", "side", "alarm", "refused")
"""Kinds of events whose text a person, or a foreign program, has written."""
_ADDRESS: Final = re.compile(
    r"\b[a-z][a-z0-9+.-]*://\S+"  # URLs
    r"|\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+"  # mail addresses
    r"|\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b"  # IPv4
    r"|\b(?:[0-9a-fA-F]{1,4}:){3,7}[0-9a-fA-F]{0,4}"  # IPv6
    r"|\b(?=[\w.-]*[a-zA-Z])[\w.-]+:\d{2,5}\b(?!:)"  # host:port
    r"|\b(?:[\w-]+\.){2,}[a-zA-Z]{2,}\b"  # a host alone
    r"|(?<![\w/])/(?:[\w.-]+/)+[\w.-]+"  # paths of files
)


def pseudonyms(names: Mapping[str, Iterable[str]]) -> dict[str, str]:
    """A word for each name: `topic-1`, `group-2`. `names`: by kind. In order of the names, so that
    the same names have the same words each time; a name of two kinds has the first one's."""
    words: dict[str, str] = {}
    for kind, found in names.items():
        fresh = sorted({name for name in found if name} - words.keys())
        words.update({name: f"{kind}-{number}" for number, name in enumerate(fresh, 1)})
    return words


def names_in(material: Material) -> dict[str, set[str]]:
    """Every name that the plan or a snapshot has, by kind."""
    found = _of_plan(material.plan)
    found["session"] = {material.session}
    for event in material.events:
        found["person"].add(event.word("by"))
    for snapshot in material.snapshots():
        _of_snapshot(found, snapshot)
    return found


def _of_plan(plan: Plan) -> dict[str, set[str]]:
    services = plan.services
    principals = {s.principal or "" for s in services}
    owners = {s.owner for s in services}
    approvers = {name for wave in plan.waves for name in wave.approvers}
    signed = {a.by for a in plan.approved_differences}
    return {
        "plan": {plan.name, plan.environment},
        "wave": {wave.name for wave in plan.waves},
        "service": {s.name for s in services},
        "group": {s.group or "" for s in services},
        "topic": set(plan.topics()),
        "principal": principals | {p.partition(":")[2] for p in principals},
        "owner": owners,
        "person": approvers | signed,
        "signal": {signal.name for signal in plan.signals},
        "connector": {
            plan.replication.source_connector,
            plan.replication.checkpoint_connector,
            plan.replication.name,
        },
        "host": {*_hosts(plan.source), *_hosts(plan.target)},
        "login": {
            login.username
            for cluster in (plan.source, plan.target)
            for login in (cluster.security.login, cluster.canary)
            if login is not None
        },
        "reason": {a.why for a in plan.approved_differences},
        "cluster": set(),
        "client": set(),
        "object": set(),
    }


def _hosts(cluster: ClusterSpec) -> Iterable[str]:
    for address in cluster.bootstrap:
        yield address
        yield address.rpartition(":")[0]


def _of_snapshot(found: dict[str, set[str]], snapshot: Snapshot) -> None:
    found["cluster"] |= {snapshot.source.cluster_id, snapshot.target.cluster_id}
    found["topic"] |= snapshot.partitions.keys.by_topic.keys()
    found["group"] |= {group.name for group in snapshot.groups}
    for one in snapshot.stragglers:
        found["client"] |= {one.who, one.name}
    for check in snapshot.checks:
        if check.name in _OF_ALL:
            continue
        kind = {"topic": "topic", "config": "topic", "connector": "connector"}.get(check.kind)
        found[kind or "object"].add(check.name)


def anonymised(document: Document, words: Mapping[str, str]) -> Document:
    """The document with every listed name replaced, longest first, and addresses taken out."""
    scrub = _Scrubber(words)
    sections = tuple(
        Section(s.number, s.title, tuple(map(scrub.block, s.blocks))) for s in document.sections
    )
    facts = tuple((name, scrub.text(value)) for name, value in document.facts)
    return Document(scrub.text(document.title), sections, facts)


def withheld(material: Material) -> Material:
    """The material without what was written freely."""
    return replace(material, events=tuple(map(_without_words, material.events)))


def _without_words(event: Event) -> Event:
    if event.kind not in _FREE and "why" not in event.data:
        return event
    data = {key: WITHHELD if key == "why" else value for key, value in event.data.items()}
    return replace(event, text=f"{event.kind}: {WITHHELD}", data=data)


class _Scrubber:
    def __init__(self, words: Mapping[str, str]) -> None:
        self._words = words
        longest = sorted(words, key=lambda name: (-len(name), name))
        pattern = "|".join(re.escape(name) for name in longest)
        # not inside of a word, but within a longer name: client ids are made of groups
        whole = rf"(?<![^\W_])(?:{pattern})(?![^\W_])"
        self._names = re.compile(whole, re.IGNORECASE) if pattern else None
        self._folded = {name.casefold(): words[name] for name in reversed(longest)}

    def text(self, text: str) -> str:
        """Names first: they may be parts of addresses, and an address may be a name."""
        if self._names is not None:
            text = self._names.sub(self._word, text)
        return _ADDRESS.sub("(address)", text)

    def _word(self, found: re.Match[str]) -> str:
        exact = self._words.get(found[0])
        return exact or self._folded.get(found[0].casefold(), "(name)")

    def block(self, block: Block) -> Block:
        match block:
            case Paragraph():
                return replace(block, text=self.text(block.text))
            case Todo():
                return block
            case Table():
                cells = tuple(tuple(map(self._cell, row)) for row in block.rows)
                return replace(block, rows=cells)
            case Plot():
                return self._plot(block)
            case Strips():
                return self._strips(block)
            case Heat():
                return self._heat(block)
            case _:
                assert_never(block)

    def _cell(self, cell: Cell) -> Cell:
        value = self.text(cell.value) if isinstance(cell.value, str) else cell.value
        return Cell(self.text(cell.text), value, cell.events)

    def _plot(self, plot: Plot) -> Plot:
        return replace(
            plot,
            title=self.text(plot.title),
            lines=tuple(Line(self.text(one.name), one.points) for one in plot.lines),
            limits=tuple((self.text(name), limit) for name, limit in plot.limits),
            ticks=self._ticks(plot.ticks),
            bands=self._bands(plot.bands),
        )

    def _strips(self, strips: Strips) -> Strips:
        rows = tuple(
            Strip(self.text(one.name), tuple(map(self._stretch, one.stretches)), one.limit_ms)
            for one in strips.strips
        )
        return replace(
            strips,
            title=self.text(strips.title),
            strips=rows,
            ticks=self._ticks(strips.ticks),
            bands=self._bands(strips.bands),
        )

    def _heat(self, heat: Heat) -> Heat:
        return replace(
            heat,
            title=self.text(heat.title),
            rows=tuple((self.text(name), values) for name, values in heat.rows),
            ticks=self._ticks(heat.ticks),
            bands=self._bands(heat.bands),
        )

    def _stretch(self, one: Stretch) -> Stretch:
        return replace(one, text=self.text(one.text))

    def _ticks(self, ticks: tuple[Tick, ...]) -> tuple[Tick, ...]:
        return tuple(Tick(t.at_ms, self.text(t.text), t.event) for t in ticks)

    def _bands(self, bands: tuple[Band, ...]) -> tuple[Band, ...]:
        return tuple(Band(b.from_ms, b.to_ms, b.kind, self.text(b.text)) for b in bands)
