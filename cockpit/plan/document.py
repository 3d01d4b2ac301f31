"""Plan text to a tree of YAML nodes, within limits and without YAML's surprises.

Never constructs values: a scalar stays the text that stands in the file.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.nodes import CollectionNode, Node, ScalarNode

from cockpit.plan.problems import Place, Problems
from cockpit.plan.text import UNPRINTABLE_IN_FILE

MAX_BYTES = 1_000_000
MAX_NODES = 20_000
MAX_DEPTH = 20

ALIAS_TAG = "cockpit:alias"
"""Tag of a node that stands where the file had an alias."""
REFUSED_TAG = "cockpit:refused"
"""Tag of a node whose problem is already noted."""

_SYNTAX_HINTS: tuple[tuple[str, str, str], ...] = (
    # start of PyYAML's message, our message ("" keeps PyYAML's), hint
    ("duplicate tag handle", "YAML directives are not part of a plan", ""),
    ("found undefined tag handle", "tags are not part of a plan", ""),
    ("found character '\\t'", "a tab where a value begins", "indent with spaces"),
    ("found character", "", "put a value that begins with this character in quotes"),
    ("mapping values are not allowed", "", "a value with ': ' in it needs quotes"),
    ("expected alphabetic or numeric", "", "a value that begins with * or & needs quotes"),
    ("expected <block end>", "", "look at the indentation and at unclosed quotes or brackets"),
    ("could not find expected ':'", "", "look at the indentation and at the line before"),
    ("found unexpected end of stream", "", "a quote was opened and not closed"),
    ("expected ',' or", "", "a comma, a closing bracket or quotes around a value are missing"),
)


class _TooMuchError(Exception):
    """The file passes a limit; reading on would serve nobody."""


class _PlanLoader(yaml.SafeLoader):
    """Composes nodes only, and notes what a plan may not contain."""

    def __init__(self, text: str, problems: Problems) -> None:
        super().__init__(text)
        self._problems = problems
        self._node_count = 0
        self._depth = 0

    def compose_only_document(self) -> Node | None:
        """The root of the first document; directives and further documents are problems."""
        self._next_event()
        if self.check_event(yaml.StreamEndEvent):
            return None
        start = self._coming_event()
        if getattr(start, "version", None) or getattr(start, "tags", None):
            self._problems.add(_place(start.start_mark), "YAML directives are not part of a plan")
        root = self.compose_document()
        if not self.check_event(yaml.StreamEndEvent):
            self._problems.add(
                _place(self._coming_event().start_mark),
                "a second document begins here",
                "a plan is one YAML document",
            )
        return root

    def compose_node(self, parent: Node | None, index: object) -> Node | None:
        event = self._coming_event()
        mark = event.start_mark
        place = _place(mark)
        self._node_count += 1
        if self._node_count > MAX_NODES:
            self._problems.add(place, f"a plan has at most {MAX_NODES} values and keys")
            raise _TooMuchError
        if isinstance(event, yaml.AliasEvent):
            self._next_event()
            return ScalarNode(ALIAS_TAG, "", start_mark=mark)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._problems.add(place, f"nested deeper than {MAX_DEPTH} levels")
            raise _TooMuchError
        tagged = self._refuse_properties(event, place)
        node: Node | None = super().compose_node(parent, index)  # type: ignore[arg-type]  # typeshed says int
        self._depth -= 1
        if tagged and node is not None:
            node.tag = REFUSED_TAG
        return node

    def _refuse_properties(self, event: Any, place: Place) -> bool:  # noqa: ANN401  # of PyYAML
        """Strip anchor and tag off an event, each a problem; whether there was a tag."""
        if getattr(event, "anchor", None) is not None:
            self._problems.add(place, "anchors are not part of a plan", "write the value out")
            event.anchor = None
        tagged = getattr(event, "tag", None) is not None
        if tagged:
            self._problems.add(place, "tags are not part of a plan", "leave the !tag away")
            event.tag = None
            event.implicit = (True, True) if isinstance(event, yaml.ScalarEvent) else True
        return tagged

    def _next_event(self) -> Any:  # noqa: ANN401  # PyYAML's stubs leave it untyped
        return self.get_event()  # type: ignore[no-untyped-call]

    def _coming_event(self) -> Any:  # noqa: ANN401  # PyYAML's stubs leave it untyped
        return self.peek_event()  # type: ignore[no-untyped-call]


def compose(text: str, problems: Problems) -> Node | None:
    """The root node of the file, or None when its syntax leaves nothing to look at."""
    if not _within_limits(text, problems):
        return None
    loader = _PlanLoader(text, problems)
    try:
        root = loader.compose_only_document()
    except _TooMuchError:
        return None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark or loader.get_mark()
        problems.add(_place(mark), *_syntax_problem(error.problem or "not YAML"))
        return None
    except (yaml.YAMLError, ValueError, OverflowError):
        # PyYAML converts escapes such as \UFFFFFFFF and version numbers without a check.
        problems.add(_place(loader.get_mark()), "YAML syntax: a number or escape is out of range")
        return None
    finally:
        loader.dispose()
    if root is None:
        problems.add(Place(1, 1), "the file is empty", "begin with: cockpit: 1")
    return root


def node_place(node: Node) -> Place:
    """Where a node begins."""
    return _place(node.start_mark)


def describe(node: Node) -> str:
    """What a node is, in a word for messages; never its content."""
    if isinstance(node, CollectionNode):
        return "a list" if isinstance(node, yaml.SequenceNode) else "a mapping"
    return "nothing" if isinstance(node, ScalarNode) and not node.value else "a single value"


def _within_limits(text: str, problems: Problems) -> bool:
    if len(text) > MAX_BYTES or len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        problems.add(Place(1, 1), f"the file is larger than {MAX_BYTES} bytes")
        return False
    start = 1 if text.startswith("\ufeff") else 0
    found = UNPRINTABLE_IN_FILE.search(text, start)
    if found:
        position = found.start()
        line = text.count("\n", 0, position) + 1
        column = position - (text.rfind("\n", 0, position) + 1) + 1
        problems.add(
            Place(line, column),
            f"an invisible or control character (U+{ord(found.group()):04X})",
            "remove it; what people review must be what is read",
        )
        return False
    return True


def _place(mark: yaml.Mark) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _syntax_problem(message: str) -> tuple[str, str]:
    message = re.sub(r"\s+", " ", message)
    for start, ours, hint in _SYNTAX_HINTS:
        if message.startswith(start):
            return f"YAML syntax: {ours or message}", hint
    return f"YAML syntax: {message}", ""
