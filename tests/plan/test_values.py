"""What a loaded plan holds: the values of the file, the core's own defaults, absolute paths."""

from __future__ import annotations

import typing
from pathlib import Path

import pytest

from cockpit.core import plan as core
from cockpit.plan import format as plan_format
from cockpit.plan import format_calls, format_clusters, load_document
from cockpit.plan.kinds import Choice, Object
from tests.plan.given import (
    GOOD,
    MINIMAL,
    ORIGIN,
    SAMPLES,
    good_with,
    load,
    only_problem,
    problems_of,
)


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
        offsets=core.OffsetsSpec(resume="exact"),
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
        core.ParityGate(topics=False, acls=False, schemas=True),
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


def _secured(security: str, canary: str = "") -> core.ClusterSpec:
    text = MINIMAL.replace(
        "security: {protocol: sasl_plaintext, mechanism: scram-sha-512, username: cockpit,\n"
        '             password: "${env:SOURCE_PASSWORD}"}',
        f"security: {security}",
    )
    assert text != MINIMAL
    old = 'canary: {username: canary, password: "${env:CANARY_PASSWORD}"}'
    return load(text.replace(old, canary or old)).source


def test_a_login_by_token() -> None:
    found = _secured(
        '{protocol: sasl_ssl, mechanism: oauthbearer, token: "${file:secrets/token}"}',
        'canary: {username: canary, token: "${env:CANARY_TOKEN}"}',
    )
    token = core.SecretRef("file", "/plans/secrets/token")
    assert found.security == core.Security(
        "sasl_ssl", "oauthbearer", oauth=core.TokenSource(token=token)
    )
    assert found.canary == core.Login("canary", core.SecretRef("env", "CANARY_TOKEN"))


def test_a_canary_with_the_cockpit_s_own_token_proves_nothing() -> None:
    text = MINIMAL.replace(
        "mechanism: scram-sha-512, username: cockpit,\n"
        '             password: "${env:SOURCE_PASSWORD}"}',
        'mechanism: oauthbearer, token: "${env:TOKEN}"}',
    ).replace('password: "${env:CANARY_PASSWORD}"', 'token: "${env:TOKEN}"')
    assert only_problem(text).message == ("the canary has the token that the cockpit logs in with")


def test_a_login_by_client_credentials() -> None:
    found = _secured(
        """
    protocol: sasl_plaintext
    mechanism: oauthbearer
    oauth:
      endpoint: https://login.example.internal/token
      client_id: cockpit
      client_secret: "${env:CLIENT_SECRET}"
      scope: kafka read
      ca: tls/login-ca.pem""",
        'canary: {username: canary, token: "${env:CANARY_TOKEN}"}',
    )
    assert found.security.oauth == core.TokenSource(
        endpoint="https://login.example.internal/token",
        client_id="cockpit",
        client_secret=core.SecretRef("env", "CLIENT_SECRET"),
        scope="kafka read",
        ca_file="/plans/tls/login-ca.pem",
    )


def test_a_login_by_aws() -> None:
    text = MINIMAL.replace(
        "security: {protocol: sasl_plaintext, mechanism: scram-sha-512, username: cockpit,\n"
        '             password: "${env:TARGET_PASSWORD}"}',
        "security: {protocol: sasl_ssl, mechanism: aws-msk-iam, region: us-gov-west-1}",
    )
    assert load(text).target.security == core.Security(
        "sasl_ssl", "aws-msk-iam", region="us-gov-west-1"
    )


REGISTRIES = """
  source:
    url: http://127.0.0.1:21081/apis/ccompat/v7
  target:
    url: https://registry.example.internal
    username: cockpit
    password: "${file:secrets/registry}"
    ca: tls/registry-ca.pem
"""


def _with_registries(registries: str) -> str:
    head, rest = GOOD.split("\nregistries:\n", 1)
    return f"{head}\nregistries:{registries}\nsignals:\n{rest.split('signals:', 1)[1]}"


def test_registries() -> None:
    plan = load(_with_registries(REGISTRIES))
    assert plan.source_registry == core.RegistrySpec("http://127.0.0.1:21081/apis/ccompat/v7")
    assert plan.target_registry == core.RegistrySpec(
        "https://registry.example.internal",
        login=core.Login("cockpit", core.SecretRef("file", "/plans/secrets/registry")),
        ca_file="/plans/tls/registry-ca.pem",
    )
    assert load(MINIMAL).source_registry is None


def test_a_password_without_a_user_name_opens_no_registry() -> None:
    text = _with_registries(REGISTRIES.replace("    username: cockpit\n", ""))
    assert "password is given without username" in only_problem(text).message


def test_an_address_that_paths_are_added_to_has_no_query() -> None:
    text = _with_registries(REGISTRIES.replace("v7", "v7?tenant=a"))
    assert "without a user name, password, query or fragment" in only_problem(text).message


def test_signals_of_each_kind() -> None:
    more = """  settlement-errors:
    prometheus: http://127.0.0.1:9090/prom
    query: sum(rate(errors_total{job="settlement"}[1m]))
    unit: per_s
  queue-depth:
    command: [scripts/depth, "-q", "payments and refunds", "7"]
    unit: count
  uptime:
    command: [uptime, "--pretty"]
  absolute:
    command: ["/usr/bin/depth"]
"""
    loaded = load_document(GOOD.replace("\nservices:", f"{more}\nservices:", 1), origin=ORIGIN)
    assert loaded.plan.signals[4:] == (
        core.SignalSpec(
            "settlement-errors",
            kind="prometheus",
            url="http://127.0.0.1:9090/prom",
            query='sum(rate(errors_total{job="settlement"}[1m]))',
            unit="per_s",
        ),
        core.SignalSpec(
            "queue-depth",
            kind="command",
            argv=("/plans/scripts/depth", "-q", "payments and refunds", "7"),
            unit="count",
        ),
        core.SignalSpec("uptime", kind="command", argv=("uptime", "--pretty")),
        core.SignalSpec("absolute", kind="command", argv=("/usr/bin/depth",)),
    )
    assert Path("/plans/scripts/depth") in [reference for _, reference in loaded.references]


def test_approved_differences_of_each_kind() -> None:
    kinds = """
  - {partitions: orders, why: w, by: b}
  - {records: "*", why: w, by: b}
  - {acl: "User:old batch", why: w, by: b}
  - {quota: user=checkout, why: w, by: b}
  - {user: "*", why: w, by: b}
  - {schema: orders-value, why: w, by: b}
waves:"""
    text = GOOD.replace("\nwaves:", kinds, 1)
    assert load(text).approved_differences[4:] == (
        core.ApprovedDifference("w", "b", kind="partitions", topic="orders"),
        core.ApprovedDifference("w", "b", kind="records", topic="*"),
        core.ApprovedDifference("w", "b", kind="acl", principal="User:old batch"),
        core.ApprovedDifference("w", "b", kind="quota", principal="user=checkout"),
        core.ApprovedDifference("w", "b", kind="user", principal="*"),
        core.ApprovedDifference("w", "b", kind="schema", subject="orders-value"),
    )


def test_every_look_of_a_parity_gate() -> None:
    look = "parity: {topics: none, acls: none, schemas: all, quotas: all, users: all, records: all}"
    text = good_with("parity: {topics: all, acls: all}", look)
    found = load(text).waves[0].gates[2]
    assert found == core.ParityGate(
        topics=False, acls=False, schemas=True, quotas=True, users=True, records=True
    )


CALLS = """    steps:
      - http: {url: "http://x.example.internal/a?b=c", undo: {command: [scripts/undo, "1"]}}
      - command: {run: [scripts/go, "; rm"], undo: nothing}
      - command: {run: [go], timeout: 5s, undo: {http: {url: "http://x.example.internal/u"}}}
      - confirm: {text: Go on}
      - stop
      - fence
      - drain
      - start
    recovery:
      - command: [replay, orders]
      - confirm: {text: Has support been told}
      - http: {url: "http://x.example.internal/off", method: PUT, timeout: 5s}
"""


def test_calls_as_steps_and_to_recover() -> None:
    head, _, _ = MINIMAL.rpartition("    steps:")
    plan = load_document(head + CALLS, origin=ORIGIN).plan
    wave = plan.waves[-1]
    assert wave.steps[:3] == (
        core.HttpStep(
            core.HttpCall("http://x.example.internal/a?b=c"),
            core.CommandCall(("/plans/scripts/undo", "1")),
        ),
        core.CommandStep(core.CommandCall(("/plans/scripts/go", "; rm")), undoes_nothing=True),
        core.CommandStep(
            core.CommandCall(("go",), 5_000), core.HttpCall("http://x.example.internal/u")
        ),
    )
    assert wave.recovery == (
        core.CommandStep(core.CommandCall(("replay", "orders"))),
        core.ConfirmStep("Has support been told"),
        core.HttpStep(core.HttpCall("http://x.example.internal/off", "PUT", 5_000)),
    )


def test_controls_and_probes_by_a_program() -> None:
    text = MINIMAL.replace(
        "stop: {manual: Scale to 0}, start: {manual: Point at target}",
        "stop: {manual: Scale to 0}, probe: {command: [ssh, host, probe]},\n"
        "     start: {command: [scripts/start, a], timeout: 5s}",
        1,
    )
    service = load_document(text, origin=ORIGIN).plan.services[0]
    assert service.probe == core.CommandCall(("ssh", "host", "probe"), 20_000)
    assert service.start == core.CommandCall(("/plans/scripts/start", "a"), 5_000)


def test_each_setting_of_a_way_to_resume() -> None:
    text = MINIMAL.replace(
        "group: ledger,",
        """group: ledger, offsets: {
        resume: timestamp, at: "2026-11-21T02:00:00Z", replay_tolerance: 7,
        accept_loss: {why: w, by: b}, accept_replay: {why: w, by: b}},""",
    )
    assert text != MINIMAL
    yes = core.Acceptance("w", "b")
    assert load(text).service("ledger").offsets == core.OffsetsSpec(
        "timestamp", 7, 1_795_226_400_000, yes, yes
    )


LITERALS: list[tuple[Object, str, type, str]] = [
    (format_clusters.SECURITY, "protocol", core.Security, "protocol"),
    (format_clusters.SECURITY, "mechanism", core.Security, "mechanism"),
    (format_clusters.REPLICATION, "kind", core.Replication, "kind"),
    (format_clusters.REPLICATION, "policy", core.Replication, "policy"),
    (plan_format.SIGNAL, "unit", core.SignalSpec, "unit"),
    (format_calls.HTTP_CALL, "method", core.HttpCall, "method"),
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


def test_the_kinds_of_signals_and_differences_are_those_of_the_core() -> None:
    ways = {keys[0] for keys in plan_format.SIGNAL.variants}
    assert ways == _words(typing.get_type_hints(core.SignalSpec)["kind"])
    named = {keys[-1] for keys in plan_format.APPROVED_DIFFERENCE.variants}
    assert named == _words(core.DifferenceKind)


def _words(hint: object) -> set[str]:
    """The words of a Literal, also where it may be None."""
    found: set[str] = set()
    for argument in typing.get_args(hint):
        found |= {argument} if isinstance(argument, str) else _words(argument)
    return found


def test_readers_are_late_only_where_nobody_of_the_plan_writes_what_they_read() -> None:
    late = (SAMPLES / "zero-downtime-long-tail.yaml").read_text()
    assert load(late).late_topics() == {"shop.mail", "shop.returns"}
    owner = "write_owner: {before: source, after: source}"
    assert MINIMAL.count(owner) == 1
    found = problems_of(MINIMAL.replace(owner, "write_owner: {before: target, after: target}"))
    assert "before wave readers its topics are written on the source" in str(found[0])


def test_a_program_that_is_only_a_list_does_not_say_what_takes_it_back() -> None:
    problem = only_problem(MINIMAL.replace("[stop, offsets", "[stop, {command: [go]}, offsets"))
    assert problem.message == "command in wave readers does not say what takes it back"
    assert problem.hint == (
        "add undo: and what it calls, or undo: nothing; a list alone becomes {run: [...], undo: "
        "...}"
    )
    given = "[stop, {command: {run: [go], undo: nothing}}, offsets"
    step = load(MINIMAL.replace("[stop, offsets", given)).waves[0].steps[1]
    assert step == core.CommandStep(core.CommandCall(("go",)), undoes_nothing=True)
    timed = given.replace("nothing", "{command: {run: [back], timeout: 5s}}")
    step = load(MINIMAL.replace("[stop, offsets", timed)).waves[0].steps[1]
    assert step == core.CommandStep(core.CommandCall(("go",)), core.CommandCall(("back",), 5_000))


def test_an_undo_that_is_nothing_known_is_one_mistake() -> None:
    given = "[stop, {command: {run: [go], undo: none}}, offsets"
    problem = only_problem(MINIMAL.replace("[stop, offsets", given))
    assert problem.message == "unknown step undo 'none'"
