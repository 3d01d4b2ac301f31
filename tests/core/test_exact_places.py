"""Groups that resume by content: what is searched, what is taken, and where the step holds."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from cockpit.core.actions import CallService, CommitOffsets, FindPlaces
from cockpit.core.flight import Observed, begin
from cockpit.core.image import AGAIN, NOT_YET
from cockpit.core.intents import Arm, Disarm
from cockpit.core.observe import ConnectorState, MirrorSample, TaskState
from cockpit.core.plan import OffsetDeltaGate, OffsetsSpec
from cockpit.core.project import project
from cockpit.core.survey import GroupImage, Image, ImagesSurvey, ImageWord
from tests.core.build import two_wave_plan
from tests.core.driver import Script, actions


def exact_script(tolerance: int | None = None) -> Script:
    plan = two_wave_plan()
    ledger, checkout = plan.services
    spec = OffsetsSpec(resume="exact", replay_tolerance_records=tolerance)
    return Script(replace(plan, services=(replace(ledger, offsets=spec), checkout)))


def to_search(script: Script) -> None:
    """The readers' wave, up to the search for their places."""
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.look(2)


def answer(first: list[Any], second: list[Any] | None = None) -> dict[str, Any]:
    """A search's places for the commits 90 and 90: word, low, high, reason, passing."""
    return {"orders/0": [90, *first], "orders/1": [90, *(second or exact(90))]}


def exact(offset: int) -> list[Any]:
    return ["EXACT", offset, offset, "", False]


def searches(script: Script) -> list[FindPlaces]:
    return [a for a in actions(script) if isinstance(a, FindPlaces)]


def placed(script: Script) -> list[CommitOffsets]:
    return [a for a in actions(script) if isinstance(a, CommitOffsets)]


def test_exact_places_are_searched_then_committed_and_nothing_is_predicted_twice() -> None:
    script = exact_script()
    to_search(script)
    (search,) = searches(script)
    assert (search.side, search.group) == ("target", "ledger")
    assert search.offsets == ((("orders", 0), 90), (("orders", 1), 90))
    assert 0 < search.within_ms <= 60_000
    script.end_all(places=answer(exact(87), exact(93)))
    offsets = ((("orders", 0), 87), (("orders", 1), 93))
    assert placed(script) == [CommitOffsets("target", "ledger", offsets)]
    (told,) = [t for t in script.told if t.kind == "offsets_placed"]
    assert told.data["reread_max_records"] == 0
    assert "MirrorMaker's translation" in told.text
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    assert "at most 0 records read again" in script.state.waves[0].steps[1].detail


def test_a_search_is_no_effect_that_going_back_would_undo() -> None:
    script = exact_script()
    to_search(script)
    assert not script.state.wave().steps[1].begun
    script.go("rollback")
    script.end_all(places=answer(exact(90)))
    assert placed(script) == []
    assert script.word() == "rolling back"


def test_a_range_is_taken_at_its_low_end_only_within_the_tolerance() -> None:
    script = exact_script(tolerance=5)
    to_search(script)
    script.end_all(places=answer(["RANGE", 85, 90, "records look alike", False]))
    assert placed(script)[0].offsets[0] == (("orders", 0), 85)
    (told,) = [t for t in script.told if t.kind == "offsets_placed"]
    assert told.data["reread_max_records"] == 5


def test_a_range_beyond_the_tolerance_holds_and_says_what_to_do() -> None:
    script = exact_script()
    to_search(script)
    for _ in range(8):
        script.end_all(places=answer(["RANGE", 85, 90, "records look alike", False]))
        script.look(1)
    assert placed(script) == []
    assert script.word() == "holding"
    why = script.state.wave().detail
    for part in ("ledger", "orders/0", "RANGE", "records look alike", "replay_tolerance of 5"):
        assert part in why
    assert "resume: translated" in why


def test_a_range_of_no_width_is_not_taken_for_exact() -> None:
    script = exact_script()
    to_search(script)
    for _ in range(8):
        script.end_all(places=answer(["RANGE", 90, 90, "records look alike", False]))
        script.look(1)
    assert placed(script) == []
    assert script.word() == "holding"


def test_what_the_mirror_has_not_brought_yet_is_searched_again_until_it_has() -> None:
    script = exact_script()
    to_search(script)
    script.end_all(places=answer(["NONE", 0, 0, NOT_YET, True]))
    script.look(20)
    assert script.word() == "running"
    assert len(searches(script)) == 2  # the second one is on its way
    assert NOT_YET in script.state.wave().steps[1].detail or script.open_actions()
    script.end_all(places=answer(exact(90)))
    assert len(placed(script)) == 1


def test_what_the_mirror_never_brings_holds_at_the_steps_timeout() -> None:
    script = exact_script()
    to_search(script)
    for _ in range(62):
        script.end_all(places=answer(["NONE", 0, 0, NOT_YET, True]))
        script.look(1)
    assert script.word() == "holding"
    assert NOT_YET in script.state.wave().detail
    assert placed(script) == []


def test_a_tolerated_range_waits_a_little_for_a_mirror_that_copies_again() -> None:
    script = exact_script(tolerance=100)
    to_search(script)
    range_now = answer(["RANGE", 85, 90, AGAIN, True])
    script.end_all(places=range_now)
    assert placed(script) == []
    for _ in range(8):
        script.look(1)
        script.end_all(places=range_now)
    assert placed(script)[0].offsets[0] == (("orders", 0), 85)


def test_nothing_is_searched_while_a_task_of_the_mirror_is_down() -> None:
    script = exact_script()
    script.fly_to_stop()
    script.end_all()
    script.members["source"] = 0
    script.mirror_up = False
    for _ in range(4):
        script.look(1)
        down = (ConnectorState("mm2-source", "RUNNING", (TaskState(0, "FAILED"),)),)
        script.see(MirrorSample(script.now_ms - 10, script.now_ms, down, {}))
    assert searches(script) == []
    assert "task 0 FAILED" in script.state.wave().steps[1].detail
    script.mirror_up = True
    script.look(1)
    assert len(searches(script)) == 1


def test_a_commit_on_the_target_that_nobody_has_read_is_not_replaced() -> None:
    script = exact_script()
    script.commits["target"] = {("orders", 0): 99, ("orders", 1): 99}
    script.fly_to_stop()
    script.end_all()
    script.members["source"], script.unread = 0, "target"
    script.look(3)
    script.end_all(places=answer(exact(90)))
    script.look(3)
    assert placed(script) == []
    assert "group ledger on target: not answered" in script.state.wave().steps[1].detail


def test_a_group_that_has_worked_on_the_target_is_not_set_back() -> None:
    script = exact_script()
    script.commits["target"] = {("orders", 0): 95, ("orders", 1): 80}
    to_search(script)
    script.end_all(places=answer(exact(90)))
    assert script.word() == "holding"
    assert "95 lies past 90" in script.state.wave().detail
    assert placed(script) == []


def test_a_partition_without_a_commit_counts_as_read_from_its_start() -> None:
    script = exact_script()
    script.commits["source"] = {("orders", 0): 90}
    to_search(script)
    (search,) = searches(script)
    assert search.offsets == ((("orders", 0), 90), (("orders", 1), 0))
    for _ in range(8):
        script.end_all(places={"orders/0": [90, *exact(90)], "orders/1": [0, *exact(0)]})
        script.look(1)
    assert script.word() == "holding"
    assert "without a commit" in script.state.wave().detail


def to_return(script: Script) -> None:
    """The readers' wave done, the group further on, then taken back up to the search."""
    to_search(script)
    script.end_all(places=answer(exact(90)))
    script.end_all(previous={"orders/0": 80, "orders/1": 80})
    script.commits["target"] = {("orders", 0): 90, ("orders", 1): 90}
    script.look(1)
    script.end_all()
    script.members["target"] = 1
    script.commits["target"] = {("orders", 0): 97, ("orders", 1): 90}
    script.look(1)
    script.go("rollback")
    script.end_all()  # the stop on the target
    script.members["target"] = 0
    script.look(2)


def test_going_back_commits_the_origin_of_what_was_read_on_the_target() -> None:
    script = exact_script()
    to_return(script)
    search = searches(script)[-1]
    assert (search.side, search.offsets) == ("source", ((("orders", 0), 97),))
    script.end_all(places={"orders/0": [97, *exact(99)]})
    assert placed(script)[-1] == CommitOffsets("source", "ledger", ((("orders", 0), 99),))
    script.end_all()
    assert placed(script)[-1].offsets == ((("orders", 0), 80), (("orders", 1), 80))
    script.end_all()
    assert CallService("ledger", "undo") in actions(script)


def test_going_back_takes_the_low_end_of_a_range_but_nothing_before_the_sources_commit() -> None:
    for low, wanted in ((95, 95), (70, None)):
        script = exact_script()
        to_return(script)
        script.end_all(places={"orders/0": [97, "RANGE", low, 99, "between", False]})
        last = placed(script)[-1]
        if wanted is None:
            assert last.side == "target"  # the former commits: the source's stays where it is
        else:
            assert last == CommitOffsets("source", "ledger", ((("orders", 0), wanted),))


def test_going_back_holds_where_the_origin_is_not_known() -> None:
    script = exact_script()
    to_return(script)
    for _ in range(8):
        script.end_all(places={"orders/0": [97, "NONE", 0, 0, "removed", False]})
        script.look(1)
    assert script.word() == "holding"
    assert "orders/0 NONE: removed" in script.state.wave().detail
    assert all(action.side == "target" for action in placed(script))


def no_place(script: Script) -> None:
    """The search for the first partition's place ends without one."""
    for _ in range(8):
        script.end_all(places={"orders/0": [97, "NONE", 0, 0, "removed", False]})
        script.look(1)


def test_where_no_place_is_found_a_person_may_order_the_way_back_from_the_sources_commit() -> None:
    script = exact_script()
    to_return(script)
    no_place(script)
    detail = script.state.wave().detail
    assert detail.endswith("R tries again (there may be more by then); A goes back without one")
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is not None
    assert " back without the place of orders/0" in script.state.armed.lines[0]
    again = "from its commit on the source, 90: at most 10 records are read again"
    assert script.state.armed.lines[1] == f"ledger orders/0: {again}"
    script.ask(Disarm("ana"))
    script.go("advance")
    script.look(1)
    no_place(script)
    assert all(action.side == "target" for action in placed(script))  # the source's commit stays
    told = [tell for tell in script.told if tell.kind == "offsets_placed"][-1]
    assert told.data["reread_max_records"] == 10
    script.end_all()
    script.look(1)
    assert CallService("ledger", "undo") in actions(script)


def test_a_commit_that_the_source_has_lost_is_put_to_its_start_by_that_order() -> None:
    script = exact_script()
    to_return(script)
    no_place(script)
    script.commits["source"] = {("orders", 1): 90}
    script.starts["source"] = (40, 0)
    script.look(1)
    script.go("advance")
    script.look(1)
    no_place(script)
    assert CommitOffsets("source", "ledger", ((("orders", 0), 40),)) in placed(script)


def test_a_place_that_is_found_after_the_order_is_taken() -> None:
    script = exact_script()
    to_return(script)
    no_place(script)
    script.go("advance")
    script.look(1)
    script.end_all(places={"orders/0": [97, *exact(99)]})
    assert placed(script)[-1] == CommitOffsets("source", "ledger", ((("orders", 0), 99),))


def test_that_order_is_not_open_where_going_back_failed_for_anything_else() -> None:
    script = exact_script()
    to_return(script)
    script.end_all("failed")
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is None


def images(script: Script, *, width: int = 0) -> ImagesSurvey:
    """Images of the readers' commits; that of the first partition is a range, if `width` says."""
    found = {}
    for partition, wide in ((0, width), (1, 0)):
        word: ImageWord = "RANGE" if wide else "EXACT"
        image = Image(90, word, 90 - wide, 90, "alike" if wide else "")
        name = ("orders", partition)
        found["ledger", name] = GroupImage("ledger", *name, image, 80, 10, 0, script.now_ms)
    return ImagesSurvey(script.now_ms, script.now_ms, found)


def gated(script: Script) -> Script:
    """The readers' gate tolerates no record twice."""
    readers, writers = script.state.plan.waves
    readers = replace(readers, gates=(OffsetDeltaGate(0, max_skipped_records=0),))
    plan = replace(script.state.plan, waves=(readers, writers))
    script.state = begin(plan, session="s", simulated=False, at_ms=0)
    return script


def test_the_offset_gate_of_an_exact_group_counts_by_its_images() -> None:
    script = gated(exact_script())
    script.look(2)
    (gate,) = project(script.state, 1).gates
    assert gate.verdict == "UNKNOWN"
    for width, verdict in ((3, "FAIL"), (0, "PASS")):
        script.send(Observed(script.now_ms, images(script, width=width)))
        script.look(1)
        (gate,) = project(script.state, 1).gates
        assert gate.verdict == verdict, gate.evidence


def test_before_release_a_groups_line_has_its_way_and_the_mirrors_beside_it() -> None:
    script = exact_script()
    script.send(Observed(script.now_ms, images(script, width=3)))
    script.look(2)
    (group,) = project(script.state, 1).groups
    assert group.release.startswith("exact, reads at most 3 again, skips 0")
    script.ask(Arm("advance", "ana"))
    assert script.state.armed is not None
    (line,) = [text for text in script.state.armed.lines if text.startswith("ledger resumes")]
    assert "MirrorMaker's translation" in line
