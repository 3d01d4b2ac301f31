"""How long it takes to prove a large plan: 200 services, 400 topics, 50 waves.

Never touches a file; the plan is made here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cockpit.cli.figures import Figure
from cockpit.core.prove import prove_model
from cockpit.core.prove.model import Model, ServiceModel, WaveModel, right_steps
from cockpit.core.prove.order import derive

SERVICES, TOPICS, WAVE = 200, 400, 4


def large_model() -> Model:
    """Services in layers, each reading from layers above it, the downstream end first."""
    own = [tuple(f"topic-{t}" for t in range(n, TOPICS, SERVICES)) for n in range(SERVICES)]
    services = tuple(
        ServiceModel(
            name=f"service-{n}",
            produces=own[n],
            consumes=tuple(own[m][0] for m in range(max(0, n - 40), n, 7)),
        )
        for n in reversed(range(SERVICES))
    )
    waves = []
    for first in range(0, SERVICES, WAVE):
        members = range(first, first + WAVE)
        reads = any(services[s].consumes for s in members)
        steps = right_steps(kind="mirrormaker2", reads=reads, writes=True)
        waves.append(WaveModel(f"wave-{first}", tuple(members), steps))
    return Model("mirrormaker2", services, tuple(waves))


def prove_figures(cpu_ms: Callable[[Callable[[], object], int], float]) -> Iterator[Figure]:
    """CPU of a proof and of a derived order."""
    model = large_model()
    proof = prove_model(model)
    assert proof.proved, proof.violations[:1]
    yield Figure("prove_200_services_400_topics", cpu_ms(lambda: prove_model(model), 5), "ms", 500)
    yield Figure("prove_states", proof.worlds, "states", 10_000)
    order = cpu_ms(lambda: derive(model.services, "mirrormaker2"), 5)
    yield Figure("order_200_services_400_topics", order, "ms", 100)
