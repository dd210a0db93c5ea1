"""What was backed up comes back identical, cell by cell, as Google's client library reads it."""

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pipelines import bigtable_backup
from pipelines.command.backup import claim
from pipelines.command.job.engine import Engine, open_pipeline
from pipelines.command.job.run import run_job
from tests.pipelines.bigtable_runs import backup, check, restore
from tests.tables import FAMILY_LETTERS, LAST_TIMESTAMP, PROJECT, Content, Tables, contents, new_instance
from transforms.backup_work import BackupWork
from transforms.bigtable.server.instance import Instance
from transforms.bigtable.source import BigtableSource
from transforms.key_range import KeyRange
from transforms.progress import ProgressFile
from transforms.source import Wanted
from transforms.vault.find_backup import find_backup, usable
from transforms.vault.format.index import read_index
from transforms.vault.format.plan import encode_plan
from transforms.vault.format.portion import PlannedRange, portions_of
from transforms.vault.format.shard import Chunk
from transforms.vault.vault import open_vault

CHUNK = "--chunk_size=4KiB"
MADE = st.lists(contents(), min_size=2, max_size=4)
# Without shrinking: an example takes seconds.
QUICK = settings(
    phases=[Phase.explicit, Phase.reuse, Phase.generate], suppress_health_check=list(HealthCheck), max_examples=3
)


@pytest.fixture
def source(bigtable_emulator: str) -> Tables:
    return new_instance()


@pytest.fixture
def target(bigtable_emulator: str) -> Tables:
    return new_instance()


def check_round_trip(made: list[Content], *argv: str) -> None:
    """Fill tables, back them up in one job, restore them into another instance, compare."""
    source, target = new_instance(), new_instance()
    for number, content in enumerate(made):
        source.fill(f"t{number}", content)
    with tempfile.TemporaryDirectory() as folder:
        assert backup(Path(folder, "v"), source, "--table=*", *argv).code == 0
        assert restore(Path(folder, "v"), target).code == 0
    assert target.names() == source.names()
    for number, content in enumerate(made):
        assert target.read(f"t{number}") == content.expected
        assert set(target.rules(f"t{number}")) == set(content.families)


@QUICK
@given(MADE, st.sampled_from([1, 3, 7]))
def test_tables_of_any_content_come_back(bigtable_emulator: str, made: list[Content], ranges: int) -> None:
    check_round_trip(made, f"--ranges={ranges}", CHUNK)


@pytest.mark.soak
@pytest.mark.timeout(3600)
@settings(QUICK, max_examples=100)
@given(MADE, st.sampled_from([1, 2, 3, 7, 20, 97]), st.sampled_from(["1", "100", "4KiB", "1MiB"]))
def test_many_more_tables_of_any_content_come_back(
    bigtable_emulator: str, made: list[Content], ranges: int, chunk: str
) -> None:
    check_round_trip(made, f"--ranges={ranges}", f"--chunk_size={chunk}")


def extremes() -> list[Content]:
    """Tables at the limits of the service, but for the largest cell."""
    letters = [FAMILY_LETTERS[:64], FAMILY_LETTERS[1:], *FAMILY_LETTERS]
    wide = [("f", b"%d" % number, number * 1000, b"value %d" % number) for number in range(5_000)]
    deep = [("f", b"", number * 1000, b"%d" % number) for number in range(2_000)]
    edges = [("f", b"q", 0, b"first"), ("f", b"q", LAST_TIMESTAMP, b"last"), ("f", b"", LAST_TIMESTAMP, b"")]
    longest = {b"\x00" * 4096: edges, b"\xff" * 4096: edges, b"\x00": edges, b"\xff" * 4095: edges}
    return [
        Content(["f"]),
        Content([]),
        Content(letters, {b"k": [(family, b"", 1000, family.encode()) for family in letters]}),
        Content(["f", "g"], {b"wide": [*wide, ("g", b"\xff\x00", 0, b"")], b"x": edges, b"y": deep}),
        Content(["f"], longest),
    ]


def test_tables_at_the_limits_come_back(bigtable_emulator: str) -> None:
    check_round_trip(extremes(), "--ranges=5")


def test_a_value_of_90_mebibytes_comes_back(source: Tables, target: Tables, tmp_path: Path) -> None:
    value = os.urandom(1 << 20) * 90
    content = Content(["f"], {b"big": [("f", b"", 0, value)], b"small": [("f", b"", 0, b"")]})
    source.fill("t", content)
    assert backup(tmp_path / "v", source, "--table=t").code == 0
    assert check(tmp_path / "v", "latest", "--level=L3").code == 0
    assert restore(tmp_path / "v", target).code == 0
    assert target.read("t") == content.expected


ROWS = {b"user#%05d" % number: [("f", b"q", 1000, b"v%d" % number * 20)] for number in range(1_500)}


@pytest.fixture(scope="module")
def cut(bigtable_emulator: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Tables, list[str]]:
    """A vault with three backups of one table, over 1, 2 and 97 ranges; their ids."""
    tables, vault = new_instance(), tmp_path_factory.mktemp("cut") / "v"
    tables.fill("t", Content(["f"], ROWS))
    made = [backup(vault, tables, "--table=t", "--json", CHUNK, f"--ranges={ranges}") for ranges in (1, 2, 97)]
    assert [(ended.code, ended.json["tables"][0]["ranges"]) for ended in made] == [(0, 1), (0, 2), (0, 97)]
    return vault, tables, [ended.json["backup"] for ended in made]


def entry(vault: Path, which: str) -> dict[str, object]:
    manifest = usable(find_backup(open_vault(str(vault)), which))
    totals = manifest.tables[0].totals
    return {"digest": totals.digest, "rows": totals.rows, "bytes": totals.bytes, "records": totals.records}


def test_the_ranges_do_not_matter_to_the_table_digest(cut: tuple[Path, Tables, list[str]]) -> None:
    vault, _, ids = cut
    assert entry(vault, ids[0])["rows"] == len(ROWS)
    assert entry(vault, ids[0]) == entry(vault, ids[1]) == entry(vault, ids[2])


def test_the_ranges_do_not_matter_to_what_is_restored(cut: tuple[Path, Tables, list[str]], target: Tables) -> None:
    vault, _, ids = cut
    for number, which in enumerate(ids):
        assert restore(vault, target, f"--backup={which}", f"--table=t:t{number}").code == 0
    assert [target.read(f"t{number}") for number in range(3)] == [Content(["f"], ROWS).expected] * 3


def chunks(vault: Path, which: str) -> list[Chunk]:
    """The chunks of a backup of one table, from its index."""
    opened = open_vault(str(vault))
    listing = find_backup(opened, which)
    files = [read_index(opened.store_of(listing.folder), file) for file in usable(listing).index]
    return [chunk for entries in files for each in entries for chunk in each.shard.chunks]


def backup_planned(vault: Path, tables: Tables, ranges: list[KeyRange]) -> str:
    """Take a backup whose plan is there before its job begins, as a later one of a chain has it."""
    opened, source = open_vault(str(vault)), BigtableSource(Instance(PROJECT, tables.instance), ("t",))
    intent = claim(opened, source, source.tables(), "", {})
    work = BackupWork(opened.location, source, intent.backup, 4096, Wanted(1, 1 << 30), ProgressFile(""))
    planned = ((PlannedRange(0, number, each), None) for number, each in enumerate(ranges))
    work.store().put(work.layout.plan(0), encode_plan(portions_of(0, planned)))
    pipeline = open_pipeline(Engine.of(["--runner=FnApiRunner"]))
    bigtable_backup.build(pipeline, work)
    run_job(pipeline)
    return intent.backup


def digests(found: list[Chunk]) -> list[tuple[KeyRange, bytes, int, int, int]]:
    return [(chunk.range, chunk.sha256, chunk.hash_sum, chunk.rows, chunk.bytes) for chunk in found]


def test_planned_by_the_chunks_of_another_backup_the_chunks_are_the_same(cut: tuple[Path, Tables, list[str]]) -> None:
    vault, tables, ids = cut
    first = chunks(vault, ids[0])
    assert len(first) > 20
    again = backup_planned(vault, tables, [chunk.range for chunk in first])
    assert digests(chunks(vault, again)) == digests(first)
    assert entry(vault, again) == entry(vault, ids[0])
