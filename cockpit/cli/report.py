"""`cockpit report [SESSION]`: the review of a flight, from its recording alone."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cockpit.cli import exits
from cockpit.cli.again import cut_short
from cockpit.cli.output import Progress, clean, clean_line, complain
from cockpit.cli.recordings import Found, NoRecording, find_recording, opened
from cockpit.engine.folders import write_private

if TYPE_CHECKING:
    from cockpit.report.document import Document
    from cockpit.wire.recording import Reader

FORMATS = ("md", "html", "json")


def add_parser(commands: Any) -> None:  # noqa: ANN401  # argparse's own type is private
    """`report` and its options."""
    parser = commands.add_parser(
        "report",
        help="write the review of a flight from its recording",
        description="Writes what a review of the flight needs: what a recording can tell is filled "
        "in, with the numbers of the events that it stands on; what people must say is left as "
        "to-dos. The same recording gives the same bytes.",
    )
    parser.add_argument("session", nargs="?", metavar="SESSION", help="default: the newest")
    parser.add_argument(
        "--format", choices=FORMATS, help="default: by the name of the output, else md"
    )
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="default: print it")
    parser.add_argument(
        "--anonymise",
        action="store_true",
        help="replace every name by a pseudonym, and withhold what people wrote",
    )
    parser.add_argument(
        "--names", type=Path, metavar="FILE", help="with --anonymise: keep the pseudonyms here"
    )


def run(options: argparse.Namespace) -> int:
    """Read, write, say where it is."""
    if options.names is not None and not options.anonymise:
        complain("--names goes with --anonymise")
        return exits.USAGE
    kind = options.format or _by_name(options.output)
    from cockpit.replay.rerun import damages
    from cockpit.report.reading import MaterialError

    try:
        found = find_recording(options.session)
        with opened(found) as reader:
            left_out: list[str] = []
            document, words = _document(reader, left_out, anonymise=options.anonymise)
            damaged = damages(reader)
    except NoRecording as error:
        complain(clean_line(str(error)))
        return error.code
    except MaterialError as error:
        complain(clean_line(str(error)))
        return exits.FAILED
    for why in cut_short(damaged):
        complain(clean_line(f"{found.name}: {why}"))
    for why in left_out:
        complain(clean_line(f"left out of the proposed tolerances: {why}"))
    text = _text(document, kind)
    try:
        if options.names is not None:
            names = json.dumps(words, indent=1, sort_keys=True) + "\n"
            write_private(options.names, names)
        if options.output is not None:
            write_private(options.output, text)
    except OSError as error:
        complain(clean_line(f"{error.filename}: {error.strerror}"))
        return exits.FAILED
    if options.output is None:
        sys.stdout.write(clean(text) if kind == "md" else text)
    else:
        complain(clean_line(f"{options.output}: the report of session {found.name}"))
    return exits.COMPLETED


def reviewed(found: Found, kinds: Sequence[str]) -> dict[str, str]:
    """The report of one recording in each of these formats. Raises NoRecording, MaterialError."""
    with opened(found) as reader:
        document, _ = _document(reader, [], anonymise=False)
    return {kind: _text(document, kind) for kind in kinds}


def _by_name(path: Path | None) -> str:
    """The format that a file's name asks for."""
    word = path.suffix.lower().lstrip(".") if path is not None else ""
    return {"html": "html", "htm": "html", "json": "json"}.get(word, "md")


def _document(
    reader: Reader, left_out: list[str], *, anonymise: bool
) -> tuple[Document, dict[str, str]]:
    """The report, and the pseudonym of each name. `left_out` is told what the proposed tolerances
    could not be drawn from. Raises MaterialError."""
    from cockpit.replay.tuned import Tuned
    from cockpit.report.anonymise import anonymised, names_in, pseudonyms, withheld
    from cockpit.report.build import report
    from cockpit.report.reading import material

    with closing(Progress("reading the recording")) as progress:
        tuned = Tuned(progress)
        tuned.session("this session", reader)
        found = material(reader, tuned)
        words = pseudonyms(names_in(found)) if anonymise else {}
        document = report(withheld(found) if anonymise else found, tuned.proposals)
    left_out.extend(tuned.left_out())
    return (anonymised(document, words) if anonymise else document), words


def _text(document: Document, kind: str) -> str:
    from cockpit.report.html import html
    from cockpit.report.machine import as_json
    from cockpit.report.markdown import markdown

    return {"html": html, "json": as_json}.get(kind, markdown)(document)
