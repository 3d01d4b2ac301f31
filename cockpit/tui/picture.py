"""The screen as a picture: an SVG that stands alone.

Textual's own export asks a foreign host for fonts; that part is taken out, so that opening the
picture tells nobody. The text in it was cleaned when it was drawn.
"""

from __future__ import annotations

import re

from cockpit.tui.app import CockpitApp

_FONT_FACE = re.compile(r"@font-face\s*\{[^}]*\}\s*")
_COMMENT = re.compile(r"<!--.*?-->\s*", re.DOTALL)


def picture(app: CockpitApp, *, title: str = "cockpit") -> str:
    """What `app` shows now, as SVG without any reference to another place."""
    svg = app.export_screenshot(title=title)
    alone = _FONT_FACE.sub("", _COMMENT.sub("", svg))
    return alone.replace("<text ", '<text xml:space="preserve" ')
