"""The plan format as Markdown tables, from the same tables that the loader reads by.

Never writes prose: `docs/plan.md` holds that, around the marked place where these tables go.
`python -m cockpit.plan.reference docs/plan.md` puts them there.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import assert_never

from cockpit.plan.document import MAX_BYTES, MAX_DEPTH, MAX_NODES
from cockpit.plan.format import OBJECTS
from cockpit.plan.kinds import Choice, Field, Kind, ListOf, MapOf, Object, OneOf, Scalar
from cockpit.plan.rules import RULES

BEGIN = "<!-- tables: begin (make them with: python -m cockpit.plan.reference docs/plan.md) -->"
END = "<!-- tables: end -->"


def reference() -> str:
    """All tables: keys, rules, what is not built yet, limits."""
    parts = [_section(kind) for kind in OBJECTS.values()]
    return "\n\n".join([*parts, _rules(), _not_built(), _limits()])


def with_tables(document: str) -> str:
    """The document with the tables between its marks. Raises ValueError without the marks."""
    head, begin, rest = document.partition(BEGIN)
    _old, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError("the document has no place for the tables")
    return f"{head}{BEGIN}\n\n{reference()}\n\n{END}{tail}"


def _section(kind: Object | OneOf) -> str:
    head = f"### {kind.name}\n\n{kind.doc}\n"
    if isinstance(kind, Object):
        if kind.variants:
            ways = "; ".join(" with ".join(f"`{key}`" for key in keys) for keys in kind.variants)
            head += f"Exactly one of these is given: {ways}.\n"
        if not kind.fields:
            return head.rstrip()
        rows = [_row(field) for field in kind.fields]
        return _table(head, ("key", "value", "when absent", "meaning"), rows)
    rows = [
        (f"`{word}`", _option(option), "yes" if word in kind.bare_words() else "no", _doc(option))
        for word, option in kind.options.items()
    ]
    return _table(head, ("key", "value", "bare word", "meaning"), rows)


def _row(field: Field) -> tuple[str, ...]:
    if field.required:
        absent = "**refused**"
    else:
        absent = "-" if field.default is None else f"`{field.default}`"
    return f"`{field.key}`", _value(field.kind), absent, field.doc


def _value(kind: Kind) -> str:
    match kind:
        case Scalar():
            return kind.label
        case Choice():
            return " or ".join(f"`{word}`" for word in kind.words)
        case ListOf():
            few = "list" if not kind.at_least else "list, not empty"
            few = f"one or a {few}" if kind.or_one else few
            return f"{few}: {_value(kind.kind)}"
        case MapOf():
            return f"mapping from {kind.key.label} to {_value(kind.kind)}"
        case Object() | OneOf():
            return f"[{kind.name}](#{kind.name.replace(' ', '-')})"
        case _:
            assert_never(kind)


def _option(option: Object | Scalar) -> str:
    return _value(option)


def _doc(option: Object | Scalar) -> str:
    return option.doc if isinstance(option, Object) else "A person does it and says so."


def _rules() -> str:
    rows = [(f"`{rule.name}`", rule.statement) for rule in RULES]
    return _table("### Rules\n", ("rule", "what it says"), rows)


def _not_built() -> str:
    rows = [(place, f"`{word}`") for place, word in unbuilt_words()]
    head = "### Recognised, not built yet\n\nThese belong to the format and are refused by name.\n"
    return _table(head, ("where", "word"), rows)


def unbuilt_words() -> Iterator[tuple[str, str]]:
    """Everything that is refused by name: where, and the word."""
    for kind in OBJECTS.values():
        for word in kind.unbuilt:
            yield kind.name, word
        for field in kind.fields if isinstance(kind, Object) else ():
            if isinstance(field.kind, Choice):
                for word in field.kind.unbuilt:
                    yield f"{kind.name}, `{field.key}:`", word


def _limits() -> str:
    rows = [
        ("size of the file", f"{MAX_BYTES:,} bytes"),
        ("keys and values", f"{MAX_NODES:,}"),
        ("levels of nesting", str(MAX_DEPTH)),
    ]
    return _table("### Limits\n", ("what", "at most"), rows)


def _table(head: str, columns: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines: list[tuple[str, ...]] = [columns, tuple("---" for _ in columns), *rows]
    return f"{head}\n" + "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def main(paths: list[str]) -> None:
    """Put the tables into each document."""
    for path in map(Path, paths):
        path.write_text(with_tables(path.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
