"""What the prover looks at, made from a plan as far as it could be read.

Never complains twice: what the proof stands on and could not be read, or another rule has refused,
is left out, or proved as if it were right.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from cockpit.core.leftout import Exclusion
from cockpit.core.plan import Interleaving, ReplicationKind
from cockpit.core.prove import Anchor, Proof, prove_model
from cockpit.core.prove.model import (
    Model,
    ServiceModel,
    StepModel,
    WaveModel,
    right_steps,
)
from cockpit.core.schedule import FlightWindow, FreezeWindow
from cockpit.plan.build import flight_window, freeze_window
from cockpit.plan.draft import Draft, ServiceDraft, WaveDraft, word
from cockpit.plan.problems import Place
from cockpit.plan.reader import Item
from cockpit.plan.step_rules import is_well_formed

_SOURCES = ("services", "waves", "replication")


@dataclass(frozen=True, slots=True)
class ProvedDraft:
    """The proof of a draft, and where its anchors are in the file."""

    draft: Draft
    services: tuple[ServiceDraft, ...]
    proof: Proof

    def place(self, anchor: Anchor) -> Place:
        """Where in the file this would be mended."""
        wave = self.draft.waves[anchor.wave]
        item = _wave_item(self.draft, wave)
        match anchor.kind:
            case "service":
                name = self.services[anchor.service].label
                return next((w.place for w in wave.services if w.text == name), wave.place)
            case "step":
                whole = anchor.step < len(wave.steps)
                return wave.steps[anchor.step].place if whole else wave.steps_at
            case "rollback":
                rollback = item.fields.get("rollback", item)
                return rollback.key_places.get("on_trigger", rollback.place)
            case "offsets":
                return self.services[anchor.service].offsets_at or wave.place
            case "rollback_window" | "window":
                return item.key_places.get(anchor.kind, wave.place)
            case "wave":
                return wave.steps_at


def prove_draft(draft: Draft) -> ProvedDraft | None:
    """The proof of a draft; None when something that it stands on could not be read."""
    kind = replication_kind(draft)
    waves = draft.waves_whole and all(
        draft.knows_members(wave) and wave.steps_whole for wave in draft.waves
    )
    if kind is None or not (draft.services_whole and waves):
        return None
    # a service that is in no wave is another rule's matter
    services = tuple(s for name, s in draft.by_name.items() if name in draft.wave_of)
    return ProvedDraft(draft, services, prove_model(_model(draft, services, kind)))


def replication_kind(draft: Draft) -> ReplicationKind | None:
    """The kind of the plan's replication, if it was readable."""
    item = draft.root.fields.get("replication")
    found = word(item.fields.get("kind")) if item is not None else None
    return next((k for k in get_args(ReplicationKind) if found and found.text == k), None)


def service_models(services: tuple[ServiceDraft, ...]) -> tuple[ServiceModel, ...]:
    """These services, in order."""
    return tuple(
        ServiceModel(
            name=service.label,
            produces=tuple(topic.text for topic in service.produces),
            consumes=tuple(topic.text for topic in service.consumes),
            resume=service.resume,
            accepts=frozenset(service.says),
            principal=service.principal.text if service.principal is not None else "",
        )
        for service in services
    )


def interleavings(draft: Draft) -> tuple[Interleaving, ...]:
    """The allowances that are readable."""
    found = []
    for item in _entries(draft.root, "allow_interleaving"):
        texts = [_text(item, key) for key in ("topic", "why", "by")]
        if all(texts):
            found.append(Interleaving(*texts))
    return tuple(found)


def outside(draft: Draft) -> frozenset[str]:
    """Topics of the plan's producers that somebody else writes, too, who by the plan's word stays
    on the source."""
    left = [
        Exclusion("producer", _text(item, "producer"), "leave", "", "")
        for item in _entries(draft.root, "excluded")
        if _text(item, "producer") and _text(item, "as") != "drop"
    ]
    written = (topic.text for service in draft.services for topic in service.produces)
    return frozenset(topic for topic in written if any(one.covers(topic) for one in left))


def canary(draft: Draft) -> str:
    """The canary's principal; empty: there is none, or none that is readable."""
    source = draft.root.fields.get("source")
    given = source.fields.get("canary") if source is not None else None
    name = _text(given, "username") if given is not None else ""
    return f"User:{name}" if name else ""


def freezes(draft: Draft) -> tuple[FreezeWindow, ...]:
    """The freeze windows that are readable."""
    items = _entries(draft.root, "freeze_windows")
    return tuple(freeze_window(i) for i in items if _given(i, "daily") or _given(i, "from", "to"))


def _model(draft: Draft, services: tuple[ServiceDraft, ...], kind: ReplicationKind) -> Model:
    index = {service.label: number for number, service in enumerate(services)}
    return Model(
        kind=kind,
        services=service_models(services),
        waves=tuple(_wave(draft, wave, index, kind) for wave in draft.waves),
        interleavings=interleavings(draft),
        freezes=freezes(draft),
        outside=outside(draft),
        canary=canary(draft),
    )


def _wave(draft: Draft, wave: WaveDraft, index: dict[str, int], kind: ReplicationKind) -> WaveModel:
    item = _wave_item(draft, wave)
    rollback = item.fields.get("rollback", Item(item.place))
    members = draft.members(wave)
    by_itself = (
        bool(_entries(rollback, "triggers"))
        and _text(rollback, "on_trigger") == "rollback"
        and _text(rollback, "after_no_return") == "rollback"
    )
    return WaveModel(
        name=wave.name.text if wave.name else "?",
        services=tuple(index[service.label] for service in members),
        steps=_steps(item, members)
        if is_well_formed(wave)
        else right_steps(
            kind=kind,
            reads=any(service.consumes for service in members),
            writes=any(service.produces for service in members),
        ),
        goes_back_by_itself=by_itself,
        rollback_window="rollback_window" in item.key_places,
        duration_ms=_duration_ms(item),
        window=_window(item),
    )


def _steps(wave: Item, members: tuple[ServiceDraft, ...]) -> tuple[StepModel, ...]:
    return tuple(
        _step(word, settings, members)
        for step in _entries(wave, "steps")
        for word, settings in step.fields.items()
    )


def _step(word: str, settings: Item, members: tuple[ServiceDraft, ...]) -> StepModel:
    if word == "fence":
        by_acl = _text(settings, "by") != "stop"
        return StepModel(word, deny=(_text(settings, "deny") or "all") if by_acl else "nobody")
    if word == "reverse":
        forward, start_at = _text(settings, "forward"), _text(settings, "start_at")
        return StepModel(word, forward=forward or "excluded", start_at=start_at or "drained")
    if word == "promote":
        named = frozenset(str(item.value) for item in _entries(settings, "topics") if item.valid)
        own = frozenset(t.text for s in members for t in (*s.produces, *s.consumes))
        accepted = bool(named) and "accept_loss" in settings.key_places
        return StepModel(word, topics=named or own, accepted=accepted)
    if word in ("http", "command"):
        return StepModel(word, undoable="undo" in settings.key_places)
    return StepModel(word)


def _duration_ms(wave: Item) -> int:
    return sum(
        _ms(settings)
        for step in _entries(wave, "steps")
        for word, settings in step.fields.items()
        if word == "soak"
    )


def _ms(settings: Item) -> int:
    found = settings.fields.get("for")
    return found.value if found is not None and isinstance(found.value, int) else 0


def _window(wave: Item) -> FlightWindow | None:
    item = wave.fields.get("window")
    return flight_window(item) if item is not None and _given(item, "from", "to") else None


def _wave_item(draft: Draft, wave: WaveDraft) -> Item:
    return draft.root.fields["waves"].items[wave.index]


def _entries(item: Item, key: str) -> tuple[Item, ...]:
    return item.fields[key].items if key in item.fields else ()


def _text(item: Item, key: str) -> str:
    value = item.fields[key].value if key in item.fields else None
    return value if isinstance(value, str) else ""


def _given(item: Item, *keys: str) -> bool:
    return all(key in item.fields and item.fields[key].valid for key in keys)
