"""A group keeps one set of commits: what its service does not name is not left behind unsaid."""

from __future__ import annotations

from dataclasses import replace

from cockpit.core.leftout import Exclusion
from cockpit.core.mistakes import before_flight, mistakes
from cockpit.core.observe import Failure
from cockpit.core.survey import GroupMembers, Member, MembersSurvey
from tests.core.build import two_wave_plan
from tests.core.driver import Script

UNNAMED = "topics that are not named"


def dropped(topic: str) -> Exclusion:
    return Exclusion("topic", topic, "drop", "retried by hand", "lea")


def reading(script: Script, *topics: str, unknown: str | None = None) -> None:
    """The source is asked what the group's members have."""
    now = script.now_ms
    member = Member("m1", "ledger-1", "/127.0.0.1", tuple((topic, 0) for topic in topics))
    group = GroupMembers("ledger", "classic", "Stable", (member,), unknown)
    script.see(MembersSurvey("source", now, now, {"ledger": group}))


def committed(*topics: str, excluded: tuple[Exclusion, ...] = ()) -> Script:
    """The plan's group has commits of these topics, besides those that it names."""
    script = Script(replace(two_wave_plan(), excluded=excluded))
    script.commits["source"] |= {(topic, 0): 777 for topic in topics}
    script.look(3)
    return script


def said(script: Script) -> list[str]:
    return list(mistakes(script.state, script.state.wave()))


def test_a_group_that_reads_what_its_service_names_is_no_mistake() -> None:
    script = committed()
    reading(script, "orders")
    assert said(script) == []


def test_a_group_whose_members_have_another_topic_is_not_moved_without_it() -> None:
    script = committed("payments")
    reading(script, "orders", "payments")
    (text,) = said(script)
    assert text.startswith("group ledger reads payments, which ledger does not name")
    assert text.endswith(
        "add to what ledger consumes, or, if it needs none, to the plan's excluded"
    )


def test_commits_of_another_topic_count_while_nobody_knows_what_its_members_have() -> None:
    script = committed("payments")
    (text,) = said(script)
    assert text.startswith("group ledger has commits of payments, which ledger does not name")
    assert "kafka-consumer-groups.sh" in text
    assert "--group=ledger --delete-offsets --topic=payments:0" in text
    reading(script, unknown="no right to describe it")
    assert len(said(script)) == 1


def test_members_that_have_nothing_yet_tell_nothing() -> None:
    script = committed("payments")
    reading(script)
    assert len(said(script)) == 1


def test_an_old_answer_is_none_once_nobody_answers() -> None:
    script = committed("payments")
    reading(script, "orders")
    assert said(script) == []
    script.see(Failure("source.members", script.now_ms, script.now_ms, "refused", "no right"))
    assert len(said(script)) == 1


def test_a_group_of_a_later_wave_is_told_before_the_flight() -> None:
    plan = two_wave_plan()
    script = Script(replace(plan, waves=(plan.waves[1], plan.waves[0])))
    script.look(3)
    reading(script, "orders", "payments")
    assert said(script) == []
    (text,) = before_flight(script.state, script.state.waves)
    assert text.startswith("group ledger reads payments")


def test_commits_of_long_ago_are_an_alarm_and_no_mistake() -> None:
    script = committed("payments")
    reading(script, "orders")
    script.look(1)
    assert said(script) == []
    alarms = {alarm.subject: alarm for alarm in script.state.watch.alarms}
    alarm = alarms[UNNAMED]
    assert alarm.level == "warn"
    assert "group ledger has commits of payments" in alarm.text


def test_a_topic_that_the_plan_drops_is_no_mistake_and_no_alarm() -> None:
    script = committed("orders-retry", excluded=(dropped("orders-*"),))
    reading(script, "orders", "orders-retry")
    script.look(1)
    assert said(script) == []
    reading(script)
    assert said(script) == []
    assert UNNAMED not in {alarm.subject for alarm in script.state.watch.alarms}


def test_a_topic_that_the_plan_leaves_where_it_is_is_an_alarm_and_no_mistake() -> None:
    script = committed("orders-retry", excluded=(replace(dropped("orders-retry"), how="leave"),))
    reading(script, "orders", "orders-retry")
    script.look(1)
    assert said(script) == []
    assert UNNAMED in {alarm.subject for alarm in script.state.watch.alarms}


def test_what_the_plan_excludes_besides_excuses_no_other_topic() -> None:
    other = replace(dropped("payments"), kind="group")
    script = committed("orders-retry", "payments", excluded=(dropped("orders-retry"), other))
    (text,) = said(script)
    assert text.startswith("group ledger has commits of payments, which ledger does not name")
    assert "orders-retry" not in text
    reading(script, "orders", "orders-retry", "payments")
    (text,) = said(script)
    assert text.startswith("group ledger reads payments, which")
