"""Archives that a real pg_dump made of a small database with owners, privileges and most kinds of objects."""

import subprocess

from tests.servers.postgres_server import PostgresServer
from transforms.postgres.archive.toc import Toc, parse

OWNER, READER, RESTORER = "archive_owner", "archive_reader", "archive_restorer"
# A role may be there already: roles belong to the whole server.
_ROLES = f"""
    SET client_min_messages = warning;
    DO $$ BEGIN CREATE ROLE {OWNER}; CREATE ROLE {READER}; CREATE ROLE {RESTORER} LOGIN CREATEDB;
        GRANT {OWNER} TO {RESTORER}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
"""
_OBJECTS = f"""
    CREATE SCHEMA shop AUTHORIZATION {OWNER};
    SET ROLE {OWNER};
    CREATE TYPE shop.mood AS ENUM ('sad', 'happy');
    CREATE DOMAIN shop.positive AS int CHECK (VALUE > 0);
    CREATE FUNCTION shop.twice(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 * 2';
    CREATE PROCEDURE shop.nothing() LANGUAGE sql AS '';
    CREATE SEQUENCE shop.free_numbers;
    CREATE TABLE shop.orders (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood shop.mood, amount int DEFAULT shop.twice(1),
        gross int GENERATED ALWAYS AS (amount * 2) STORED, CHECK (amount < 1000));
    CREATE TABLE shop.lines (
        id serial PRIMARY KEY, of_order bigint REFERENCES shop.orders, number int DEFAULT nextval('shop.free_numbers'),
        quantity shop.positive);
    CREATE INDEX lines_number ON shop.lines (number);
    CREATE STATISTICS shop.lines_statistics ON number, of_order FROM shop.lines;
    CREATE FUNCTION shop.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''fired''; END';
    CREATE RULE keep AS ON DELETE TO shop.lines DO INSTEAD NOTHING;
    CREATE POLICY reading ON shop.lines TO {READER} USING (number > 0);
    CREATE VIEW shop.amounts AS SELECT id, amount FROM shop.orders;
    CREATE MATERIALIZED VIEW shop.total AS SELECT sum(amount) AS amount FROM shop.orders;
    CREATE TABLE shop.moods (mood shop.mood, number int) PARTITION BY HASH (mood);
    CREATE TABLE shop.moods_0 PARTITION OF shop.moods FOR VALUES WITH (MODULUS 2, REMAINDER 0);
    CREATE TABLE shop.moods_1 PARTITION OF shop.moods FOR VALUES WITH (MODULUS 2, REMAINDER 1);
    CREATE INDEX moods_number ON shop.moods (number);
    CREATE TABLE shop."Odd name" ("A b" int, "é" text, price money, ages interval[]);
    COMMENT ON TABLE shop.orders IS 'what was ordered';
    COMMENT ON COLUMN shop.orders.amount IS 'in cents';
    COMMENT ON CONSTRAINT lines_of_order_fkey ON shop.lines IS 'each line has its order';
    GRANT USAGE ON SCHEMA shop TO {READER};
    GRANT SELECT, UPDATE (amount) ON shop.orders TO {READER};
    REVOKE EXECUTE ON FUNCTION shop.twice(int) FROM PUBLIC;
    ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO {READER};
    INSERT INTO shop.orders (mood, amount) SELECT 'happy', i FROM generate_series(1, 50) i;
    INSERT INTO shop.lines (of_order, quantity) SELECT i, i FROM generate_series(1, 50) i;
    INSERT INTO shop.moods SELECT CASE WHEN i % 2 = 0 THEN 'sad' ELSE 'happy' END::shop.mood, i
        FROM generate_series(1, 20) i;
    INSERT INTO shop."Odd name" VALUES (1, NULL, 1.5, '{{1 day, NULL}}'), (NULL, 'x', NULL, NULL);
    REFRESH MATERIALIZED VIEW shop.total;
    CREATE TRIGGER refuse BEFORE INSERT ON shop.lines FOR EACH ROW EXECUTE FUNCTION shop.refuse();
    ALTER TABLE shop.lines ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
    RESET ROLE;
"""
SUPERUSERS = """
    SET client_min_messages = error;  -- a server that does not log for publications says so
    CREATE PUBLICATION everything FOR ALL TABLES;
    CREATE FUNCTION shop.look() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''looked''; END';
    CREATE EVENT TRIGGER looking ON sql_drop EXECUTE FUNCTION shop.look();
    COMMENT ON EVENT TRIGGER looking IS 'looks';
"""


def make_shop(server: PostgresServer, database: str, more: str = "") -> None:
    """Fill an empty database; `more` is SQL that a superuser runs at the end."""
    server.sql(_ROLES, database)
    server.sql(f"GRANT CREATE ON DATABASE {database} TO {OWNER}; {_OBJECTS}; {more}", database)


def make_roles(server: PostgresServer) -> None:
    """Make the roles that the shop's objects name."""
    server.sql(_ROLES)


def archive_of(server: PostgresServer, database: str) -> bytes:
    """What the server's own pg_dump makes of it."""
    command = [server.binaries.path("pg_dump"), "-Fc", "--schema-only", "-d", server.url(database)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def toc_of(server: PostgresServer, database: str) -> Toc:
    return parse(archive_of(server, database))


def pg_restore(server: PostgresServer, archive: bytes, *arguments: str) -> str:
    """What the server's own pg_restore prints of an archive."""
    command = [server.binaries.path("pg_restore"), *arguments]
    return subprocess.run(command, check=True, capture_output=True, input=archive).stdout.decode()
