"""A whole database, of every type and every kind of object, backed up and restored."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tests.pipelines.bigtable_runs import check
from tests.pipelines.postgres_runs import backup, restore
from tests.postgres_zoo import PARTS, PORTABLE, RESTORER, differences, make_zoo, normalised_dump, plain_copy
from tests.postgres_zoo.zoo import make_roles
from tests.servers.postgres_server import SUPERUSER, PostgresServer
from transforms.other_tables import OtherTables, look_at
from transforms.vault.find_backup import find_backup, usable
from transforms.vault.vault import open_vault

OF_USERS = [part.name for part in PARTS if not part.superuser and not part.optional]
NewDatabase = Callable[..., str]
DIGESTS = "SELECT id, md5(t), md5(b), md5(j::text), md5(jb::text), octet_length(b) FROM giant.giants ORDER BY id"


def copied(
    vault: Path, source: PostgresServer, original: str, target: PostgresServer, copy: str, user: str = SUPERUSER
) -> None:
    """Back up, verify, and restore into a database that is made for it."""
    made = backup(vault, source.url(original), "--chunk_size=64KiB", "--json")
    assert made.code == 0, made.err
    assert check(vault, "latest", "--level=L3").code == 0
    assert shown_by_a_listing(vault) == OtherTables()
    make_roles(target)
    ended = restore(vault, target.url(copy, user), "--create_database", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["skipped"] == []


def shown_by_a_listing(place: Path) -> OtherTables:
    """What a restore of none of the tables of the latest backup would say of them."""
    vault = open_vault(str(place))
    found = find_backup(vault, "latest")
    manifest = usable(found)
    return look_at(vault.store_of(found.folder), manifest, range(len(manifest.tables)), "")


@pytest.fixture
def copy_of(postgres: PostgresServer, new_database: NewDatabase) -> str:
    """The name of a database that is dropped at the end and does not exist yet."""
    name = new_database(postgres)
    postgres.sql(f"DROP DATABASE {name}")
    return name


@pytest.mark.parametrize("user", [SUPERUSER, RESTORER])
def test_every_type_and_every_object_comes_back(
    postgres: PostgresServer, new_database: NewDatabase, copy_of: str, tmp_path: Path, user: str
) -> None:
    zoo = new_database(postgres)
    make_zoo(postgres, zoo, parts=[] if user == SUPERUSER else OF_USERS)
    copied(tmp_path / "v", postgres, zoo, postgres, copy_of, user)
    both = (normalised_dump(postgres.binaries, postgres.url(name)) for name in (zoo, copy_of))
    assert differences(*both) == []


def test_a_newer_server_gets_what_its_own_programs_would_bring(
    postgres15: PostgresServer, postgres18: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    zoo, plain = new_database(postgres15), new_database(postgres18)
    make_zoo(postgres15, zoo, parts=[part for part in OF_USERS if part in PORTABLE])
    copied(tmp_path / "v", postgres15, zoo, postgres18, f"{plain}_copy", RESTORER)
    try:
        plain_copy(postgres15, zoo, postgres18, plain)
        both = (normalised_dump(postgres18.binaries, postgres18.url(name)) for name in (plain, f"{plain}_copy"))
        assert differences(*both) == []
    finally:
        postgres18.sql(f"DROP DATABASE {plain}_copy WITH (FORCE)")


def test_values_of_a_hundred_megabytes_come_back(
    postgres18: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    giant, copy = new_database(postgres18), new_database(postgres18)
    make_zoo(postgres18, giant, parts=["giant"])
    postgres18.sql(f"DROP DATABASE {copy}")
    copied(tmp_path / "v", postgres18, giant, postgres18, copy)
    values = (postgres18.sql(DIGESTS, name) for name in (giant, copy))
    assert len(set(values)) == 1


def test_the_same_database_has_the_same_digests_through_any_number_of_ranges(
    postgres18: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    zoo = new_database(postgres18)
    make_zoo(postgres18, zoo, parts=["numbers", "texts", "times", "nested", "shapes"])
    found = [digests(tmp_path / str(ranges), postgres18.url(zoo), ranges) for ranges in (1, 2, 31)]
    assert found[0] == found[1] == found[2]
    assert len(found[0]) > 30


def digests(vault: Path, url: str, ranges: int) -> Sequence[tuple[str, str]]:
    made = backup(vault, url, f"--ranges={ranges}", "--json")
    assert made.code == 0, made.err
    return [(table["name"], table["digest"]) for table in made.json["tables"]]


def test_a_restore_goes_on_past_what_cannot_be_made_and_reports_it(
    postgres15: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    """As in research-software-directory/RSD-as-a-service#1499: functions that call others by bare names."""
    source, copy, again = (new_database(postgres15) for _ in range(3))
    postgres15.sql(
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql STABLE AS 'SELECT 1';"
        "CREATE FUNCTION two() RETURNS int LANGUAGE plpgsql STABLE AS 'BEGIN RETURN one() + 1; END';"
        "CREATE MATERIALIZED VIEW v AS SELECT two() AS n; CREATE TABLE t AS SELECT 1 AS i",
        source,
    )
    assert backup(tmp_path / "v", postgres15.url(source)).code == 0
    report = tmp_path / "left_out"
    ended = restore(tmp_path / "v", postgres15.url(copy), "--json", f"--report={report}")
    assert ended.code == 3
    (left_out,) = ended.json["skipped"]
    assert left_out["name"] == "rows of MATERIALIZED VIEW public.v"
    assert json.loads(report.with_suffix(".json").read_text()) == [left_out]
    postgres15.sql("ALTER FUNCTION two() SET search_path = public", copy)
    postgres15.sql(report.with_suffix(".sql").read_text(), copy)
    assert restore(tmp_path / "v", postgres15.url(again), "--search_path=public").code == 0
    assert [postgres15.sql("SELECT n, i FROM v, t", name) for name in (copy, again)] == ["2|1"] * 2
    assert postgres15.sql("SELECT to_regnamespace('shardkeep_restore') IS NULL", copy) == "t"
