"""The shop whose plan forgets a job: what its lab is, and that the samples are its plans."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from cockpit.core.drills import DrillStep
from cockpit.core.plan import Plan
from cockpit.lab import wavesplan
from cockpit.lab.batch import NowAndThen
from cockpit.lab.clusters import Login
from cockpit.lab.layout import Layout
from cockpit.lab.ledger import Ledger
from cockpit.lab.meter import Meter
from cockpit.lab.profiles import DEFAULT, WAVES
from cockpit.lab.state import new_state, ports_of
from cockpit.lab.wavesshop import REPORTS, WAVES_SHOP
from cockpit.lab.workload import WORKLOAD, Batch
from cockpit.plan import load_plan, load_plan_file

SAMPLES = Path(__file__).parents[2] / "sample-plans"
FOLDER = Path("/labs/one")


def flown(text: str) -> Plan:
    return load_plan(text, origin=str(FOLDER / "plan.yaml"))


def places() -> wavesplan.Addresses:
    names = ports_of(1, WAVES)
    state = new_state({name: 20_000 + index for index, name in enumerate(names)}, WAVES)
    return wavesplan.lab_addresses(Layout.of(FOLDER), state)


def test_the_samples_are_the_lab_s_plans_with_example_addresses() -> None:
    for name, text in (
        ("zero-downtime-waves", wavesplan.waves_plan),
        ("zero-downtime-long-tail", wavesplan.long_tail_plan),
    ):
        path = SAMPLES / f"{name}.yaml"
        assert path.read_text() == text(wavesplan.EXAMPLE)
        sample, plan = load_plan_file(path), flown(text(places()))
        assert (sample.name, sample.topics()) == (plan.name, plan.topics())
        assert [wave.services for wave in sample.waves] == [wave.services for wave in plan.waves]


def test_it_is_the_usual_lab_with_a_job_more_that_the_plan_of_its_waves_forgets() -> None:
    assert (WAVES.source, WAVES.target, WAVES.mirror) == (
        DEFAULT.source,
        DEFAULT.target,
        DEFAULT.mirror,
    )
    assert {work.name for work in WAVES_SHOP.works} - {work.name for work in WORKLOAD} == {
        REPORTS.name
    }
    plan = flown(wavesplan.waves_plan(places()))
    assert REPORTS.name not in {service.name for service in plan.services}
    assert set(REPORTS.consumes) < set(plan.topics()), "it reads what the plan moves"
    tail = flown(wavesplan.long_tail_plan(places()))
    assert [service.name for service in tail.services] == [REPORTS.name]


def test_its_waves_go_by_risk() -> None:
    plan = flown(wavesplan.waves_plan(places()))
    costs = [max(plan.service(n).criticality == "high" for n in w.services) for w in plan.waves]
    assert costs == sorted(costs)
    assert plan.waves[0].services == tuple(
        work.name for work in WORKLOAD if work.criticality == "low"
    )


def test_it_has_the_three_drills_of_a_rehearsal() -> None:
    plan = flown(wavesplan.waves_plan(places()))
    drills = [s for wave in plan.waves for s in wave.steps if isinstance(s, DrillStep)]
    assert [drill.words() for drill in drills] == [
        "stop-task on mm2-source",
        "call on audit",
        "call on gateway",
    ]


class Visits:
    """Stands in for a worker: remembers when it was let in and sent away."""

    def __init__(self) -> None:
        self.consumed: Ledger | None = None
        self.produced: Ledger | None = None
        self.told: list[str] = []

    async def open(self, cluster: str, login: Login) -> None:
        if self.told == ["open a", "work", "close"]:
            self.told.append("not let in")
            raise TimeoutError
        self.told.append(f"open {cluster}")

    async def run(self, stopping: asyncio.Event) -> None:
        self.told.append("work")
        await stopping.wait()

    async def close(self) -> str | None:
        self.told.append("close")
        return None


@pytest.mark.timeout(20)
async def test_a_job_comes_again_and_again_and_one_visit_that_fails_does_not_end_it() -> None:
    visits, meter, stopping = Visits(), Meter(), asyncio.Event()
    now_s = asyncio.get_running_loop().time
    job = NowAndThen(visits, Batch(every_s=0.05, for_s=0.01), meter, now_s)
    await job.open("a", Login("a:1", "reports"))
    async with asyncio.TaskGroup() as group:
        group.create_task(job.run(stopping), name="job")
        while visits.told.count("close") < 2:  # noqa: ASYNC110  # the job tells nobody
            await asyncio.sleep(0.01)
        stopping.set()
    await job.close()
    assert visits.told[:7] == [
        *("open a", "work", "close"),
        "not let in",
        *("open a", "work", "close"),
    ]
    assert meter.errors == 1
