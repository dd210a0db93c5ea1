from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from tests.postgres_zoo.dump import differences, normalised_dump
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.archives import RESTORER, SUPERUSERS, make_shop
from tests.transforms.postgres.catalogs import module_database
from tests.transforms.postgres.restoring import BACKUP, Backup, backup_of, load, restore, target_of
from tests.transforms.postgres.sessions import opened
from transforms.errors import IntegrityError, NotFoundError, RefusedError
from transforms.identity import Table
from transforms.postgres.names.selection import Selection
from transforms.postgres.objects.owners import Owning
from transforms.postgres.objects.renames import EVERYTHING
from transforms.postgres.restore import end as restore_end
from transforms.postgres.restore.plan import RestorePlan, read_restore
from transforms.postgres.restore.preflight import list_objects
from transforms.postgres.restore.selection import parse_renames
from transforms.postgres.target import PostgresTarget
from transforms.source import Assignment, Ending, Load

NewDatabase = Callable[..., str]
MORE = """
    SELECT lo_from_bytea(4711, 'hello'); COMMENT ON LARGE OBJECT 4711 IS 'greeting';
    ALTER LARGE OBJECT 4711 OWNER TO archive_owner; GRANT SELECT ON LARGE OBJECT 4711 TO archive_reader;
    ALTER DATABASE :"DBNAME" SET work_mem = '5MB';
    COMMENT ON DATABASE :"DBNAME" IS 'a shop';
"""


@pytest.fixture(scope="module")
def postgres(postgres15: PostgresServer) -> PostgresServer:
    """One server: the zoo is restored on both."""
    return postgres15


@pytest.fixture(scope="module")
def shop(postgres: PostgresServer) -> Iterator[str]:
    with module_database(postgres) as database:
        make_shop(postgres, database, MORE)
        yield database


@pytest.fixture(scope="module")
def backup(postgres: PostgresServer, shop: str, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    return backup_of(postgres, shop, tmp_path_factory.mktemp("backup"))


@pytest.fixture
def new_name(postgres: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    """Name of a database that is not there, and that is dropped if it is there at the end."""
    yield "target_new"
    postgres.sql("DROP DATABASE IF EXISTS target_new WITH (FORCE)")


def same(server: PostgresServer, one: str, other: str) -> list[str]:
    return differences(*(normalised_dump(server.binaries, server.url(name)) for name in (one, other)))


def exists(server: PostgresServer, name: str) -> bool:
    return name in server.sql("SELECT datname FROM pg_database").splitlines()


def test_a_copy_equals_its_source(postgres: PostgresServer, shop: str, backup: Backup, new_name: str) -> None:
    ending = restore(backup, target_of(postgres, new_name, create_database=True))
    assert same(postgres, shop, new_name) == []
    assert ending.skipped == ()
    assert ending.notes == ("table shop.Odd name: loaded as text, because of price (money), ages (interval[]).",)
    comment = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
    assert postgres.sql(f"{comment}; SHOW work_mem", new_name).splitlines() == ["a shop", "5MB"]


def test_every_call_may_be_made_twice(
    postgres: PostgresServer, shop: str, backup: Backup, new_database: NewDatabase
) -> None:
    database = new_database(postgres)
    target = target_of(postgres, database)
    assignments = target.check(backup.assignments(target.renames), backup.attachments)
    for _ in range(2):
        target.begin(assignments, backup.attachments)
    for _ in range(2):
        load(backup, target, assignments)
    endings = [target.end(assignments, backup.attachments) for _ in range(2)]
    for _ in range(2):  # an engine may come back to any step when the last one is done
        target.begin(assignments, backup.attachments)
        load(backup, target, assignments)
        endings.append(target.end(assignments, backup.attachments))
    assert endings == [Ending()] * 4
    for _ in range(2):
        target.forget()
    assert same(postgres, shop, database) == []
    assert target.unfinished(assignments) == []


def test_a_plan_is_made_once_a_process_and_anew_for_other_tables_and_rights(shop: str, backup: Backup) -> None:
    def plan(tables: Sequence[Table], is_superuser: bool = True) -> RestorePlan:
        assignments = [Assignment(table, table.name) for table in tables]
        return read_restore(assignments, backup.attachments, EVERYTHING, Owning(), is_superuser)

    first = plan(backup.tables)
    assert plan([replace(table, schema=dict(table.schema)) for table in backup.tables]) is first
    assert plan(backup.tables, is_superuser=False) is not first
    less = plan([table for table in backup.tables if table.name != "shop.orders"])
    assert len(less.relations) == len(first.relations) - 1
    assert len(plan(backup.tables).relations) == len(first.relations)
    described = replace(backup.tables[0], schema={**backup.tables[0].schema, "oid": "none"})
    with pytest.raises(IntegrityError, match="does not describe a table"):
        plan([described, *backup.tables[1:]])


def test_no_trigger_rule_or_policy_acts_on_what_is_loaded(
    postgres: PostgresServer, backup: Backup, new_database: NewDatabase
) -> None:
    database = new_database(postgres)
    postgres.sql(f"ALTER DATABASE {database} OWNER TO {RESTORER}")
    restore(backup, target_of(postgres, database, RESTORER, keep_acl=False))
    assert postgres.sql("SELECT count(*), count(number) FROM shop.lines", database) == "50|50"
    assert postgres.sql("SELECT amount FROM shop.total", database) == str(sum(range(1, 51)))
    assert postgres.sql("SELECT nextval('shop.free_numbers')", database) == "51"


@pytest.mark.parametrize(("small", "is_analyzed"), [(-1, True), (restore_end.SMALL, False)])
def test_tables_of_more_than_a_few_blocks_are_analyzed(
    postgres: PostgresServer,
    backup: Backup,
    new_database: NewDatabase,
    small: int,
    is_analyzed: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(restore_end, "SMALL", small)
    database = new_database(postgres)
    restore(backup, target_of(postgres, database))
    analyzed = "SELECT count(*) > 0 FROM pg_stats WHERE schemaname = 'shop' AND tablename = 'orders'"
    assert postgres.sql(analyzed, database) == ("t" if is_analyzed else "f")


def test_a_refused_restore_leaves_no_database_that_it_made(
    postgres: PostgresServer, new_name: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    source = new_database(postgres)
    make_shop(postgres, source, SUPERUSERS)
    backup = backup_of(postgres, source, tmp_path)
    target = target_of(postgres, new_name, RESTORER, create_database=True)
    with pytest.raises(RefusedError) as caught:
        target.check(backup.assignments(target.renames), backup.attachments)
    assert "PUBLICATION everything" in str(caught.value)
    assert "EVENT TRIGGER looking" in str(caught.value)
    assert "--skip_unrestorable" in str(caught.value)
    assert not exists(postgres, new_name)
    ending = restore(backup, replace(target, skip_unrestorable=True))
    assert {each.name for each in ending.skipped} >= {"PUBLICATION everything", "EVENT TRIGGER looking"}
    assert postgres.sql("SELECT count(*) FROM shop.orders", new_name) == "50"
    assert postgres.sql("SELECT count(*) FROM pg_publication", new_name) == "0"


def test_a_plan_makes_no_database_and_says_if_there_is_one(
    postgres: PostgresServer, shop: str, backup: Backup, new_name: str
) -> None:
    target = target_of(postgres, new_name, create_database=True, plan_only=True)
    assert len(target.check(backup.assignments(target.renames), backup.attachments)) == len(backup.tables)
    assert not exists(postgres, new_name)
    for plan_only in (True, False):
        there = target_of(postgres, shop, create_database=True, plan_only=plan_only)
        with pytest.raises(RefusedError, match=r"exists\. Leave --create_database out"):
            there.check(backup.assignments(there.renames), backup.attachments)


def test_a_database_that_is_not_there_is_not_found(postgres: PostgresServer, backup: Backup, new_name: str) -> None:
    target = target_of(postgres, new_name)
    with pytest.raises(NotFoundError, match=new_name):
        target.check(backup.assignments(target.renames), backup.attachments)
    assert target.unfinished(backup.assignments(target.renames)) == []


def test_a_check_writes_nothing(postgres: PostgresServer, backup: Backup, new_database: NewDatabase) -> None:
    database = new_database(postgres)
    target = target_of(postgres, database)
    checked = target.check(backup.assignments(target.renames), backup.attachments)
    assert all(assignment.create for assignment in checked)
    with opened(postgres, database) as connection:
        assert list(list_objects(connection)) == []


def test_the_source_and_a_full_database_are_refused(
    postgres: PostgresServer, shop: str, backup: Backup, new_database: NewDatabase
) -> None:
    full = new_database(postgres)
    postgres.sql("CREATE TABLE public.mine (i int)", full)
    for database, words in ((shop, "is the database that was backed up"), (full, "table public.mine")):
        target = target_of(postgres, database)
        with pytest.raises(RefusedError, match=words):
            target.check(backup.assignments(target.renames), backup.attachments)


def test_a_restore_that_was_killed_is_known_and_the_way_out_told(
    postgres: PostgresServer, backup: Backup, new_database: NewDatabase
) -> None:
    database = new_database(postgres)
    killed = target_of(postgres, database)
    assignments = killed.check(backup.assignments(killed.renames), backup.attachments)
    killed.begin(assignments, backup.attachments)
    assert BACKUP in killed.unfinished(assignments)[0]
    again: PostgresTarget = replace(killed, restore="restore-2")
    for attempt in (again.check, again.begin, again.end):
        with pytest.raises(RefusedError, match=rf"a part of the backup {BACKUP}: the restore restore-1 was not ended"):
            attempt(assignments, backup.attachments)


def test_a_chunk_that_failed_is_written_once_when_it_is_tried_again(
    postgres: PostgresServer, backup: Backup, new_database: NewDatabase
) -> None:
    database = new_database(postgres)
    target = target_of(postgres, database)
    assignments = target.check(backup.assignments(target.renames), backup.attachments)
    target.begin(assignments, backup.attachments)
    orders = next(each for each in assignments if each.destination == "shop.orders")
    chunk = backup.chunks["shop.orders"][0]
    postgres.sql("ALTER TABLE shop.orders ADD CONSTRAINT none CHECK (amount < 0)", database)
    with pytest.raises(RefusedError, match="none"):
        target.write([Load(orders, "shard:0", chunk)])
    postgres.sql("ALTER TABLE shop.orders DROP CONSTRAINT none", database)
    for _ in range(3):
        target.write([Load(orders, "shard:0", chunk)])
    rows = int(postgres.sql("SELECT count(*) FROM shop.orders", database))
    assert rows == int(postgres.sql("SELECT count(DISTINCT id) FROM shop.orders", database)) > 0


def test_a_foreign_key_that_a_predicate_breaks_is_refused_or_left_out(
    postgres: PostgresServer, shop: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    selection = Selection.parse(where=["shop.orders:amount < 10"])
    backup = backup_of(postgres, shop, tmp_path, selection)
    target = target_of(postgres, new_database(postgres))
    with pytest.raises(RefusedError) as caught:
        target.check(backup.assignments(target.renames), backup.attachments)
    told = "lines_of_order_fkey: refers to shop.orders, of which the backup has only the rows where amount < 10."
    assert told in str(caught.value)
    ending = restore(backup, replace(target, skip_unrestorable=True))
    assert [each.name for each in ending.skipped] == ["FK CONSTRAINT shop.lines lines_of_order_fkey"]
    assert postgres.sql("SELECT count(*) FROM shop.orders", target.database.name) == "9"


def test_a_table_that_was_excluded_is_named_and_breaks_what_refers_to_it(
    postgres: PostgresServer, shop: str, new_database: NewDatabase, tmp_path: Path
) -> None:
    backup = backup_of(postgres, shop, tmp_path, Selection.parse(exclude_table="shop.orders"))
    target = target_of(postgres, new_database(postgres), skip_unrestorable=True)
    ending = restore(backup, target)
    assert "table shop.orders is empty: its rows are not in the backup, or were excluded." in ending.notes
    assert str(ending.skipped[0]).startswith(
        "FK CONSTRAINT shop.lines lines_of_order_fkey: refers to shop.orders, whose rows"
    )


def test_rows_are_never_left_out(postgres: PostgresServer, backup: Backup, new_database: NewDatabase) -> None:
    database = new_database(postgres)
    postgres.sql("CREATE SCHEMA shop; CREATE TABLE shop.orders (mine int)", database)
    target = target_of(postgres, database, renames=parse_renames(["shop.orders"]), skip_unrestorable=True)
    with pytest.raises(RefusedError, match=r'(?s)TABLE shop\.orders: relation "orders" already exists.*Rows are never'):
        target.check(backup.assignments(target.renames), backup.attachments)


def test_a_tablespace_that_is_not_there_is_named_and_may_be_left_out(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    source = new_database(postgres)
    postgres.sql("SET allow_in_place_tablespaces = on; CREATE TABLESPACE fast LOCATION ''")
    postgres.sql("CREATE TABLE public.t (i int PRIMARY KEY USING INDEX TABLESPACE fast) TABLESPACE fast", source)
    backup = backup_of(postgres, source, tmp_path)
    where = "SELECT spcname FROM pg_class c JOIN pg_tablespace s ON s.oid = reltablespace WHERE relname LIKE 't%'"
    kept = target_of(postgres, new_database(postgres))
    restore(backup, kept)
    assert postgres.sql(f"{where} ORDER BY relname", kept.database.name) == "fast\nfast"
    for database in (source, kept.database.name):
        postgres.sql("DROP TABLE public.t", database)
    postgres.sql("DROP TABLESPACE fast")
    target = target_of(postgres, new_database(postgres), skip_unrestorable=True)
    with pytest.raises(RefusedError, match=r"no tablespace fast, .* TABLE public\.t, CONSTRAINT .*--tablespaces=none"):
        restore(backup, target)
    restore(backup, replace(target, keep_tablespaces=False))
    assert postgres.sql(f"{where}; SELECT count(*) FROM public.t", target.database.name) == "0"


def test_tables_of_extensions_come_only_with_the_whole(
    postgres: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    source, copy = new_database(postgres), new_database(postgres)
    postgres.sql("CREATE TABLE public.t (i int)", source)
    backup = backup_of(postgres, source, tmp_path)
    described = backup.tables[0].schema
    settings = replace(backup.tables[0], parts=("public", "settings"), schema={**described, "name": "settings"})
    both = replace(backup, tables=[settings, *backup.tables], chunks={**backup.chunks, settings.name: []})
    with pytest.raises(RefusedError, match=r"public\.settings belong to extensions.*--exclude_table=public\.settings"):
        restore(both, target_of(postgres, copy, renames=parse_renames([], ["public"])))
    restore(both, target_of(postgres, copy, renames=parse_renames([], ["public"], "public.settings")))
    assert postgres.sql("SELECT count(*) FROM public.t", copy) == "0"


def test_more_tables_are_restored_than_a_transaction_could_lock(
    postgres15: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    """The server has room for 64 locks times 60 sessions; a table with its key and what is too large takes five."""
    source, target = new_database(postgres15), new_database(postgres15)
    postgres15.sql(
        "SELECT format('CREATE TABLE t_%s (i int PRIMARY KEY, x text); INSERT INTO t_%s VALUES (%s)', n, n, n)"
        " FROM generate_series(1, 1200) n \\gexec\n",
        source,
    )
    backup = backup_of(postgres15, source, tmp_path)
    restore(backup, target_of(postgres15, target))
    keys = "SELECT count(*) FROM pg_index WHERE indisprimary AND indrelid::regclass::text LIKE 't\\_%'"
    assert postgres15.sql(keys, target) == "1200"
    assert postgres15.sql("SELECT i FROM t_777", target) == "777"
