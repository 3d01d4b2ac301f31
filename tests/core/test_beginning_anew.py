"""The way back of a reader whose topic was made anew on the source while it was stopped."""

from __future__ import annotations

from cockpit.core.actions import CallService, CommitOffsets
from cockpit.core.durable import record
from cockpit.core.flight import Observed
from cockpit.core.intents import Pause
from cockpit.core.survey import TopicFacts, TopicsSurvey
from tests.core.driver import Script, actions
from tests.core.test_durable import taken_over

FIRST = CommitOffsets("source", "ledger", ((("orders", 0), 7), (("orders", 1), 0)))


def stopped() -> Script:
    """The readers, stopped and not placed yet."""
    script = Script()
    script.fly_to_stop()
    script.ask(Pause("bob"))
    script.end_all()
    script.members["source"] = 0
    script.look(1)
    return script


def made_anew(script: Script) -> None:
    """The source's topic has lost its commits with its records, and has new ones."""
    script.anew["source"] = frozenset({"orders"})
    script.ends["source"], script.starts["source"] = (30, 12), (7, 0)
    script.commits["source"] = {}
    script.look(1)


def test_it_begins_where_the_topic_does_whatever_its_reset_policy_says() -> None:
    script = stopped()
    made_anew(script)
    script.go("rollback")
    script.look(2)
    assert actions(script)[-1] == FIRST
    script.end_all()
    assert actions(script)[-1] == CallService("ledger", "undo")


def test_a_commit_that_is_there_is_left_alone() -> None:
    script = stopped()
    made_anew(script)
    script.commits["source"] = {("orders", 0): 9, ("orders", 1): 3}
    script.go("rollback")
    script.look(2)
    assert actions(script)[-1] == CallService("ledger", "undo")


def test_whoever_is_at_work_there_already_is_not_moved() -> None:
    script = stopped()
    made_anew(script)
    script.members["source"] = 1
    script.go("rollback")
    script.look(2)
    assert actions(script)[-1] == CallService("ledger", "undo")


def test_on_other_days_a_service_starts_again_without_a_look_at_anything() -> None:
    script = stopped()
    script.commits["source"] = {}
    script.silent = "source"
    script.go("rollback")
    assert actions(script)[-1] == CallService("ledger", "undo")


def test_what_cannot_be_read_is_waited_for() -> None:
    script = stopped()
    made_anew(script)
    script.silent = "source"
    script.go("rollback")
    script.look(5)
    assert not any(isinstance(a, CallService) and a.verb == "undo" for a in actions(script))


def test_another_engine_knows_what_the_first_has_seen() -> None:
    script = stopped()
    made_anew(script)
    after = taken_over(script)
    after.starts, after.commits = dict(script.starts), dict(script.commits)  # no look shows it now
    after.look(2)
    after.go("rollback")
    after.look(2)
    assert actions(after)[-1] == FIRST
    again = taken_over(after)
    assert again.state.facts.recreated == {"source": frozenset({"orders"})}


def sees_topics(script: Script, orders: str) -> None:
    """The source's metadata, with the id of the topic."""
    topics = {"orders": TopicFacts(orders, 2, 3, 0, 0), "other": TopicFacts("o1", 1, 3, 0, 0)}
    survey = TopicsSurvey("source", script.now_ms - 20, script.now_ms - 10, topics)
    script.send(Observed(script.now_ms, survey))


def died_while_stopped() -> Script:
    """Another engine, after one that had seen the topic's id; the topic has no commits by now."""
    script = stopped()
    sees_topics(script, "q1")
    assert record(script.state)["topic_ids"] == {"source": {"orders": "q1"}}
    after = taken_over(script)
    after.starts, after.ends = dict(script.starts), dict(script.ends)
    after.ends["source"], after.starts["source"] = (30, 12), (7, 0)
    after.commits["source"] = {}
    return after


def test_a_topic_made_anew_while_no_engine_watched_is_told_by_its_id() -> None:
    after = died_while_stopped()
    sees_topics(after, "q2")
    after.look(2)
    after.go("rollback")
    after.look(2)
    assert after.state.facts.recreated == {"source": frozenset({"orders"})}
    assert actions(after)[-1] == FIRST


def test_until_the_ids_are_read_nobody_starts_there_again() -> None:
    after = died_while_stopped()
    after.look(2)
    after.go("rollback")
    after.look(5)
    assert not any(isinstance(a, CallService) and a.verb == "undo" for a in actions(after))
    assert record(after.state)["topic_ids"] == {"source": {"orders": "q1"}}
    sees_topics(after, "q1")
    after.look(2)
    assert actions(after)[-1] == CallService("ledger", "undo")


def test_a_topic_that_is_gone_for_now_is_compared_when_it_comes_back() -> None:
    after = died_while_stopped()
    nothing = TopicsSurvey("source", after.now_ms - 20, after.now_ms - 10, {})
    after.send(Observed(after.now_ms, nothing))
    assert not after.state.facts.recreated
    sees_topics(after, "q2")
    assert after.state.facts.recreated == {"source": frozenset({"orders"})}
