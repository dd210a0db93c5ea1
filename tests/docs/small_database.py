"""A small database of PostgreSQL with what may stand in a backup of one."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.servers.postgres_server import PostgresServer

NAME = "documented"
ROLES = "CREATE ROLE doc_owner; CREATE ROLE doc_reader IN ROLE doc_owner"
PROPERTIES = f"""
    COMMENT ON DATABASE {NAME} IS 'a shop';
    ALTER DATABASE {NAME} SET work_mem = '8MB';
    ALTER ROLE doc_reader IN DATABASE {NAME} SET search_path = shop;
    GRANT CONNECT ON DATABASE {NAME} TO doc_reader;
"""
OBJECTS = r"""
    CREATE SCHEMA shop AUTHORIZATION doc_owner;
    SET SESSION AUTHORIZATION doc_owner;
    SET search_path = shop;
    CREATE TYPE mood AS ENUM ('so-so', 'fine');
    CREATE TABLE orders (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Größe" text, price numeric(9,2), made timestamptz, day date,
        at timestamp, ref uuid, raw bytea, ok bool, f float8, tags text[], mood mood, doc jsonb, span interval,
        twice int GENERATED ALWAYS AS (id * 2) STORED);
    INSERT INTO orders ("Größe", price, made, day, at, ref, raw, ok, f, tags, mood, doc, span)
        SELECT 'größe' || n, n / 7.0, timestamptz '2024-01-01Z' + n * interval '1 h', date '2024-01-01' + n,
            timestamp '0001-01-01' + n * interval '1 us', md5(n::text)::uuid, decode(lpad(to_hex(n), 4, '0'), 'hex'),
            n % 2 = 0, 1.0 / n, ARRAY['a\b', NULL, n::text], 'fine', jsonb_build_object('n', n), n * interval '1 day'
        FROM generate_series(1, 200) n;
    INSERT INTO orders ("Größe", price, made, day, at, f, tags) VALUES
        (E'tab\t, line\n, \\ and \\N', 'NaN', 'infinity', '4714-11-24 BC', '-infinity', 'NaN', '{}'),
        ('', 0, '0044-03-15 10:00:00+00 BC', '10000-01-01', '9999-12-31 23:59:59.999999', '-infinity', NULL),
        (NULL, NULL, NULL, NULL, NULL, '-0', NULL);
    CREATE TABLE lines (orders int REFERENCES orders, n smallint, PRIMARY KEY (orders, n));
    INSERT INTO lines SELECT n, m FROM generate_series(1, 40) n, generate_series(1, 3) m;
    CREATE TABLE parts (mood mood, n int) PARTITION BY HASH (mood);
    CREATE TABLE parts_0 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE parts_1 PARTITION OF parts FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    INSERT INTO parts SELECT CASE WHEN n % 2 = 0 THEN mood 'fine' END, n FROM generate_series(1, 20) n;
    CREATE TABLE heirs (more text) INHERITS (lines);
    INSERT INTO heirs VALUES (1, 9, 'more');
    CREATE TABLE bare ();
    INSERT INTO bare DEFAULT VALUES;
    INSERT INTO bare DEFAULT VALUES;
    CREATE UNLOGGED TABLE nothing (n int);
    CREATE SEQUENCE "Next" START 5; SELECT nextval('"Next"');
    CREATE MATERIALIZED VIEW sums AS SELECT mood, count(*) FROM parts GROUP BY 1;
    CREATE TABLE public.words (word text COLLATE "C" PRIMARY KEY);
    INSERT INTO public.words SELECT 'größe' || n FROM generate_series(1, 300) n;
    GRANT SELECT ON orders TO doc_reader;
    SELECT lo_from_bytea(70001, convert_to(repeat('page', 300000), 'UTF8')), lo_create(70002);
    COMMENT ON LARGE OBJECT 70001 IS 'two pages';
    GRANT SELECT ON LARGE OBJECT 70001 TO doc_reader;
"""


@contextmanager
def running_database(server: PostgresServer) -> Iterator[str]:
    """The name of the database, which is dropped at exit with its roles."""
    server.sql(ROLES)
    server.sql(f"CREATE DATABASE {NAME} OWNER doc_owner")
    try:
        server.sql(PROPERTIES)
        server.sql("GRANT CREATE ON SCHEMA public TO doc_owner", NAME)
        server.sql(OBJECTS, NAME)
        yield NAME
    finally:
        server.sql(f"DROP DATABASE {NAME} WITH (FORCE)")
        server.sql("DROP ROLE doc_owner, doc_reader")
