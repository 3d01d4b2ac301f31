"""The profile `byoc`: a bank's back office with a sink connector, and the plan that moves it."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from cockpit.core.plan import Plan
from cockpit.core.unflown import unflown
from cockpit.lab import access, bankplan, components, looking, properties, subjects
from cockpit.lab.bank import BANK, DEAD_LETTERS, STATEMENTS
from cockpit.lab.certificates import Tls
from cockpit.lab.clusters import Login
from cockpit.lab.layout import Layout
from cockpit.lab.ledger import Entry, Ledger
from cockpit.lab.metrics import exposition, failing
from cockpit.lab.mirror import CHECKPOINT_CONNECTOR, connector_configs
from cockpit.lab.outbox import Outgoing
from cockpit.lab.profiles import BYOC
from cockpit.lab.sinkconfig import sink_config
from cockpit.lab.sinkrows import Warehouse, entry_of
from cockpit.lab.state import State, new_state, ports_of
from cockpit.lab.workers import Spoiled
from cockpit.plan import load_plan, load_plan_file

SAMPLE = Path(__file__).parents[2] / "sample-plans" / "msk-to-byoc.yaml"
LAYOUT = Layout(Path("/labs/one"))
NOW = datetime.datetime(2026, 11, 22, 12, tzinfo=datetime.UTC)
ROW = (
    "{cluster=source, partition=2, offset=125, producer=imports, topic=bank.statements, "
    "seq=533, at_ms=1795354107272}\n"
)


def a_lab() -> State:
    names = ports_of(1, BYOC)
    return new_state({name: 20_000 + index for index, name in enumerate(names)}, BYOC)


def flown() -> Plan:
    text = bankplan.bank_plan(bankplan.lab_places(LAYOUT, a_lab(), NOW))
    return load_plan(text, origin=str(LAYOUT.plan))


def test_the_sample_plan_is_the_lab_s_with_example_addresses() -> None:
    assert SAMPLE.read_text() == bankplan.bank_plan(bankplan.EXAMPLE)
    sample, plan = load_plan_file(SAMPLE), flown()
    assert sample.topics() == plan.topics() == BANK.topics
    assert all(service.probe for service in (*sample.services, *plan.services))
    assert [wave.services for wave in sample.waves] == [wave.services for wave in plan.waves]
    assert unflown(plan) == ()


def test_its_first_wave_has_a_writer_a_reader_and_a_connector_and_shares_no_topic() -> None:
    first, *others = flown().waves
    works = [BANK.work_of(name) for name in first.services]
    assert any(work.generates for work in works)
    assert any(work.reads and not work.produces for work in works)
    assert [work.name for work in works if work.dead_letters] == ["warehouse"]
    topics = {topic for work in works for topic in (*work.consumes, *work.produces)}
    later = [BANK.work_of(name) for wave in others for name in wave.services]
    assert not topics & {topic for work in later for topic in (*work.consumes, *work.produces)}


def test_each_wave_has_the_three_triggers_and_a_way_forward_where_there_is_none_back() -> None:
    for wave in flown().waves:
        fires = {c.name if hasattr(c, "name") else type(c).__name__ for c in wave.rollback.triggers}
        assert {"sink-duplicates", "failing-clients"} <= fires
        writes = any(BANK.work_of(name).produces for name in wave.services)
        assert bool(wave.recovery) == writes
        assert wave.approvers


def test_passwords_go_over_tls_on_the_source_which_has_no_zookeeper() -> None:
    lab = a_lab()
    assert "zookeeper" not in components.java_components(lab)
    assert "zookeeper" not in lab.ports
    tls = Tls(LAYOUT.tls, "broker")
    source = properties.tls_source(lab, LAYOUT.data, tls, "secret", "other")
    assert "inter.broker.listener.name=SASL_SSL\n" in source
    assert "PLAINTEXT://" not in source.replace("SASL_PLAINTEXT", "")
    assert f"1@{lab.address('source-controller')}\n" in source
    assert {"connect-source", "registry-source", "registry-target", "prometheus"} <= set(
        looking.parts_of(lab)
    )


def test_a_login_with_an_authority_goes_over_tls(tmp_path: Path) -> None:
    from cockpit.lab.certificates import write_certificates

    write_certificates(tmp_path, ["broker"])
    options = Login("127.0.0.1:1", "ann", "word", authority=tmp_path / "ca.pem").client_options()
    assert options["security_protocol"] == "SASL_SSL"
    assert options["ssl_context"].check_hostname


def test_the_connector_stands_on_both_connects_and_differs_in_login_and_cluster_only() -> None:
    lab = a_lab()
    old, new = (
        sink_config(BANK.work_of("warehouse"), side, lab, LAYOUT) for side in ("source", "target")
    )
    differ = {key for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    assert all(".override." in key or key.endswith("static.value") for key in differ)
    assert old["consumer.override.security.protocol"] == "SASL_SSL"
    assert old["errors.deadletterqueue.topic.name"] == DEAD_LETTERS
    jaas = old["consumer.override.sasl.jaas.config"]
    assert f"${{directory:{LAYOUT.secrets}:warehouse}}" in jaas, "never the password itself"


def test_its_group_is_one_that_the_mirror_knows_and_its_worker_has_rights_on_the_source_only() -> (
    None
):
    assert BANK.work_of("warehouse").group == "connect-warehouse"
    config = connector_configs(a_lab(), LAYOUT)[CHECKPOINT_CONNECTOR]
    assert config["groups"] == "bank-.*|connect-.*"
    sides = {
        side: {allow.user for allow in access.bindings(side, BYOC)} for side in ("source", "target")
    }
    assert access.WORKER in sides["source"] - sides["target"]


def a_statement(seq: int) -> Outgoing:
    return Outgoing(STATEMENTS, 1, b"k", "imports", seq, 1_000)


def test_a_spoiled_record_is_read_by_python_alone_and_must_end_at_the_dead_letters() -> None:
    spoiled = Spoiled(80, BANK)
    assert spoiled.of(a_statement(81)) == a_statement(81)
    record = spoiled.of(a_statement(160))
    assert json.loads(record.value)["seq"] == 160

    def strict(word: str) -> float:
        raise ValueError(word)

    with pytest.raises(ValueError, match="NaN"):
        json.loads(record.value, parse_constant=strict)
    assert record.topic == STATEMENTS, "where it is written"
    assert record.entry("source", 7).topic == DEAD_LETTERS, "where it must be read"


def test_a_row_of_the_warehouse_says_which_record_it_is() -> None:
    assert entry_of(ROW) == Entry("source", STATEMENTS, 2, 125, "imports", 533, 1795354107272)


def test_the_warehouse_is_read_as_it_grows_and_tells_what_is_there_twice(tmp_path: Path) -> None:
    file, known = tmp_path / "warehouse.txt", tmp_path / "warehouse.jsonl"
    warehouse = Warehouse(file, Ledger(known), known)
    warehouse.read()
    assert (warehouse.rows, warehouse.duplicates) == (0, 0), "no connector has written yet"
    file.write_text(ROW + ROW.replace("533", "534") + ROW[:40])
    warehouse.read()
    assert (warehouse.rows, warehouse.duplicates) == (2, 0), "a torn line waits"
    with file.open("a") as out:
        out.write(ROW[40:])
    warehouse.read()
    assert (warehouse.rows, warehouse.duplicates) == (3, 1)
    again = Warehouse(file, Ledger(known), known)
    again.read()
    assert (again.rows, again.duplicates) == (3, 1), "one that is started again knows as much"
    again.dedupe()
    assert again.duplicates == 0
    assert len(known.read_text().splitlines()) == 3, "and nothing was written down or taken back"


def test_every_schema_that_is_on_both_sides_has_the_same_id() -> None:
    source, target = (subjects.registered(side) for side in ("source", "target"))
    assert len(source) == len(target)
    differ = [(old[0], new[0]) for old, new in zip(source, target, strict=True) if old != new]
    assert differ == [(subjects.WITHOUT_HISTORY, subjects.HOLE)]
    missing = subjects.levels("source").keys() - subjects.levels("target").keys()
    assert missing == {subjects.FORGOTTEN}


def test_what_is_not_known_is_not_told_to_prometheus() -> None:
    told = exposition({"client_failing": failing(0.5), "sink_duplicates": None})
    assert told == "# TYPE client_failing gauge\nclient_failing 1.0\n"
    assert failing(0.1) == 0.0
    assert failing(None) is None
