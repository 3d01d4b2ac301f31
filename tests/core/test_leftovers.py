"""What an earlier attempt has left standing is found, explained and cleared; nothing else is."""

from __future__ import annotations

import dataclasses
import json
import shlex

import pytest

from cockpit.core.exclusions import DEFAULT_GROUPS, DEFAULT_TOPICS
from cockpit.core.facts import absorb
from cockpit.core.flight import FlightState, begin
from cockpit.core.left import Effect, Leftover, Past, Standing
from cockpit.core.leftovers import CHECKPOINT_LANDS_MS, leftovers
from cockpit.core.mirrorsurvey import (
    GROUPS_EXCLUDE,
    SYNC_ACLS,
    SYNC_CONFIGS,
    TOPICS_EXCLUDE,
    Checkpoint,
    CheckpointsSurvey,
    CommitMark,
    ConnectSurvey,
    MarksSurvey,
)
from cockpit.core.observe import (
    AclBinding,
    AclSample,
    ConnectorState,
    Failure,
    Sample,
    SyncsSample,
    TaskState,
)
from cockpit.core.plan import ClusterSpec, FenceStep, Login, Plan, SecretRef, Security
from cockpit.core.survey import Survey
from tests.core.build import acl, group, groups, logs, mirror, syncs, two_wave_plan
from tests.core.driver import Script

NOW = 100_000
FENCE = acl("*", "write", "topic", "orders", permission="deny")


@dataclasses.dataclass
class Ground:
    """The clusters as one look finds them; clean unless told otherwise."""

    plan: Plan = dataclasses.field(default_factory=two_wave_plan)
    source: frozenset[AclBinding] = frozenset()
    target: frozenset[AclBinding] = frozenset()
    on_source: int = 1
    on_target: int = 0
    ends: tuple[int, int] = (100, 100)
    connectors: tuple[ConnectorState, ...] = ()
    settings: dict[str, dict[str, str]] = dataclasses.field(default_factory=dict)
    version: str = "4.3.1"
    marks: dict[str, dict[tuple[str, int], CommitMark]] = dataclasses.field(default_factory=dict)
    checkpoints: dict[tuple[str, tuple[str, int]], Checkpoint] = dataclasses.field(
        default_factory=dict
    )
    past: tuple[Past, ...] = ()
    first: str = ""

    def state(self, *more: Sample | Survey | Failure) -> FlightState:
        flight = begin(self.plan, session="", simulated=False, at_ms=NOW, first=self.first)
        settings = {"mm2-source": {}, "mm2-checkpoint": {}, **self.settings}
        marked = NOW - 3_000
        checked = marked + CHECKPOINT_LANDS_MS
        running = mirror(NOW - 300, (100, 100))
        facts = flight.facts
        for sample in (
            MarksSurvey(marked, marked, self.marks),
            CheckpointsSurvey(checked, checked, self.checkpoints, True),
            AclSample("source", NOW - 500, NOW - 490, self.source),
            AclSample("target", NOW - 500, NOW - 490, self.target),
            groups("source", NOW - 400, group("ledger", self.on_source, {("orders", 0): 90})),
            groups("target", NOW - 400, group("ledger", self.on_target, {})),
            dataclasses.replace(running, connectors=self.connectors or running.connectors),
            syncs(NOW - 200, (90, 90), (0, 0)),
            logs("source", NOW - 100, (100, 100)),
            logs("target", NOW - 100, self.ends),
            ConnectSurvey(NOW - 90, NOW - 80, self.version, (), {}, settings),
            *more,
        ):
            facts = absorb(facts, sample)
        return dataclasses.replace(flight, facts=facts, past=self.past)

    def found(self, *more: Sample | Survey | Failure) -> tuple[Leftover, ...]:
        left = leftovers(self.state(*more))
        assert not left.unread
        return left.found

    def only(self, *more: Sample | Survey | Failure) -> Leftover:
        (one,) = self.found(*more)
        return one


def past(standing: Standing, *effects: Effect, waves: dict[str, str] | None = None) -> Past:
    return Past("s-1", standing, waves or {}, effects)


def test_on_clean_clusters_nothing_is_left_over() -> None:
    rules = frozenset({acl("checkout", "write", "topic", "orders")})
    ground = Ground(source=rules, target=rules)
    ground.marks = {"ledger": {("orders", 0): CommitMark(80, ours=False)}}
    ground.checkpoints = {("ledger", ("orders", 0)): Checkpoint(90, 85, 1)}
    assert ground.found() == ()


# --- fences ---------------------------------------------------------------------------------------


def test_a_fence_that_nobody_is_at_work_on_keeps_its_wave_from_beginning() -> None:
    one = Ground(source=frozenset({FENCE})).only()
    assert (one.kind, one.where, one.names, one.harms) == (
        "fence", "source", ("orders",), ("writers",),
    )  # fmt: skip
    assert "everybody is denied to write orders on the source" in one.text
    assert shlex.split(one.command) == [
        "kafka-acls.sh", "--bootstrap-server=127.0.0.1:1", "--remove", "--force",
        "--deny-principal=User:*", "--operation=Write", "--topic=orders",
    ]  # fmt: skip
    assert (one.since_ms, one.session) == (None, "")


@pytest.mark.parametrize(
    ("binding", "words"),
    [
        (acl("checkout", "write", "topic", "orders", permission="deny"), ["--topic=orders"]),
        (acl("*", "all", "topic", "orders", permission="deny"), ["--operation=All"]),
        (acl("*", "write", "topic", "ord", pattern="prefixed", permission="deny"),
         ["--topic=ord", "--resource-pattern-type=prefixed"]),
        (acl("*", "write", "topic", "*", permission="deny"), ["--topic=*"]),
    ],
    ids=["of a producer", "of everything", "prefixed", "of every topic"],
)  # fmt: skip
def test_whatever_stops_a_producer_of_the_plan_looks_like_a_fence(
    binding: AclBinding, words: list[str]
) -> None:
    one = Ground(source=frozenset({binding})).only()
    assert one.harms == ("writers",)
    assert set(words) <= set(shlex.split(one.command))


def test_a_fence_of_the_canary_alone_counts_for_no_fence_could_be_proved() -> None:
    plan = two_wave_plan()
    canary = Login("canary", SecretRef("env", "X"))
    plan = dataclasses.replace(plan, source=dataclasses.replace(plan.source, canary=canary))
    denied = acl("canary", "write", "topic", "orders", permission="deny")
    assert Ground(plan, source=frozenset({denied})).only().harms == ("writers",)


@pytest.mark.parametrize(
    "binding",
    [
        acl("stranger", "write", "topic", "orders", permission="deny"),
        acl("*", "write", "topic", "other", permission="deny"),
        acl("*", "read", "topic", "orders", permission="deny"),
        acl("*", "write", "group", "orders", permission="deny"),
        acl("*", "write", "topic", "orders"),
        acl("*", "write", "topic", "orders-2", pattern="prefixed", permission="deny"),
    ],
    ids=["of a stranger", "of another topic", "of reads", "of a group", "an allow", "beside it"],
)
def test_a_rule_that_stops_no_producer_of_the_plan_is_no_fence(binding: AclBinding) -> None:
    assert Ground(source=frozenset({binding})).found() == ()


def test_a_fence_from_one_host_is_told_and_keeps_nothing_from_beginning() -> None:
    one = Ground(source=frozenset({dataclasses.replace(FENCE, host="10.0.0.1")})).only()
    assert one.harms == ()
    assert "from host 10.0.0.1" in one.text
    assert "--deny-host=10.0.0.1" in shlex.split(one.command)


def test_topics_of_one_fence_are_cleared_by_one_command() -> None:
    plan = two_wave_plan()
    ledger, checkout = plan.services
    both = dataclasses.replace(checkout, produces=("orders", "mails"))
    plan = dataclasses.replace(plan, services=(ledger, both))
    mails = dataclasses.replace(FENCE, resource_name="mails")
    one = Ground(plan, source=frozenset({FENCE, mails})).only()
    assert one.names == ("mails", "orders")
    assert [w for w in shlex.split(one.command) if w.startswith("--topic")] == [
        "--topic=mails", "--topic=orders",
    ]  # fmt: skip


def test_the_fence_of_a_wave_that_is_on_the_target_stays() -> None:
    ends = (200, 100)  # far past the last record that the mirror brought
    assert Ground(source=frozenset({FENCE}), ends=ends).found() == ()
    plan = two_wave_plan()
    waves = (*plan.waves, dataclasses.replace(plan.waves[0], name="last"))
    three = dataclasses.replace(plan, waves=waves)
    assert Ground(three, source=frozenset({FENCE}), first="last").found() == ()


def test_the_fence_of_a_wave_that_a_flight_of_ours_has_moved_stays() -> None:
    done = past("ended", waves={"writers": "done"})
    assert Ground(source=frozenset({FENCE}), past=(done,)).found() == ()
    back = past("ended", waves={"writers": "rolled back"})
    assert Ground(source=frozenset({FENCE}), past=(done, back)).only().kind == "fence"


def test_a_fence_that_the_mirror_copied_to_the_target_is_found_there() -> None:
    one = Ground(target=frozenset({FENCE})).only()
    assert (one.kind, one.where, one.harms) == ("copied fence", "target", ("writers",))
    assert "ACL sync" in one.text


def test_a_copied_fence_of_a_moved_wave_is_found_for_its_producers_write_there() -> None:
    plan = two_wave_plan()
    waves = (plan.waves[1], plan.waves[0])
    swapped = dataclasses.replace(plan, waves=waves)
    (one,) = Ground(swapped, target=frozenset({FENCE}), first="readers").found()
    assert (one.kind, one.harms) == ("copied fence", ())


def test_everything_allowed_to_everybody_on_the_source_alone_is_told() -> None:
    opened = acl("*", "all", "topic", "orders")
    one = Ground(source=frozenset({opened})).only()
    assert (one.kind, one.harms) == ("opened", ())
    assert "--allow-principal=User:*" in shlex.split(one.command)
    assert Ground(source=frozenset({opened}), target=frozenset({opened})).found() == ()


# --- the mirror -----------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["PAUSED", "STOPPED"])
def test_a_halted_connector_of_the_plan_keeps_every_wave_from_beginning(word: str) -> None:
    halted = ConnectorState("mm2-source", word, (TaskState(0, word),))
    other = ConnectorState("sink", word, ())
    one = Ground(connectors=(halted, other)).only()
    assert (one.kind, one.harms) == ("connector", ("readers", "writers"))
    assert shlex.split(one.command)[-1] == "http://127.0.0.1:1/connectors/mm2-source/resume"


def test_a_connector_that_fails_is_a_fault_and_not_left_over() -> None:
    failed = ConnectorState("mm2-source", "RUNNING", (TaskState(0, "FAILED", "boom"),))
    assert Ground(connectors=(failed,)).found() == ()


OFF = {SYNC_ACLS: "false", SYNC_CONFIGS: "false"}


def body(command: str) -> object:
    words = shlex.split(command)
    return json.loads(words[words.index("--data") + 1])


def test_the_mirrors_acl_and_config_sync_left_off_is_told_with_the_way_back() -> None:
    one = Ground(settings={"mm2-source": OFF}).only()
    assert (one.kind, one.harms) == ("settings", ())
    assert body(one.command) == {SYNC_ACLS: None, SYNC_CONFIGS: None}
    assert "PATCH" in shlex.split(one.command)


def patch(previous: dict[str, str | None]) -> Effect:
    action = {"type": "PatchConnector", "connector": "mm2-source", "settings": [*OFF.items()]}
    return Effect(50_000, action, previous)


def test_what_a_setting_was_before_our_flight_is_what_it_becomes_again() -> None:
    before = patch({SYNC_ACLS: "true", SYNC_CONFIGS: None})
    one = Ground(settings={"mm2-source": OFF}, past=(past("half-way", before),)).only()
    assert body(one.command) == {SYNC_ACLS: "true", SYNC_CONFIGS: None}
    assert (one.session, one.standing, one.since_ms) == ("s-1", "half-way", 50_000)
    assert one.advice() == "cockpit resume s-1"


def test_a_setting_that_was_off_before_our_flight_is_its_owners() -> None:
    before = patch({SYNC_ACLS: "false", SYNC_CONFIGS: "false"})
    assert Ground(settings={"mm2-source": OFF}, past=(past("ended", before),)).found() == ()


def test_behind_a_fence_that_stands_the_sync_stays_off() -> None:
    ground = Ground(source=frozenset({FENCE}), ends=(200, 100), settings={"mm2-source": OFF})
    assert ground.found() == ()


def test_before_connect_3_8_the_whole_config_is_read_changed_and_put_back() -> None:
    for version in ("3.7.2", "7.7.1-ccs"):
        one = Ground(settings={"mm2-source": OFF}, version=version).only()
        read, edit, write = one.command.split(" | curl")[0], one.command, one.command
        assert read.startswith("curl")
        assert " jq -c " in edit
        assert "-X PUT" in write
    assert "PATCH" in Ground(settings={"mm2-source": OFF}, version="7.8.0-ccs").only().command


def test_a_group_of_the_plan_that_the_mirror_leaves_out_is_told() -> None:
    excludes = f"{DEFAULT_GROUPS},x-.*,ledger"
    one = Ground(settings={"mm2-checkpoint": {GROUPS_EXCLUDE: excludes}}).only()
    assert (one.kind, one.names, one.harms) == ("groups", ("ledger",), ())
    assert body(one.command) == {GROUPS_EXCLUDE: f"{DEFAULT_GROUPS},x-.*"}
    plain = Ground(settings={"mm2-checkpoint": {GROUPS_EXCLUDE: f"{DEFAULT_GROUPS},ledger"}})
    assert body(plain.only().command) == {GROUPS_EXCLUDE: None}


def test_a_group_that_is_on_the_target_stays_left_out() -> None:
    excludes = {"mm2-checkpoint": {GROUPS_EXCLUDE: "ledger"}}
    assert Ground(settings=excludes, on_source=0, on_target=1).found() == ()
    assert Ground(settings=excludes, first="writers").found() == ()


def test_a_topic_that_the_mirror_leaves_out_keeps_its_waves_from_beginning() -> None:
    excludes = f"{DEFAULT_TOPICS},orders"
    one = Ground(settings={"mm2-source": {TOPICS_EXCLUDE: excludes}}).only()
    assert (one.kind, one.harms) == ("topics", ("readers", "writers"))
    assert body(one.command) == {TOPICS_EXCLUDE: None}


# --- offsets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("ours", [True, False])
def test_commits_past_the_mirrors_own_are_told_and_overwritten(ours: bool) -> None:
    ground = Ground(marks={"ledger": {("orders", 0): CommitMark(95, ours=ours)}})
    ground.checkpoints = {("ledger", ("orders", 0)): Checkpoint(90, 85, 1)}
    one = ground.only()
    assert (one.kind, one.names, one.harms) == ("offsets", ("ledger",), ())
    assert ("a cockpit's mark" in one.text) == ours
    assert shlex.split(one.command) == [
        "kafka-consumer-groups.sh", "--bootstrap-server=127.0.0.1:1", "--group=ledger",
        "--delete-offsets", "--topic=orders:0",
    ]  # fmt: skip


def test_our_mark_on_a_place_that_the_mirror_would_commit_too_is_nothing() -> None:
    ground = Ground(marks={"ledger": {("orders", 0): CommitMark(85, ours=True)}})
    ground.checkpoints = {("ledger", ("orders", 0)): Checkpoint(90, 85, 1)}
    assert ground.found() == ()


def test_commits_without_any_checkpoint_are_not_the_mirrors() -> None:
    ground = Ground(marks={"ledger": {("orders", 0): CommitMark(5, ours=True)}})
    assert ground.only().kind == "offsets"
    action = {"type": "CommitOffsets", "side": "target", "group": "ledger", "offsets": []}
    ground.past = (past("half-way", Effect(7_000, action)),)
    assert (ground.only().session, ground.only().since_ms) == ("s-1", 7_000)


def test_checkpoints_read_too_soon_after_the_commits_say_nothing() -> None:
    ground = Ground(marks={"ledger": {("orders", 0): CommitMark(95, ours=True)}})
    soon = CheckpointsSurvey(NOW - 2_999, NOW - 2_998, {}, True)
    assert ground.found(soon) == ()
    half = CheckpointsSurvey(NOW, NOW, {}, False)
    assert ground.found(half) == ()


# --- who, and who not -----------------------------------------------------------------------------


def fence_effect(at_ms: int, *topics: str) -> Effect:
    return Effect(at_ms, {"type": "Fence", "topics": [*topics], "principals": ["User:*"]})


@pytest.mark.parametrize(
    ("standing", "advice"),
    [("half-way", "cockpit resume s-1"), ("flying", "cockpit attach s-1"), ("ended", "kafka-acls")],
)
def test_a_flight_of_ours_that_left_a_fence_is_named(standing: Standing, advice: str) -> None:
    flights = (past(standing, fence_effect(5_000, "orders")),)
    one = Ground(source=frozenset({FENCE}), past=flights).only()
    assert (one.session, one.since_ms) == ("s-1", 5_000)
    assert one.advice().startswith(advice)


def test_a_flight_that_fenced_another_topic_explains_nothing() -> None:
    flights = (past("half-way", fence_effect(5_000, "mails")),)
    assert Ground(source=frozenset({FENCE}), past=flights).only().session == ""


def test_nothing_is_claimed_before_the_clusters_have_shown_what_is_moved() -> None:
    state = Ground(source=frozenset({FENCE})).state()
    half = SyncsSample(NOW, NOW, {}, read_to_end=False)
    facts = absorb(state.facts, half)
    assert leftovers(dataclasses.replace(state, facts=facts)).found == ()
    bare = begin(two_wave_plan(), session="", simulated=False, at_ms=NOW)
    fenced = AclSample("source", NOW, NOW, frozenset({FENCE}))
    bare = dataclasses.replace(bare, facts=absorb(bare.facts, fenced))
    assert leftovers(bare).found == ()


def test_where_nobody_could_look_is_said() -> None:
    state = Ground().state(Failure("source.acls", NOW, NOW, "refused", "not allowed"))
    assert leftovers(state).unread == ("source.acls: not allowed",)
    none = Failure("source.acls", NOW, NOW, "protocol", "ACLs: the cluster has no authorizer (54)")
    assert leftovers(Ground().state(none)).unread == ()


HOSTILE = ("$(reboot)", "a'b", "x\ny", "-rf", "a b", "\x1b[2J", "ü\u202e")


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_reach_a_shell_as_they_are_and_no_terminal(name: str) -> None:
    plan = two_wave_plan()
    ledger, checkout = plan.services
    plan = dataclasses.replace(
        plan,
        services=(
            dataclasses.replace(ledger, group=name),
            dataclasses.replace(checkout, principal=f"User:{name}"),
        ),
        replication=dataclasses.replace(
            plan.replication, connect="http://u:secret@127.0.0.1:1/", source_connector=name
        ),
    )
    denied = dataclasses.replace(FENCE, principal=f"User:{name}")
    ground = Ground(plan, source=frozenset({denied}), settings={name: OFF})
    ground.marks = {name: {("orders", 0): CommitMark(5, ours=True)}}
    found = ground.found()
    assert {one.kind for one in found} == {"fence", "settings", "offsets"}
    assert all(one.command.isprintable() and "secret" not in one.command for one in found)
    if name.isprintable():
        commands = {one.kind: shlex.split(one.command) for one in found}
        assert f"--deny-principal=User:{name}" in commands["fence"]
        assert f"--group={name}" in commands["offsets"]


def test_a_cluster_with_logins_wants_a_file_and_shows_no_secret() -> None:
    plan = two_wave_plan()
    login = Login("cockpit", SecretRef("env", "SECRET"))
    spec = ClusterSpec(("h:1",), Security("sasl_ssl", "scram-sha-512", login))
    plan = dataclasses.replace(plan, source=spec)
    one = Ground(plan, source=frozenset({FENCE})).only()
    assert "--command-config=admin.properties" in shlex.split(one.command)


# --- in a flight ----------------------------------------------------------------------------------


def test_a_flight_says_once_what_is_left_over_and_begins_no_wave_that_it_harms() -> None:
    plan = two_wave_plan()
    first = dataclasses.replace(plan, waves=(plan.waves[1], plan.waves[0]))
    script = Script(first)
    script.acls["source"].add(FENCE)
    script.look(4)
    told = [tell for tell in script.told if tell.kind == "left_over"]
    assert len(told) == 1
    assert "kafka-acls.sh" in told[0].text
    (alarm,) = [a for a in script.state.watch.alarms if a.subject.startswith("left over")]
    assert alarm.level == "bad"
    from cockpit.core.project import project

    snapshot = project(script.state, 1)
    assert snapshot.left_over == script.state.left.found
    assert "left over" in snapshot.action("advance").why_not
    script.acls["source"].clear()
    script.look(3)
    assert script.state.left.found == ()
    assert project(script.state, 2).action("advance").enabled


def test_the_fence_of_the_wave_at_work_and_of_one_that_is_done_is_not_left_over() -> None:
    script = Script()
    script.fly_readers()
    script.fly_to_stop(previous={"sync.topic.acls.enabled": "true"})
    script.end_all()
    script.acls["source"].add(FENCE)
    script.look(3)
    script.end_all()
    script.end_all(target_end={"orders/0": 100, "orders/1": 100})
    script.look(2)
    script.end_all()
    script.ends["target"] = (105, 100)
    script.look(8)
    assert "left_over" not in script.kinds()
    assert script.state.waves[1].word == "done"


def test_what_still_stands_after_a_wave_came_back_is_left_over() -> None:
    script = Script()
    script.fly_readers()
    script.fly_writers_to_drain(previous={"sync.topic.acls.enabled": "true"})
    script.acls["source"].add(FENCE)
    script.look(1)
    script.go("rollback")
    for _ in range(8):
        script.look(1)
        script.end_all()
    script.acls["source"].add(FENCE)  # somebody has put it back
    script.look(4)
    assert script.word() == "rolled back"
    assert [one.kind for one in script.state.left.found] == ["fence"]
    assert "left over" in script.state.left.found[0].subject or script.kinds().count("left_over")


def test_a_fence_step_by_stop_has_no_acl_that_could_be_left() -> None:
    plan = two_wave_plan()
    readers, writers = plan.waves
    steps = tuple(FenceStep(by="stop") if isinstance(s, FenceStep) else s for s in writers.steps)
    plan = dataclasses.replace(plan, waves=(readers, dataclasses.replace(writers, steps=steps)))
    assert Ground(plan).found() == ()
    assert Ground(plan, source=frozenset({FENCE})).only().harms == ("writers",)
