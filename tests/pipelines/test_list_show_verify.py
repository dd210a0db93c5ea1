"""What `list`, `show` and `verify` tell of a vault, proved from the shards themselves with fastavro."""

import io
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import fastavro
import mmh3
import pytest

from tests.pipelines.bigtable_runs import Ended, backup, backups, check, files, show
from tests.tables import Content, Rows, Tables, new_instance
from transforms.errors import NotFoundError
from transforms.vault.age import require_newer
from transforms.vault.catalogue import Listing

SUMMARY = {
    "backup",
    "source",
    "kind",
    "created",
    "seconds",
    "name",
    "tables",
    "rows",
    "bytes",
    "stored_bytes",
    "consistency",
    "state",
    "problem",
}
TABLE = {"name", "schema", "ranges", "shards", "chunks", "digest", "warnings", "rows", "bytes", "stored_bytes"}
ROWS: Rows = {b"k%03d" % number: [("f", b"q", 1000, b"%d" % number), ("g", b"", 0, b"")] for number in range(100)}


@pytest.fixture(scope="module")
def source(bigtable_emulator: str) -> Tables:
    tables = new_instance()
    tables.fill("orders", Content(["f", "g"], ROWS))
    tables.fill("empty", Content(["f"]))
    return tables


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("listed") / "v"


@pytest.fixture(scope="module")
def made(vault: Path, source: Tables) -> Any:  # noqa: ANN401 - JSON
    """A backup of both tables as `bigtable-backup --json` gives it."""
    ended = backup(vault, source, "--table=*", "--ranges=3", "--chunk_size=100B", "--name=weekly", "--json")
    assert ended.code == 0
    return ended.json


def the_table(item: Any, name: str) -> Any:  # noqa: ANN401 - JSON
    (found,) = [table for table in item["tables"] if table["name"] == name]
    return found


def shard_records(vault: Path) -> list[bytes]:
    """Every record of the table `orders`, encoded anew from its shards by fastavro."""
    found = []
    for path in sorted(vault.glob("*/*/data/orders/*.avro")):
        with path.open("rb") as file:
            reader = fastavro.reader(file)
            schema = reader.writer_schema
            assert schema is not None
            found += [encoded(schema, record) for record in reader]
    return found


def encoded(schema: Any, record: Any) -> bytes:  # noqa: ANN401 - fastavro's own types
    out = io.BytesIO()
    fastavro.schemaless_writer(out, schema, record)
    return out.getvalue()


def test_a_backup_has_the_fields_of_the_contract(made: Any, source: Tables) -> None:  # noqa: ANN401
    assert set(made) == SUMMARY | {"facts"}
    assert {key: made[key] for key in ("kind", "name", "consistency", "state", "problem", "source", "rows")} == {
        "kind": "full",
        "name": "weekly",
        "consistency": "row-atomic",
        "state": "COMMITTED",
        "problem": None,
        "source": f"bigtable+p+{source.instance}",
        "rows": 100,
    }
    assert [set(table) for table in made["tables"]] == [TABLE, TABLE]
    assert sum(table["bytes"] for table in made["tables"]) == made["bytes"]
    assert sum(table["stored_bytes"] for table in made["tables"]) == made["stored_bytes"]


def test_the_time_is_that_of_the_plan_as_rfc_3339_has_it(made: Any) -> None:  # noqa: ANN401
    created = datetime.strptime(made["created"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert made["created"].endswith("Z")
    assert 0 <= (datetime.now(timezone.utc) - created).total_seconds() < 300
    assert made["backup"].startswith(f"{created:%Y%m%dT%H%M%SZ}")


def test_rows_bytes_and_digest_are_those_of_the_shards(made: Any, vault: Path) -> None:  # noqa: ANN401
    records = shard_records(vault)
    table = the_table(made, "orders")
    digest = sum(mmh3.hash128(record, seed=0, x64arch=True, signed=False) for record in records) % 2**128
    assert (table["rows"], table["bytes"]) == (len(records), sum(map(len, records)))
    assert table["digest"] == f"murmur3-x64-128:{digest:032x}"
    assert (table["ranges"], table["shards"]) == (3, len(list(vault.glob("*/*/data/orders/*.avro"))))
    assert table["chunks"] > 3 * table["ranges"]


def test_an_empty_table_is_a_table_of_no_rows(made: Any) -> None:  # noqa: ANN401
    table = the_table(made, "empty")
    assert (table["rows"], table["bytes"], table["digest"]) == (0, 0, f"murmur3-x64-128:{0:032x}")
    assert list(table["schema"]["families"]) == ["f"]


@pytest.mark.parametrize("cut", [0, 3])
def test_show_gives_the_same_object(made: Any, vault: Path, cut: int) -> None:  # noqa: ANN401
    assert show(vault, "latest", "--json").json == made
    assert show(vault, made["backup"][: len(made["backup"]) - cut], "--json").json == made
    assert show(vault, "latest", f"--source={made['source']}", "--json").json == made


def test_list_gives_it_with_the_names_of_its_tables(made: Any, vault: Path) -> None:  # noqa: ANN401
    expected = {key: made[key] for key in SUMMARY} | {"tables": ["empty", "orders"]}
    assert backups(vault, "--json").json == [expected]
    assert backups(vault, f"--source={made['source']}", "--json").json == [expected]
    assert backups(vault, "--source=other", "--json").code == 7


def test_people_get_tables(made: Any, vault: Path) -> None:  # noqa: ANN401
    listed, shown = backups(vault), show(vault, "latest")
    assert (listed.code, shown.code) == (0, 0)
    source, heading, line = listed.out.splitlines()
    assert source == f"{made['source']}/"
    assert heading.split() == ["BACKUP", "STATE", "AGE", "TOOK", "ROWS", "STORED", "NAME"]
    assert (line.split()[:2], line.split()[4], line.split()[-1]) == ([made["backup"], "COMMITTED"], "100", "weekly")
    assert "consistency  row-atomic" in shown.out.splitlines()
    assert the_table(made, "orders")["digest"] in shown.out
    families = "orders  f       bytes  never\norders  g       bytes  never\n"
    assert f"TABLE   FAMILY  TYPE   GARBAGE COLLECTION\nempty   f       bytes  never\n{families}" in shown.out


def test_a_plan_shows_ranges_and_writes_nothing(source: Tables, tmp_path: Path) -> None:
    ended = backup(tmp_path / "v", source, "--table=*", "--ranges=4", "--plan_only", "--json")
    tables = [{"name": "empty", "ranges": 4}, {"name": "orders", "ranges": 4}]
    assert (ended.code, ended.json["tables"], ended.err) == (0, tables, "")
    text = backup(tmp_path / "v", source, "--table=orders", "--plan_only=true")
    assert (text.code, text.out.splitlines()[-1]) == (0, "Nothing was written: --plan_only.")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("pattern", "names"), [("o*", ["orders"]), ("*", ["empty", "orders"]), ("orders,e?pty", None)])
def test_globs_and_lists_select_tables(source: Tables, tmp_path: Path, pattern: str, names: list[str] | None) -> None:
    ended = backup(tmp_path / "v", source, f"--table={pattern}", "--plan_only", "--json")
    assert [table["name"] for table in ended.json["tables"]] == (names or ["empty", "orders"])


@pytest.mark.parametrize("level", ["L0", "L1", "L2", "L3"])
def test_a_whole_backup_verifies_at_every_level(made: Any, vault: Path, level: str) -> None:  # noqa: ANN401
    before = files(vault)
    report = check(vault, "latest", f"--level={level}", "--json")
    assert report.code == 0
    assert {key: report.json[key] for key in ("ok", "level", "problems", "backup", "source")} == {
        "ok": True,
        "level": level,
        "problems": [],
        "backup": made["backup"],
        "source": made["source"],
    }
    assert report.json["checked"] >= {"L0": 1, "L1": 12, "L2": 18, "L3": 20}[level]
    assert files(vault) == before


def damaged(vault: Path, copy: Path) -> str:
    """Copy the vault with one byte of a shard of `orders` inverted; returns the shard's name."""
    names = [name for name in files(vault) if "/data/orders/" in name and name.endswith(".avro")]
    shutil.copytree(vault, copy, dirs_exist_ok=True)
    data = bytearray((copy / names[0]).read_bytes())
    data[len(data) // 2] ^= 0xFF
    (copy / names[0]).write_bytes(data)
    return names[0]


def test_a_damaged_backup_exits_5_and_names_the_shard(made: Any, vault: Path, tmp_path: Path) -> None:  # noqa: ANN401
    name = damaged(vault, tmp_path).partition("/")[2]
    report = check(tmp_path, "latest", "--level=L3", "--json")
    assert (report.code, report.json["ok"], report.json["level"]) == (5, False, "L3")
    assert all(name in problem for problem in report.json["problems"])
    assert report.json["problems"]
    text = check(tmp_path, made["backup"], "--level=L1")
    assert (text.code, text.out.splitlines()[-1].startswith("NOT OK: level L1")) == (5, True)


def test_what_is_not_there_is_not_found(made: Any, vault: Path) -> None:  # noqa: ANN401
    for ended in (show(vault, "1999", "--json"), check(vault, "1999", "--json")):
        assert ended.code == 7
        assert ended.json["error"]["message"].startswith("--backup=1999: no backup of ")


def test_a_bad_level_is_a_usage_error(vault: Path, made: Any) -> None:  # noqa: ANN401
    ended: Ended = check(vault, "latest", "--level=L5")
    assert (ended.code, ended.message.startswith("--level: invalid choice: 'L5'")) == (2, True)


def test_a_list_is_narrowed_by_name(vault: Path, made: Any) -> None:  # noqa: ANN401 - JSON
    assert [item["backup"] for item in backups(vault, "--name=weekly", "--json").json] == [made["backup"]]
    assert backups(vault, "--name=daily", "--json").json == []


@pytest.mark.usefixtures("made")
def test_a_good_backup_that_is_young_enough_is_asked_for(vault: Path) -> None:
    assert backups(vault, "--name=weekly", "--newer_than=26h").code == 0
    none = backups(vault, "--name=daily", "--newer_than=7d")
    assert (none.code, none.message.endswith("; the newest one: none.")) == (7, True)
    for wrong in ("1w", "0h", "-1h", "100000d"):
        assert backups(vault, f"--newer_than={wrong}").message == (
            f"--newer_than: {wrong!r} is no duration; write seconds, minutes, hours or days as in 45s, 90m, 26h or 7d"
        )


def test_a_failed_or_an_old_backup_is_not_young_enough() -> None:
    old, young = "20261101T000000Z-aaaaaa", "20261102T000000Z-aaaaaa"
    listings = [Listing("s", old, "COMMITTED"), Listing("s", young, "FAILED")]
    now = datetime(2026, 11, 2, 12, tzinfo=timezone.utc)
    require_newer(listings, timedelta(hours=36), now)
    with pytest.raises(NotFoundError, match=f"^s: .* since 2026-11-01 00:01 UTC; the newest one: {old}.$"):
        require_newer(listings, timedelta(hours=36, minutes=-1), now)


def test_every_source_needs_a_young_backup_and_one_of_the_future_is_none() -> None:
    now = datetime(2026, 11, 2, tzinfo=timezone.utc)
    good, old = (
        Listing("a", "20261101T230000Z-aaaaaa", "COMMITTED"),
        Listing("b", "20261001T000000Z-aaaaaa", "COMMITTED"),
    )
    skewed, future = (Listing("c", f"20261102T00{minute}00Z-aaaaaa", "COMMITTED") for minute in ("04", "06"))
    require_newer([good, skewed], timedelta(hours=2), now)
    with pytest.raises(NotFoundError, match=r"^b: no committed .*; the newest one: 20261001T000000Z-aaaaaa\.$"):
        require_newer([good, old], timedelta(hours=2), now)
    with pytest.raises(NotFoundError, match=r"^c: no committed .*; the newest one: none\.$"):
        require_newer([good, future], timedelta(hours=2), now)
    require_newer([good, Listing("d", old.backup, "DELETING")], timedelta(hours=2), now)
