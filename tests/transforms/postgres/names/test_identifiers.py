"""Names of SQL, held to the server's own parser."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.sessions import opened
from transforms.errors import UsageError
from transforms.postgres.names.identifiers import KEYWORDS, Name, identifier, literal, name_list, parse_name

ODD = [
    "plain",
    "Upper",
    "with space",
    'quo"te',
    '"',
    "dot.ted",
    "order",
    "1st",
    "naïve",
    "Ünïcode",
    "日本",
    "100%",
    "%s",
    "{}",
    "back\\slash",
    "it's",
    "a$b",
    "new\nline",
    "_x",
    "\U0001f418",
    "-- comment",
    "/* comment",
    ";",
]
names = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("orders", ("orders",)),
        ("Public.Orders", ("public", "orders")),
        ('"My Schema"."T"', ("My Schema", "T")),
        ('a."b.c".d', ("a", "b.c", "d")),
        ('"say ""hi"""', ('say "hi"',)),
        ('"*".x', ("*", "x")),
        ("ÄÖ.straße", ("ÄÖ", "straße")),
        ("a$1._2", ("a$1", "_2")),
    ],
)
def test_a_name_is_read_as_sql_reads_it(text: str, parts: tuple[str, ...]) -> None:
    assert parse_name(text, "table") == parts


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", '""', '"a', "a b", "a-b", "a,b", 'a."', "a;b"])
def test_what_is_no_name_is_refused_with_the_option_and_the_form(text: str) -> None:
    with pytest.raises(UsageError, match=r"^--table=.*Write SCHEMA.TABLE, and quote what SQL quotes"):
        parse_name(text, "table")


@pytest.mark.parametrize("text", ["a*", "public.?", '"a"*'])
def test_a_glob_is_no_name(text: str) -> None:
    with pytest.raises(UsageError, match="no part of a name here"):
        parse_name(text, "table")


@given(names, names)
def test_a_name_that_is_printed_is_read_back(schema: str, name: str) -> None:
    assert parse_name(str(Name(schema, name)), "table") == (schema, name)


def test_the_server_reads_printed_names_as_they_were(postgres: PostgresServer) -> None:
    printed = [str(Name(one, other)) for one in ODD for other in ("t", one)]
    with opened(postgres, "postgres") as connection:
        query = (
            "SELECT pg_catalog.parse_ident(name) FROM unnest(%s::text[]) WITH ORDINALITY n(name, place) ORDER BY place"
        )
        parsed = [tuple(row[0]) for row in connection.execute(query, [printed])]
    assert parsed == [(one, other) for one in ODD for other in ("t", one)]


def test_every_keyword_of_the_server_is_quoted(postgres: PostgresServer) -> None:
    words = postgres.sql("SELECT word FROM pg_catalog.pg_get_keywords() WHERE catcode <> 'U'").split()
    assert set(words) <= KEYWORDS
    assert str(Name("public", "order")) == 'public."order"'


@pytest.mark.parametrize("conforming", ["on", "off"])
def test_names_and_texts_are_what_they_were_in_a_statement(postgres: PostgresServer, conforming: str) -> None:
    pairs = [sql.SQL("{} AS {}").format(literal(text), identifier(text)) for text in ODD]
    with opened(postgres, "postgres") as connection:
        connection.execute(f"SET standard_conforming_strings = {conforming}".encode())
        connection.execute("SET escape_string_warning = off")
        cursor = connection.execute(sql.SQL("SELECT {}").format(sql.SQL(", ").join(pairs)))
        assert cursor.fetchone() == tuple(ODD)
        assert [column.name for column in cursor.description or ()] == ODD


def test_bytes_that_are_no_utf8_are_names_in_an_ascii_database(
    postgres: PostgresServer, new_database: Callable[..., str]
) -> None:
    name = Name("public", b"caf\xe9 '\\ \xff".decode("utf-8", "surrogateescape"))
    database = new_database(postgres, "ENCODING 'SQL_ASCII' TEMPLATE template0 LOCALE 'C'")
    with opened(postgres, database) as connection:
        connection.execute(sql.SQL("CREATE TABLE {} (a int)").format(name.sql()))
        query = sql.SQL("SELECT relname FROM pg_catalog.pg_class WHERE relname = {}").format(literal(name.name))
        assert connection.execute(query).fetchone() == (name.name,)


def test_a_long_list_of_names_is_cut() -> None:
    some = [Name("public", f"t{number}") for number in range(30)]
    assert name_list([]) == "none"
    assert name_list(some[:2]) == "public.t0, public.t1"
    assert name_list(some).endswith("public.t19, ... (30 in all)")


def test_names_sort_by_schema_and_name() -> None:
    assert sorted([Name("b", "a"), Name("a", "b"), Name("a", "a")]) == [
        Name("a", "a"),
        Name("a", "b"),
        Name("b", "a"),
    ]
