"""`cockpit archive PLAN`: what is to be kept of a migration, in one file.

The plan, the inventory, where each topic and group went and why, and of every flight its journal,
its recording and its report.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from cockpit.cli import exits
from cockpit.cli.output import clean_line, complain, say, say_json
from cockpit.cli.planned import plan_in

if TYPE_CHECKING:
    from cockpit.cli.packing import Pack
    from cockpit.core.plan import Plan
    from cockpit.engine.folders import SessionFolder

_TOPICS: Final = ("topic", "on_target_as", "wave", "produced_by", "consumed_by")
_OFFSETS: Final = (
    *("group", "service", "owner", "wave", "resume", "replay_tolerance_records"),
    *("accepted_why", "accepted_by"),
)
_PLACED: Final = (
    *("session", "at_ms", "group", "side", "reread_max_records", "skipped_max_records", "text"),
)


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`archive` and its options."""
    parser = commands.add_parser(
        "archive",
        help="pack what is to be kept of a migration into one file",
        description="The plan, an inventory of both clusters as they are now, where each topic and "
        "group went, and every flight of this user with its plan, journal, recording and report; "
        "and a list of all files with SHA-256. Exits with 7 where something could not be read, "
        "which the list names. No secret is in any of them.",
    )
    parser.add_argument("plan", type=Path, metavar="PLAN")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: NAME.tar.gz")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--no-inventory", action="store_true", help="ask no cluster, where they are gone by now"
    )


def run(options: argparse.Namespace) -> int:
    """Pack, and say what is missing."""
    from cockpit.cli.packing import packed

    plan = plan_in(options.plan)
    if plan is None:
        return exits.USAGE
    path = options.output or Path(f"{plan.name}.tar.gz")
    missing: dict[str, str] = {}
    try:
        with packed(path, plan.name) as pack:
            pack.file("plan.yaml", options.plan)
            for name, text in decisions(plan):
                pack.text(name, text)
            if options.no_inventory:
                missing["inventory"] = "not asked for"
            else:
                missing |= _inventory(pack, plan)
            sessions = _sessions(pack, options.plan, plan.name, missing)
            pack.close(plan=plan.name, sessions=sessions, missing=missing)
    except OSError as error:
        complain(clean_line(f"{error.filename or path}: {error.strerror}"))
        return exits.FAILED
    return _tell(path, pack, sessions, missing, options)


def _tell(
    path: Path,
    pack: Pack,
    sessions: list[str],
    missing: Mapping[str, str],
    options: argparse.Namespace,
) -> int:
    code = exits.UNKNOWN if missing else exits.COMPLETED
    size = path.stat().st_size
    if options.json:
        said = {"archive": str(path), "bytes": size, "files": len(pack.files)}
        say_json({**said, "sessions": sessions, "missing": missing, "exit_code": code})
        return code
    for name, why in missing.items():
        complain(clean_line(f"missing: {name}: {why}"))
    files = f"{len(pack.files)} files of {len(sessions)} flights"
    say(clean_line(f"{path}: {files}, {size / 1e6:.1f} MB"))
    return code


# --- what was decided -----------------------------------------------------------------------------


def decisions(plan: Plan) -> Iterator[tuple[str, str]]:
    """Where topics and groups go by the plan, as CSV by file name."""
    from cockpit.report.csvs import rows_as_csv

    waves = {name: wave.name for wave in plan.waves for name in wave.services}
    yield "topics.csv", "".join(rows_as_csv(_TOPICS, _topic_rows(plan, waves)))
    yield "offsets.csv", "".join(rows_as_csv(_OFFSETS, _offset_rows(plan, waves)))


def _topic_rows(plan: Plan, waves: Mapping[str, str]) -> Iterator[tuple[str, ...]]:
    """Only replication that keeps names is flown."""
    for topic in plan.topics():
        writers = [s.name for s in plan.services if topic in s.produces]
        readers = [s.name for s in plan.services if topic in s.consumes]
        moved = dict.fromkeys(waves[name] for name in writers or readers if name in waves)
        yield topic, topic, ", ".join(moved), ", ".join(writers), ", ".join(readers)


def _offset_rows(plan: Plan, waves: Mapping[str, str]) -> Iterator[tuple[str | int | None, ...]]:
    for service in plan.services:
        if service.group is None:
            continue
        spec = service.offsets
        accepted = (spec.accept_loss or spec.accept_replay) if spec is not None else None
        yield (
            *(service.group, service.name, service.owner, waves.get(service.name, "")),
            *(service.resume, spec.replay_tolerance_records if spec is not None else None),
            *((accepted.why, accepted.by) if accepted is not None else (None, None)),
        )


# --- what there is --------------------------------------------------------------------------------


def _inventory(pack: Pack, plan: Plan) -> dict[str, str]:
    """Both clusters as they are now; what could not be read."""
    import json

    from cockpit.cli.census import census
    from cockpit.cli.inventory import KIND_WORDS, as_json, csv_lines
    from cockpit.core.inventory import take_inventory
    from cockpit.plan.secrets import SecretUnavailable
    from cockpit.ports import PortError
    from cockpit.secrecy import SECRETS

    try:
        facts = asyncio.run(census(plan, apart_ms=0))
    except (SecretUnavailable, PortError) as error:
        return {"inventory": str(error)}
    found = take_inventory(plan, facts)
    items = list(found.items)
    pack.text("inventory.json", SECRETS.known(json.dumps(as_json(found, items), indent=1)) + "\n")
    for word in KIND_WORDS.values():
        pack.text(f"inventory/{word}.csv", SECRETS.known("".join(csv_lines(items, word))))
    return {f"inventory: {why.partition(':')[0]}": why for why in found.unread}


# --- what was flown -------------------------------------------------------------------------------


def _sessions(pack: Pack, path: Path, name: str, missing: dict[str, str]) -> list[str]:
    """Every flight of the plan that this user has on this machine, oldest first."""
    from cockpit.cli.leftovers import sessions_of
    from cockpit.report.csvs import rows_as_csv

    folders = sessions_of(str(path.resolve()), name)
    placed: list[tuple[str | int | None, ...]] = []
    for folder in folders:
        if os.isatty(2):
            complain(clean_line(f"{folder.id} ..."))
        _session(pack, folder, placed, missing)
    pack.text("placed.csv", "".join(rows_as_csv(_PLACED, placed)))
    if not folders:
        missing["sessions"] = "no flight of this plan is kept for this user on this machine"
    return [folder.id for folder in folders]


def _session(
    pack: Pack,
    folder: SessionFolder,
    placed: list[tuple[str | int | None, ...]],
    missing: dict[str, str],
) -> None:
    from cockpit.cli.recordings import Found, NoRecording
    from cockpit.cli.report import reviewed
    from cockpit.engine.journal import JournalError, read_journal
    from cockpit.report.reading import MaterialError

    for path in (folder.plan, folder.journal, folder.recording):
        if path.exists():
            pack.file(f"sessions/{folder.id}/{path.name}", path)
        else:
            missing[f"{folder.id}/{path.name}"] = "not there"
    try:
        placed += (_placed(folder.id, e) for e in read_journal(folder.journal) if _is_placing(e))
    except (JournalError, OSError) as error:
        missing[f"{folder.id}: places of its groups"] = str(error)
    if not folder.recording.exists():
        return
    try:
        for kind, text in reviewed(Found(folder.recording, folder.id), ("md", "html")).items():
            pack.text(f"sessions/{folder.id}/report.{kind}", text)
    except (NoRecording, MaterialError) as error:
        missing[f"{folder.id}/report"] = str(error)


def _is_placing(entry: Mapping[str, Any]) -> bool:
    return bool(entry.get("kind") == "offsets_placed")


def _placed(session: str, entry: Mapping[str, Any]) -> tuple[str | int | None, ...]:
    return (session, entry["at_ms"], *(entry.get(key) for key in _PLACED[2:]))
