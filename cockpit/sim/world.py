"""A whole simulated world: two clusters, a mirror, the plan's services, and what goes wrong.

Moves in fixed steps up to the time it is given, whoever asks and however often; everything in it
follows from the plan and the spec. Never reads a clock.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import numpy as np

from cockpit.core.actions import ServiceVerb
from cockpit.core.observe import I64
from cockpit.core.plan import SIDES, Plan, Side, produced_topics
from cockpit.sim.faults import (
    BrokerDown,
    EscapingWriter,
    FenceForgotten,
    FenceVanishes,
    ServiceCrash,
)
from cockpit.sim.fleet import Fleet, Where
from cockpit.sim.layout import STRANGER, lay_out
from cockpit.sim.mirror import Mirror
from cockpit.sim.mishaps import Mishaps
from cockpit.sim.script import Script
from cockpit.sim.shore import Shore
from cockpit.sim.spec import WorldSpec
from cockpit.sim.traffic import Traffic
from cockpit.sim.truth import TruthReport, measure

NOISE_SAMPLES = 997
NOTE_ENDS_MS = 1_000


class World:
    """Two clusters with everything on them. `begin_ms` is the UTC time of its beginning.

    World times are ms since then; before 0 lies the warm-up.
    """

    def __init__(self, plan: Plan, spec: WorldSpec, begin_ms: int) -> None:
        streams = [np.random.default_rng([spec.seed, stream]) for stream in range(8)]
        self.plan, self.spec, self.begin_ms = plan, spec, begin_ms
        self.layout = lay_out(plan, spec)
        self.shores: Mapping[Side, Shore] = {
            side: Shore(side, plan, spec, self.layout, rng)
            for side, rng in zip(SIDES, streams[:2], strict=True)
        }
        self.traffic = Traffic(self.layout, spec, self.shores, streams[2])
        self.mirror = Mirror(plan, spec, self.layout, self.shores, streams[6])
        self._mishaps = Mishaps(self.layout, self.shores, self.traffic, self.mirror)
        self.script = Script(())
        self.fleet = Fleet(self.layout, spec, self.traffic, streams[3], self.happened)
        self.noise = streams[4].uniform(0.5, 1.5, size=NOISE_SAMPLES).round(4).tolist()
        self.call_rng = streams[5]
        self._commit_rng = streams[7]
        self._commit_due_ms = [-spec.warmup_ms] * len(self.layout.groups)
        self.events: list[tuple[int, str]] = []
        self.violations: list[str] = []
        self._torn: set[str] = set()
        self._forgetting: frozenset[int] = frozenset()
        self._vanished: set[FenceVanishes] = set()
        self._later: list[tuple[int, Callable[[], object]]] = []
        self._waves = {produced_topics(plan.wave_services(w)): w.name for w in reversed(plan.waves)}
        self._steps_done = 0
        self._notes_ends = any(service.resume == "timestamp" for service in plan.services)
        self._ends_at: list[tuple[int, I64]] = []
        self.now_ms = -spec.warmup_ms
        self._begin()

    def advance_to(self, utc_ms: int) -> None:
        """Live up to a UTC time, in whole steps; an earlier time changes nothing."""
        until_ms = utc_ms - self.begin_ms
        while self.now_ms + self.spec.step_ms <= until_ms:
            self._step()

    def happened(self, event: str) -> None:
        """Something that faults may wait for has happened now."""
        self.events.append((self.now_ms, event))
        self.script.happened(event)

    def fence_happened(self, word: str, topics: tuple[str, ...]) -> None:
        """Topics were fenced or unfenced: tell it with the wave that produces just these."""
        self.happened(word)
        wave = self._waves.get(tuple(sorted(topics)))
        if wave is not None:
            self.happened(f"{word} {wave}")

    def arrived_by(self, utc_ms: int, partition: int) -> int:
        """A place of the target that no record lies before which arrived at a time or later."""
        place = 0
        if utc_ms - self.begin_ms >= self.now_ms:
            return int(self.shores["target"].logs.end[partition])
        for at_ms, ends in self._ends_at:
            if at_ms > utc_ms - self.begin_ms:
                break
            place = int(ends[partition])
        return place

    def call_service(self, name: str, verb: ServiceVerb) -> None:
        """What a person or an owner's system does when asked to move a service."""
        self.happened(f"{verb} {name}")
        self.fleet.request(self.service_index(name), verb, self.now_ms)

    def later(self, delay_ms: int, what: Callable[[], object]) -> None:
        """Let something happen that is still on its way; the world's end is its end, too."""
        self._later.append((self.now_ms + delay_ms, what))

    def service_index(self, name: str) -> int:
        """Index of a service. KeyError: no such service."""
        for index, service in enumerate(self.layout.services):
            if service.name == name:
                return index
        raise KeyError(name)

    def where(self) -> dict[str, Where]:
        """Where each service is."""
        return {s.name: self.fleet.where(i) for i, s in enumerate(self.layout.services)}

    def truth(self) -> TruthReport:
        """What really became of every record, up to now."""
        last_sides = [instance.last_side for instance in self.fleet.instances]
        return measure(
            self.layout,
            self.shores,
            self.traffic,
            self.mirror,
            last_sides=tuple(last_sides),
            begun_at=self._begun_at,
            violations=tuple(self.violations),
        )

    def dump(self) -> bytes:
        """The world's whole state, the same bytes for the same history."""
        state = {
            "now_ms": self.now_ms,
            "events": self.events,
            "where": self.where(),
            "logs": {side: shore.logs.content() for side, shore in self.shores.items()},
            "ends": {side: shore.ends().tolist() for side, shore in self.shores.items()},
            "committed": {side: shore.committed.tolist() for side, shore in self.shores.items()},
            "acls": {
                side: [repr(binding) for binding in sorted(shore.acls.bindings)]
                for side, shore in self.shores.items()
            },
            "copied": self.mirror.copied.tolist(),
            "positions": sorted((*k, v) for k, v in self.mirror.positions().items()),
            "slots": sorted((*k, *v) for k, v in self.mirror.slots().items()),
            "connectors": self.mirror.configs,
            "pending": self.traffic.pending.tolist(),
            "errors": self.traffic.errors.tolist(),
            "violations": self.violations,
        }
        return json.dumps(state, sort_keys=True, separators=(",", ":")).encode()

    def retune(self) -> None:
        """Take in changed ACLs and faults."""
        for shore in self.shores.values():
            shore.judge_writers()
        self.traffic.retune()

    def _begin(self) -> None:
        """History, then the warm-up: faults count from time 0."""
        planned = np.array([lane.service != STRANGER for lane in self.layout.lanes], dtype=np.int64)
        logs = self.shores["source"].logs
        for slot in self.layout.slots:
            numbers, counts = self.traffic.next_number[slot], planned[slot]
            counts = counts * self.spec.history_records
            logs.append(self.layout.lane_partition[slot], slot, numbers, counts)
        self.traffic.next_number += planned * self.spec.history_records
        self.mirror.copy_everything()
        source = self.shores["source"]
        for group in range(len(self.layout.groups)):
            read = source.logs.end * self.layout.reads[group]
            self.traffic.position["source"][group] = read
            self.traffic.commit("source", group)
        self._begun_at = source.logs.end.copy()
        self.fleet.begin()
        while self.now_ms < 0:
            self._step()
        self.now_ms = 0
        self.script = Script(self.spec.faults)

    def _step(self) -> None:
        self.now_ms += self.spec.step_ms
        number, self._steps_done = self._steps_done, self._steps_done + 1
        if self.script.advance(self.now_ms):
            self._suffer()
        for due in [one for one in self._later if one[0] <= self.now_ms]:
            self._later.remove(due)
            due[1]()
        self._mishaps.step(self.script)
        self.fleet.advance(self.now_ms)
        changed = [shore.acls.advance(self.now_ms) for shore in self.shores.values()]
        if any(changed):
            self.retune()
        self.traffic.step(number)
        self.mirror.step(self.now_ms, self.script)
        self._commit()
        if self._notes_ends and self.now_ms % NOTE_ENDS_MS < self.spec.step_ms:
            self._ends_at.append((self.now_ms, self.shores["target"].logs.end.copy()))
        if all(np.count_nonzero(self.traffic.writing[side]) for side in SIDES):
            self._check_writers()
        else:
            self._torn.clear()

    def _suffer(self) -> None:
        """Carry out the faults that change the world itself."""
        for side, shore in self.shores.items():
            down = {f.broker for f in self.script.on(BrokerDown) if f.side == side}
            shore.lose_brokers(frozenset(down))
        self._mishaps.begin_and_end(self.script)
        forgetting = frozenset(f.broker for f in self.script.on(FenceForgotten))
        for broker in sorted(forgetting ^ self._forgetting):
            self.shores["source"].acls.forget(broker, forgotten=broker in forgetting)
        self._forgetting = forgetting
        self.traffic.set_strangers(frozenset(f.name for f in self.script.on(EscapingWriter)))
        self.fleet.crash(frozenset(f.service for f in self.script.on(ServiceCrash)))
        for vanishing in self.script.on(FenceVanishes):
            if vanishing in self._vanished:
                continue
            self._vanished.add(vanishing)
            acls = self.shores["source"].acls
            denies = frozenset(b for b in acls.bindings if b.permission == "deny")
            acls.change(self.now_ms, remove=denies)
        self.retune()

    def _commit(self) -> None:
        """Every group commits now and then: about each `commit_ms`, never in step."""
        for group, due_ms in enumerate(self._commit_due_ms):
            if self.now_ms < due_ms:
                continue
            pause_ms = int(self.spec.commit_ms * self._commit_rng.uniform(0.85, 1.15))
            self._commit_due_ms[group] = self.now_ms + pause_ms
            for side in SIDES:
                if self.traffic.reading[side][group]:
                    self.traffic.commit(side, group)

    def _check_writers(self) -> None:
        """No topic may be open to its declared producers on both sides at once.

        Open: an instance is at work there, its writes are accepted, and at least one has been.
        """
        layout = self.layout
        declared = layout.lane_service != STRANGER
        open_topics: list[set[int]] = []
        for side in SIDES:
            traffic, shore = self.traffic, self.shores[side]
            lanes = declared & traffic.writing[side] & traffic.accepted[side] & shore.permitted
            where = layout.lane_partition[lanes]
            open_topics.append(set(layout.topic_of[where].tolist()))
        torn = {layout.topics[t] for t in open_topics[0] & open_topics[1]}
        for topic in sorted(torn - self._torn):
            text = f"I1 at {self.now_ms} ms: {topic} accepted from its producers on both sides"
            self.violations.append(text)
        self._torn = torn
