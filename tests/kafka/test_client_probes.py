"""Probes of services are programs: passed, failed with their last words, or unknown."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

from cockpit.core.plan import ClientProbeGate, CommandCall, Plan
from cockpit.core.survey import ClientProbesSurvey
from cockpit.kafka.clientprobes import client_probe_feeds
from cockpit.secrecy import SECRETS
from tests.core.build import two_wave_plan
from tests.kafka.clock import RealClock


def probed(argv: tuple[str, ...], timeout_ms: int = 10_000) -> Plan:
    plan = two_wave_plan()
    ledger, checkout = plan.services
    services = (replace(ledger, probe=CommandCall(argv, timeout_ms)), checkout)
    readers = replace(plan.waves[0], gates=(ClientProbeGate(),))
    return replace(plan, services=services, waves=(readers, plan.waves[1]))


async def run(code: str, timeout_ms: int = 10_000) -> tuple[bool | None, str]:
    plan = probed((sys.executable, "-I", "-c", code), timeout_ms)
    (feed,) = client_probe_feeds(plan, RealClock())
    assert (feed.name, feed.wave) == ("client_probes", "readers")
    before_ms = time.time() * 1000 - 1
    survey = await feed.read()
    assert isinstance(survey, ClientProbesSurvey)
    found = survey.probes["ledger"]
    assert before_ms <= found.at_ms <= survey.answered_at_ms
    return found.passed, found.text


async def test_status_0_has_passed_with_the_last_line_that_it_printed() -> None:
    assert await run("print('connected'); print('schema 7\\x1b read', end='\\n\\n')") == (
        True,
        "schema 7\ufffd read",
    )
    assert await run("pass") == (True, "")


async def test_of_much_output_the_end_is_kept_and_of_a_long_line_the_beginning() -> None:
    assert await run("print('x' * 999_999); print('done')") == (True, "done")
    assert await run("print('y' * 500)") == (True, "y" * 59 + "\u2026")
    assert await run("print('z' * 5_000)") == (True, ""), "where it began is not known"


async def test_a_secret_that_it_prints_is_masked() -> None:
    SECRETS.add("tiger-lily-7")
    assert await run("print('logged in with tiger-lily-7')") == (True, "logged in with ***")


async def test_another_status_has_failed_with_its_last_words() -> None:
    code = "import sys; sys.stderr.write('x\\nnot\\x1b authorised\\n'); sys.exit(4)"
    assert await run(code) == (False, "ended with status 4: not\ufffd authorised")


async def test_what_does_not_answer_or_is_killed_is_unknown() -> None:
    passed, text = await run("import time; time.sleep(60)", 1_000)
    assert (passed, "did not end within 1 s" in text) == (None, True)
    passed, text = await run("import os; os.kill(os.getpid(), 9)")
    assert (passed, "was killed" in text) == (None, True)
    (feed,) = client_probe_feeds(probed(("/nowhere/probe",)), RealClock())
    survey = await feed.read()
    assert isinstance(survey, ClientProbesSurvey)
    assert survey.probes["ledger"].passed is None
    assert "cannot start /nowhere/probe" in survey.probes["ledger"].text


def test_a_plan_without_the_gate_runs_nothing() -> None:
    plan = probed(("true",))
    readers = replace(plan.waves[0], gates=())
    assert client_probe_feeds(replace(plan, waves=(readers, plan.waves[1])), RealClock()) == ()
