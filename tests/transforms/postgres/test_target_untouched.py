"""What was in the target before a restore is there after it as it was, whatever came to it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.archives import OWNER, READER, RESTORER, make_shop
from tests.transforms.postgres.catalogs import module_database
from tests.transforms.postgres.picture import lost, picture
from tests.transforms.postgres.restoring import Backup, backup_of, load, restore, target_of
from transforms.errors import RefusedError
from transforms.postgres.restore.selection import parse_renames
from transforms.postgres.target import PostgresTarget

_NUMBERS = count(1)
# Grants of others than the owner, all that hangs on a schema, things that tables share, text that a name stands in.
SOURCE = f"""
    SET client_min_messages = error;
    GRANT SELECT ON shop.lines TO {READER} WITH GRANT OPTION;
    SET ROLE {READER}; GRANT SELECT ON shop.lines TO {RESTORER}; RESET ROLE;
    ALTER SCHEMA public OWNER TO {OWNER}; REVOKE ALL ON SCHEMA public FROM PUBLIC;
    GRANT USAGE ON SCHEMA public TO {READER}; COMMENT ON SCHEMA public IS 'of the backup';
    ALTER DEFAULT PRIVILEGES FOR ROLE {OWNER} IN SCHEMA public GRANT INSERT ON TABLES TO {READER};
    SET ROLE {OWNER};
    CREATE TABLE public.customers (id serial PRIMARY KEY, name text NOT NULL, UNIQUE (name));
    CREATE TABLE public.orders (id serial PRIMARY KEY, of_customer int REFERENCES public.customers);
    CREATE TABLE public.heirs (more int) INHERITS (public.customers);
    CREATE TYPE public.span AS RANGE (subtype = float8, multirange_type_name = public.spans);
    CREATE TABLE public.spanned (s public.span, m public.spans);
    CREATE OPERATOR public.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
    CREATE VIEW public.all_orders AS SELECT orders.id, customers.name FROM public.orders
        JOIN public.customers ON orders.of_customer OPERATOR(public.===) customers.id;
    CREATE MATERIALIZED VIEW public.names AS SELECT customers.name FROM public.customers;
    CREATE INDEX names_name ON public.names (name);
    COMMENT ON TABLE public.orders IS 'public.orders of the backup';
    INSERT INTO public.customers (name) SELECT 'name ' || i FROM generate_series(1, 30) i;
    INSERT INTO public.orders (of_customer) SELECT i FROM generate_series(1, 30) i;
    INSERT INTO public.spanned VALUES ('[1,2)', '{{[1,2)}}');
    REFRESH MATERIALIZED VIEW public.names;
    CREATE POLICY own ON public.orders USING (EXISTS (SELECT FROM public.customers c WHERE c.id = of_customer));
    ALTER TABLE public.orders ENABLE ROW LEVEL SECURITY;
    CREATE TABLE shop.mine (t text); RESET ROLE;
    CREATE PUBLICATION part FOR TABLE public.orders, shop.lines;
    SELECT lo_from_bytea(815, 'of the backup');
"""
# The target has all of the same names, and its own of whatever a restore could set.
MINE = f"""
    SET client_min_messages = error;
    ALTER SCHEMA public OWNER TO pg_database_owner; ALTER SCHEMA shop OWNER TO {RESTORER};
    GRANT ALL ON SCHEMA public TO PUBLIC; GRANT USAGE ON SCHEMA public TO {OWNER} WITH GRANT OPTION;
    REVOKE USAGE ON SCHEMA shop FROM {READER};
    GRANT CREATE ON SCHEMA shop TO {READER}; GRANT USAGE ON SCHEMA shop TO {OWNER} WITH GRANT OPTION;
    SET ROLE {OWNER}; GRANT USAGE ON SCHEMA shop TO {RESTORER}; RESET ROLE;
    COMMENT ON SCHEMA public IS 'mine'; COMMENT ON SCHEMA shop IS 'mine, too';
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO {OWNER};
    ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT UPDATE ON TABLES TO {OWNER};
    ALTER DEFAULT PRIVILEGES GRANT DELETE ON TABLES TO {OWNER};
    ALTER DATABASE :"DBNAME" SET work_mem = '7MB'; ALTER ROLE {READER} IN DATABASE :"DBNAME" SET work_mem = '8MB';
    COMMENT ON DATABASE :"DBNAME" IS 'mine'; GRANT CREATE ON DATABASE :"DBNAME" TO {RESTORER}, {READER};
    ALTER TYPE shop.mood OWNER TO postgres; COMMENT ON TYPE shop.mood IS 'mine';
    REVOKE ALL ON FUNCTION shop.twice(int) FROM {OWNER}; GRANT EXECUTE ON FUNCTION shop.twice(int) TO PUBLIC;
    INSERT INTO public.customers (name) VALUES ('mine'); UPDATE public.orders SET of_customer = 1;
    SELECT setval('shop.free_numbers', 777), setval('public.orders_id_seq', 888);
    SELECT lo_from_bytea(816, 'mine'); ALTER LARGE OBJECT 815 OWNER TO {READER};
    ALTER PUBLICATION part DROP TABLE shop.lines;
"""
LOST_LINES = "DROP TABLE shop.lines"
LOST_PARTITION = "DROP TABLE shop.moods_0; INSERT INTO shop.moods SELECT mood, 5 FROM shop.moods_1"
LOST_CONTENTS = """
    DROP VIEW public.all_orders; DROP MATERIALIZED VIEW public.names; DROP TABLE public.orders, public.heirs,
    public.customers, public.spanned; DROP TYPE public.span; DROP OPERATOR public.=== (int, int);
"""


@dataclass(frozen=True)
class Case:
    """What is restored into a database to which `lost` happened, and what is looked at then, with the answer."""

    tables: tuple[str, ...] = ()
    schemas: tuple[str, ...] = ()
    excluded: str = ""
    lost: str = ""
    query: str = "SELECT 1"
    answer: str = "1"


CASES = {
    "a schema beside its like": Case(
        schemas=("public:restored",),
        query="SELECT count(*), max(name) FROM restored.all_orders; SELECT count(*) FROM restored.names;"
        " INSERT INTO restored.orders (of_customer) VALUES (1) RETURNING id; SELECT pg_typeof(m) FROM restored.spanned",
        answer="30|name 9\n30\n31\nrestored.spans",
    ),
    "a schema with owners and partitions": Case(
        schemas=("shop:kept",),
        query="SELECT count(*) FROM kept.moods; SELECT nextval('kept.free_numbers');"
        f" SELECT has_schema_privilege('{READER}', 'kept', 'USAGE'), nspowner::regrole FROM pg_namespace"
        " WHERE nspname = 'kept'",
        answer=f"20\n51\nt|{OWNER}",
    ),
    "a table under a new name in a new schema": Case(
        tables=("shop.orders:fresh.bestellungen",),
        query="SELECT count(*), max(gross), pg_get_serial_sequence('fresh.bestellungen', 'id') FROM fresh.bestellungen",
        answer="50|100|fresh.orders_id_seq",
    ),
    "a table in a schema that is there": Case(
        tables=("public.customers:shop.customers", "public.spanned:shop.spans"),
        query="SELECT m FROM shop.spans; INSERT INTO shop.customers (name) VALUES ('x') RETURNING id",
        answer="{[1,2)}\n31",
    ),
    "a lost table": Case(
        tables=("shop.lines",), lost=LOST_LINES, query="SELECT count(*) FROM shop.lines", answer="50"
    ),
    "lost tables by a glob": Case(
        tables=("shop.li*", "shop.orders:fresh.orders"), lost=LOST_LINES,
        query="SELECT confrelid::regclass FROM pg_constraint WHERE conname = 'lines_of_order_fkey'",
        answer="fresh.orders",
    ),
    "a lost partition": Case(
        tables=("shop.moods_0",), lost=LOST_PARTITION,
        query="SELECT to_regclass('shop.moods_0') IS NOT NULL, count(*) FROM pg_inherits"
        " WHERE inhrelid = 'shop.moods_0'::regclass", answer="t|0",
    ),
    "what a schema has lost": Case(
        schemas=("public",), lost=LOST_CONTENTS, query="SELECT count(*) FROM public.all_orders", answer="30"
    ),
    "what a schema has lost but for a table": Case(
        schemas=("public",), excluded="public.spanned", lost=LOST_CONTENTS,
        query="SELECT to_regclass('public.spanned') IS NULL, count(*) FROM public.all_orders", answer="t|30",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def source(postgres: PostgresServer) -> Iterator[str]:
    with module_database(postgres) as database:
        make_shop(postgres, database, SOURCE)
        yield database


@pytest.fixture(scope="module")
def backup(postgres: PostgresServer, source: str, tmp_path_factory: pytest.TempPathFactory) -> Backup:
    return backup_of(postgres, source, tmp_path_factory.mktemp("backup"))


@pytest.fixture(scope="module")
def live(postgres: PostgresServer, source: str, backup: Backup) -> Iterator[str]:
    """A database that has been lived in since the backup, to be copied."""
    name = f"{source}_live"
    postgres.sql(f"CREATE DATABASE {name} TEMPLATE {source}")
    postgres.sql(MINE, name)
    postgres.sql(f"GRANT {READER} TO {RESTORER}")  # privileges are granted in the names of those who granted them
    try:
        yield name
    finally:
        postgres.sql(f"REVOKE {READER} FROM {RESTORER}")
        postgres.sql(f"DROP DATABASE {name}")


@contextmanager
def copied(server: PostgresServer, live: str, lost: str) -> Iterator[str]:
    name = f"untouched_{next(_NUMBERS)}"
    server.sql(f"CREATE DATABASE {name} TEMPLATE {live}")
    server.sql(f"GRANT CREATE ON DATABASE {name} TO {RESTORER}, {READER}")
    server.sql(lost, name)
    try:
        yield name
    finally:
        server.sql(f"DROP DATABASE {name} WITH (FORCE)")


def target(server: PostgresServer, database: str, case: Case, user: str = "postgres") -> PostgresTarget:
    return target_of(server, database, user, renames=parse_renames(case.tables, case.schemas, case.excluded))


# One after the other into one database.
TOGETHER = (
    ("a schema beside its like", "a schema with owners and partitions", "a table under a new name in a new schema",
     "a table in a schema that is there"),
    ("a lost table", "a lost partition"),
    ("lost tables by a glob", "what a schema has lost"),
    ("what a schema has lost but for a table",),
)  # fmt: skip


@pytest.mark.parametrize("user", ["postgres", RESTORER])
@pytest.mark.parametrize("names", TOGETHER, ids=", ".join)
def test_a_restore_into_a_live_database_only_adds(
    postgres: PostgresServer, live: str, backup: Backup, names: Sequence[str], user: str
) -> None:
    cases = [CASES[name] for name in names]
    with copied(postgres, live, ";".join(case.lost for case in cases)) as database:
        before = picture(postgres, database)
        endings = [restore(backup, target(postgres, database, case, user)) for case in cases]
        assert lost(before, picture(postgres, database)) == []
        assert [ending.skipped for ending in endings] == [()] * len(cases)
        assert [postgres.sql(case.query, database) for case in cases] == [case.answer for case in cases]


REFUSED = {
    "a name that is taken": Case(tables=("shop.orders",)),
    "a name that is taken in another schema": Case(tables=("shop.orders:public.orders",)),
    "the name of an index that is taken": Case(tables=("public.orders:shop.orders_too",)),
    "a schema of which everything is there": Case(schemas=("shop",)),
    "a foreign key whose table is not there": Case(tables=("public.orders:shop.orders_two", "public.heirs:shop.heirs")),
}


def test_a_refused_restore_leaves_everything(postgres: PostgresServer, live: str, backup: Backup) -> None:
    with copied(postgres, live, "DROP TABLE public.customers CASCADE") as database:
        before = picture(postgres, database)
        for case in REFUSED.values():
            with pytest.raises(RefusedError, match=r"(?s)Nothing was written.*exist"):
                restore(backup, target(postgres, database, case))
        after = picture(postgres, database)
        assert lost(before, after) == lost(after, before) == []


@pytest.mark.parametrize("name", ["a schema beside its like", "a lost partition"])
def test_a_restore_that_broke_off_has_only_added(
    postgres: PostgresServer, live: str, backup: Backup, name: str
) -> None:
    case = CASES[name]
    with copied(postgres, live, case.lost) as database:
        before = picture(postgres, database)
        broken_off = target(postgres, database, case)
        assignments = broken_off.check(backup.assignments(broken_off.renames), backup.attachments)
        broken_off.begin(assignments, backup.attachments)
        load(backup, broken_off, assignments)
        with pytest.raises(RefusedError, match="was not ended"):
            replace(broken_off, restore="restore-2").check(assignments, backup.attachments)
        assert lost(before, picture(postgres, database)) == []


def test_a_lost_table_comes_back_into_the_database_that_it_came_from(
    postgres: PostgresServer, source: str, tmp_path: Path
) -> None:
    with copied(postgres, source, "SELECT 1") as database:
        own = backup_of(postgres, database, tmp_path)
        with pytest.raises(RefusedError, match="is the database that was backed up"):
            restore(own, target_of(postgres, database))
        postgres.sql("DROP TABLE shop.lines", database)
        before = picture(postgres, database)
        restore(own, target(postgres, database, CASES["a lost table"]))
        assert lost(before, picture(postgres, database)) == []
        assert postgres.sql("SELECT count(*) FROM shop.lines", database) == "50"


def test_tables_that_are_left_out_of_a_whole_restore_are_empty(
    postgres: PostgresServer, backup: Backup, new_database: Callable[..., str]
) -> None:
    database = new_database(postgres)
    renames = parse_renames([], exclude_table="public.orders, shop.moods")
    ending = restore(backup, target_of(postgres, database, renames=renames))
    rows = "SELECT (SELECT count(*) FROM public.orders), (SELECT count(*) FROM shop.moods), count(*) FROM shop.lines"
    assert postgres.sql(rows, database) == "0|0|50"
    assert "table public.orders is empty: its rows are not in the backup, or were excluded." in ending.notes


def test_a_whole_restore_leaves_extensions_that_are_there_and_their_schemas(
    postgres: PostgresServer, live: str, new_database: Callable[..., str], tmp_path: Path
) -> None:
    extension = postgres.sql("SELECT min(name) FROM pg_available_extensions WHERE name IN ('hstore', 'vector')")
    source, copy = new_database(postgres), new_database(postgres)
    made = f"CREATE SCHEMA apart; CREATE EXTENSION {extension} SCHEMA apart; COMMENT ON EXTENSION {extension} IS "
    postgres.sql(f"{made} 'theirs'; COMMENT ON SCHEMA apart IS 'theirs'; ALTER SCHEMA apart OWNER TO {OWNER}", source)
    given = f"GRANT USAGE ON SCHEMA apart TO {READER}; ALTER DEFAULT PRIVILEGES IN SCHEMA apart GRANT SELECT ON TABLES"
    postgres.sql(f"{given} TO {READER}; CREATE TABLE public.t (i apart.{extension})", source)
    postgres.sql(f"{made} 'mine'", copy)
    backup, before = backup_of(postgres, source, tmp_path), picture(postgres, copy)
    assert restore(backup, target_of(postgres, copy)).skipped == ()
    assert lost(before, picture(postgres, copy)) == []
    assert postgres.sql("SELECT count(*) FROM public.t", copy) == "0"
