"""A clickstream leaves Kafka 0.8.2 over two hops: a wave that comes back, what is read again for a
price that was told, and the end of the old cluster.

Used by the test and by `python -m tests.migrations`.
"""

from __future__ import annotations

import json
import os
import re
import signal
import time
from pathlib import Path

import httpx

import cockpit.lab
from cockpit.cli import exits
from cockpit.cli.output import complain, say
from cockpit.lab.checker import Verdict
from cockpit.lab.clickstream import CLICKSTREAM
from cockpit.lab.hopfiles import FIRST_HOP
from cockpit.lab.looking import Status
from tests.flights.real import Flight, fly
from tests.flights.test_lab import runs_on
from tests.migrations.inflight import FailsOnce, settled
from tests.migrations.saying import says

SETTLE_S = 120.0
GATE_WAIT = "20m"
"""For a machine that others use, too."""
BACK = "readers"
"""The wave that comes back by its own trigger, and goes again: one group of it keeps its commits in
ZooKeeper, one in Kafka."""
FAILING = "ledger"
AGAIN = {"app-archive", "app-reports"}
"""Groups that read from the beginning, as their owners have decided."""
OLD = (FIRST_HOP, "source", "zookeeper")
"""What is switched off in the end, in this order."""
WITHOUT_OLD_S = 10.0
CANNOT = re.compile(r"Kafka (0\.8\.2|before [\d.]+) (has no|does not)")
"""What is said of such a broker to whoever asks for ACLs, quotas or a list of its groups."""


def take_off(folder: Path) -> Status:
    """The lab of this migration, running; its progress is printed."""
    return cockpit.lab.up(folder / "lab", complain, profile="ec2-082")


def ec2(lab: Status, state: Path) -> tuple[Flight, Verdict]:
    """Fly all waves without a screen, switch the old cluster off, and judge from outside."""
    state.mkdir(exist_ok=True)
    plan = lab.folder / "plan.yaml"
    trouble = FailsOnce(lab, state, BACK, FAILING, 0.5)
    flight = fly(plan, state, trouble, "--gate-wait", GATE_WAIT, "--again")
    assert flight.exit_code == exits.COMPLETED, flight.story()
    assert {wave["state"] for wave in flight.result["waves"]} == {"done"}
    assert len(flight.result["waves"]) == len(CLICKSTREAM.waves)
    assert [e["wave"] for e in flight.events if e["kind"] == "wave_rolled_back"] == [BACK]
    assert {runs_on(lab, work.name) for work in CLICKSTREAM.works} == {"target"}
    promised = prices(flight)
    assert set(promised) == {work.group for work in CLICKSTREAM.works if work.group}
    assert {group for group, price in promised.items() if price} == AGAIN
    assert flight.result["predicted_duplicates_max"] == sum(promised.values())
    assert_archived(plan, state)
    switch_off(lab)
    verdict = settled(lab, SETTLE_S)
    assert (verdict.lost, verdict.reordered) == (0, 0)
    read_again = duplicates(verdict)
    say(f"read again: {read_again}; promised: {promised}")
    assert read_again == promised
    return flight, verdict


def prices(flight: Flight) -> dict[str, int]:
    """By group, how many records the cockpit said that it would read again at most, all its waves'
    tries together."""
    found: dict[str, int] = {}
    for event in flight.events:
        if event["kind"] == "offsets_placed":
            group = event["group"]
            found[group] = found.get(group, 0) + event["reread_max_records"]
    return found


def duplicates(verdict: Verdict) -> dict[str, int]:
    """By group, how often its service has processed a record again."""
    found: dict[str, int] = {}
    for count in verdict.counts:
        group = CLICKSTREAM.work_of(count.service).group or ""
        found[group] = found.get(group, 0) + count.duplicated
    return found


def assert_archived(plan: Path, state: Path) -> None:
    """Packed, with nothing missing but what the old brokers cannot say."""
    to = state / "archive.tar.gz"
    done = says(state, "archive", str(plan), "--json", "-o", str(to))
    assert done.returncode in (exits.COMPLETED, exits.UNKNOWN), done.stdout + done.stderr
    missing = json.loads(done.stdout.splitlines()[-1])["missing"]
    assert all(CANNOT.search(why) for why in missing.values()), missing


def switch_off(lab: Status) -> None:
    """End the first hop, the old cluster and its ZooKeeper; everybody goes on without them."""
    pids = lab.as_json()["pids"]
    for name in OLD:
        os.kill(pids[name], signal.SIGTERM)
    time.sleep(WITHOUT_OLD_S)
    for work in CLICKSTREAM.works:
        url = lab.as_json()["services"][work.name]
        told = httpx.get(f"{url}/status", trust_env=False).json()
        assert (told["cluster"], told["error_ratio"]) == ("target", 0.0), told
