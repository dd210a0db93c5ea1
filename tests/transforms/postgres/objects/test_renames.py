from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.archives import OWNER, READER, RESTORER, make_shop
from tests.transforms.postgres.catalogs import module_database
from tests.transforms.postgres.restoring import Backup, backup_of, restore, target_of
from transforms.errors import NotFoundError, RefusedError, UsageError
from transforms.postgres.names.identifiers import Name
from transforms.postgres.objects.renames import EVERYTHING, Renames
from transforms.postgres.restore.selection import parse_renames

NewDatabase = Callable[..., str]
NAMED = """
    CREATE TABLE shop.a (i int PRIMARY KEY); INSERT INTO shop.a VALUES (1);
    CREATE TABLE shop.b (j text); INSERT INTO shop.b VALUES ('x');
    CREATE FUNCTION shop.count_orders() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM shop.orders';
    CREATE SCHEMA other; CREATE TABLE other.apart (i int); INSERT INTO other.apart VALUES (7);
    CREATE FUNCTION other.look() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM other.apart';
"""


@pytest.fixture(scope="module")
def backup(postgres18: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backup]:
    with module_database(postgres18) as database:
        make_shop(postgres18, database, NAMED)
        yield backup_of(postgres18, database, tmp_path_factory.mktemp("backup"))


def test_names_are_read_as_sql_reads_them() -> None:
    renames = parse_renames(["Shop.Orders", 'shop."A.b":"New S"."T:1"', "x.y : z.w".replace(" ", "")], ['one:"Two"'])
    assert renames.tables == (
        (Name("shop", "A.b"), Name("New S", "T:1")),
        (Name("x", "y"), Name("z", "w")),
    )
    assert renames.schemas == (("one", "Two"),)
    assert not parse_renames([])


@pytest.mark.parametrize(
    "text", ["orders", "a.b.c", "a.b:c", "a.b:c.d:e.f", "a.b;", "a.", 'a."b', "a.b*:c.d", "a.b:c.d*"]
)
def test_what_is_no_name_is_a_wrong_use(text: str) -> None:
    with pytest.raises(UsageError, match="--table="):
        parse_renames([text])


def test_two_tables_cannot_get_one_name() -> None:
    with pytest.raises(UsageError, match=r"shop\.c twice"):
        parse_renames(["shop.a:shop.c", "shop.b:shop.c"])


@pytest.mark.parametrize(
    ("tables", "schemas", "excluded", "expected"),
    [
        (["shop.*"], [], "", ["Odd name", "a", "b", "lines", "moods_0", "moods_1", "orders"]),
        (["shop.o*", "shop.moods"], [], "", ["moods_0", "moods_1", "orders"]),
        (["shop.?", "other.apart:shop.c"], [], "", ["a", "b", "c"]),
        (["shop.a:other.z", "shop.?"], [], "shop.b", ["z"]),
        (["shop.o*", "shop.lines"], ["other"], "shop.lines", ["apart", "orders"]),
        ([], ["shop:new", "o*"], "shop.moods, *.o*, shop.lines", ["Odd name", "a", "apart", "b"]),
        ([], [], "shop.*", ["apart"]),
    ],
)
def test_globs_choose_and_leave_out_as_at_backup(
    backup: Backup, tables: list[str], schemas: list[str], excluded: str, expected: list[str]
) -> None:
    chosen = backup.assignments(parse_renames(tables, schemas, excluded))
    assert sorted(each.destination.split(".", 1)[1] for each in chosen) == expected


def test_a_glob_gets_no_new_name() -> None:
    with pytest.raises(UsageError, match=r"--table=shop\.o\*:shop\.p: a glob gets no new name"):
        parse_renames(["shop.o*:shop.p"])
    with pytest.raises(UsageError, match=r"--schema=s\*:t: a glob gets no new name"):
        parse_renames([], ["s*:t"])


def test_two_tables_that_come_to_one_name_are_a_wrong_use(backup: Backup) -> None:
    with pytest.raises(UsageError, match=r"give shop\.a to two tables"):
        backup.assignments(parse_renames(["other.apart:shop.a", "shop.?"]))


def test_a_table_that_the_backup_lacks_is_not_found(backup: Backup) -> None:
    with pytest.raises(NotFoundError, match=r"no rows of --table=shop\.none\. It has: other\.apart, shop"):
        backup.assignments(parse_renames(["shop.none", "shop.orders"]))
    with pytest.raises(NotFoundError, match="--schema=none"):
        backup.assignments(parse_renames([], ["none"]))


def test_a_partitioned_table_stands_for_its_partitions(backup: Backup) -> None:
    chosen = backup.assignments(parse_renames(["shop.moods"]))
    assert [each.table.name for each in chosen] == ["shop.moods_0", "shop.moods_1"]
    assert len(backup.assignments(EVERYTHING)) == len(backup.tables)


def test_tables_change_names_and_schemas_with_all_that_is_theirs(
    postgres18: PostgresServer, backup: Backup, new_database: NewDatabase
) -> None:
    database = new_database(postgres18)
    renames = parse_renames(["shop.orders:fresh.bestellungen", "shop.lines"])
    ending = restore(backup, target_of(postgres18, database, renames=renames))
    assert postgres18.sql("SELECT count(*), max(gross) FROM fresh.bestellungen", database) == "50|100"
    key = "SELECT confrelid::regclass FROM pg_constraint WHERE conname = 'lines_of_order_fkey'"
    assert postgres18.sql(key, database) == "fresh.bestellungen"
    assert postgres18.sql("INSERT INTO fresh.bestellungen (amount) VALUES (1) RETURNING id", database) == "51"
    may = f"SELECT has_table_privilege('{READER}', 'fresh.bestellungen', 'SELECT')"
    owner = "SELECT tableowner FROM pg_tables WHERE schemaname = 'fresh'"
    assert [postgres18.sql(may, database), postgres18.sql(owner, database)] == ["t", OWNER]
    assert ending.skipped == ()


def test_two_tables_may_change_places(postgres18: PostgresServer, backup: Backup, new_database: NewDatabase) -> None:
    database = new_database(postgres18)
    renames = parse_renames(["shop.a:shop.b", "shop.b:shop.a"])
    restore(backup, target_of(postgres18, database, renames=renames))
    assert postgres18.sql("SELECT (SELECT j FROM shop.a), (SELECT i FROM shop.b)", database) == "x|1"


def test_a_member_of_the_owner_renames_without_being_superuser(
    postgres18: PostgresServer, backup: Backup, new_database: NewDatabase
) -> None:
    database = new_database(postgres18)
    postgres18.sql(f"ALTER DATABASE {database} OWNER TO {RESTORER}")
    renames = parse_renames(['shop.orders:"New"."T"'])
    restore(backup, target_of(postgres18, database, RESTORER, renames=renames))
    assert postgres18.sql('SELECT count(*) FROM "New"."T"', database) == "50"
    lent = f"SELECT has_schema_privilege('{OWNER}', '\"New\"', 'CREATE')"
    assert postgres18.sql(lent.replace("'\"New\"'", "'New'"), database) == "f"


def test_a_schema_is_renamed_with_all_that_is_in_it(
    postgres18: PostgresServer, backup: Backup, new_database: NewDatabase
) -> None:
    database = new_database(postgres18)
    ending = restore(backup, target_of(postgres18, database, renames=parse_renames([], ["other:elsewhere"])))
    assert postgres18.sql("SELECT i FROM elsewhere.apart", database) == "7"
    assert postgres18.sql("SELECT to_regnamespace('other') IS NULL", database) == "t"
    assert ending.notes == ("FUNCTION other.look(): its body names other, which is renamed; check the body.",)


def test_a_name_that_is_taken_is_refused_and_nothing_is_written(
    postgres18: PostgresServer, backup: Backup, new_database: NewDatabase
) -> None:
    database = new_database(postgres18)
    postgres18.sql("CREATE SCHEMA fresh; CREATE TABLE fresh.bestellungen (mine int)", database)
    target = target_of(postgres18, database, renames=parse_renames(["shop.orders:fresh.bestellungen"]))
    with pytest.raises(RefusedError, match=r'(?s)"bestellungen" already exists.*into another schema'):
        target.check(backup.assignments(target.renames), backup.attachments)
    assert postgres18.sql("SELECT count(*) FROM pg_tables WHERE schemaname IN ('shop', 'fresh')", database) == "1"


def test_what_is_there_already_and_only_needed_is_used(
    postgres18: PostgresServer, backup: Backup, new_database: NewDatabase
) -> None:
    database = new_database(postgres18)
    postgres18.sql("CREATE SCHEMA shop; CREATE TYPE shop.mood AS ENUM ('sad', 'happy', 'mine')", database)
    restore(backup, target_of(postgres18, database, renames=parse_renames(["shop.orders"]), keep_acl=False))
    assert postgres18.sql("SELECT count(*) FROM shop.orders WHERE mood = 'happy'", database) == "50"
    owner = "SELECT DISTINCT pg_get_userbyid(typowner) FROM pg_type WHERE typname = 'mood'"
    assert postgres18.sql(owner, database) == "postgres"  # it was not given away: it is the target's own
    assert Renames().name(Name("a", "b")) == Name("a", "b")


def test_a_foreign_key_to_a_table_that_is_not_there_is_refused(
    postgres18: PostgresServer, backup: Backup, new_database: NewDatabase
) -> None:
    target = target_of(postgres18, new_database(postgres18), renames=parse_renames(["shop.lines"]))
    with pytest.raises(RefusedError, match=r'FK CONSTRAINT .*lines_of_order_fkey: relation "shop.orders" does'):
        target.check(backup.assignments(target.renames), backup.attachments)


def test_a_function_of_a_tables_name_keeps_the_table_from_moving(
    postgres18: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    source, copy = new_database(postgres18), new_database(postgres18)
    named = "CREATE TABLE public.t (i int); CREATE FUNCTION public.t() RETURNS int LANGUAGE sql AS 'SELECT 1'"
    postgres18.sql(named, source)
    backup = backup_of(postgres18, source, tmp_path)
    with pytest.raises(RefusedError, match=r"FUNCTION public.t\(\) has the name of something that is restored as x.t"):
        restore(backup, target_of(postgres18, copy, renames=parse_renames(["public.t:x.t"])))
    restore(backup, target_of(postgres18, copy, renames=parse_renames([], ["public:x"])))
    assert postgres18.sql("SELECT x.t(), (SELECT count(*) FROM x.t)", copy) == "1|0"


def test_what_others_call_a_renamed_table_stays_right(
    postgres18: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    """Views and policies call columns by the table's name, sequences and types by theirs; a schema's name is a name."""
    source, copy = new_database(postgres18), new_database(postgres18)
    made = """
        CREATE SCHEMA orders; CREATE TABLE orders.orders (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n int);
        CREATE TABLE orders."Lines" (id serial, of int REFERENCES orders.orders, whole orders.orders);
        CREATE VIEW orders.both AS SELECT orders.id, orders.n, "Lines".of FROM orders.orders
            JOIN orders."Lines" ON "Lines".of = orders.id;
        CREATE STATISTICS orders.statistics ON id, n FROM orders.orders;
        CREATE POLICY p ON orders."Lines" USING (EXISTS (SELECT FROM orders.orders WHERE orders.id = "Lines".of));
        CREATE FUNCTION orders.first(orders.orders) RETURNS int RETURN (SELECT min(orders.id) FROM orders.orders);
        INSERT INTO orders.orders (n) VALUES (7); INSERT INTO orders."Lines" (of) VALUES (1);
    """
    postgres18.sql(made, source)
    postgres18.sql("CREATE SCHEMA orders; CREATE TABLE orders.orders (mine int)", copy)
    backup = backup_of(postgres18, source, tmp_path)
    renames = parse_renames(["orders.orders:fresh.bestellungen", 'orders."Lines":fresh.lines'], ["orders:fresh"])
    ending = restore(backup, target_of(postgres18, copy, renames=renames))
    assert postgres18.sql("SELECT * FROM fresh.both; SELECT fresh.first(NULL)", copy) == "1|7|1\n1"
    assert postgres18.sql("INSERT INTO fresh.lines (of) VALUES (1) RETURNING id", copy) == "2"
    assert postgres18.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'shardkeep%'", copy) == ""
    assert ending.skipped == ()


def test_a_column_that_is_called_like_what_moves_is_refused_and_not_confused(
    postgres18: PostgresServer, new_database: NewDatabase, tmp_path: Path
) -> None:
    source, copy = new_database(postgres18), new_database(postgres18)
    postgres18.sql("CREATE SCHEMA t; CREATE TABLE t.t (t int); CREATE VIEW t.v AS SELECT t.t FROM t.t, t.t u", source)
    backup = backup_of(postgres18, source, tmp_path)
    renames = parse_renames([], ["t:fresh"])
    with pytest.raises(RefusedError, match=r"VIEW fresh\.v: missing FROM-clause entry"):
        restore(backup, target_of(postgres18, copy, renames=renames))


def test_what_is_there_is_used_where_the_role_may_not_make_it(
    postgres18: PostgresServer, backup: Backup, new_database: NewDatabase
) -> None:
    database = new_database(postgres18)
    make_shop(postgres18, database)
    postgres18.sql("ALTER SCHEMA shop OWNER TO postgres; GRANT USAGE ON SCHEMA shop TO PUBLIC", database)
    postgres18.sql(f"GRANT CREATE ON DATABASE {database} TO {RESTORER}")
    renames = parse_renames(["shop.orders:fresh.orders", "shop.lines:fresh.lines"])
    target = target_of(postgres18, database, RESTORER, renames=renames, keep_owner=False, keep_acl=False)
    assert restore(backup, target).skipped == ()
    assert (
        postgres18.sql("SELECT count(*) FROM fresh.orders JOIN fresh.lines ON of_order = orders.id", database) == "50"
    )
