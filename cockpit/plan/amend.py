"""A plan's text with some values replaced, for asking what another tolerance would have done.

Changes text only; whether the result is a plan is for the loader to say. Never touches a file.
"""

from __future__ import annotations

from collections.abc import Sequence

from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cockpit.plan.document import compose, describe, node_place
from cockpit.plan.problems import Place, PlanInvalid, Problem, Problems, did_you_mean
from cockpit.plan.text import clean, quoted


class AmendError(Exception):
    """An assignment that cannot be carried out: what it names is not in the plan."""


def amend(text: str, assignments: Sequence[str], *, origin: str) -> str:
    """The text after assignments such as `waves.readers.gates.0.max=50`, one after the other.

    A path goes through keys, numbers of list items and names of items that have a `name`; a mapping
    with a single key that the path does not name is stepped through, so that a gate's kind may be
    left out. A key that is absent from the last mapping is added to it. Raises AmendError with what
    there is instead, PlanInvalid where the text is no YAML.
    """
    for assignment in assignments:
        path, equals, value = assignment.partition("=")
        words = tuple(word.strip() for word in path.split("."))
        if not equals or not all(words) or not value.strip():
            raise AmendError(f"{quoted(assignment)}: write PATH=VALUE, such as {_EXAMPLE}")
        if "\n" in value or "\r" in value:
            raise AmendError(f"{quoted(assignment)}: a value is one line")
        text = _amended(text, words, value.strip(), origin)
    return text


_EXAMPLE = "waves.readers.gates.0.max=50"


def _amended(text: str, words: tuple[str, ...], value: str, origin: str) -> str:
    problems = Problems()
    node = compose(text, problems)
    if node is None or problems:
        raise PlanInvalid(problems.sorted() or (_EMPTY,), origin=origin)
    for number, word in enumerate(words[:-1]):
        node = _into(node, word, words[:number])
    holder = _holding(node, words[-1])
    place = ".".join(words[:-1])
    if isinstance(holder, MappingNode):
        found = _values(holder).get(words[-1])
        if found is None:
            return _added(text, holder, words[-1], value)
        return _replaced(text, found, value, ".".join(words))
    if isinstance(holder, SequenceNode):
        return _replaced(text, _into(holder, words[-1], words[:-1]), value, ".".join(words))
    raise AmendError(f"{clean(place)} is {describe(holder)}: there is nothing in it to set")


_EMPTY = Problem(1, 1, "the file is empty")


def _values(node: MappingNode) -> dict[str, Node]:
    return {key.value: value for key, value in node.value if isinstance(key, ScalarNode)}


def _holding(node: Node, word: str) -> Node:
    """The node itself, or the only value of a mapping that does not know the word."""
    while isinstance(node, MappingNode) and len(node.value) == 1:
        values = _values(node)
        inner = next(iter(values.values()), None)
        if word in values or not isinstance(inner, MappingNode | SequenceNode):
            return node
        node = inner
    return node


def _into(node: Node, word: str, before: tuple[str, ...]) -> Node:
    node = _holding(node, word)
    where = clean(".".join(before)) or "the plan"
    if isinstance(node, MappingNode):
        known = _values(node)
    elif isinstance(node, SequenceNode):
        known = _items(node)
    else:
        raise AmendError(f"{where} is {describe(node)}: there is no {quoted(word)} in it")
    if word in known:
        return known[word]
    if isinstance(node, SequenceNode) and word.isdigit():
        raise AmendError(f"{where} has {len(node.value)} items, counted from 0")
    names = [name for name in known if not name.isdigit()]
    if isinstance(node, SequenceNode) and not names:
        raise AmendError(f"{where} is a list: name an item by its number, from 0")
    hint = clean(did_you_mean(word, names))
    raise AmendError(f"{where} has no {quoted(word)}{f' ({hint})' if hint else ''}")


def _items(node: SequenceNode) -> dict[str, Node]:
    """Items by number, and by name where they have one."""
    found: dict[str, Node] = {str(number): item for number, item in enumerate(node.value)}
    for item in node.value:
        name = _values(item).get("name") if isinstance(item, MappingNode) else None
        if isinstance(name, ScalarNode):
            found[name.value] = item
    return found


def _replaced(text: str, node: Node, value: str, path: str) -> str:
    if not isinstance(node, ScalarNode):
        raise AmendError(f"{clean(path)} is {describe(node)}, not a value")
    return text[: node.start_mark.index] + value + text[node.end_mark.index :]


def _added(text: str, holder: MappingNode, key: str, value: str) -> str:
    """The text with one more key in a mapping, in the mapping's own style."""
    if holder.flow_style:
        end = holder.end_mark.index - 1
        comma = ", " if holder.value else ""
        return f"{text[:end].rstrip()}{comma}{key}: {value}{text[end:]}"
    first = holder.value[0][0].start_mark
    place: Place = node_place(holder)
    indent = " " * (place.column - 1)
    return f"{text[: first.index]}{key}: {value}\n{indent}{text[first.index :]}"
