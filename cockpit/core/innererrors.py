"""Errors inside of good answers: the partitions, groups, subjects and brokers that failed alone.

Only names them; never counts one twice that was there at the look before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from cockpit.core.errorrates import classify, is_refusal
from cockpit.core.mirrorsurvey import ConnectSurvey
from cockpit.core.observe import (
    ConfigSample,
    GroupSample,
    GroupState,
    LogSample,
    Sample,
    Unknown,
    partition_text,
)
from cockpit.core.survey import (
    BrokersSurvey,
    ImagesSurvey,
    MembersSurvey,
    ProducersSurvey,
    RegistrySurvey,
    StorageSurvey,
    Survey,
    TransactionsSurvey,
    WindowsSurvey,
)


def inner_errors(sample: Sample | Survey) -> Mapping[str, str]:
    """What of an answer could not be read, and why, by a name of its own."""
    match sample:
        case LogSample(errors=errors) | ProducersSurvey(errors=errors):
            return {partition_text(name): why for name, why in errors.items()}
        case GroupSample(groups=states):
            return {name: why for name, s in states.items() if (why := _of_group(s))}
        case MembersSurvey(groups=groups):
            return {name: g.unknown for name, g in groups.items() if g.unknown}
        case ConfigSample(unknown=unknown) | TransactionsSurvey(unknown=unknown):
            return unknown
        case ConnectSurvey(unknown=unknown):
            return unknown
        case StorageSurvey():
            return dict(_of_storage(sample))
        case RegistrySurvey():
            return dict(_of_registry(sample))
        case BrokersSurvey(brokers=brokers):
            down = (b for b in brokers if b.word not in ("connected", "unsupported"))
            return {f"broker {b.node} {b.address}": b.reason or b.word for b in down}
        case WindowsSurvey(windows=windows):
            whys = {partition_text(n): w.unknown for n, w in windows.items() if w.unknown}
            return {name: why for name, why in whys.items() if classify(why) != "other"}
        case _:
            return {}


def new_errors(before: Sample | Survey | None, now: Sample | Survey) -> dict[str, str]:
    """What fails now and did not for the same reason at the look before."""
    found = inner_errors(now)
    if not found:
        return {}
    known = inner_errors(before) if before is not None else {}
    return {name: why for name, why in found.items() if known.get(name) != why}


def refused(survey: WindowsSurvey | ImagesSurvey) -> dict[str, str]:
    """Windows and images that there are not because somebody refused what they need; that others
    are not there yet is no gap."""
    if isinstance(survey, WindowsSurvey):
        whys = {partition_text(n): w.unknown for n, w in survey.windows.items() if w.unknown}
    else:
        whys = {f"{group} {partition_text(name)}": one.image.reason
                for (group, name), one in survey.images.items()
                if one.image.word == "NONE"}  # fmt: skip
    return {name: why for name, why in whys.items() if is_refusal(why)}


def _of_group(state: GroupState) -> str | None:
    """That a version cannot tell members is no error."""
    if state.unknown is None and is_refusal(state.members_unknown or ""):
        return state.members_unknown
    return state.unknown


def _of_storage(survey: StorageSurvey) -> Iterator[tuple[str, str]]:
    for node, why in survey.unknown.items():
        yield f"broker {node}", why
    for one in survey.dirs:
        if one.error:
            yield f"broker {one.broker} {one.path}", one.error


def _of_registry(survey: RegistrySurvey) -> Iterator[tuple[str, str]]:
    """Settings of the registry, subjects and ids."""
    for what, setting in (("config", survey.compatibility), ("mode", survey.mode)):
        if isinstance(setting, Unknown):
            yield what, setting.reason
    for name, subject in survey.subjects.items():
        if subject.unknown:
            yield name, subject.unknown
    for number, schema in survey.unlisted.items():
        if isinstance(schema, Unknown):
            yield f"id {number}", schema.reason
