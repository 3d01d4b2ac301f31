"""`cockpit check --order`: the waves that a plan's services need, ready to paste.

Never writes a file.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

from cockpit.cli import exits
from cockpit.cli.output import complain, say, say_json
from cockpit.core.plan import ReplicationKind
from cockpit.core.prove import Proof, prove_model
from cockpit.core.prove.model import ServiceModel, StepModel
from cockpit.core.prove.order import OrderedWave, derive, model_of_order
from cockpit.plan.loader import LoadedServices, load_services_with_places
from cockpit.plan.problems import PlanInvalid, Problem, Problems

_FITS = 96
REASONS: Final = 20
"""So many circles are read by somebody; `--json` has all."""


def order(path: Path, text: str, *, as_json: bool) -> int:
    """Derive, prove, print. Raises PlanInvalid when the services cannot be read, or say of their
    groups what no order makes right."""
    loaded = load_services_with_places(text, origin=str(path))
    services, kind = loaded.services, loaded.kind
    waves = derive(services, kind)
    proof = prove_model(model_of_order(services, kind, waves))
    if not proof.proved:
        problems = _problems(proof, loaded)
        if problems:
            raise PlanInvalid(problems, origin=str(path))
        # a defect of ours: nothing that is not proved is handed out
        for violation in proof.violations:
            complain(violation.message)
        return exits.INTERNAL
    if as_json:
        say_json({"file": str(path), "waves": [_as_json(wave, services) for wave in waves]})
        return exits.COMPLETED
    for line in yaml_lines(waves, services, kind):
        say(line)
    return exits.COMPLETED


def _problems(proof: Proof, loaded: LoadedServices) -> tuple[Problem, ...]:
    """What is wrong with single services; of that the plan is the cause, and not its order."""
    found = Problems()
    for violation in proof.violations:
        if violation.anchor.kind == "offsets":
            found.add(
                loaded.places[violation.anchor.service],
                violation.message,
                violation.hint,
                counter_example=violation.counter_example,
                also=violation.also,
            )
    return found.sorted()


def _reasons(why: Sequence[str]) -> list[str]:
    """Why services move together. What several write stands last, and is never left out."""
    left = len(why) - REASONS
    if left <= 0:
        return [f"    # {reason}" for reason in why]
    more = f"    # and {left:,} more like these: --json has all"
    return [*(f"    # {reason}" for reason in why[: REASONS - 1]), more, f"    # {why[-1]}"]


_ADD: Final = "# proved; add gates, soaks, approvers and what takes a wave back"


def yaml_lines(
    waves: Sequence[OrderedWave],
    services: Sequence[ServiceModel],
    kind: ReplicationKind,
    *,
    head: str = _ADD,
    more: Callable[[OrderedWave], Sequence[str]] = lambda _wave: (),
    step: Callable[[StepModel], Sequence[str]] | None = None,
) -> list[str]:
    """The `waves:` of a plan, as they are pasted. `more`: further lines of a wave; `step`: what is
    written for a step, where not its word alone."""
    lines = [head, "waves:"]
    for wave in waves:
        promotes = any(step.word == "promote" for step in wave.steps)
        after = "target" if (promotes if kind == "link" else wave.writes) else "source"
        lines.append(f"  - name: {written(wave.name)}")
        lines += _reasons(wave.why)
        lines += written_list("    services", [services[s].name for s in wave.services])
        lines.append(f"    write_owner: {{before: source, after: {after}}}")
        lines += more(wave)
        lines += _list(
            "    steps", [text for one in wave.steps for text in (step or plain_step)(one)]
        )
    return lines


def written_list(key: str, names: Sequence[str]) -> list[str]:
    """A key with a list of names, in one line where that fits."""
    return _list(key, [written(name) for name in names])


def _list(key: str, entries: list[str]) -> list[str]:
    one = f"{key}: [{', '.join(entries)}]"
    if len(one) <= _FITS:
        return [one]
    indent = " " * (len(key) - len(key.lstrip()) + 2)
    return [f"{key}:", *(f"{indent}- {entry}" for entry in entries)]


def plain_step(step: StepModel) -> Sequence[str]:
    """What is written for a step of which nothing more is said."""
    if not step.topics:
        return (step.word,)
    return (f"{step.word}: {{topics: [{', '.join(map(written, sorted(step.topics)))}]}}",)


def written(name: str) -> str:
    """A name as the loader takes it: quoted where YAML may read something else in it."""
    from cockpit.plan.scalars import yaml_reading

    is_word = name[:1].isalnum() and all(char.isalnum() or char in "._-" for char in name)
    plain = is_word and name.isascii() and yaml_reading(name) is None
    return name if plain else json.dumps(name, ensure_ascii=False)


def _as_json(wave: OrderedWave, services: tuple[ServiceModel, ...]) -> dict[str, Any]:
    return {
        "name": wave.name,
        "services": [services[s].name for s in wave.services],
        "steps": [
            {"promote": {"topics": sorted(step.topics)}} if step.topics else step.word
            for step in wave.steps
        ],
        "why": "; ".join(wave.why),
    }
