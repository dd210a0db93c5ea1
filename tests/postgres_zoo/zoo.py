"""Makes the zoo: one database with every type at its extremes and every kind of object."""

import subprocess
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from tests.postgres_zoo import extension
from tests.servers.postgres_server import PostgresServer

OWNER, OTHER, READER, RESTORER, GUEST = "zoo_owner", "zoo_other", "zoo_reader", "zoo_restorer", 'Zoo "Gäst" 100%'
"""Roles, none a superuser: the zoo's owner; of some objects the owner; two that were granted rights; and one that may
make databases and is a member of both owners, to restore with."""

SCRIPTS = Path(__file__).with_name("sql")
_ANY_SERVER = "true"
_EXTENSION = "EXISTS (SELECT FROM pg_available_extensions WHERE name = '{}')"


@dataclass(frozen=True, slots=True)
class Part:
    """A script of the zoo.

    Attributes:
        name: The script's name, and that of the schema it fills.
        needs: SQL condition: whether the server can run it.
        superuser: Whether a superuser must run it; else the owner runs it.
        portable: Whether every server of PostgreSQL 15 and later can restore what it makes.
        optional: Whether it is made only if asked for.
    """

    name: str
    needs: str = _ANY_SERVER
    superuser: bool = False
    portable: bool = True
    optional: bool = False


PARTS = (
    Part("numbers"),
    Part("texts"),
    Part("times"),
    Part("nested"),
    Part("identifiers"),
    Part("shapes"),
    Part("tables"),
    Part("relations"),
    Part("code"),
    Part("security"),
    Part("sequences"),
    Part("objects"),
    Part(
        "xml", needs="(SELECT true FROM pg_config WHERE name = 'CONFIGURE' AND setting LIKE '%libxml%')", portable=False
    ),
    Part("icu", needs="EXISTS (SELECT FROM pg_collation WHERE collname = 'de-x-icu')", portable=False),
    Part("contrib", needs=_EXTENSION.format("hstore"), portable=False),
    Part("vector", needs=_EXTENSION.format("vector"), superuser=True, portable=False),
    Part("newer", needs="current_setting('server_version_num')::int >= 180000", portable=False),
    Part(
        "features18",
        needs="current_setting('server_version_num')::int >= 180000",
        superuser=True,
        portable=False,
    ),
    Part("superuser", superuser=True),
    Part("foreign_data", needs=_EXTENSION.format("file_fdw"), superuser=True, portable=False),
    Part("settings", needs="current_setting('server_version_num')::int >= 180000", superuser=True, portable=False),
    Part("sql_ascii", needs="current_setting('server_encoding') = 'SQL_ASCII'", portable=False, optional=True),
    Part("subscription", superuser=True, portable=False, optional=True),
    Part("reordered", portable=False, optional=True),
    Part("giant", portable=False, optional=True),
)
PORTABLE = tuple(part.name for part in PARTS if part.portable)
"""What each server of PostgreSQL 15 and later can hold, whatever it was built with."""


def make_zoo(server: PostgresServer, database: str, *, parts: Collection[str] = ()) -> list[str]:
    """Make the zoo's roles, give the database to their first, and run the scripts that the server can run.

    Args:
        server: Where the database is.
        database: An empty database.
        parts: Names of PARTS; all that are not optional if empty.

    Returns:
        The parts that were made.
    """
    wanted = [part for part in PARTS if (part.name in parts if parts else not part.optional)]
    make_roles(server)
    server.sql(f'ALTER DATABASE "{database}" OWNER TO {OWNER}', database)
    made = [part for part in wanted if server.sql(f"SELECT {part.needs}", database) == "t"]
    for part in made:
        _make(server, database, part)
    return [part.name for part in made]


def make_roles(server: PostgresServer) -> None:
    """Make the zoo's roles, where they are missing."""
    server.sql(_script("roles"))


def _make(server: PostgresServer, database: str, part: Part) -> None:
    if part.name == "settings":
        extension.install(server)
    begin = "" if part.superuser else f"SET SESSION AUTHORIZATION {OWNER};\n"
    try:
        server.sql(f"SET client_min_messages = warning;\n{begin}{_script(part.name)}", database)
    except subprocess.CalledProcessError as error:
        raise AssertionError(f"The zoo's {part.name}.sql failed: {error.stderr}") from error


def _script(name: str) -> str:
    return (SCRIPTS / f"{name}.sql").read_text(encoding="utf-8")
