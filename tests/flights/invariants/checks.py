"""All checks, and what each invariant is about: the source of the table in docs/invariants.md."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from tests.flights.invariants import (
    commits,
    effects,
    evidence,
    fences,
    lives,
    order,
    owners,
    people,
    record,
    screen,
    soaks,
)
from tests.flights.invariants.case import Case

Check = Callable[[Case], Iterator[str]]

CHECKS: Final[tuple[Check, ...]] = (
    owners.check_sides,
    evidence.check_evidence,
    evidence.check_proofs,
    soaks.check_soaks,
    owners.check_no_return,
    effects.check_twice,
    commits.check_commits,
    effects.check_intents,
    effects.check_numbers,
    owners.check_records,
    order.check_lively,
    fences.check_fence,
    people.check_confirmed,
    lives.check_lives,
    people.check_bound,
    owners.check_places,
    people.check_pause,
    people.check_abort,
    order.check_order,
    record.check_record,
    screen.check_ages,
    screen.check_secrets,
    screen.check_terminal,
    people.check_observers,
)

ABOUT: Final[tuple[tuple[str, str, str, str], ...]] = (
    (
        "I1",
        "never both sides open for writing",
        "The world looks at every step of 100 ms whether a topic is accepted from its producers on "
        "both sides; where a start reaches the world, no producer of its topics is open on the "
        "source; where a fence falls, none is open on the target.",
        "Writers that are not in the plan; topics whose interleaving the plan allows.",
    ),
    (
        "I2",
        "nothing goes forward on stale, partial or unknown data",
        "Where a wave begins and again where its first effect is sent: each feed that its gates "
        "need has a good answer no older than the gate allows; signals and replication lag are "
        "worked out again from the samples; both sides answer. Where a fence, silence or a drain "
        "is attested, the world's truth is asked: every broker's view, brokers that are away, "
        "records not yet on the target by content. A proof that counts was given; a start has the "
        "proofs that its plan asks for, and all that its own producers wrote is on the target, "
        "whoever else wrote there; who wrote behind the fence's proof, up to the last look before "
        "the start, was told of by an alarm or a pause; a trigger that fired had every sample of "
        "its window, and where a soak is done its time and its signals are worked out again from "
        "the samples. A wave that was taken over goes back by its deadline only once both sides "
        "are read.",
        "Whoever writes behind the fence after that last look, or to a topic with an open "
        "transaction. The values of group lag, offset delta and parity are not worked out again, "
        "only their age. An effect that lands late on its way is judged by when it was sent.",
    ),
    (
        "I3",
        "no way back past the point of no return but the lossy one",
        "Where a wave goes back: records that only the target has, by content, need a person's "
        "confirmation while `lossy` was on the screen; never after the point was proved passed.",
        "",
    ),
    (
        "I4",
        "each action at most once, or the state of once",
        "Calls of one intent: nothing is sent again that may have happened; an outcome after a "
        "lost reply rests on a reading after it; a service is called once for each order; a "
        "wave that came back leaves services, ACLs, connectors and its groups' former commits on "
        "the target as they were.",
        "What came back is not compared after crashes of services or a fence that others removed, "
        "nor where a service is that a start has reached after its wave had begun to go back; "
        "nor commits of a group that one without an answer has reached after that; "
        "commits not where others commit or topics are made anew, nor places that had none, nor "
        "where the way back did not wait for a target that cannot be read, and said so.",
    ),
    (
        "I5",
        "a durable intent before every effect, one outcome after it",
        "Each changing call has an open, synced intent of just this action before it, which keeps "
        "the values that were there; each intent has one synced outcome when the flight ends.",
        "An intent that a dead engine has left open gets no outcome of its own: the next engine "
        "reads what became of it. That the disk keeps what was synced: the crash matrix.",
    ),
    (
        "I6",
        "only the newest engine acts",
        "No action's number is used twice, and an engine that takes over goes on behind all "
        "numbers of the one before it.",
        "In part: who drives has a lease with a token that only rises, and keys of an older one "
        "are not heard (`test_driving.py`); no effect carries it to where a cluster could refuse.",
    ),
    (
        "I7",
        "no record lost or out of order, duplicates within what was announced",
        "Every record is followed to every group that must have it, by identity; duplicates of a "
        "service against what the journal announced for its group, and what the mirror brought "
        "twice.",
        "Duplicates of a service that crashed, whose group others set back, or that a start has "
        "reached after its wave had begun to go back. Records after a confirmed lossy way back.",
    ),
    (
        "I8",
        "everything comes to an end",
        "After the last fault no wave moves for more than ten virtual minutes without an end or a "
        "question to a person, and none holds so long with no key open; the flight ends at all.",
        "Faults that never end.",
    ),
    (
        "I9",
        "bounded fence",
        "From each fence's effect until it falls, its removal is tried, the start is intended or "
        "the engine is gone: the plan's deadline, one call's timeout and 2 s; where none was at "
        "work at the deadline, as soon as one is. A try that failed counts only where the next one "
        "follows at once, or a person is asked; one whose intent no disk could keep, always.",
        "Fences that the plan holds at zero; silence, which blocks nobody.",
    ),
    (
        "I10",
        "no action without its confirmation",
        "Each beginning and each second try has a confirmation: armed, then confirmed by the same "
        "person, 0.7 s to 15 s later (45 s where the wave's name is typed, 2 min for the go of "
        "others); each way back has a person, a trigger or a deadline; an engine that takes over "
        "moves nothing before one of these.",
        "In part: these flights have no `people`. The go of approvers: `test_driving.py`.",
    ),
    (
        "I11",
        "a confirmation is bound to what was shown",
        "Its token is the one that was shown; no token stands for two states; in every snapshot "
        "between arming and confirming the verb was open and the wave stood where it stood.",
        "A token has the plan's hash (`test_binding.py`), but these flights keep their plan. It "
        "has no number of the arming: two armings before the same screen have the same token.",
    ),
    (
        "I12",
        "groups resume within the plan's bound",
        "Where a start reaches the world: by content, no record that the group has not read lies "
        "before its place, and no more lie behind it than were announced; a group is placed only "
        "while nobody works and the mirror leaves it alone.",
        "Groups whose plan lets them begin elsewhere, or outside Kafka. A start that arrives so "
        "late that its wave had begun to go back before. A service that came up from a crash "
        "after it was seen to be gone: it is not started on the target.",
    ),
    (
        "I13",
        "pause at any time",
        "After a pause was asked for, the next snapshot is paused; no step begins and no service "
        "is called forward until somebody orders it.",
        "",
    ),
    (
        "I14",
        "abort is sticky",
        "After the way back was wanted no step and no action goes forward until the wave is begun "
        "anew; no effect after the flight's end.",
        "An action that was on its way already may still land. What was wanted of an engine that "
        "died before the disk had it: the next one holds, and asks.",
    ),
    (
        "I15",
        "the plan's order",
        "Waves begin after those before them were on the target in truth, and in no freeze; what "
        "has stopped there since is on the screen within 10 s; steps as planned, undone in "
        "reverse, but a fence first while no start was intended; the mirror copies no ACL while a "
        "fence stands.",
        "Dependencies of services within a wave; a service that somebody, or an order that was "
        "late on its way, stops on the target after its wave was done.",
    ),
    (
        "I16",
        "the recording tells the states",
        "The hash chain by its own rule; every snapshot's waves and steps against the newest "
        "record of the state before it.",
        "In part: samples are in the recording beside the journal, and a flight is gone through "
        "again from that (`test_rerun.py`), not from the journal alone. "
        "The same seed gives the same journal, byte for byte: `test_simulated.py`.",
    ),
    (
        "I17",
        "nothing is shown younger or better than its sample",
        "In every snapshot: ends are those of the sample of that time; lag is an end less a "
        "position that were read; signals, gates that pass, `connected` and `running` need the "
        "answers that they claim.",
        "How a screen draws an old value: the tests of the panes.",
    ),
    (
        "I18",
        "no secret anywhere",
        "A secret lies where the plan says that the login's is: journal, events and snapshots are "
        "searched for it.",
        "Real logins, traces and webhooks: the simulated ports never read a secret.",
    ),
    (
        "I19",
        "data drives no terminal and presses no button",
        "Every failure of a feed and every cluster's id carries control bytes and markup; what "
        "the status lines, message line and plain line make of it has none.",
        "Tables and dialogs: the tests of the panes; in-flight drawing is sampled.",
    ),
    (
        "I20",
        "who only looks changes nothing",
        "A confirmation by one who has armed nothing is refused; a note is only noted.",
        "Roles: these flights have no `people`; see the tests of crews and of the socket.",
    ),
)
"""Id, invariant, how it is checked, what is not covered."""
