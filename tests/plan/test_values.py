"""What a loaded plan holds: the values of the file, the core's own defaults, absolute paths."""

from __future__ import annotations

import typing

import pytest

from cockpit.core import plan as core
from cockpit.plan import format as plan_format
from cockpit.plan import load_document
from cockpit.plan.kinds import Choice, Object
from tests.plan.given import GOOD, MINIMAL, ORIGIN, good_with, load


def test_the_good_plan_s_values() -> None:
    plan = load(GOOD)
    assert (plan.name, plan.environment) == ("payments-week", "PROD")
    assert plan.source.bootstrap[2] == "kafka-old-3.example.internal:9093"
    assert plan.source.security == core.Security(
        protocol="sasl_ssl",
        mechanism="scram-sha-512",
        login=core.Login("cockpit", core.SecretRef("file", "/plans/secrets/source-cockpit")),
        ca_file="/plans/tls/old-ca.pem",
    )
    assert plan.source.canary == core.Login(
        "cockpit-canary", core.SecretRef("file", "/plans/secrets/source-canary")
    )
    assert plan.target.security.login == core.Login(
        "cockpit", core.SecretRef("env", "TARGET_COCKPIT_PASSWORD")
    )
    assert plan.signals[0] == core.SignalSpec(
        "checkout-errors",
        url="http://checkout.example.internal:9400/status",
        path="errors.ratio",
        unit="ratio",
        max_age_ms=10_000,
    )
    assert plan.service("settlement") == core.Service(
        name="settlement",
        owner="team-finance",
        criticality="high",
        principal="User:settlement",
        consumes=("orders",),
        produces=("payments",),
        group="settlement",
        offsets=core.OffsetsSpec(replay_tolerance_records=0),
        stop=core.HttpCall("http://settlement.example.internal:9400/stop"),
        start=core.HttpCall("http://settlement.example.internal:9400/start?cluster=target"),
        undo=core.HttpCall("http://settlement.example.internal:9400/start?cluster=source"),
    )
    assert plan.approved_differences[1].topic == "*"


def test_the_good_plan_s_waves() -> None:
    readers, writers = load(GOOD).waves
    assert readers.gates == (
        core.ReplicationLagGate(100, for_ms=60_000),
        core.OffsetDeltaGate(500, max_skipped_records=0),
        core.ParityGate(),
        core.SignalGate("checkout-errors", 0.005, for_ms=120_000, max_age_ms=15_000),
    )
    assert readers.rollback == core.Rollback((core.GroupLagGate(50_000, for_ms=120_000),), "ask")
    assert readers.rollback_window_ms == 86_400_000
    assert writers.steps == (
        core.ConfirmStep("Has the payment provider been told?"),
        core.StopStep(),
        core.FenceStep(),
        core.DrainStep(timeout_ms=45_000),
        core.OffsetsStep(),
        core.StartStep(timeout_ms=90_000),
        core.SoakStep(for_ms=1_800_000),
    )
    assert writers.write_owner == core.WriteOwner("source", "target")
    assert writers.approvers == ("team-platform", "team-pay")


def test_what_is_left_out_is_what_the_core_says_by_default() -> None:
    plan = load(MINIMAL)
    readers, writers = plan.waves
    assert writers.steps[:4] == (
        core.StopStep(),
        core.FenceStep(),
        core.DrainStep(),
        core.StartStep(),
    )
    assert readers.steps[1] == core.OffsetsStep()
    assert readers.gates[1] == core.ParityGate()
    assert readers.rollback == core.Rollback()
    assert plan.service("ledger").offsets == core.OffsetsSpec()
    assert plan.service("checkout").offsets is None
    assert plan.service("ledger").criticality == "normal"
    bare = load(
        GOOD.replace("max: 20, for: 2m", "max: 20")
        .replace(
            "{name: settlement-latency, max: 250, for: 2m}", "{name: settlement-latency, max: 2}"
        )
        .replace("- group_lag: {max: 50000, for: 2m}", "- group_lag: {max: 5}")
        .replace("    unit: ratio\n    max_age: 10s\n", "")
    )
    assert bare.waves[1].gates == (
        core.ReplicationLagGate(20),
        core.OffsetDeltaGate(200),
        core.ParityGate(),
        core.SignalGate("settlement-latency", 2.0),
    )
    assert bare.waves[0].rollback.triggers == (core.GroupLagGate(5),)
    assert bare.signals[0].unit == "ratio"
    assert bare.signals[0].max_age_ms == 5_000


def test_paths_begin_at_the_plan_s_folder_and_absolute_ones_stay() -> None:
    loaded = load_document(good_with("ca: tls/new-ca.pem", "ca: /etc/ssl/new.pem"), origin=ORIGIN)
    assert loaded.plan.target.security.ca_file == "/etc/ssl/new.pem"
    assert [str(getattr(r, "name", r)) for _, r in loaded.references] == [
        "/plans/secrets/source-cockpit",
        "old-ca.pem",
        "/plans/secrets/source-canary",
        "TARGET_COCKPIT_PASSWORD",
        "new.pem",
    ]


def test_tls_with_a_client_certificate() -> None:
    plan = load(
        MINIMAL.replace("bootstrap: [kafka-new-1.example.internal:9092]\n  security: {protocol: "
                        "sasl_plaintext, mechanism: scram-sha-512, username: cockpit,\n"
                        '             password: "${env:TARGET_PASSWORD}"}',
                        'bootstrap: ["[::1]:9092", 10.0.0.7:9093]\n'
                        "  security: {protocol: ssl, ca: ca.pem, cert: c.pem, key: k.pem}")
    )  # fmt: skip
    assert plan.target.bootstrap == ("[::1]:9092", "10.0.0.7:9093")
    assert plan.target.security == core.Security(
        protocol="ssl", ca_file="/plans/ca.pem", cert_file="/plans/c.pem", key_file="/plans/k.pem"
    )


@pytest.mark.parametrize("mechanism", ["plain", "scram-sha-256", "scram-sha-512"])
def test_sasl_mechanisms(mechanism: str) -> None:
    text = MINIMAL.replace("scram-sha-512", mechanism)
    assert load(text).source.security.mechanism == mechanism


LITERALS: list[tuple[Object, str, type, str]] = [
    (plan_format.SECURITY, "protocol", core.Security, "protocol"),
    (plan_format.SECURITY, "mechanism", core.Security, "mechanism"),
    (plan_format.REPLICATION, "kind", core.Replication, "kind"),
    (plan_format.REPLICATION, "policy", core.Replication, "policy"),
    (plan_format.SIGNAL, "unit", core.SignalSpec, "unit"),
    (plan_format.HTTP_CALL, "method", core.HttpCall, "method"),
    (plan_format.OFFSETS, "resume", core.OffsetsSpec, "resume"),
    (plan_format.SERVICE, "criticality", core.Service, "criticality"),
    (plan_format.ROLLBACK, "on_trigger", core.Rollback, "on_trigger"),
    (plan_format.WRITE_OWNER, "before", core.WriteOwner, "before"),
    (plan_format.WRITE_OWNER, "after", core.WriteOwner, "after"),
]


@pytest.mark.parametrize(("table", "key", "value", "attribute"), LITERALS)
def test_the_words_of_the_format_are_those_of_the_core(
    table: Object, key: str, value: type, attribute: str
) -> None:
    choice = table.by_key[key].kind
    assert isinstance(choice, Choice)
    assert set(choice.words) == _words(typing.get_type_hints(value)[attribute])


@pytest.mark.parametrize("key", ["at_zero", "by"])
def test_the_words_of_a_fence_are_those_of_the_core(key: str) -> None:
    fence = plan_format.STEP.options["fence"]
    assert isinstance(fence, Object)
    choice = fence.by_key[key].kind
    assert isinstance(choice, Choice)
    assert set(choice.words) == _words(typing.get_type_hints(core.FenceStep)[key])


def test_the_steps_of_the_format_are_those_of_the_core() -> None:
    assert set(plan_format.STEP.options) == set(core.STEP_NAMES.values())


def _words(hint: object) -> set[str]:
    """The words of a Literal, also where it may be None."""
    found: set[str] = set()
    for argument in typing.get_args(hint):
        found |= {argument} if isinstance(argument, str) else _words(argument)
    return found
