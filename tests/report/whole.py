"""A recording's report as `cockpit report` makes it."""

from __future__ import annotations

from cockpit.replay.tuned import Tuned
from cockpit.report.build import report
from cockpit.report.document import Document
from cockpit.report.reading import material
from cockpit.wire.recording import Reader


def whole_report(reader: Reader) -> Document:
    """With the tolerances that it proposes."""
    tuned = Tuned()
    tuned.session("this session", reader)
    return report(material(reader, tuned), tuned.proposals)
