"""Which tasks a step and its undo consist of, in which order. Pure: a plan and a memory in, tasks
out.

A script is a tuple of stages; the tasks of one stage go side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, assert_never

from cockpit.core import errands
from cockpit.core.actions import (
    CallService,
    CommitOffsets,
    Drill,
    ExcludeGroups,
    ExcludeTopics,
    Fence,
    PatchConnector,
    PromoteTopics,
    ProveDrained,
    ProveReversible,
    ServiceVerb,
    StartMirror,
    StopMirror,
)
from cockpit.core.anew import BeginAnew
from cockpit.core.drained import NOTHING_THERE
from cockpit.core.drilling import BROKEN
from cockpit.core.drills import DrillStep, DrillTask
from cockpit.core.fences import fence_step, fencing, shut, unfencing
from cockpit.core.flight import WaveState
from cockpit.core.late import LOST, AwaitLate, AwaitNoStart, lost_call
from cockpit.core.observe import partition_of
from cockpit.core.placing import CheckPlaced, PlaceGroup, ReturnGroup
from cockpit.core.plan import (
    CommandStep,
    ConfirmStep,
    Control,
    DrainStep,
    FenceStep,
    HttpStep,
    Manual,
    OffsetsStep,
    Plan,
    ProbeStep,
    PromoteStep,
    ReplicationLagGate,
    ReverseStep,
    Service,
    Side,
    SoakStep,
    StartStep,
    Step,
    StopStep,
    Wave,
    produced_topics,
    promoted_topics,
)
from cockpit.core.probing import ProbeGroup
from cockpit.core.reversing import LATE, RETURNED, ResumeMirror, positions, reverse_step
from cockpit.core.tasks import (
    Ask,
    AwaitActive,
    AwaitEmpty,
    AwaitMirror,
    AwaitSilent,
    AwaitWrites,
    Do,
    Soak,
    Task,
)

Script = tuple[tuple[Task, ...], ...]

MIRROR_SYNC_OFF = (("sync.topic.acls.enabled", "false"), ("sync.topic.configs.enabled", "false"))
"""A mirror that goes on copying ACLs copies the fence to the target, and never removes it there."""

CONNECTOR_TIMEOUT_MS = 60_000
UNDO_TIMEOUT_MS = 120_000
SOAK_PATIENCE = 10
"""How many times its own length a soak may begin again before a person is asked."""
MIRROR_CLOSE_RECORDS = 1_000
_UNTOUCHED: Final = (DrainStep, OffsetsStep, ProbeStep, ConfirmStep, StartStep, SoakStep)
"""Steps that change nothing for anybody at work, as long as nobody was told to start."""


def forward(step: Step, wave: Wave, plan: Plan, memory: Mapping[str, Any]) -> Script:
    """The tasks of a step."""
    services = plan.wave_services(wave)
    match step:
        case StopStep():
            return (
                *_prepare_mirror(wave, plan),
                _calls(services, "stop", step.timeout_ms),
                _empty(services, "source", step.timeout_ms),  # of silent writers the fence is proof
            )
        case FenceStep():
            fence = fencing(step, wave, plan)
            # a fence that does not hold within half its time will not hold: name who escapes
            return ((Do(fence, step.deadline_ms // 2, "fence"),),)
        case DrainStep():
            return ((Do(ProveDrained(produced_topics(services)), step.timeout_ms, "drained"),),)
        case OffsetsStep():
            return (tuple(_place(s, step.timeout_ms) for s in services if s.group),)
        case ProbeStep():
            probed = (s for s in services if s.group and s.resume != "external")
            return (tuple(ProbeGroup(s, step.timeout_ms) for s in probed),)
        case StartStep():
            return _start(step, wave, plan, memory)
        case SoakStep():
            return ((Soak(step.for_ms, max(SOAK_PATIENCE * step.for_ms, 60_000)),),)
        case ConfirmStep() | HttpStep() | CommandStep():
            return ((errands.of_step(step, wave, memory),),)
        case DrillStep():
            return _drill(step, memory)
        case ReverseStep():
            return _reverse(step, services, plan, memory)
        case PromoteStep():
            promote = PromoteTopics(promoted_topics(step, services))
            return ((Do(promote, step.timeout_ms, "promoted"),),)
        case _:
            assert_never(step)


def backward(step: Step, wave: Wave, plan: Plan, memory: Mapping[str, Any]) -> Script:
    """The tasks that undo a step which was begun."""
    services = plan.wave_services(wave)
    match step:
        case StopStep():
            stopped = tuple(s for s in services if memory.get(f"stopped.{s.name}"))
            readers = (s for s in stopped if s.group and s.resume != "external")
            return (
                tuple(BeginAnew(s, UNDO_TIMEOUT_MS) for s in readers),
                _calls(stopped, "undo", step.timeout_ms),
                tuple(_at_work(s, "source", UNDO_TIMEOUT_MS) for s in stopped if s.group),
                *_await_late_fence(wave, plan, memory),
                *_restore_mirror(plan, memory),
            )
        case FenceStep():
            unfence = unfencing(step, wave, plan)
            return ((Do(unfence, UNDO_TIMEOUT_MS),),) if unfence is not None else ()
        case OffsetsStep():
            return (
                tuple(_return(s, memory) for s in services if s.group),
                _former_commits(services, memory),
            )
        case StartStep():
            started = tuple(s for s in services if memory.get(f"started.{s.name}"))
            return (
                *_stopped_there(started, plan, step.timeout_ms),
                *_unanswered(started, plan, memory, step.timeout_ms),
            )
        case DrainStep() | SoakStep() | ConfirmStep() | ProbeStep() | PromoteStep():
            return ()
        case DrillStep():
            return ((Do(Drill(step.do, step.on, broken=False), UNDO_TIMEOUT_MS),),)
        case HttpStep() | CommandStep():
            undo = errands.of_undo(step, wave, memory)
            return () if undo is None else ((undo,),)
        case ReverseStep():
            return _forward_again(step, services, plan, memory)
        case _:
            assert_never(step)


def undo_order(wave: WaveState) -> tuple[int, ...]:
    """Which steps of a wave are still to be undone, the next one first.

    Last first, for what came later stands on what came before it. But while no start on the target
    was intended nothing can have been read or written there: then a fence waits for no step that
    has only looked, asked or placed groups, which a slow target may hold up for long.
    """
    left = [n for n, s in enumerate(wave.steps) if s.begun and s.word != "undone"][::-1]
    if wave.start_intent_at_ms is not None:
        return tuple(left)
    for place, number in enumerate(left):
        step = wave.steps[number].step
        if isinstance(step, FenceStep) and step.by == "acl":
            return (number, *left[:place], *left[place + 1 :])
        if not isinstance(step, _UNTOUCHED):
            break
    return tuple(left)


def undo_words(step: Step) -> str:
    """What undoing a step means, for the confirmation."""
    match step:
        case StopStep():
            return "start the services on the source again, give the mirror its settings back"
        case FenceStep(by=by):
            return "" if by == "stop" else "remove the DENY ACLs, verified on every broker"
        case OffsetsStep():
            return "bring progress back to the source, restore the target's former commits"
        case StartStep():
            return "stop the services on the target"
        case DrainStep() | SoakStep() | ConfirmStep() | PromoteStep() | ProbeStep():
            return ""
        case DrillStep():
            return "mend what the drill broke"
        case HttpStep(undo=undo) | CommandStep(undo=undo):
            return "" if undo is None else errands.call_text(undo)
        case ReverseStep():
            return "let the reverse mirror bring back the rest, then stop it"
        case _:
            assert_never(step)


def _calls(
    services: tuple[Service, ...], verb: ServiceVerb, timeout_ms: int, *, blindly: bool = False
) -> tuple[Task, ...]:
    tasks: list[Task] = []
    for service in services:
        control: Control = getattr(service, verb)
        if isinstance(control, Manual):
            text = f"{verb} {service.name}: {control.text}"
            tasks.append(Ask(text, service.name, verb))
        else:
            tasks.append(Do(CallService(service.name, verb), timeout_ms, blindly=blindly))
    return tuple(tasks)


def _place(service: Service, timeout_ms: int) -> Task:
    if service.resume != "external":
        return PlaceGroup(service, timeout_ms)
    topics = ", ".join(service.consumes)
    text = (
        f"{service.name} keeps its offsets of {topics} outside Kafka and has stopped: on the target"
        " its next records have other offsets than on the source. Set them there, then confirm"
    )
    return Ask(text, service.name, "place")


def _return(service: Service, memory: Mapping[str, Any]) -> Task:
    if service.resume != "external" or not memory.get(f"placed_outside.{service.name}"):
        return ReturnGroup(service, UNDO_TIMEOUT_MS)
    topics = ", ".join(service.consumes)
    text = (
        f"{service.name} goes back to the source, and its offsets of {topics}, kept outside Kafka,"
        " may be those of the target. Set them to where it goes on on the source, then confirm"
    )
    return Ask(text, service.name, "place")


def _at_work(service: Service, side: Side, timeout_ms: int) -> Task:
    """What proves that a consumer works on a side; where it commits nothing to Kafka, a person."""
    if service.resume != "external":
        return AwaitActive(service, side, timeout_ms)
    return Ask(f"does {service.name} work on the {side}? It commits nothing that would prove it")


def _empty(services: tuple[Service, ...], side: Side, timeout_ms: int) -> tuple[Task, ...]:
    return tuple(AwaitEmpty(s, side, timeout_ms) for s in services if s.group)


def _prepare_mirror(wave: Wave, plan: Plan) -> Script:
    """Before anybody is blocked: changing a connector restarts its tasks, which takes seconds."""
    services = plan.wave_services(wave)
    tasks: list[Task] = []
    fence = fence_step(wave)
    if fence is not None and fence.by == "acl":
        patch = PatchConnector(plan.replication.source_connector, MIRROR_SYNC_OFF)
        tasks.append(Do(patch, CONNECTOR_TIMEOUT_MS, "patched"))
    groups = tuple(s.group for s in services if s.group)
    if groups:
        tasks.append(Do(ExcludeGroups(groups, True), CONNECTOR_TIMEOUT_MS, "excluded"))
    if (back := reverse_step(wave)) is not None:
        proof = ProveReversible(back.connector, produced_topics(services))
        tasks.append(Do(proof, CONNECTOR_TIMEOUT_MS))
    limits = [g.max_records for g in wave.gates if isinstance(g, ReplicationLagGate)]
    close = AwaitMirror(services, min(limits, default=MIRROR_CLOSE_RECORDS), CONNECTOR_TIMEOUT_MS)
    return (tuple(tasks), (close,)) if tasks else ()


def _await_late_fence(wave: Wave, plan: Plan, memory: Mapping[str, Any]) -> Script:
    """An order to fence that had no answer: what comes of it is taken down, before the mirror
    copies ACLs again, and while the services are at work already."""
    lost_ms, step = memory.get(LOST), fence_step(wave)
    unfence = unfencing(step, wave, plan) if step is not None else None
    if lost_ms is None or unfence is None:
        return ()
    awaited = AwaitLate(Fence(unfence.topics, unfence.principals), lost_ms)
    return ((awaited,), (Do(unfence, UNDO_TIMEOUT_MS),))


def _restore_mirror(plan: Plan, memory: Mapping[str, Any]) -> Script:
    """Give back what was changed; where the old value was never learnt, a person must."""
    tasks: list[Task] = []
    previous = memory.get("patched.previous")
    if previous:
        settings = tuple(sorted(previous.items()))
        patch = PatchConnector(plan.replication.source_connector, settings)
        tasks.append(Do(patch, CONNECTOR_TIMEOUT_MS))
    elif memory.get("patched.unsure"):
        keys = ", ".join(key for key, _ in MIRROR_SYNC_OFF)
        connector = plan.replication.source_connector
        tasks.append(Ask(f"look at connector {connector}: {keys} may have been turned off"))
    groups = tuple(memory.get("excluded.groups", ()))
    if groups:
        tasks.append(Do(ExcludeGroups(groups, False), CONNECTOR_TIMEOUT_MS))
    return (tuple(tasks),) if tasks else ()


def _drill(step: DrillStep, memory: Mapping[str, Any]) -> Script:
    """Quiet, broken, noticed, mended, quiet. What an engine before has left broken is mended
    first."""
    mend = (Do(Drill(step.do, step.on, broken=False), step.timeout_ms),)
    left = memory.get(BROKEN) == step.words()
    return (
        *((mend,) if left else ()),
        (DrillTask(step, "before", step.timeout_ms),),
        (Do(Drill(step.do, step.on, broken=True), step.timeout_ms),),
        (DrillTask(step, "notice", step.within_ms),),
        mend,
        (DrillTask(step, "recover", step.timeout_ms),),
        (DrillTask(step, "conclude", step.timeout_ms),),
    )


def _reverse(
    step: ReverseStep, services: tuple[Service, ...], plan: Plan, memory: Mapping[str, Any]
) -> Script:
    """Out of the first mirror's filter, then the second one from the drained end on."""
    first, topics = plan.replication.source_connector, produced_topics(services)
    places = positions(memory.get("drained.target_end", {}))
    return (
        (Do(ExcludeTopics(first, topics, True), step.timeout_ms),),
        (Do(StartMirror(step.connector, places), step.timeout_ms),),
    )


def _forward_again(
    step: ReverseStep, services: tuple[Service, ...], plan: Plan, memory: Mapping[str, Any]
) -> Script:
    """Everything is back on the source, and the first mirror goes on behind it. What came late is
    brought back by the second one before that, with the topics out of the first.

    Before anybody was told to start, where the target has no record past the drained end, there is
    nothing to bring back, and the first mirror goes on where it was: what was written on the source
    meanwhile is for it.
    """
    first, topics = plan.replication.source_connector, produced_topics(services)
    told = any(memory.get(f"started.{s.name}") for s in services if s.produces)
    if not told and memory.get(NOTHING_THERE):
        return (
            (Do(StopMirror(step.connector), CONNECTOR_TIMEOUT_MS),),
            (Do(ExcludeTopics(first, topics, False), CONNECTOR_TIMEOUT_MS),),
        )
    proof = ProveDrained(topics, "target", step.connector)
    places = positions(memory.get(RETURNED, {}))
    late: Script = (
        (Do(ExcludeTopics(first, topics, True), step.timeout_ms),),
        (Do(StartMirror(step.connector, places), step.timeout_ms),),
    )
    return (
        *(late if memory.get(LATE) else ()),
        (Do(proof, UNDO_TIMEOUT_MS, "returned"),),
        (Do(StopMirror(step.connector), CONNECTOR_TIMEOUT_MS),),
        (Do(StopMirror(first), CONNECTOR_TIMEOUT_MS),),
        (Do(ExcludeTopics(first, topics, False), CONNECTOR_TIMEOUT_MS),),
        (ResumeMirror(first, CONNECTOR_TIMEOUT_MS),),
    )


def _stopped_there(
    services: tuple[Service, ...], plan: Plan, timeout_ms: int, *, blindly: bool = False
) -> Script:
    """Told to stop on the target, and seen to have stopped."""
    return (
        _calls(services, "stop", timeout_ms, blindly=blindly),
        (*_empty(services, "target", timeout_ms), *_silent(services, plan, timeout_ms)),
    )


def _unanswered(
    started: tuple[Service, ...], plan: Plan, memory: Mapping[str, Any], timeout_ms: int
) -> Script:
    """Producers whose order to start had no answer are stopped once more when it cannot land any
    more: until then a source that was opened again would not be the only one that takes writes.
    Whatever shows of them then: one that has just landed shows nothing yet."""
    late = {s: memory.get(lost_call("start", s.name)) for s in started if s.produces}
    awaited = {s: AwaitNoStart(s.name, at_ms) for s, at_ms in late.items() if at_ms is not None}
    if not awaited:
        return ()
    again = _stopped_there(tuple(awaited), plan, timeout_ms, blindly=True)
    return (tuple(awaited.values()), *again)


def _silent(services: tuple[Service, ...], plan: Plan, timeout_ms: int) -> tuple[Task, ...]:
    """That stopped writers are silent. A link goes on bringing what others write on the source: of
    its producers only their own answers to `stop` tell."""
    if plan.replication.kind == "link":
        return ()
    return tuple(AwaitSilent(s, own, timeout_ms) for s, own in _own_topics(services))


def _own_topics(services: tuple[Service, ...]) -> list[tuple[Service, tuple[str, ...]]]:
    """Services without a group, each with the topics that no other of them writes.

    A service that shares every topic is proved by all of them together.
    """
    found: list[tuple[Service, tuple[str, ...]]] = []
    for service in services:
        if service.group is None:
            others = {t for s in services if s is not service for t in s.produces}
            own = tuple(t for t in service.produces if t not in others)
            found.append((service, own or service.produces))
    return found


def _start(step: StartStep, wave: Wave, plan: Plan, memory: Mapping[str, Any]) -> Script:
    """The last looks come right before the calls: what they show must not grow old."""
    services = plan.wave_services(wave)
    groups = [s for s in services if s.group]
    still = shut(wave, plan, memory)
    waiting = tuple(s for s in services if not memory.get(f"running.{s.name}"))
    return (
        tuple(CheckPlaced(s, step.timeout_ms) for s in groups),
        (Do(still, step.timeout_ms),) if still is not None else (),
        _calls(waiting, "start", step.timeout_ms),
        (
            *(_at_work(s, "target", step.timeout_ms) for s in groups),
            *(AwaitWrites(s, own, step.timeout_ms) for s, own in _own_topics(services)),
        ),
    )


def _former_commits(services: tuple[Service, ...], memory: Mapping[str, Any]) -> tuple[Task, ...]:
    tasks: list[Task] = []
    for service in services:
        previous = memory.get(f"placed.{service.group}.previous")
        if service.group and previous:
            offsets = tuple((partition_of(key), value) for key, value in sorted(previous.items()))
            tasks.append(Do(CommitOffsets("target", service.group, offsets), UNDO_TIMEOUT_MS))
    return tuple(tasks)
