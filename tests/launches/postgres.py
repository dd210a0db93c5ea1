"""PostgreSQL for launches: a primary, a standby that stands still, and a pg_dump that notes all processes."""

import os
import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers.postgres_server import Binaries, PostgresServer, running
from tests.servers.program_file import program
from tests.transforms.postgres.moment.test_frozen_source import pause, replay, standby_of

PASSWORD = "L4unched-Pa55w0rd"  # noqa: S105 - the secret that must not be found
ROLE = "with_password_backup"
"""Roles with names like this one are asked for a password: `postgres_server.ACCESS`."""
SHOP = r"""
    CREATE SCHEMA shop;
    CREATE TYPE shop.mood AS ENUM ('so-so', 'fine');
    CREATE TABLE shop.orders (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "Größe" text, price numeric(9,2), made timestamptz, raw bytea,
        tags text[], mood shop.mood, doc jsonb);
    INSERT INTO shop.orders ("Größe", price, made, raw, tags, mood, doc)
        SELECT 'größe' || n, n / 7.0, timestamptz '2024-01-01Z' + n * interval '1 h',
            decode(lpad(to_hex(n), 4, '0'), 'hex'), ARRAY['a\b', NULL, n::text], 'fine', jsonb_build_object('n', n)
        FROM generate_series(1, 2000) n;
    INSERT INTO shop.orders ("Größe", price, made) VALUES
        (E'tab\t, line\n, \\N', 'NaN', 'infinity'), (NULL, NULL, NULL);
    CREATE TABLE shop.lines (orders int REFERENCES shop.orders, n smallint, PRIMARY KEY (orders, n));
    INSERT INTO shop.lines SELECT n, m FROM generate_series(1, 40) n, generate_series(1, 3) m;
    CREATE TABLE bare ();
    CREATE INDEX ON shop.orders (made);
    CREATE VIEW shop.fine AS SELECT id FROM shop.orders WHERE mood = 'fine';
    SELECT lo_from_bytea(70001, convert_to(repeat('page', 3000), 'UTF8'));
"""
MADE = f"CREATE ROLE {ROLE} LOGIN SUPERUSER PASSWORD '{PASSWORD}'; CREATE DATABASE shop; CREATE DATABASE empty"
LISTENER = """\
#!/bin/sh
cat /proc/[0-9]*/cmdline 2>> /dev/null | tr '\\0' '\\n' >> {seen}
exec {program} "$@"
"""


@dataclass(frozen=True)
class Servers:
    """The primary, which goes on, and the standby, which stands still."""

    primary: PostgresServer
    standby: PostgresServer


@contextmanager
def servers(binaries: Binaries) -> Iterator[Servers]:
    """A primary with a database `shop`, and one, `empty`, without tables; and a standby that has them and is paused."""
    with running(binaries, {"max_prepared_transactions": "2"}) as primary:
        primary.sql(MADE)
        primary.sql(SHOP, "shop")
        primary.sql("CREATE SCHEMA without_tables", "empty")
        with standby_of(primary) as standby:
            replay(standby, primary)
            pause(standby)
            try:
                yield Servers(primary, standby)
            finally:
                os.kill(standby.pid, signal.SIGQUIT)  # a standby takes seconds to leave in good order


def listening_pg_dump(binaries: Binaries, folder: Path, seen: Path) -> Path:
    """Make a `pg_dump` that first notes the command lines of all processes of this machine; returns its folder."""
    words = {"seen": shlex.quote(str(seen)), "program": shlex.quote(binaries.path("pg_dump"))}
    return program(folder / "pg_dump", LISTENER.format(**words)).parent
