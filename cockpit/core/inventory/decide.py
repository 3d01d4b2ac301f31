"""What becomes of each item, by the plan and by what somebody has excluded from it.

An item that nobody has said anything about is unassigned, however harmless it looks. The plan goes
before an exclusion.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from typing import Final

from cockpit.core.facts import Facts
from cockpit.core.inventory.items import Exclusion, ItemKind, Verdict
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import AclBinding
from cockpit.core.parity.fence import EVERYBODY
from cockpit.core.parity.people import helpers, touches
from cockpit.core.parity.quotas import Entity, entity_text
from cockpit.core.plan import Plan, ReverseStep
from cockpit.core.survey import RegistrySurvey

_KAFKAS_OWN: Final = frozenset(
    {"__consumer_offsets", "__transaction_state", "__share_group_state", "__cluster_metadata"}
)
_MIRRORS_OWN: Final = re.compile(r"mm2-offset-syncs\..+\.internal|.+\.checkpoints\.internal")
_SINK_GROUP: Final = "connect-"
"""How Connect calls the group of a sink connector, before the connector's name."""
_BY_ITS_NAME: Final = "MirrorMaker's own, by its name"
_TARGET_ONLY: Final = Verdict("excluded", "only on the target: there is nothing to move")
NAMED: Final = 3


@dataclass
class Decisions:
    """The verdicts, with what they stand on worked out once."""

    plan: Plan
    principals: dict[str, str] = field(default_factory=dict)
    """The service or the cockpit's own part that logs in as a principal."""
    connectors: frozenset[str] = frozenset()
    """Every connector that Connect told of."""
    topics: frozenset[str] = frozenset()
    """Of the plan's services."""
    imported: dict[str, str] = field(default_factory=dict)
    """Subjects that a subject of the plan imports, and which."""
    _used: set[Exclusion] = field(default_factory=set)

    @staticmethod
    def of(plan: Plan, facts: Facts) -> Decisions:
        """Of a plan whose services and waves may still be missing."""
        people = dict.fromkeys(sorted(helpers(plan)), "the cockpit itself")
        for service in reversed(plan.services):
            people[service.principal] = f"service {service.name}"
        survey = facts.survey(ConnectSurvey, "connect")
        names = {c.name for c in survey.connectors} | survey.unknown.keys() if survey else set()
        found = Decisions(plan, people, frozenset(names), frozenset(plan.topics()))
        found.imported = _imports(found, facts.survey(RegistrySurvey, "source.registry"))
        return found

    def contradictions(self) -> tuple[str, ...]:
        """Exclusions that are about nothing here. Ask after every verdict was asked for."""
        return tuple(
            f"excluded {one.kind} {one.name}: nothing that the plan leaves out is called that"
            for one in self.plan.excluded
            if one not in self._used
        )

    # --- logs and who uses them -------------------------------------------------------------------

    def topic(self, name: str, *, source: bool | None = True, internal: bool = False) -> Verdict:
        """`internal`: the cluster calls it its own; `source`: it is there, None: not known."""
        if name in self.topics:
            return Verdict("in the plan", self._used_by(name))
        if internal:
            return Verdict("excluded", "Kafka's own")
        why = "no service of the plan uses it"
        if name == "heartbeats" and source is False and self._mirrored():
            return Verdict("excluded", _BY_ITS_NAME)
        return self._left_out(name) or _absent(source) or Verdict("unassigned", why)

    def _mirrored(self) -> bool:
        return self.plan.replication.kind == "mirrormaker2"

    def _left_out(self, topic: str) -> Verdict | None:
        """That a topic is excluded, wherever it is; None: it is not, or it is the plan's."""
        if topic in self.topics:
            return None
        if (said := self._excluded("topic", topic)) is not None:
            return said
        if topic in _KAFKAS_OWN:
            return Verdict("excluded", "Kafka's own")
        if self._mirrored() and _MIRRORS_OWN.fullmatch(topic):
            return Verdict("excluded", _BY_ITS_NAME)
        coordination = self.plan.coordination
        if coordination is not None and coordination.topic == topic:
            return Verdict("excluded", "the cockpit's own journal")
        return None

    def _used_by(self, topic: str) -> str:
        writers = [s.name for s in self.plan.services if topic in s.produces]
        readers = [s.name for s in self.plan.services if topic in s.consumes]
        parts = [f"written by {some(writers)}"] if writers else ["no service of the plan writes it"]
        return "; ".join([*parts, f"read by {some(readers)}"] if readers else parts)

    def group(self, name: str, topics: Iterable[str], *, source: bool | None = True) -> Verdict:
        """A group that reads these topics."""
        service = next((s.name for s in self.plan.services if s.group == name), None)
        if service is not None:
            return Verdict("in the plan", f"of service {service}")
        if (said := self._excluded("group", name)) is not None:
            return said
        sink = name.removeprefix(_SINK_GROUP)
        if name.startswith(_SINK_GROUP) and sink in self.connectors:
            verdict = self.connector(sink)
            return Verdict(verdict.word, f"of connector {sink}: {verdict.why}")
        if (absent := _absent(source)) is not None:
            return absent
        read = sorted(topics)
        if read and all(self._left_out(topic) is not None for topic in read):
            return Verdict("excluded", f"reads only what is excluded: {some(read)}")
        moved = [topic for topic in read if topic in self.topics]
        why = f"reads {some(moved)}, which the plan moves" if moved else "of no service of the plan"
        return Verdict("unassigned", why)

    def writer(self, topics: Iterable[str], absent: Container[str] = ()) -> Verdict:
        """Somebody who writes these topics, known by no name of the plan's. `absent`: topics that
        the source does not have."""
        words: list[Verdict] = []
        for topic in sorted(topics):
            services = [s.name for s in self.plan.services if topic in s.produces]
            if services:
                words.append(Verdict("in the plan", f"{topic} is written by {some(services)}"))
            elif (said := self._excluded("producer", topic)) is not None:
                words.append(said)
            elif topic in absent:
                words.append(Verdict("excluded", f"{topic} is only on the target"))
            elif self._left_out(topic) is not None:
                words.append(Verdict("excluded", f"{topic} is excluded"))
            else:
                words.append(Verdict("unassigned", f"no service of the plan writes {topic}"))
        return min(words, key=lambda verdict: _WORST.index(verdict.word), default=_NOTHING)

    # --- access -----------------------------------------------------------------------------------

    def acl(self, binding: AclBinding, *, source: bool | None = True) -> Verdict:
        """One ACL."""
        who = self.principals.get(binding.principal)
        if who is not None:
            return Verdict("in the plan", f"of {who}")
        touching = touches(binding, self.plan)
        if touching and binding.principal == EVERYBODY:
            return Verdict("in the plan", "for everybody, on what the plan moves")
        if (said := self._excluded("acl", binding.principal)) is not None:
            return said
        if (absent := _absent(source)) is not None:
            return absent
        if binding.pattern == "literal" and binding.resource_type in ("topic", "group"):
            name, is_topic = binding.resource_name, binding.resource_type == "topic"
            said = self._left_out(name) if is_topic else self._excluded("group", name)
            if said is not None:
                return Verdict("excluded", f"{binding.resource_type} {name} is excluded")
        also = ", and it is on what the plan moves" if touching else ""
        return Verdict("unassigned", f"no service of the plan logs in so{also}")

    def quota(self, entity: Entity, *, source: bool | None = True) -> Verdict:
        """One client quota."""
        users = [name for kind, name in entity if kind == "user"]
        if not all(users) or (not users and all(not name for _, name in entity)):
            return Verdict("in the plan", "a default: it limits the plan's services too")
        for user in users:
            if (who := self.principals.get(f"User:{user}")) is not None:
                return Verdict("in the plan", f"of {who}")
        names = [entity_text(entity), *users, *(f"User:{user}" for user in users)]
        if (said := self._excluded("quota", *names)) is not None:
            return said
        why = "no service of the plan logs in so" if users else "client ids are not in a plan"
        return _absent(source) or Verdict("unassigned", why)

    def user(self, user: str, *, source: bool | None = True) -> Verdict:
        """One user with a SCRAM credential."""
        principal = f"User:{user}"
        if (who := self.principals.get(principal)) is not None:
            return Verdict("in the plan", f"of {who}")
        if (said := self._excluded("user", user, principal)) is not None:
            return said
        why = "no service of the plan logs in so"
        return _absent(source) or Verdict("unassigned", why)

    # --- beside the clusters ----------------------------------------------------------------------

    def subject(self, name: str, *, source: bool | None = True) -> Verdict:
        """One subject of a registry."""
        topics = topics_of(name)
        for topic in topics:
            if topic in self.topics:
                return Verdict("in the plan", f"named after {topic}")
        if name in self.imported:
            return Verdict("in the plan", f"imported by {self.imported[name]}")
        if (said := self._excluded("schema", name)) is not None:
            return said
        for topic in topics:
            if self._excluded("topic", topic) is not None:
                return Verdict("excluded", f"topic {topic} is excluded")
        why = "no topic of the plan is named in it"
        return _absent(source) or Verdict("unassigned", why)

    def connector(self, name: str) -> Verdict:
        """One connector."""
        replication = self.plan.replication
        if name in (replication.source_connector, replication.checkpoint_connector):
            return Verdict("in the plan", "the mirror")
        steps = (step for wave in self.plan.waves for step in wave.steps)
        if any(isinstance(step, ReverseStep) and step.connector == name for step in steps):
            return Verdict("in the plan", "the mirror back")
        return self._excluded("connector", name) or Verdict(
            "unassigned", "the plan does not name it"
        )

    def _excluded(self, kind: ItemKind, *names: str) -> Verdict | None:
        found = [one for one in self.plan.excluded if one.kind == kind and one.covers(*names)]
        self._used.update(found)
        return Verdict("excluded", found[0].text()) if found else None


_WORST: Final = ("unassigned", "in the plan", "excluded")
_NOTHING: Final = Verdict("unassigned", "what it writes is not known")


def some(names: Iterable[str]) -> str:
    """The first few of these names, and how many more there are."""
    known = list(names)
    more = f" and {len(known) - NAMED} more" if len(known) > NAMED else ""
    return ", ".join(known[:NAMED]) + more


def topics_of(subject: str) -> tuple[str, ...]:
    """Topics that a subject may be of: `orders-value`, `orders-key`, or a topic and a record's full
    name, `orders-com.shop.Order`."""
    found = [subject[: -len(end)] for end in ("-key", "-value") if subject.endswith(end)]
    for at, char in enumerate(subject):
        if char == "-" and "." in subject[at + 1 :]:
            found.append(subject[:at])
    return tuple(dict.fromkeys(name for name in found if name))


def _absent(source: bool | None) -> Verdict | None:
    """The verdict on what the source does not have, or what may not be there."""
    if source is None:
        return Verdict("unassigned", "whether the source has it is not known")
    return None if source else _TARGET_ONLY


def _imports(decisions: Decisions, registry: RegistrySurvey | None) -> dict[str, str]:
    """Every subject that one of the plan's imports, over any number of steps."""
    if registry is None:
        return {}
    found: dict[str, str] = {}
    waiting = [n for n in registry.subjects if decisions.subject(n).word == "in the plan"]
    for name in waiting:
        subject = registry.subjects.get(name)
        for version in subject.versions if subject is not None else ():
            for reference in version.references:
                if reference.subject not in found and reference.subject not in waiting:
                    found[reference.subject] = name
                    waiting.append(reference.subject)
    return found
