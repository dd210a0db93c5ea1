from array import array
from io import BytesIO
from itertools import accumulate
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.transforms.bigtable.read_rows_stream import ROWS, Cell, Row, cell_chunk, chunk, message, read_record, record
from transforms.batch import Batch
from transforms.bigtable.codec.record_inspector import inspect
from transforms.bigtable.codec.row_assembler import RowAssembler
from transforms.errors import IntegrityError

SOME_ROWS = ROWS.filter(bool)
MIB = 1 << 20


def row(key: bytes, *families: str, timestamp: int = 5) -> Row:
    return Row(key, [Cell(family, b"q", timestamp, b"v") for family in families])


def joined(*rows: Row) -> bytes:
    return b"".join(record(each) for each in rows)


@given(SOME_ROWS, st.sampled_from([bytes, bytearray, memoryview]))
def test_records_that_fastavro_wrote_are_a_batch(rows: list[Row], kind: type) -> None:
    records = [record(each) for each in rows]
    whole = b"".join(records)
    ends = array("Q", accumulate(map(len, records)))
    assert inspect(kind(whole)) == Batch(len(rows), rows[0].key, rows[-1].key, whole, ends)


def test_the_pieces_of_a_row_count_as_one_row() -> None:
    assembler = RowAssembler(1 << 30)
    cells = [chunk(b"k", "f", b"", value=bytes(9 * MIB)) for _ in range(3)]
    assembler.feed(message(cell_chunk(b"a"), *cells, chunk(commit_row=True), cell_chunk(b"l")))
    batch = assembler.finish()
    assert batch is not None
    assert (batch.rows, len(batch.record_ends)) == (3, 5)
    assert inspect(batch.records) == batch


def test_bytes_are_not_copied() -> None:
    records = joined(row(b"k", "f"))
    assert inspect(records).records is records


# A record by hand: key "k", one cell of family "f", qualifier "q", timestamp 0, value "v", end of the array.
GOOD = b"\x02k" + b"\x02" + b"\x02f\x02q\x00\x02v" + b"\x00"
LARGE = bytes(9 * MIB)
LARGE_F, LARGE_G = Cell("f", b"", 0, LARGE), Cell("g", b"", 0, LARGE)
BROKEN = {
    "no record": ("there is none", b""),
    "key cut off": ("record 2, offset 11, .*the key is cut off", GOOD + b"\x04l"),
    "key of negative size": ("the key is cut off, has a negative size", b"\x01" + GOOD[1:]),
    "key of a long varint": ("record 1, offset 0: the key .* shortest varint", b"\x82\x00" + GOOD[1:]),
    "key of an endless varint": ("the key", b"\xff" * 11),
    "key beyond 64 bits": ("the key", b"\xff" * 9 + b"\x02" + GOOD),
    "key empty": ("the key is empty", b"\x00" + GOOD[2:]),
    "key below": ("record 2, offset 11, at or after key k: the key is below", GOOD + b"\x02j" + GOOD[2:]),
    "key again": ("had room for this cell", GOOD + GOOD),
    "no count": ("offset 2, .*the number of cells", GOOD[:2]),
    "no cells": ("without cells", GOOD[:2] + b"\x00"),
    "sized block": ("with a size in bytes", b"\x02k" + b"\x01\x0e" + GOOD[3:]),
    "second block": ("after its first block", GOOD[:-1] + GOOD[2:]),
    "no terminator": ("after its first block", GOOD[:-1]),
    "terminator of a long varint": ("after its first block", GOOD[:-1] + b"\x80\x00"),
    "too few cells": ("a family", b"\x02k\x04" + GOOD[3:]),
    "count of a billion": ("a family", b"\x02k\x80\xa8\xd6\xb9\x07" + GOOD[3:]),
    "family cut off": ("offset 3, .*a family", GOOD[:3] + b"\x7ef"),
    "family not UTF-8": ("not UTF-8", GOOD.replace(b"f", b"\xff")),
    "families out of order": ("sorts before", b"\x02k\x04" + b"\x02g\x02q\x00\x02v" + GOOD[3:]),
    "qualifier cut off": ("offset 5, .*a qualifier", GOOD[:5] + b"\x7eq"),
    "timestamp cut off": ("offset 7, .*a timestamp", GOOD[:7] + b"\x80"),
    "timestamp beyond 64 bits": ("a timestamp", GOOD[:7] + b"\xff" * 9 + b"\x7f" + GOOD[8:]),
    "timestamp negative": ("timestamp is negative", GOOD[:7] + b"\x01" + GOOD[8:]),
    "value cut off": ("offset 8, .*a value", GOOD[:8] + b"\x04v"),
    "value larger than memory": ("a value", GOOD[:8] + b"\xfe" + b"\xff" * 8 + b"\x01v"),
    "trailing byte": ("record 2", GOOD + b"\x02"),
    "piece out of order": ("sorts before", joined(Row(b"k", [LARGE_G]), Row(b"k", [LARGE_F]))),
    "several cells too large": ("several cells pass", joined(Row(b"k", [LARGE_F, LARGE_F]))),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_fault_is_named_with_its_record_and_offset(name: str) -> None:
    fault, records = BROKEN[name]
    with pytest.raises(IntegrityError, match=fault):
        inspect(records)


def test_the_largest_timestamp_and_key_are_fine() -> None:
    rows = [row(b"\x00", "f", timestamp=2**63 - 1), row(b"\xff" * 4096, "f")]
    assert inspect(joined(*rows)).last_key == b"\xff" * 4096


@given(SOME_ROWS)
def test_no_beginning_of_the_records_but_whole_ones_passes(rows: list[Row]) -> None:
    whole = joined(*rows)
    ends = set(inspect(whole).record_ends)
    for size in range(len(whole)):
        if size not in ends:
            with pytest.raises(IntegrityError):
                inspect(whole[:size])


@given(SOME_ROWS, st.integers(0, 2**32).map(Random))
def test_damaged_records_are_refused_or_are_other_canonical_records(rows: list[Row], random: Random) -> None:
    damaged = bytearray(joined(*rows))
    for _ in range(random.choice([1, 1, 2, 9])):
        damaged[random.randrange(len(damaged))] = random.choice([0, 1, 2, 127, 128, 255, random.randrange(256)])
    try:
        batch = inspect(damaged)
    except IntegrityError:
        return
    source = BytesIO(damaged)
    found = [read_record(source) for _ in batch.record_ends]
    assert joined(*found) == damaged
    assert [each.key for each in found] == sorted({each.key for each in found})


@given(SOME_ROWS, st.sets(st.text(min_size=1, max_size=3)), st.data())
def test_exactly_records_of_known_families_pass(rows: list[Row], more: set[str], data: st.DataObject) -> None:
    records = joined(*rows)
    families = {cell.family.encode() for each in rows for cell in each.cells}
    known = families | {name.encode() for name in more}
    assert inspect(records, known) == inspect(records)
    unknown = data.draw(st.sampled_from(sorted(families)))
    with pytest.raises(IntegrityError, match="the table's schema does not have the family"):
        inspect(records, known - {unknown})


def test_no_family_is_known_where_there_is_none() -> None:
    with pytest.raises(IntegrityError, match=r"record 1, offset 3.*does not have the family"):
        inspect(GOOD, [])
    with pytest.raises(IntegrityError, match="does not have the family"):
        inspect(GOOD.replace(b"\x02f", b"\x00"), [b"f"])
