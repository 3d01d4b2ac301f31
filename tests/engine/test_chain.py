"""Every change of a journal is found: each byte flipped, each line dropped, moved, put in, cut."""

from __future__ import annotations

import copy
import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cockpit.engine import chain
from cockpit.engine.chain import FIRST_HASH, Break, Examined, Head, examine, read_head
from cockpit.engine.journal import Journal

ENTRIES = 1_000
KINDS = ("asked", "intent", "outcome", "gate", "state", "note")
HOSTILE = ('"hash":"' + "0" * 64 + '",', "é\u202e\u2028", "\\u0041", "1e5", "null\n", "")


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, ...]:
    """A journal of a thousand entries, some of whose data looks like a hash."""
    path = tmp_path_factory.mktemp("chain") / "journal.jsonl"
    rng = random.Random(7)
    journal = Journal(path)
    for number in range(ENTRIES):
        data = {
            "text": f"entry {number} {rng.choice(HOSTILE)}",
            "data": {"hash": "ab" * 32, "n": rng.random(), "é": [None, True, -0.0]},
        }
        journal.append(rng.choice(KINDS), 1_000 * number, data, sync=False)
    journal.close()
    return tuple(whole(path.read_bytes()))


def whole(data: bytes) -> list[bytes]:
    """Lines as a file gives them: only a line feed ends one."""
    parts = data.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def at(line: int, found: Examined) -> str:
    """What is said of one line; empty: nothing."""
    return "; ".join(one.what for one in found.breaks if one.line == line)


def head_of(lines: tuple[bytes, ...], number: int) -> Head:
    return Head(number, json.loads(lines[number - 1])["hash"])


def is_found(before: chain._Looking, changed: list[bytes], number: int) -> bool:
    """Whether a break is told once these lines have been taken in behind what was good. A fold
    that only ever adds breaks tells it then of the whole file too."""
    looking = copy.copy(before)
    looking.breaks = []
    looking._known, looking._numbers = {}, {}
    for offset, raw in enumerate(changed):
        looking.take(number + offset, raw)
    return bool(looking.breaks) or looking.torn is not None


def test_as_it_was_written_it_is_whole(lines: tuple[bytes, ...]) -> None:
    kept = [head_of(lines, number) for number in (1, 500, ENTRIES)]
    found = examine(lines, kept)
    assert (found.breaks, found.torn, found.entries, found.kept) == ((), None, ENTRIES, 3)
    assert found.head == kept[-1]
    assert (found.from_ms, found.to_ms) == (0, 999_000)


def test_each_flipped_byte_is_found(lines: tuple[bytes, ...]) -> None:
    rng = random.Random(1)
    looking = chain._Looking()
    missed = flipped = 0
    for number, raw in enumerate(lines, 1):
        behind = lines[number : number + 1]
        for index in range(len(raw)):
            changed = bytearray(raw)
            changed[index] ^= rng.randrange(1, 256)
            flipped += 1
            missed += not is_found(looking, whole(bytes(changed) + b"".join(behind)), number)
        looking.take(number, raw)
    assert flipped == sum(map(len, lines))
    assert missed == 0


def test_every_other_value_of_each_byte_is_found_in_a_whole_file(
    lines: tuple[bytes, ...],
) -> None:
    data = b"".join(lines[:2])
    for index in range(len(data)):
        for value in range(256):
            if value == data[index]:
                continue
            found = examine(whole(data[:index] + bytes([value]) + data[index + 1 :]))
            assert found.breaks or found.torn, (index, value)


def test_each_dropped_line_is_found_and_named(lines: tuple[bytes, ...]) -> None:
    for number in range(1, ENTRIES):
        found = examine([*lines[: number - 1], *lines[number : number + 2]])
        assert f"entry {number} is missing" in at(number, found), number
    assert not examine(lines[:-1]).breaks  # the last one: only a kept head knows of it
    kept = head_of(lines, ENTRIES)
    (one,) = examine(lines[:-1], [kept]).breaks
    assert "ends with entry 999" in one.what


def test_each_swapped_pair_is_found_and_named(lines: tuple[bytes, ...]) -> None:
    for number in range(1, ENTRIES):
        swapped = [*lines[: number - 1], lines[number], lines[number - 1]]
        found = examine([*swapped, *lines[number + 1 : number + 3]])
        assert f"entry {number + 1} stands here" in at(number, found), number
        assert f"entry {number} stands here, behind entry {number + 1}" in at(number + 1, found)
        assert len(found.breaks) == 2


def test_each_line_put_in_again_or_from_elsewhere_is_found(lines: tuple[bytes, ...]) -> None:
    rng = random.Random(3)
    for number in range(1, ENTRIES):
        other = lines[rng.randrange(number)]
        found = examine([*lines[:number], other, *lines[number : number + 1]])
        assert "once more" in at(number + 1, found), number
    forged = _forged(lines[499], {"text": "nobody wrote this"})
    found = examine([*lines[:500], forged, *lines[500:]])
    assert found.breaks
    assert found.breaks[0].line == 501


def test_each_cut_at_a_line_is_found_against_a_kept_head_and_only_then(
    lines: tuple[bytes, ...],
) -> None:
    kept = head_of(lines, ENTRIES)
    for length in range(0, ENTRIES, 7):
        cut = lines[:length]
        assert not examine(cut).breaks
        found = examine(cut, [kept])
        assert [one.line for one in found.breaks] == [0], length
        assert f"ends with entry {length}" in found.breaks[0].what


def test_each_cut_inside_of_a_line_is_found_without_one(lines: tuple[bytes, ...]) -> None:
    raw = lines[9]
    for length in range(1, len(raw)):
        found = examine([*lines[:9], raw[:length]])
        assert found.torn is not None
        assert (found.torn.line, found.torn.bytes) == (10, length)


def _forged(raw: bytes, changes: dict[str, object], prev: str | None = None) -> bytes:
    """A line as a forger writes it, who knows how hashes are made."""
    from cockpit.engine.journal import entry_hash

    entry = {**json.loads(raw), **changes}
    entry["prev"] = entry["prev"] if prev is None else prev
    entry["hash"] = entry_hash(entry)
    return json.dumps(entry, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_a_line_with_its_hash_made_anew_does_not_fit_the_next(lines: tuple[bytes, ...]) -> None:
    forged = _forged(lines[41], {"text": "another"})
    found = examine([*lines[:41], forged, *lines[42:]])
    assert [one.line for one in found.breaks] == [43]
    assert "follows another entry 42" in found.breaks[0].what


def test_a_journal_written_anew_to_its_end_is_found_against_a_kept_head_and_only_then(
    lines: tuple[bytes, ...],
) -> None:
    anew, prev = list(lines[:10]), json.loads(lines[9])["hash"]
    for raw in lines[10:20]:
        anew.append(_forged(raw, {"text": "another"}, prev))
        prev = json.loads(anew[-1])["hash"]
    assert not examine(anew).breaks
    assert not examine(anew, [head_of(lines, 10)]).breaks
    (one,) = examine(anew, [head_of(lines, 15)]).breaks
    assert "entry 15 is another one" in one.what
    (one,) = examine(anew, [Head(None, head_of(lines, 15).hash)]).breaks
    assert "no entry has the kept head" in one.what


def test_the_same_json_in_other_bytes_was_changed(lines: tuple[bytes, ...]) -> None:
    raw = next(raw for raw in lines if b"\\u00e9" in raw)
    spelt = raw.replace(b"\\u00e9", b"\\u00E9", 1)
    assert json.loads(spelt) == json.loads(raw)
    number = json.loads(raw)["seq"]
    assert at(number, examine([*lines[: number - 1], spelt])) != ""


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_two_lines_in_other_places_are_found(
    lines: tuple[bytes, ...], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(range(12)))
    found = examine([lines[index] for index in order])
    assert bool(found.breaks) == (list(order) != list(range(12)))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=200), max_size=6))
def test_no_bytes_make_it_fail(parts: list[bytes]) -> None:
    examine(whole(b"\n".join(parts)))


@pytest.mark.parametrize(
    "raw",
    [
        b"[" * 100_000 + b"\n",
        b'{"seq":' + b"9" * 10_000 + b"}\n",
        b'{"at_ms":1,"hash":"x","prev":"y","seq":' + b"9" * 4_000 + b"}\n",
        b'{"at_ms":true,"hash":"x","prev":"y","seq":1}\n',
        b"NaN\n",
    ],
)
def test_hostile_lines_are_breaks_and_cost_nothing(raw: bytes) -> None:
    begun = time.perf_counter()
    assert [one.line for one in examine([raw]).breaks] == [1]
    assert time.perf_counter() - begun < 1


def test_heads_are_read_as_they_are_shown() -> None:
    full = "ab" * 32
    assert read_head(f"12:{full}") == Head(12, full)
    assert read_head(f" 12:{full[:16].upper()}\n") == Head(12, full[:16])
    assert read_head(full) == Head(None, full)
    for wrong in ("12", f"12:{full[:15]}", full[:16], f"x:{full}", f"-1:{full}", f"12:{full}0", ""):
        with pytest.raises(ValueError, match="head"):
            read_head(wrong)


def test_a_shortened_head_that_is_another_ones_is_found(lines: tuple[bytes, ...]) -> None:
    kept = Head(5, head_of(lines, 5).hash[:16])
    assert not examine(lines[:9], [kept, Head(0, FIRST_HASH[:16])]).breaks
    assert examine(lines[:9], [Head(5, "0" * 16)]).breaks[0] == Break(
        0,
        "entry 5 is another one than the kept head 5:0000000000000000: from there, or from "
        "before, it was written anew",
    )


def test_an_hour_takes_less_than_a_second(tmp_path: Path) -> None:
    """Twenty thousand entries are more than five a second for an hour."""
    journal = Journal(tmp_path / "journal.jsonl")
    data = {"state": {"waves": [{"name": f"wave-{n}", "word": "done"} for n in range(10)]}}
    for number in range(20_000):
        journal.append("state", number, data, sync=False)
    journal.close()
    begun = time.process_time()
    with (tmp_path / "journal.jsonl").open("rb") as file:
        assert examine(file, [journal.kept_head]).breaks == ()
    assert time.process_time() - begun < 1
