"""Receipts and index files: any Avro reader reads them, and they come back as they were."""

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.errors import IntegrityError, NotFoundError
from transforms.json_fields import Fields
from transforms.key_range import KeyRange
from transforms.vault.format.index import IndexEntry, IndexFile, decode_index, encode_index, read_index, summarise
from transforms.vault.format.layout import BackupLayout
from transforms.vault.format.object_ref import ObjectRef, refer
from transforms.vault.format.receipt import ReceiptEntry, decode_receipt, encode_receipt, read_receipt, write_receipt
from transforms.vault.format.shard import LARGEST_CHUNK, LAST_TIME, Chunk, Shard
from transforms.vault.format.totals import Totals, totals_of
from transforms.vault.store.local import LocalStore

BACKUP = "20260102T030405Z-00ff00"
LAYOUT = BackupLayout(BACKUP)
LONGS = st.integers(0, 2**63 - 1)
TIMES = st.integers(0, LAST_TIME)
DIGESTS = st.binary(min_size=32, max_size=32)
TABLES = st.text("abc%+-_.~", min_size=1, max_size=9).filter(lambda table: table[0] not in ".~")
HASHES = st.integers(0, 2**128 - 1)


def refs(
    name: Callable[..., str], first: st.SearchStrategy[Any], sizes: st.SearchStrategy[int]
) -> st.SearchStrategy[ObjectRef]:
    names = st.builds(name, first, st.integers(0, 10**9), st.text("0123456789abcdef", min_size=16, max_size=16))
    return st.builds(ObjectRef, names, sizes, st.integers(0, 2**32 - 1), DIGESTS)


RECEIPTS = refs(LAYOUT.receipt, st.integers(0, 10**9), LONGS)


@st.composite
def chunks(draw: st.DrawFn, space: str) -> Chunk:
    """Chunks that there can be, each at the start of its shard."""
    key_range = KeyRange(space, draw(st.binary(max_size=5)), draw(st.binary(max_size=5)))
    if draw(st.booleans()):
        return Chunk(key_range, 0, 0, 0, draw(LONGS), 0, draw(DIGESTS), 0)
    rows, records, size = sorted(draw(st.tuples(*[st.integers(1, LARGEST_CHUNK)] * 3)))
    return Chunk(key_range, rows, records, size, 0, draw(st.integers(1, LARGEST_CHUNK)), draw(DIGESTS), draw(HASHES))


@st.composite
def shards(draw: st.DrawFn) -> Shard:
    space = draw(st.sampled_from(["", "nulls"]))
    key_range = KeyRange(space, draw(st.binary(max_size=5)), draw(st.binary(max_size=5)))
    parts, reached = [], 0
    for item in draw(st.lists(chunks(space), max_size=4)):
        parts.append(replace(item, offset=reached + draw(st.integers(0, 9))) if item.rows else item)
        reached = parts[-1].offset + item.length if item.rows else reached
    ref = draw(refs(LAYOUT.shard, TABLES, st.integers(reached, 2**63 - 1)))
    sync = draw(st.binary(min_size=16, max_size=16))
    return Shard(ref, sync, key_range, draw(TIMES), draw(TIMES), tuple(parts))


def chunk(start: bytes, end: bytes, rows: int) -> Chunk:
    return Chunk(
        KeyRange("", start, end), rows, rows + 1, rows * 10, rows * 9, rows * 2, bytes([rows]) * 32, 2**128 - rows
    )


def shard(name: str, started: int, *parts: Chunk) -> Shard:
    whole = KeyRange("", parts[0].range.start, parts[-1].range.end)
    return Shard(refer(name, bytes(99)), bytes(range(16)), whole, started, started + 5, parts)


ONE, TWO, THREE = (LAYOUT.shard("t", number, "0" * 16) for number in range(3))
FIRST = shard(ONE, 100, chunk(b"", b"c", 1), chunk(b"c", b"m", 2))
SECOND = shard(TWO, 50, chunk(b"m", b"", 3))
THIRD = shard(THREE, 70, chunk(b"", b"", 4))
RECEIPT = LAYOUT.receipt(0, 0, "0" * 16)
ENTRIES = [
    IndexEntry(3, FIRST, refer(RECEIPT, b"1")),
    IndexEntry(3, SECOND, refer(RECEIPT, b"2")),
    IndexEntry(5, THIRD, refer(RECEIPT, b"2")),
]
RECEIVED = [ReceiptEntry(3, 9, FIRST), ReceiptEntry(4, 0, THIRD)]


def stored(store: LocalStore) -> IndexFile:
    data = encode_index(ENTRIES)
    store.put("index", data)
    return summarise(4, refer("index", data), ENTRIES)


@given(st.lists(st.builds(ReceiptEntry, LONGS, LONGS, shards()), max_size=3))
def test_a_receipt_comes_back(items: list[ReceiptEntry]) -> None:
    assert decode_receipt(encode_receipt(items), "receipt") == items


@given(st.lists(st.builds(IndexEntry, LONGS, shards(), RECEIPTS), max_size=3))
def test_an_index_comes_back(entries: list[IndexEntry]) -> None:
    assert decode_index(encode_index(entries), "index") == entries
    assert encode_index(entries) == encode_index(list(entries))


def test_any_avro_reader_reads_a_receipt() -> None:
    [record] = list(fastavro.reader(io.BytesIO(encode_receipt([ReceiptEntry(7, 2, SECOND)]))))
    expected: dict[str, Any] = {
        "name": TWO,
        "size": 99,
        "crc32c": SECOND.object.crc32c,
        "sha256": SECOND.object.sha256,
        "sync": bytes(range(16)),
        "space": "",
        "start": b"m",
        "end": b"",
        "read_started": 50,
        "read_finished": 55,
    }
    only: dict[str, Any] = {"start": b"m", "end": b"", "rows": 3, "records": 4, "bytes": 30, "offset": 27, "length": 6}
    only |= {"sha256": b"\x03" * 32, "hash_sum": b"\xff" * 15 + b"\xfd"}
    assert record == {"table": 7, "number": 2, "shard": {**expected, "chunks": [only]}}


def test_a_receipt_is_read_only_as_it_was_written(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    ref = write_receipt(store, "r", RECEIVED)
    assert read_receipt(store, ref) == RECEIVED
    assert write_receipt(store, "r", RECEIVED) == ref
    for other in (replace(ref, size=1), replace(ref, crc32c=1), replace(ref, sha256=bytes(32))):
        with pytest.raises(IntegrityError, match="r: the receipt is not the one that was written"):
            read_receipt(store, other)


def test_an_index_file_is_summed_up(tmp_path: Path) -> None:
    file = stored(LocalStore(str(tmp_path)))
    first, second = file.parts
    assert (file.number, file.shards, first.file) == (4, 3, file.object)
    assert (first.place, first.range, first.shards, first.chunks) == (3, KeyRange(), 2, 3)
    assert (first.read_started, first.read_finished) == (50, 105)
    assert first.totals == Totals(rows=6, records=9, bytes=60, stored_bytes=12, hash_sum=2**128 - 6)
    assert (second.place, second.range, second.shards, second.totals.rows) == (5, KeyRange(), 1, 4)
    assert file.totals == first.totals + second.totals


def test_an_index_file_is_read_back(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    assert read_index(store, stored(store)) == ENTRIES


def test_an_index_file_with_other_bytes_is_refused(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    file = stored(store)
    store.delete("index")
    with pytest.raises(NotFoundError, match="index"):
        read_index(store, file)
    store.put("index", encode_index(reversed(ENTRIES)))
    with pytest.raises(IntegrityError, match="index: the index file is not the one that was written"):
        read_index(store, file)


@pytest.mark.parametrize(
    "change",
    [{"shards": 3}, {"chunks": 2}, {"totals": Totals()}, {"range": KeyRange("", b"", b"x")}, {"read_started": 51}],
    ids=lambda change: next(iter(change)),
)
def test_an_index_file_whose_sums_are_not_the_manifests_is_refused(tmp_path: Path, change: dict[str, Any]) -> None:
    store = LocalStore(str(tmp_path))
    with pytest.raises(IntegrityError, match="index: the sums of the index file are not those of the manifest"):
        read_index(store, changed(stored(store), change))


def changed(file: IndexFile, change: dict[str, Any]) -> IndexFile:
    first, second = file.parts
    return replace(file, parts=(replace(first, **change), second))


def test_an_index_file_with_a_table_more_or_less_than_the_manifests_is_refused(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    file = stored(store)
    for parts in (file.parts[:1], file.parts[1:], file.parts[::-1], (*file.parts, file.parts[0])):
        with pytest.raises(IntegrityError, match="index: the sums of the index file are not those of the manifest"):
            read_index(store, replace(file, parts=parts))


def test_shards_that_do_not_tile_make_no_index_file() -> None:
    with pytest.raises(IntegrityError, match="do not tile"):
        summarise(0, refer("index", b""), ENTRIES[1::-1])


def test_an_index_file_without_an_entry_is_none() -> None:
    with pytest.raises(IntegrityError, match="index: the index file has no entry"):
        summarise(0, refer("index", b""), [])


def test_chunks_that_do_not_tile_make_no_index_file() -> None:
    for parts in ((FIRST.chunks[0],), (FIRST.chunks[1],), FIRST.chunks[::-1], FIRST.chunks * 2, ()):
        broken = IndexEntry(3, replace(FIRST, chunks=parts), ENTRIES[0].receipt)
        with pytest.raises(IntegrityError, match=f"{ONE}: the ranges do not tile"):
            summarise(0, refer("index", b""), [broken, ENTRIES[1]])


@given(st.lists(chunks(""), max_size=6), st.integers(0, 6))
def test_sums_of_parts_are_the_sum_of_all(items: list[Chunk], cut: int) -> None:
    assert totals_of(items[:cut]) + totals_of(items[cut:]) == totals_of(reversed(items))
    assert totals_of(items).hash_sum == sum(item.hash_sum for item in items) % 2**128


@given(st.builds(Totals, LONGS, LONGS, LONGS, LONGS, HASHES))
def test_sums_come_back_from_json(totals: Totals) -> None:
    assert Totals.from_json(Fields(totals.to_json())) == totals


def test_a_digest_names_its_hash() -> None:
    assert Totals(hash_sum=255).digest == "murmur3-x64-128:000000000000000000000000000000ff"
    with pytest.raises(ValueError, match="unknown table digest md5"):
        Totals.from_json(Fields({**Totals().to_json(), "digest": "md5:00"}))


BAD_CHUNKS: dict[str, dict[str, Any]] = {
    "behind its shard": {"offset": 98},
    "far behind its shard": {"offset": 2**63 - 1},
    "before the start": {"offset": -1},
    "over the one before": {"offset": 10},
    "no rows in bytes": {"rows": 0},
    "negative rows": {"rows": -1},
    "more rows than records": {"rows": 5},
    "more records than bytes": {"records": 31},
    "negative bytes": {"bytes": -30},
    "more bytes than a chunk may have": {"bytes": LARGEST_CHUNK + 1},
    "rows in no blocks": {"length": 0},
    "negative length": {"length": -6},
    "a hash without rows": {"rows": 0, "records": 0, "bytes": 0, "length": 0},
}


@pytest.mark.parametrize("change", BAD_CHUNKS.values(), ids=BAD_CHUNKS.keys())
def test_a_chunk_that_no_shard_can_hold_is_an_integrity_error(change: dict[str, Any]) -> None:
    one, two = FIRST.chunks
    forged = replace(FIRST, chunks=(one, replace(two, **{"rows": 3, "records": 4, "bytes": 30, "length": 6, **change})))
    for data, decode in (
        (encode_receipt([ReceiptEntry(0, 0, forged)]), decode_receipt),
        (index_of(forged), decode_index),
    ):
        with pytest.raises(IntegrityError, match=r"^the file is not of the known form: "):
            decode(data, "the file")


def index_of(item: Shard, receipt: str = RECEIPT) -> bytes:
    return encode_index([IndexEntry(0, item, refer(receipt, b"1"))])


BAD_NAMES = [
    "../../etc/passwd",
    f"{BACKUP}/data/../../../etc/passwd",
    f"/{ONE}",
    f"{ONE}\n",
    f"x{ONE}",
    ONE.replace("data", "plan"),
    ONE.replace("/t/", "/../"),
    ONE.replace("/t/", "/.t/"),
    ONE.replace("/t/", "/t\0/"),
    ONE.replace("/t/", "/t/t/"),
    ONE.replace("000000", "0000"),
    ONE.replace("000000", "\u0660" * 6),
    ONE.upper(),
    LAYOUT.manifest,
    "",
]


@pytest.mark.parametrize("name", BAD_NAMES)
def test_a_name_of_another_form_is_an_integrity_error(name: str) -> None:
    forged = replace(FIRST, object=replace(FIRST.object, name=name))
    for data in (index_of(forged), index_of(FIRST, name)):
        with pytest.raises(IntegrityError, match=r"is no name of an object of the kind (shard|receipt)"):
            decode_index(data, "the file")


def test_an_entry_may_name_a_shard_of_another_backup() -> None:
    other = BackupLayout("20250102T030405Z-00ff00").shard("t", 7, "0" * 16)
    item = replace(FIRST, object=replace(FIRST.object, name=other))
    assert decode_index(index_of(item), "the file")[0].shard == item


def test_an_index_file_that_is_said_to_be_huge_is_not_read(tmp_path: Path) -> None:
    store = LocalStore(str(tmp_path))
    file = stored(store)
    forged = replace(file, object=replace(file.object, size=1 << 60))
    with pytest.raises(IntegrityError, match="a vault holds no index file of 1,152,921,504,606,846,976 bytes"):
        read_index(store, forged)
