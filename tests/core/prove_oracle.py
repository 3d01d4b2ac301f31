"""A tiny world of records that a plan is flown in, move by random move, to find what goes wrong.

Knows nothing of the prover: it writes, copies and reads records one by one, keeps every record that
a cluster has taken, and looks at the end who has read what, how often and in which order.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from cockpit.core.plan import (
    DrainStep,
    FenceStep,
    OffsetsStep,
    Plan,
    PromoteStep,
    ReverseStep,
    Service,
    StartStep,
    Step,
    StopStep,
    Wave,
    touched_topics,
)

LONGEST_WALK = 400


@dataclass
class Log:
    """One topic on both sides. A record is a number; numbers rise in the order of acceptance."""

    source: list[int] = field(default_factory=list)
    target: list[int] = field(default_factory=list)
    copied: int = 0
    """How many of the source's records the mirror has looked at."""
    returned: int | None = None
    """How many of the target's records the reverse mirror has looked at; None: it does not run."""
    forward: bool = True
    promoted: bool = False
    taken: list[int] = field(default_factory=list)


@dataclass
class Client:
    """One service on one side."""

    running: bool
    at: dict[str, int] = field(default_factory=dict)


class World:
    """A plan's clusters and services. Every way in which it goes wrong is in `wrong`."""

    def __init__(self, plan: Plan, seed: int, left: frozenset[str] = frozenset()) -> None:
        self.plan = plan
        self.left = left
        """Topics that somebody outside the plan writes on the source beside its producers."""
        self.link = plan.replication.kind == "link"
        self.random = random.Random(seed)
        self.logs = {topic: Log() for topic in plan.topics()}
        self.source = {s.name: Client(True, dict.fromkeys(s.consumes, 0)) for s in plan.services}
        self.target = {s.name: Client(False) for s in plan.services}
        self.seen: dict[tuple[str, str], list[int]] = {
            (s.name, topic): [] for s in plan.services for topic in s.consumes
        }
        produced = {topic for service in plan.services for topic in service.produces}
        self.outside = set(self.logs) - produced
        """Topics that somebody outside the plan writes on the source, all the time."""
        self.fences: dict[str, FenceStep] = {}
        self.late: set[tuple[str, str]] = set()
        """A stopped producer's last record, that may still be on its way to the source."""
        self.next_record = 1
        self.wrong: set[str] = set()

    # --- what happens by itself -------------------------------------------------------------------

    def live(self, moments: int) -> None:
        """Time goes by."""
        for _ in range(moments):
            for topic in sorted(self.left):
                if self.random.random() < 0.2:
                    self.write_beside(topic)
            service = self.random.choice(self.plan.services)
            what = self.random.random()
            if what < 0.35 and service.produces:
                self.write(service, self.random.choice(service.produces))
            elif what < 0.7:
                self.copy(self.random.choice(list(self.logs)))
            elif service.consumes:
                topic = self.random.choice(service.consumes)
                if topic in self.outside and self.random.random() < 0.5:
                    self.logs[topic].source.append(self.new_record(self.logs[topic]))
                self.read(service, topic)

    def write(self, service: Service, topic: str) -> None:
        log = self.logs[topic]
        late = (service.name, topic) in self.late
        self.late.discard((service.name, topic))
        if self.source[service.name].running or late:
            if self.refused(service, topic):
                return
            log.source.append(self.new_record(log))
        if self.target[service.name].running:
            proxied = self.link and not log.promoted
            if proxied and self.refused(service, topic, proxied=True):
                return
            (log.source if proxied else log.target).append(self.new_record(log))

    def write_beside(self, topic: str) -> None:
        """Somebody who stays writes; where everybody is denied he is told so, and loses nothing."""
        if not self.denies_all(topic):
            self.logs[topic].source.append(self.new_record(self.logs[topic]))

    def new_record(self, log: Log) -> int:
        self.next_record += 1
        log.taken.append(self.next_record)
        return self.next_record

    def refused(self, service: Service, topic: str, *, proxied: bool = False) -> bool:
        """Whether a fence refuses a write on the source."""
        for name, fence in self.fences.items():
            wave = next(wave for wave in self.plan.waves if wave.name == name)
            covered = {t for s in self.plan.wave_services(wave) for t in s.produces}
            if topic not in covered or fence.by != "acl":
                continue
            denied = {s.principal for s in self.plan.wave_services(wave) if s.produces}
            mine = service.name in wave.services
            if fence.deny == "producers" and not mine and service.principal in denied:
                self.wrong.add("cut off")
                return True
            if fence.deny == "producers" and (not mine or proxied):
                continue
            if proxied or not mine:
                self.wrong.add("cut off")
            return True
        return False

    def copy(self, topic: str) -> None:
        log = self.logs[topic]
        if log.forward and not log.promoted and log.copied < len(log.source):
            record = log.source[log.copied]
            log.copied += 1
            if record not in log.target:  # what the reverse mirror brought is there already
                log.target.append(record)
        if log.returned is not None and log.returned < len(log.target):
            record = log.target[log.returned]
            log.returned += 1
            if not self.denies_all(topic):
                log.source.append(record)

    def can_copy(self, topic: str, upto: int) -> bool:
        log = self.logs[topic]
        return log.forward and not log.promoted and log.copied < min(upto, len(log.source))

    def denies_all(self, topic: str) -> bool:
        """Whether a fence denies the reverse mirror, too, and everybody else."""
        for name, fence in self.fences.items():
            wave = next(wave for wave in self.plan.waves if wave.name == name)
            covered = {t for s in self.plan.wave_services(wave) for t in s.produces}
            if topic in covered and fence.deny == "all" and fence.by == "acl":
                return True
        return False

    def read(self, service: Service, topic: str) -> None:
        log = self.logs[topic]
        for client, records in (
            (self.source[service.name], log.source),
            (self.target[service.name], log.target),
        ):
            if client.running and client.at.get(topic, 0) < len(records):
                place = client.at.get(topic, 0)
                self.seen[service.name, topic].append(records[place])
                client.at[topic] = place + 1

    # --- what the flight does ---------------------------------------------------------------------

    def do(self, wave: Wave, step: Step) -> None:
        """One step of a wave, services in any order."""
        services = list(self.plan.wave_services(wave))
        self.random.shuffle(services)
        topics = {topic for service in services for topic in service.produces}
        match step:
            case StopStep():
                self.stop(services)
            case FenceStep():
                self.fences[wave.name] = step
            case DrainStep():
                self.copy_all(topics)
            case OffsetsStep():
                self.place(services)
            case StartStep():
                for service in services:
                    self.start_there(service)
                    self.live(self.random.randrange(4))
            case ReverseStep():
                for topic in topics:
                    self.logs[topic].forward = False
                    self.logs[topic].returned = len(self.logs[topic].target)
            case PromoteStep():
                self.promote(set(step.topics) or set(touched_topics(tuple(services))))
            case _:
                pass
        self.live(self.random.randrange(6))

    def stop(self, services: list[Service]) -> None:
        for service in services:
            self.source[service.name].running = False
            if not self.link:  # where nothing is fenced, stop itself waits for silence
                self.late |= {(service.name, topic) for topic in service.produces}
            self.live(self.random.randrange(4))

    def copy_all(self, topics: set[str]) -> None:
        for topic in topics:
            while self.can_copy(topic, len(self.logs[topic].source)):
                self.copy(topic)

    def place(self, services: list[Service]) -> None:
        for service in services:
            for topic in service.consumes:
                # a place can be found once the mirror has brought what the group has read
                while self.can_copy(topic, self.source[service.name].at[topic]):
                    self.copy(topic)
                self.target[service.name].at[topic] = self.image(service, topic)

    def promote(self, topics: set[str]) -> None:
        self.copy_all(topics)
        for topic in topics:
            self.logs[topic].promoted = True

    def start_there(self, service: Service) -> None:
        client = self.target[service.name]
        client.running = True
        for topic in service.consumes:
            if topic not in client.at:  # no place: the reset policy decides
                earliest = self.random.random() < 0.5
                client.at[topic] = 0 if earliest else len(self.logs[topic].target)

    def image(self, service: Service, topic: str) -> int:
        """The place on the target after the last record that was read on the source."""
        log, place = self.logs[topic], self.source[service.name].at[topic]
        read = set(log.source[:place])
        return max((n + 1 for n, record in enumerate(log.target) if record in read), default=0)

    def inverse(self, service: Service, topic: str) -> int:
        log, place = self.logs[topic], self.target[service.name].at[topic]
        read = set(log.target[:place])
        return max((n + 1 for n, record in enumerate(log.source) if record in read), default=0)

    def undo(self, wave: Wave, step: Step) -> None:
        """One step of a wave, taken back."""
        services = list(self.plan.wave_services(wave))
        self.random.shuffle(services)
        match step:
            case StopStep():
                for service in services:
                    self.source[service.name].running = True
                    self.late -= {(service.name, topic) for topic in service.produces}
            case FenceStep():
                self.fences.pop(wave.name, None)
            case OffsetsStep():
                self.displace(services)
            case StartStep():
                for service in services:
                    self.target[service.name].running = False
            case ReverseStep():
                for topic in {topic for service in services for topic in service.produces}:
                    self.end_reverse(self.logs[topic], topic)
            case _:
                pass
        self.live(self.random.randrange(4))

    def displace(self, services: list[Service]) -> None:
        for service in services:
            for topic in service.consumes:
                if topic in self.target[service.name].at:
                    self.source[service.name].at[topic] = self.inverse(service, topic)
                    del self.target[service.name].at[topic]

    def end_reverse(self, log: Log, topic: str) -> None:
        while log.returned is not None and log.returned < len(log.target):
            self.copy(topic)
        if log.returned is not None:
            log.copied, log.returned, log.forward = len(log.source), None, True

    def lossy(self, wave: Wave) -> bool:
        """Whether the wave's producers have written on the target what the source will not have."""
        for service in self.plan.wave_services(wave):
            for topic in service.produces:
                log = self.logs[topic]
                if log.promoted:
                    return True
                missing = set(log.target) - set(log.source)
                if missing and log.returned is None:
                    return True
        return any(isinstance(step, PromoteStep) for step in wave.steps) and any(
            log.promoted for log in self.logs.values()
        )


def fly(plan: Plan, seed: int, left: frozenset[str] = frozenset()) -> set[str]:
    """One random flight of the whole plan, with pauses and ways back; what went wrong in it."""
    world = World(plan, seed, left)
    choose = world.random
    world.live(10)
    index = done = 0
    backs = 3
    for _ in range(LONGEST_WALK):
        if index == len(plan.waves):
            break
        wave = plan.waves[index]
        if done < len(wave.steps):
            world.do(wave, wave.steps[done])
            done += 1
        promised = goes_back(wave)
        if promised and done and world.lossy(wave):
            world.wrong.add("went back and lost records")
        if backs and choose.random() < 0.15 and not world.lossy(wave):
            backs -= 1
            for step in reversed(wave.steps[:done]):
                world.undo(wave, step)
            done = 0
            if index and choose.random() < 0.4 and not world.lossy(plan.waves[index - 1]):
                index -= 1
                for step in reversed(plan.waves[index].steps):
                    world.undo(plan.waves[index], step)
            world.live(choose.randrange(12))
        elif done == len(wave.steps):
            index, done = index + 1, 0
            if choose.random() < 0.1:
                break  # the flight may end after any wave
            world.live(choose.randrange(12))
    settle(world)
    return world.wrong


def goes_back(wave: Wave) -> bool:
    """Whether the plan promises that the wave goes back, come what may."""
    rollback = wave.rollback
    by_itself = rollback.triggers and rollback.on_trigger == "rollback"
    return wave.rollback_window_ms is not None or bool(
        by_itself and rollback.after_no_return == "rollback"
    )


def settle(world: World) -> None:
    """Everybody writes once more, everything is copied and read; then the books are made up."""
    for service in world.plan.services:
        for topic in service.produces:
            world.write(service, topic)
    for topic in sorted(world.left):
        world.write_beside(topic)
    for topic, log in world.logs.items():
        for _ in range(1_000):
            world.copy(topic)
            if log.copied == len(log.source) or log.promoted:
                break
    for service in world.plan.services:
        if world.source[service.name].running or world.target[service.name].running:
            for topic in service.consumes:
                world.wrong |= books(world, service, topic)


def books(world: World, service: Service, topic: str) -> set[str]:
    """What a consumer that reads on to the end has missed, or read as it should not."""
    for _ in range(len(world.logs[topic].source) + len(world.logs[topic].target)):
        world.read(service, topic)
    seen, taken = world.seen[service.name, topic], world.logs[topic].taken
    found = {"lost"} if set(taken) - set(seen) else set()
    if len(set(seen)) < len(seen):
        found.add("read twice")
    if list(dict.fromkeys(seen)) != sorted(set(seen)):
        found.add("out of order")
    return found
