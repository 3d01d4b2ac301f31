"""What the rules look at: services, waves and signals as far as they could be read.

Never complete by promise: a part that was refused is absent, and the flags say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

from cockpit.plan.problems import Place
from cockpit.plan.reader import Item
from cockpit.plan.units import Limit

if TYPE_CHECKING:
    from cockpit.plan.proof_draft import ProvedDraft

PARITY_LOOKS: Final = ("topics", "acls", "schemas", "quotas", "users", "records")


@dataclass(frozen=True, slots=True)
class Word:
    """A text with its place."""

    text: str
    place: Place


@dataclass(frozen=True, slots=True)
class ServiceDraft:
    """A service as far as it was readable."""

    place: Place
    name: Word | None
    produces: tuple[Word, ...]
    consumes: tuple[Word, ...]
    whole: bool
    """Everything about its topics was readable."""
    group: Word | None
    says_group: bool
    """The file has a group for it, readable or not."""
    offsets_at: Place | None
    resume: str
    """How its offsets resume; empty: not said, or not readable."""
    probe_at: Place | None
    says: Mapping[str, Place]
    """Where it says what of its offsets: `at`, `replay_tolerance`, `accept_loss`,
    `accept_replay`."""
    principal: Word | None = None

    @property
    def label(self) -> str:
        """Its name in a message."""
        return self.name.text if self.name else "this service"


@dataclass(frozen=True, slots=True)
class SignalUse:
    """A gate or trigger that reads a signal."""

    name: Word
    limit: Limit | None
    limit_place: Place


@dataclass(frozen=True, slots=True)
class WaveDraft:
    """A wave as far as it was readable."""

    place: Place
    index: int
    name: Word | None
    services: tuple[Word, ...]
    services_whole: bool
    steps: tuple[Word, ...]
    steps_at: Place
    steps_whole: bool
    before: Word | None
    after: Word | None
    says_gates: bool
    says_lasting_gates: bool
    """Whether a gate is among them that means something after the move, too."""
    signal_uses: tuple[SignalUse, ...]
    idle_parity_at: tuple[Place, ...]
    """Where a parity condition looks at nothing."""
    schema_parity_at: tuple[Place, ...]
    """Where a parity condition looks at schemas."""

    @property
    def label(self) -> str:
        """Its name in a message."""
        return f"wave {self.name.text}" if self.name else "this wave"


@dataclass(frozen=True)
class Draft:
    """A plan as far as it was readable."""

    root: Item
    services: tuple[ServiceDraft, ...]
    services_whole: bool
    """The list and each name in it were readable."""
    waves: tuple[WaveDraft, ...]
    waves_whole: bool

    @cached_property
    def named_topics(self) -> tuple[Word, ...]:
        """Topics that allowances and promotions name."""
        allowed = _items(_field(self.root, "allow_interleaving"))
        steps = [
            step
            for wave in _items(_field(self.root, "waves"))
            for step in _items(_field(wave, "steps"))
        ]
        promoted = [_field(_field(step, "promote"), "topics") for step in steps]
        named = [word(_field(entry, "topic")) for entry in allowed]
        return (
            *(name for name in named if name is not None),
            *(topic for topics in promoted for topic in _words(topics)),
        )

    @cached_property
    def commands(self) -> tuple[Item, ...]:
        """Every program with its arguments that the plan may run."""
        return tuple(_commands(self.root))

    @cached_property
    def windows(self) -> tuple[Item, ...]:
        """Freeze windows, and those that waves are meant for."""
        waves = [_field(wave, "window") for wave in _items(_field(self.root, "waves"))]
        freezes = _items(_field(self.root, "freeze_windows"))
        return (*freezes, *(window for window in waves if window is not None))

    @cached_property
    def by_name(self) -> Mapping[str, ServiceDraft]:
        """The first service of each name."""
        found: dict[str, ServiceDraft] = {}
        for service in self.services:
            if service.name:
                found.setdefault(service.name.text, service)
        return found

    @cached_property
    def wave_of(self) -> Mapping[str, int]:
        """Index of the first wave of each service that exists."""
        found: dict[str, int] = {}
        for wave in self.waves:
            for word in wave.services:
                if word.text in self.by_name:
                    found.setdefault(word.text, wave.index)
        return found

    @cached_property
    def proved(self) -> ProvedDraft | None:
        """The proof of the plan; None when something that it stands on could not be read."""
        from cockpit.plan.proof_draft import prove_draft

        return prove_draft(self)

    def members(self, wave: WaveDraft) -> tuple[ServiceDraft, ...]:
        """The services of a wave that exist and do not move in an earlier one."""
        return tuple(self.by_name[w.text] for w in wave.services if self._moves_in(w, wave))

    def knows_members(self, wave: WaveDraft) -> bool:
        """Everything about the topics of the wave's services was readable."""
        return wave.services_whole and all(
            self._moves_in(word, wave) and self.by_name[word.text].whole for word in wave.services
        )

    def _moves_in(self, name: Word, wave: WaveDraft) -> bool:
        return self.wave_of.get(name.text) == wave.index


def make_draft(root: Item) -> Draft:
    """The draft of a plan that was read, with or without problems."""
    services = _field(root, "services")
    waves = _field(root, "waves")
    drafts = tuple(_service(item) for item in _items(services))
    return Draft(
        root=root,
        services=drafts,
        services_whole=services is not None and services.valid and all(s.name for s in drafts),
        waves=tuple(_wave(item, index) for index, item in enumerate(_items(waves))),
        waves_whole=waves is not None and waves.valid,
    )


def word(item: Item | None) -> Word | None:
    """The text of a scalar or choice, if it was readable."""
    if item is None or not isinstance(item.value, str):
        return None
    return Word(item.value, item.place)


def _field(item: Item | None, key: str) -> Item | None:
    return item.fields.get(key) if item is not None else None


def _items(item: Item | None) -> tuple[Item, ...]:
    return item.items if item is not None else ()


def _commands(item: Item) -> Iterator[Item]:
    for key, entry in item.fields.items():
        if key in ("command", "run") and entry.items:
            yield entry
        else:
            yield from _commands(entry)
    for entry in item.items:
        yield from _commands(entry)


def _words(item: Item | None) -> tuple[Word, ...]:
    return tuple(found for found in map(word, _items(item)) if found is not None)


def _whole(item: Item | None) -> bool:
    """Absent, or readable down to its entries."""
    return item is None or (item.valid and all(entry.valid for entry in item.items))


def _service(item: Item) -> ServiceDraft:
    produces, consumes = _field(item, "produces"), _field(item, "consumes")
    offsets = _field(item, "offsets")
    resume = word(_field(offsets, "resume"))
    return ServiceDraft(
        place=item.place,
        name=word(_field(item, "name")),
        produces=_words(produces),
        consumes=_words(consumes),
        whole=item.valid and _whole(produces) and _whole(consumes),
        group=word(_field(item, "group")),
        says_group=_field(item, "group") is not None,
        offsets_at=item.key_places.get("offsets"),
        resume=resume.text if resume is not None else "",
        probe_at=item.key_places.get("probe"),
        says=offsets.key_places if offsets is not None else {},
        principal=word(_field(item, "principal")),
    )


def _wave(item: Item, index: int) -> WaveDraft:
    services, steps = _field(item, "services"), _field(item, "steps")
    owner, gates = _field(item, "write_owner"), _field(item, "gates")
    conditions = (*_items(gates), *_items(_field(_field(item, "rollback"), "triggers")))
    return WaveDraft(
        place=item.place,
        index=index,
        name=word(_field(item, "name")),
        services=_words(services),
        services_whole=services is not None and _whole(services),
        steps=tuple(Word(key, step.place) for step in _items(steps) for key in step.fields),
        steps_at=item.key_places.get("steps", item.place),
        steps_whole=steps is not None and _steps_whole(steps),
        before=word(_field(owner, "before")),
        after=word(_field(owner, "after")),
        says_gates=bool(_items(gates)) or not _whole(gates),
        says_lasting_gates=any(map(_lasts, _items(gates))) or not _whole(gates),
        signal_uses=_signal_uses(conditions),
        idle_parity_at=tuple(c.place for c in conditions if _looks_at_nothing(c)),
        schema_parity_at=tuple(
            look.place for look in map(_schema_look, conditions) if look and look.value is True
        ),
    )


_LASTING: Final = frozenset({"replication_lag", "group_lag", "signal"})


def _lasts(gate: Item) -> bool:
    """Of a gate that cannot be read it is not said that it does not."""
    return not gate.fields or not _LASTING.isdisjoint(gate.fields)


def _steps_whole(steps: Item) -> bool:
    """The name of each step is known; its settings may have been refused."""
    return steps.valid and all(step.fields for step in steps.items)


def _signal_uses(conditions: tuple[Item, ...]) -> tuple[SignalUse, ...]:
    uses: list[SignalUse] = []
    for condition in conditions:
        signal = _field(condition, "signal")
        name = word(_field(signal, "name"))
        limit = _field(signal, "max")
        if name is None:
            continue
        value = limit.value if limit is not None and isinstance(limit.value, Limit) else None
        uses.append(SignalUse(name, value, limit.place if limit is not None else name.place))
    return tuple(uses)


def _looks_at_nothing(condition: Item) -> bool:
    parity = _field(condition, "parity")
    if parity is None:
        return False
    looks = [_field(parity, key) for key in PARITY_LOOKS]
    return all(look is not None and look.value is False for look in looks)


def _schema_look(condition: Item) -> Item | None:
    return _field(_field(condition, "parity"), "schemas")
