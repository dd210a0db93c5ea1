"""What the catalog of a real server says of tables, columns and keys."""

import json
from collections.abc import Callable, Iterator

import psycopg
import pytest

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.catalogs import loaded, module_database, relation, relations, undone
from tests.transforms.postgres.sessions import opened
from transforms.errors import NotFoundError, UsageError
from transforms.postgres.catalog import list_tables
from transforms.postgres.column import Form
from transforms.postgres.identifiers import Name
from transforms.postgres.key import Key
from transforms.postgres.read_order import ReadOrder
from transforms.postgres.relation import CTID, KEY, Relation
from transforms.postgres.selection import Selection
from transforms.postgres.session import Connection

NewDatabase = Callable[..., str]

# Type of a column, its type without domain and modifier, and its form with precision and scale.
TYPES = [
    ("boolean", "pg_catalog.bool", Form.BOOL),
    ("smallint", "pg_catalog.int2", Form.INT2),
    ("integer", "pg_catalog.int4", Form.INT4),
    ("bigint", "pg_catalog.int8", Form.INT8),
    ("real", "pg_catalog.float4", Form.FLOAT4),
    ("double precision", "pg_catalog.float8", Form.FLOAT8),
    ("bytea", "pg_catalog.bytea", Form.BYTES),
    ("text", "pg_catalog.text", Form.TEXT),
    ("character varying(10)", 'pg_catalog."varchar"', Form.TEXT),
    ("character(3)", "pg_catalog.bpchar", Form.TEXT),
    ("name", "pg_catalog.name", Form.TEXT),
    ("json", 'pg_catalog."json"', Form.TEXT),
    ("jsonb", "pg_catalog.jsonb", Form.JSONB),
    ("uuid", "pg_catalog.uuid", Form.UUID),
    ("date", "pg_catalog.date", Form.DATE),
    ("time(3) without time zone", 'pg_catalog."time"', Form.TIME),
    ("timestamp without time zone", 'pg_catalog."timestamp"', Form.TIMESTAMP),
    ("timestamp(0) with time zone", "pg_catalog.timestamptz", Form.TIMESTAMPTZ),
    ("numeric(10,2)", 'pg_catalog."numeric"', Form.NUMERIC),
    ("numeric(38,38)", 'pg_catalog."numeric"', Form.NUMERIC),
    ("numeric(1,0)", 'pg_catalog."numeric"', Form.NUMERIC),
    ("numeric", 'pg_catalog."numeric"', Form.OUTPUT),
    ("numeric(39,0)", 'pg_catalog."numeric"', Form.OUTPUT),
    ("numeric(1000,1000)", 'pg_catalog."numeric"', Form.OUTPUT),
    ("numeric(3,-2)", 'pg_catalog."numeric"', Form.OUTPUT),
    ("numeric(2,5)", 'pg_catalog."numeric"', Form.OUTPUT),
    ("oid", "pg_catalog.oid", Form.OUTPUT),
    ("regclass", "pg_catalog.regclass", Form.OUTPUT),
    ("time with time zone", "pg_catalog.timetz", Form.OUTPUT),
    ("interval", 'pg_catalog."interval"', Form.OUTPUT),
    ("integer[]", "pg_catalog._int4", Form.OUTPUT),
    ("int4range", "pg_catalog.int4range", Form.OUTPUT),
    ("xml", "pg_catalog.xml", Form.OUTPUT),
    ("money", "pg_catalog.money", Form.OUTPUT),
    ("bit(3)", 'pg_catalog."bit"', Form.OUTPUT),
    ("inet", "pg_catalog.inet", Form.OUTPUT),
    ('"char"', 'pg_catalog."char"', Form.OUTPUT),
    ("tsvector", "pg_catalog.tsvector", Form.OUTPUT),
    ("point", "pg_catalog.point", Form.OUTPUT),
    ('"My Types".mood', '"My Types".mood', Form.TEXT),
    ('"My Types"."P air"', '"My Types"."P air"', Form.OUTPUT),
    ('"My Types"."P air"[]', '"My Types"."_P air"', Form.OUTPUT),
    ('"My Types".digits', 'pg_catalog."numeric"', Form.NUMERIC),
    ('"My Types".fewer', 'pg_catalog."numeric"', Form.NUMERIC),
    ('"My Types".moods', '"My Types".mood', Form.TEXT),
    ('"My Types".list', "pg_catalog._int4", Form.OUTPUT),
]
TYPE_OBJECTS = """
    CREATE SCHEMA "My Types";
    CREATE TYPE "My Types".mood AS ENUM ('sad', 'ok');
    CREATE TYPE "My Types"."P air" AS (a int, b text);
    CREATE DOMAIN "My Types".digits AS numeric(7,3);
    CREATE DOMAIN "My Types".fewer AS "My Types".digits CHECK (VALUE < 10);
    CREATE DOMAIN "My Types".moods AS "My Types".mood;
    CREATE DOMAIN "My Types".list AS int[];
"""


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[tuple[PostgresServer, str]]:
    with module_database(postgres) as name:
        yield postgres, name


@pytest.fixture(scope="module")
def database15(postgres15: PostgresServer) -> Iterator[tuple[PostgresServer, str]]:
    with module_database(postgres15) as name:
        yield postgres15, name


@pytest.fixture
def connection(database: tuple[PostgresServer, str]) -> Iterator[Connection]:
    """What a test does in an empty database of either server is undone behind it."""
    with undone(*database) as session:
        yield session


@pytest.fixture
def connection15(database15: tuple[PostgresServer, str]) -> Iterator[Connection]:
    with undone(*database15) as session:
        yield session


def made(connection: Connection, *statements: str) -> None:
    for statement in statements:
        connection.execute(statement.encode())


def test_every_type_has_its_form_and_a_name_to_cast_to(connection: Connection) -> None:
    columns = ", ".join(f"c{place} {kind}" for place, (kind, _, _) in enumerate(TYPES))
    made(connection, TYPE_OBJECTS, f"CREATE TABLE public.t ({columns})")
    loaded_columns = relation(connection, "public.t").columns
    assert [(column.type, column.base, column.form) for column in loaded_columns] == TYPES
    digits = {column.type: (column.precision, column.scale) for column in loaded_columns if column.precision}
    assert digits == {
        "numeric(10,2)": (10, 2),
        "numeric(38,38)": (38, 38),
        "numeric(1,0)": (1, 0),
        '"My Types".digits': (7, 3),
        '"My Types".fewer': (7, 3),
    }
    for column in loaded_columns:  # the server takes each name, without any search path
        connection.execute(f"SELECT NULL::{column.base}".encode())


def test_citext_travels_as_its_text(connection15: Connection) -> None:
    made(connection15, "CREATE EXTENSION citext SCHEMA public", "CREATE TABLE public.t (a public.citext)")
    assert [(column.base, column.form) for column in relation(connection15, "public.t").columns] == [
        ("public.citext", Form.TEXT)
    ]


def test_dropped_and_generated_columns_are_left_out_and_attributes_kept(connection: Connection) -> None:
    made(
        connection,
        'CREATE TABLE public.t (gone int, "A b" int NOT NULL, twice int GENERATED ALWAYS AS ("A b" * 2) STORED,'
        ' i int GENERATED ALWAYS AS IDENTITY, j int GENERATED BY DEFAULT AS IDENTITY, s text COLLATE "C", d text)',
        "ALTER TABLE public.t DROP COLUMN gone",
    )
    columns = relation(connection, "public.t").columns
    assert [(c.name, c.field, c.number, c.not_null, c.identity, c.collation) for c in columns] == [
        ("A b", "_x4120_b", 2, True, "", ""),
        ("i", "i", 4, True, "a", ""),
        ("j", "j", 5, True, "d", ""),
        ("s", "s", 6, False, "", 'pg_catalog."C"'),
        ("d", "d", 7, False, "", 'pg_catalog."default"'),
    ]


@pytest.mark.parametrize("columns", ["", "a int GENERATED ALWAYS AS (1) STORED"])
def test_a_table_without_columns_of_its_own_tells_of_its_rows(connection: Connection, columns: str) -> None:
    made(connection, f"CREATE TABLE public.t ({columns})")
    (column,) = relation(connection, "public.t").columns
    assert (column.form, column.field, relation(connection, "public.t").copied) == (Form.PRESENCE, "_xrow", ())


def test_a_table_of_1600_columns_is_loaded(connection: Connection) -> None:
    made(connection, f"CREATE TABLE public.t ({', '.join(f'c{number} int' for number in range(1600))})")
    assert len(relation(connection, "public.t").columns) == 1600


def test_partitions_and_inheritors_are_tables_of_their_own_and_their_parents_are_known(connection: Connection) -> None:
    made(
        connection,
        "CREATE TABLE public.root (a int, b int) PARTITION BY LIST (a)",
        "CREATE TABLE public.one PARTITION OF public.root FOR VALUES IN (1)",
        "CREATE TABLE public.rest PARTITION OF public.root DEFAULT PARTITION BY HASH (b)",
        "CREATE TABLE public.even PARTITION OF public.rest FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
        "CREATE TABLE public.top (a int)",
        "CREATE TABLE public.other (b int)",
        "CREATE TABLE public.heir (c int) INHERITS (public.top, public.other)",
    )
    root, rest = Name("public", "root"), Name("public", "rest")
    found = relations(connection)
    assert sorted(found) == [f"public.{name}" for name in ("even", "heir", "one", "other", "top")]
    told = {name: (each.partition_root, each.hash_partitioned, each.parents) for name, each in found.items()}
    assert told == {
        "public.even": (root, True, (rest,)),
        "public.heir": (None, False, (Name("public", "top"), Name("public", "other"))),
        "public.one": (root, False, (root,)),
        "public.other": (None, False, ()),
        "public.top": (None, False, ()),
    }
    assert sorted(relations(connection, Selection.parse(table="public.root"))) == ["public.even", "public.one"]


def test_what_has_no_rows_of_its_own_is_named(connection: Connection) -> None:
    made(
        connection,
        "CREATE TABLE public.t (a int)",
        "CREATE VIEW public.v AS SELECT * FROM public.t",
        "CREATE MATERIALIZED VIEW public.m AS SELECT * FROM public.t",
        "CREATE FOREIGN DATA WRAPPER nobody",
        "CREATE SERVER nowhere FOREIGN DATA WRAPPER nobody",
        "CREATE FOREIGN TABLE public.f (a int) SERVER nowhere",
        "CREATE UNLOGGED TABLE public.u (a int)",
        "CREATE TEMPORARY TABLE gone (a int)",
    )
    catalog = loaded(connection)
    assert [(str(each.name), each.persistence) for each in catalog.relations] == [("public.t", "p"), ("public.u", "u")]
    notes = [note.split(":")[0] for note in catalog.notes]
    assert notes == [
        "Foreign tables, whose rows are elsewhere",
        "Materialized views",
        "Temporary tables of other sessions",
    ]
    assert [note.rsplit(": ", 1)[1] for note in catalog.notes][:2] == ["public.f.", "public.m."]
    assert catalog.notes[2].endswith(".gone.")


def test_only_the_settings_tables_of_an_extension_are_read_with_its_condition(connection15: Connection) -> None:
    # No extension of the server's has such tables but those that are installed with it; one is taken for one here.
    made(
        connection15,
        "CREATE EXTENSION hstore SCHEMA public",
        "CREATE TABLE public.settings (id int, standard bool)",
        "CREATE TABLE public.every (id int)",
        "CREATE TABLE public.internal (id int)",
        *(f"ALTER EXTENSION hstore ADD TABLE public.{name}" for name in ("settings", "every", "internal")),
        "UPDATE pg_catalog.pg_extension SET extconfig = ARRAY['public.settings'::regclass, 'public.every'::regclass],"
        " extcondition = ARRAY['WHERE NOT standard', ''] WHERE extname = 'hstore'",
    )
    found = relations(connection15, Selection.parse(where=["public.settings:id > 7 -- since then"]))
    assert {name: each.where for name, each in found.items()} == {
        "public.every": "",
        "public.settings": "(NOT standard\n) AND (id > 7 -- since then\n)",
    }


def test_texts_of_an_ascii_database_are_bytes(postgres: PostgresServer, new_database: NewDatabase) -> None:
    name = new_database(postgres, "ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    odd = b"\xe9\xff".decode("utf-8", "surrogateescape")
    with opened(postgres, name) as connection:
        connection.execute(f'CREATE TABLE public."{odd}" ("{odd}" text PRIMARY KEY)')
        (found,) = loaded(connection, Selection.parse(table=f'public."{odd}"')).relations
    assert found.text_is_bytes
    assert (found.name.name, found.columns[0].name, found.columns[0].field) == (odd, odd, "_xe9ff_")


KEYS: dict[str, tuple[str, str | None]] = {
    "a primary key": ("a int PRIMARY KEY", "t_pkey"),
    "several columns in the index's order": ("a int, b int, PRIMARY KEY (b, a)", "t_pkey"),
    "a unique constraint": ("a int NOT NULL UNIQUE", "t_a_key"),
    "a primary key before a shorter index": ("a int NOT NULL UNIQUE, b int, PRIMARY KEY (b, a)", "t_pkey"),
    "an included column": ("a int, b int, PRIMARY KEY (a) INCLUDE (b)", "t_pkey"),
    "NULLs allowed": ("a int UNIQUE", None),
    "a deferrable constraint": ("a int PRIMARY KEY DEFERRABLE", None),
    "a generated column": ("a int, b int GENERATED ALWAYS AS (a) STORED PRIMARY KEY", None),
    "a domain": ('a "My Types".fewer PRIMARY KEY', "t_pkey"),
    "a domain of a domain of an enum": ('a "My Types".moods PRIMARY KEY', "t_pkey"),
    "an enum": ('a "My Types".mood PRIMARY KEY', "t_pkey"),
    "an array": ("a int[] PRIMARY KEY", "t_pkey"),
    "a composite type": ('a "My Types"."P air" PRIMARY KEY', "t_pkey"),
    "text kinds": ("a varchar(5), b bpchar, c name, PRIMARY KEY (a, b, c)", "t_pkey"),
    "a type with another's operators": ("a cidr, b regclass, PRIMARY KEY (a, b)", "t_pkey"),
    "a hash partition's neighbours": ("a bigint, b uuid, c timestamptz, PRIMARY KEY (a, b, c)", "t_pkey"),
}
INDEXES: dict[str, tuple[str, str | None]] = {
    "a unique index": ("UNIQUE INDEX i ON public.t (a)", "i"),
    "the fewest columns": ("UNIQUE INDEX i ON public.t (b, a); CREATE UNIQUE INDEX j ON public.t (s)", "j"),
    "the first name of equals": ("UNIQUE INDEX j ON public.t (a); CREATE UNIQUE INDEX i ON public.t (b)", "i"),
    "all descending": ("UNIQUE INDEX i ON public.t (a DESC, b DESC)", "i"),
    "both directions": ("UNIQUE INDEX i ON public.t (a, b DESC)", None),
    "NULLs first": ("UNIQUE INDEX i ON public.t (a NULLS FIRST)", None),
    "not unique": ("INDEX i ON public.t (a)", None),
    "partial": ("UNIQUE INDEX i ON public.t (a) WHERE a > 0", None),
    "an expression": ("UNIQUE INDEX i ON public.t ((a + 1))", None),
    "a column and an expression": ("UNIQUE INDEX i ON public.t (a, (b + 1))", None),
    "hash": ("INDEX i ON public.t USING hash (a)", None),
    "another collation": ('UNIQUE INDEX i ON public.t (s COLLATE "POSIX")', None),
    "the column's collation, named": ('UNIQUE INDEX i ON public.t (s COLLATE "C")', "i"),
    "another operator class": ("UNIQUE INDEX i ON public.t (s text_pattern_ops)", None),
    "the operator class, named": ("UNIQUE INDEX i ON public.t (s text_ops)", "i"),
}


def key_of(relation: Relation) -> tuple[str | None, list[str]]:
    key = relation.key
    return (key.index, [relation.columns[place].name for place in key.places]) if key else (None, [])


@pytest.mark.parametrize("name", KEYS)
def test_a_constraint_is_a_key(connection: Connection, name: str) -> None:
    columns, index = KEYS[name]
    made(connection, TYPE_OBJECTS, f"CREATE TABLE public.t ({columns})")
    found, names = key_of(relation(connection, "public.t"))
    assert found == index
    assert name != "several columns in the index's order" or names == ["b", "a"]


@pytest.mark.parametrize("name", INDEXES)
def test_an_index_is_a_key(connection: Connection, name: str) -> None:
    statement, index = INDEXES[name]
    made(connection, 'CREATE TABLE public.t (a int NOT NULL, b int NOT NULL, s text COLLATE "C" NOT NULL)')
    made(connection, *f"CREATE {statement}".split("; "))
    assert key_of(relation(connection, "public.t"))[0] == index


def test_an_index_that_failed_to_be_built_is_no_key(postgres18: PostgresServer, new_database: NewDatabase) -> None:
    with opened(postgres18, new_database(postgres18)) as connection:
        made(connection, "CREATE TABLE public.t (a int NOT NULL)", "INSERT INTO public.t VALUES (1), (1)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("CREATE UNIQUE INDEX CONCURRENTLY i ON public.t (a)")
        assert relation(connection, "public.t").key is None


def test_a_not_null_that_was_never_validated_makes_no_key(
    postgres18: PostgresServer, new_database: NewDatabase
) -> None:
    with opened(postgres18, new_database(postgres18)) as connection:
        made(
            connection,
            "CREATE TABLE public.t (a int UNIQUE)",
            "INSERT INTO public.t VALUES (NULL)",
            "ALTER TABLE public.t ADD CONSTRAINT n NOT NULL a NOT VALID",
        )
        assert relation(connection, "public.t").key is None
        made(connection, "DELETE FROM public.t", "ALTER TABLE public.t VALIDATE CONSTRAINT n")
        assert key_of(relation(connection, "public.t")) == ("t_a_key", ["a"])


def test_operators_of_an_extension_are_named_with_their_schema(connection15: Connection) -> None:
    made(
        connection15,
        "CREATE SCHEMA ext",
        "CREATE EXTENSION citext SCHEMA ext",
        "CREATE TABLE public.t (a ext.citext PRIMARY KEY)",
        "CREATE TABLE public.mixed (a ext.citext, b int, PRIMARY KEY (a, b))",
        "CREATE TABLE public.other (a ext.citext NOT NULL)",
        "CREATE UNIQUE INDEX i ON public.other (a pg_catalog.text_ops)",
    )
    found = relations(connection15)
    assert [found[f"public.{name}"].key is not None for name in ("t", "mixed", "other")] == [True, False, False]
    key = found["public.t"].key
    assert key is not None
    assert key.operators == "ext"


def test_a_collation_of_another_version_makes_no_key(connection15: Connection) -> None:
    made(
        connection15,
        "CREATE COLLATION public.german (provider = icu, locale = 'de')",
        "CREATE TABLE public.t (a text COLLATE public.german PRIMARY KEY)",
    )
    assert relation(connection15, "public.t").key is not None
    made(connection15, "UPDATE pg_catalog.pg_collation SET collversion = '1.0' WHERE collname = 'german'")
    assert relation(connection15, "public.t").key is None


def test_a_default_collation_of_another_version_makes_no_key(
    postgres15: PostgresServer, new_database: NewDatabase
) -> None:
    words = "TEMPLATE template0 LOCALE 'C.UTF-8' LOCALE_PROVIDER icu ICU_LOCALE 'en-US'"
    with opened(postgres15, new_database(postgres15, words)) as connection:
        made(
            connection,
            "CREATE TABLE public.t (a text PRIMARY KEY)",
            'CREATE TABLE public.c (a text COLLATE "C" PRIMARY KEY)',
            "CREATE TABLE public.i (a int PRIMARY KEY)",
        )
        assert all(each.key for each in relations(connection).values())
        made(
            connection,
            "UPDATE pg_catalog.pg_database SET datcollversion = '1.0' WHERE datname = pg_catalog.current_database()",
        )
        found = relations(connection)
    assert {name: each.key is not None for name, each in found.items()} == {
        "public.c": True,
        "public.i": True,
        "public.t": False,
    }


def test_a_table_with_a_key_is_read_by_it_if_it_follows_the_file_or_is_small(connection: Connection) -> None:
    made(
        connection,
        "CREATE TABLE public.sorted (a int PRIMARY KEY)",
        "CREATE TABLE public.mixed (a int PRIMARY KEY)",
        "INSERT INTO public.sorted SELECT generate_series(1, 2000)",
        "INSERT INTO public.mixed SELECT a * 7919 % 2003 FROM generate_series(1, 2000) a",
        "ANALYZE public.sorted, public.mixed",
    )
    found = relations(connection)
    assert {each.order for each in found.values()} == {KEY}
    assert [round(each.correlation or 0, 1) for each in found.values()] != [1.0, 1.0]
    large = [Relation(**{**_fields(each), "bytes": 1 << 30}) for each in found.values()]
    auto = ReadOrder("auto", 15, is_frozen=True)
    assert {str(each.name): auto.choose(each).order for each in large} == {"public.sorted": KEY, "public.mixed": CTID}


def _fields(relation: Relation) -> dict[str, object]:
    return {name: getattr(relation, name) for name in Relation.__slots__}


@pytest.mark.parametrize(
    ("word", "major", "is_frozen", "options", "order", "is_divisible"),
    [
        ("auto", 15, True, {"correlation": 0.2}, CTID, True),
        ("auto", 15, True, {"correlation": None}, CTID, True),
        ("auto", 15, True, {"correlation": -0.95}, KEY, True),
        ("auto", 15, True, {"correlation": 0.2, "bytes": 1 << 20}, KEY, True),
        ("auto", 13, True, {"correlation": 0.2}, KEY, True),
        ("auto", 15, False, {"correlation": 0.2}, KEY, True),
        ("auto", 15, True, {"correlation": 0.2, "access_method": "columnar"}, KEY, True),
        ("auto", 15, True, {"key": None}, CTID, True),
        ("auto", 13, True, {"key": None}, CTID, False),
        ("auto", 15, False, {"key": None}, CTID, False),
        ("auto", 15, True, {"key": None, "access_method": "columnar"}, CTID, False),
        ("key", 15, True, {"correlation": 0.2}, KEY, True),
        ("key", 15, True, {"key": None}, CTID, True),
        ("physical", 15, True, {"correlation": 1.0}, CTID, True),
        ("physical", 15, True, {"access_method": "columnar"}, KEY, True),
    ],
)
def test_the_order_is_chosen_by_word_server_moment_and_table(
    word: str, major: int, is_frozen: bool, options: dict[str, object], order: str, is_divisible: bool
) -> None:
    given = {"key": Key("i", (0,)), "bytes": 1 << 30, "columns": (), "oid": 1, "name": Name("a", "b"), **options}
    chosen = ReadOrder(word, major, is_frozen).choose(Relation(**given))  # type: ignore[arg-type]
    assert (chosen.order, chosen.is_divisible) == (order, is_divisible)


@pytest.mark.parametrize(
    ("word", "major", "is_frozen", "words"),
    [
        ("random", 15, True, "must be one of auto, key, physical"),
        ("physical", 15, False, "needs one moment"),
        ("physical", 13, True, "needs PostgreSQL 14"),
    ],
)
def test_an_order_that_cannot_be_had_is_refused(word: str, major: int, is_frozen: bool, words: str) -> None:
    with pytest.raises(UsageError, match=f"^--order={word}.*{words}"):
        ReadOrder(word, major, is_frozen)


def test_the_schema_of_a_table_is_json_that_gives_the_table_back(connection: Connection) -> None:
    made(
        connection,
        TYPE_OBJECTS,
        "CREATE TABLE public.r (a int, b numeric(5,2), PRIMARY KEY (b, a)) PARTITION BY HASH (a)",
        'CREATE TABLE "My Types".p PARTITION OF public.r FOR VALUES WITH (MODULUS 1, REMAINDER 0)',
    )
    found = relation(connection, '"My Types".p')
    back = Relation.from_json(json.loads(json.dumps(found.schema_json())))
    assert back == Relation(**{**_fields(found), "pages": 0, "bytes": 0, "rows_estimate": -1.0, "correlation": None})
    assert back.schema_json() == found.schema_json()


def test_the_names_to_lock_are_those_that_are_loaded(connection: Connection) -> None:
    made(
        connection, "CREATE TABLE public.b (a int)", "CREATE TABLE public.a (a int)", "CREATE VIEW public.v AS SELECT 1"
    )
    assert list_tables(connection, Selection()) == [Name("public", "a"), Name("public", "b")]
    with pytest.raises(NotFoundError, match="no such table"):
        list_tables(connection, Selection.parse(table="public.v"))


PREDICATES_REFUSED = [
    "id <",
    "nothing = 1",
    "id",
    "count(*) > 1",
    "true) OR (true",
    "true] OR ARRAY[true",
    "true; DROP TABLE public.t",
    "true) LIMIT 0; DROP TABLE public.t; --",
    "true, true",
    "true /* and so on",
    "id = 'one",
    "1 / 0 = 1",
    "id = 'x'",
    "true UNION SELECT true",
    "true AS x",
    "my_function(id)",
]


@pytest.mark.parametrize("predicate", PREDICATES_REFUSED)
def test_a_condition_that_is_no_single_expression_is_refused(connection: Connection, predicate: str) -> None:
    made(connection, "CREATE TABLE public.t (id int)")
    with pytest.raises(UsageError, match=r"^--where=public\.t:"), connection.transaction():
        loaded(connection, Selection.parse(where=[f"public.t:{predicate}"]))
    assert "public.t" in relations(connection)


@pytest.mark.parametrize(
    "predicate",
    [
        "id < 5",
        "id IS NULL -- none",
        "t.id = 1 OR false",
        "note LIKE '50%'",
        "note = ') ; -- ('",
        "id = ANY (ARRAY[1, 2])",
        "EXISTS (SELECT FROM public.t u WHERE u.id = t.id)",
        "NULL",
        "pg_catalog.length(note) > 3",
    ],
)
def test_a_condition_of_one_expression_is_taken(connection: Connection, predicate: str) -> None:
    made(connection, "CREATE TABLE public.t (id int, note text)")
    found = relations(connection, Selection.parse(where=[f"public.t:{predicate}"]))
    assert found["public.t"].where == predicate
