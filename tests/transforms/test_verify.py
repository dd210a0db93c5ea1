"""The memory room through the graph of a verification, on an engine."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pytest

from pipelines.command.job.engine import Engine, open_pipeline
from pipelines.command.job.run import run_job
from pipelines.command.print.result import ResultFile
from tests.memory_room import by_hand
from tests.memory_room.vaults import MemoryVault, take
from transforms import shard_check
from transforms.batch import Batch
from transforms.errors import IntegrityError, UsageError
from transforms.identity import Table
from transforms.key_range import KeyRange
from transforms.report import found, report_json
from transforms.shard_check import CheckedShard
from transforms.vault import shard_pieces
from transforms.vault.store import opening as stores
from transforms.vault.store.interface import ObjectStat
from transforms.vault.store.local import LocalStore
from transforms.verify import LEVELS, Verify
from transforms.verify_work import Entries

OBJECTS = 1 + 2 + 2 + 2 + 2 * 7
"""Intent, attachments, plans, index files, and shards with their receipts."""

BYTES = OBJECTS - 2
"""The same without index files, whose bytes are proved when they are read."""


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> MemoryVault:
    return take(tmp_path_factory.mktemp("vault"))


def verified(vault: MemoryVault, level: str, folder: Path) -> object:
    result = ResultFile(str(folder / "report"))
    pipeline = open_pipeline(Engine.of(["--runner=FnApiRunner"]))
    pipeline | Verify(vault.work, level) | beam.Map(report_json) | "Hand back" >> beam.Map(result.write)
    run_job(pipeline)
    return result.read()


@pytest.mark.parametrize(
    ("level", "checks"), [("L1", OBJECTS), ("L2", OBJECTS + BYTES), ("L3", OBJECTS + BYTES + 7 + 2)]
)
def test_a_whole_backup_passes_each_level(vault: MemoryVault, level: str, checks: int, tmp_path: Path) -> None:
    assert verified(vault, level, tmp_path) == {"ok": True, "checked": checks, "problems": [], "unnamed_problems": 0}
    assert by_hand.verify(vault.committed, level).checked == checks


@pytest.mark.parametrize("piece", [1, 30, 200, shard_pieces.PIECE])
def test_each_byte_of_a_shard_is_read_once_at_l3(
    vault: MemoryVault, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_pieces, "PIECE", piece)
    monkeypatch.setattr(shard_check, "PIECE", piece)
    read = Counter[str]()
    looked_at = list[str]()

    class Counting(LocalStore):
        def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
            data = super().read(name, start, length)
            read.update([name] * len(data))
            return data

        def stat(self, name: str, size: int | None = None) -> ObjectStat:
            looked_at.append(name)  # of a folder, that reads it too
            return super().stat(name, size)

    monkeypatch.setattr(stores, "LocalStore", Counting)
    assert by_hand.verify(vault.committed, "L3").ok
    shards = vault.objects("data/*/*.avro")
    assert {name: read[name] for name in shards} == {name: len(vault.read(name)) for name in shards}
    assert len(shards) == 7
    assert not set(shards) & set(looked_at)


def test_a_shard_that_is_missing_or_ends_early_is_told_by_what_is_wrong(tmp_path: Path) -> None:
    vault = take(tmp_path / "vault")
    first, second, *_ = _first_entries(vault)
    names = [f"{vault.source}/{entry.shard.object.name}" for entry in (first, second)]
    vault.write(names[0], None)
    vault.write(names[1], vault.read(names[1])[:-1])
    missing, short = (vault.work.check_shard(entry).report for entry in (first, second))
    assert [vault.work.check_shard(entry).damaged for entry in (first, second)] == [True, True]
    assert missing.problems[0] == f"{first.shard.object.name} is missing."
    assert [problem.split(" ", 2)[1] for problem in short.problems] == ["has", "does", "the"]
    assert (missing.objects, short.objects) == ((first.shard.object.name,), (second.shard.object.name,))


def test_an_object_is_read_to_its_end_and_not_to_the_size_that_an_index_gives_it(
    vault: MemoryVault, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads = list[str]()

    class Bounded(LocalStore):
        def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
            reads.append(name)
            assert len(reads) < 10, "it is read on and on"
            return super().read(name, start, length)

    entry = _first_entries(vault)[0]
    forged = replace(entry, shard=replace(entry.shard, object=replace(entry.shard.object, size=1 << 62)))
    monkeypatch.setattr(stores, "LocalStore", Bounded)
    checked = vault.work.check_shard(forged)
    size = entry.shard.object.size
    assert checked.damaged
    assert f"{entry.shard.object.name} has {size} bytes; it was written with {1 << 62}." in checked.report.problems


def test_a_shard_with_a_bad_chunk_fails_every_check_that_reads_it(tmp_path: Path) -> None:
    vault = take(tmp_path / "vault")
    [name, *_] = vault.objects("data/*/*.avro")
    data, ref = vault.read(name), name.partition("/")[2]
    vault.write(name, data[:-20] + b"!" + data[-19:])
    report = verified(vault, "L3", tmp_path)
    assert isinstance(report, dict)
    assert report["checked"] == OBJECTS + BYTES + 7 + 1, "the sum of a table with a bad chunk is not checked"
    checksum, digest, chunk = sorted(
        report["problems"], key=lambda problem: problem[len(ref) :].split()[0], reverse=True
    )
    assert checksum.startswith(f"{ref} has CRC32C ")
    assert digest == f"{ref} does not have the SHA-256 that it was written with."
    assert chunk.startswith(f"{ref}: the chunk ")


@pytest.mark.parametrize("level", ["L0", "L4", "", "l1"])
def test_another_level_is_refused(vault: MemoryVault, level: str) -> None:
    with pytest.raises(UsageError, match=f"level {level} is none of L1, L2, L3"):
        Verify(vault.work, level)
    assert LEVELS == ("L0", "L1", "L2", "L3")


def test_records_that_are_not_what_the_index_says_are_found(vault: MemoryVault) -> None:
    """The digests are right, and the room says that the key is not of this range: a fault of a writer."""

    def strange(records: bytes, table: Table, key_range: KeyRange) -> Batch:
        raise IntegrityError("the key b'x' is outside of the range")

    work = replace(vault.work, inspect=strange)
    entry = _first_entries(vault)[0]
    [problem] = work.check_shard(entry).report.problems
    assert problem.startswith(f"{entry.shard.object.name}: the chunk ")
    assert problem.endswith(": the key b'x' is outside of the range")


@pytest.mark.parametrize("wrong", [{"rows": 99}, {"bytes": 0}, {"hash_sum": 0}], ids=lambda wrong: next(iter(wrong)))
def test_a_chunk_that_is_not_what_its_entry_counts_is_found(vault: MemoryVault, wrong: dict[str, int]) -> None:
    """The digest of its records is right, and the sums beside it are not: a fault of a writer."""
    entry = _first_entries(vault)[0]
    first = replace(entry.shard.chunks[0], **wrong)  # type: ignore[arg-type]
    checked = vault.work.check_shard(replace(entry, shard=replace(entry.shard, chunks=(first,))))
    [problem] = checked.report.problems
    assert problem.startswith(f"{entry.shard.object.name}: the chunk ")
    assert problem.endswith((", not what the index says.", "holds more bytes than it should."))
    assert checked.damaged


def test_a_table_whose_chunks_do_not_add_up_is_found(vault: MemoryVault) -> None:
    orders, people = (entry.totals for entry in vault.manifest.tables)
    whole = [CheckedShard(0, orders), CheckedShard(1, people)]
    assert vault.work.check_tables(whole) == [found(None), found(None)]
    for wrong in (replace(orders, rows=29), replace(orders, hash_sum=0), replace(orders, bytes=1)):
        [first, second] = vault.work.check_tables([CheckedShard(0, wrong), whole[1]])
        assert first.problems[0].startswith(
            f"table orders: its chunks hold {wrong.rows} rows with digest {wrong.digest}"
        )
        assert second.ok


def test_a_table_of_which_nothing_could_be_read_is_found(vault: MemoryVault) -> None:
    orders, people = (entry.totals for entry in vault.manifest.tables)
    [first, second] = vault.work.check_tables([CheckedShard(0, orders)])
    assert (first.ok, second.ok) == (True, False)
    assert second.problems[0].startswith("table people: its chunks hold 0 rows")
    assert len(vault.work.check_tables([CheckedShard(0, orders, damaged=True), CheckedShard(1, people)])) == 1


def _first_entries(vault: MemoryVault) -> Entries:
    return next(part for part in vault.work.read_index(next(vault.work.index_files(None))) if isinstance(part, tuple))


def test_whatever_lists_many_objects_is_followed_by_a_shuffle(vault: MemoryVault) -> None:
    """What follows a list without one runs in the same worker, on one object after the other."""
    pipeline = beam.Pipeline()
    pipeline | Verify(vault.work, "L3")
    steps = pipeline.to_runner_api().components.transforms.values()
    maker = {made: step.unique_name.rpartition("/")[2] for step in steps for made in step.outputs.values()}
    shuffles = [step for step in steps if step.unique_name.endswith("/AddRandomKeys")]
    spread = {maker[taken] for step in shuffles for taken in step.inputs.values()}
    assert {"List documents", "List index files", "List objects"} <= spread
    assert any(step.unique_name.endswith("/Spread shards/AddRandomKeys") for step in shuffles)
