"""The archive of a database's schema: pg_dump's custom format, without rows."""

from transforms.errors import NotFoundError, RefusedError, UnreachableError
from transforms.postgres.archive import client_programs
from transforms.postgres.names.identifiers import name_list
from transforms.postgres.names.reserved import LEDGER
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection

ATTACHMENT = "archive"
"""Its name among the attachments of a backup."""
LOCK_SECONDS = 10.0
UTF8, SQL_ASCII = "UTF8", "SQL_ASCII"
_SUBSCRIPTIONS = """
    SELECT subname FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
    WHERE d.datname = pg_catalog.current_database()
        AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)
    ORDER BY 1
"""
# PostgreSQL also hides whether a mapping has options that this user may not see.
_USER_MAPPINGS = """
    SELECT pg_catalog.format('%I for %I', srvname, usename) FROM pg_catalog.pg_user_mappings
    WHERE umoptions IS NULL AND NOT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = CURRENT_USER)
    ORDER BY 1
"""


def dump_schema(
    database: Database,
    major: int,
    snapshot: str | None = None,
    lock_seconds: float = LOCK_SECONDS,
    encoding: str = UTF8,
) -> bytes:
    """The archive of the whole database, even if only some tables are backed up.

    Args:
        database: The source.
        major: The major version of its server; pg_dump must not be older.
        snapshot: The exported snapshot to dump; the session that exported it must still be open.
        lock_seconds: How long to wait for tables that somebody is changing.
        encoding: Of the archive's texts: UTF8, or SQL_ASCII if the database's is that, where texts are any bytes.

    Raises:
        UnreachableError: if no pg_dump on this machine is new enough, the user may not see a table, the server
            cannot be reached, or the snapshot is gone.
        RefusedError: if a table stays locked, or is dropped meanwhile.
    """
    program = find_dump(major)
    try:
        return client_programs.run(program, database, _arguments(encoding, snapshot, lock_seconds))
    except UnreachableError as error:
        raise _explained(error, lock_seconds) from error


def find_dump(major: int) -> client_programs.ClientProgram:
    """The pg_dump for a server of this major version.

    Raises:
        UnreachableError: naming what to install.
    """
    try:
        return client_programs.find("pg_dump", at_least=major)
    except NotFoundError as error:
        raise UnreachableError(f"The server is PostgreSQL {major}, and an older pg_dump refuses it. {error}") from error


def _arguments(encoding: str, snapshot: str | None, lock_seconds: float) -> list[str]:
    return [
        f"--encoding={encoding}",
        "--format=custom",
        "--schema-only",
        "--no-sync",
        "--no-password",
        f"--exclude-schema={LEDGER}",
        f"--lock-wait-timeout={round(lock_seconds * 1000)}",
        *([f"--snapshot={snapshot}"] if snapshot is not None else []),
    ]


def _explained(error: UnreachableError, lock_seconds: float) -> UnreachableError | RefusedError:
    """The cause, found in pg_dump's output: its exit code is always 1, and it prints the failed statement."""
    words = str(error)
    if "SET TRANSACTION SNAPSHOT" in words:
        return UnreachableError(f"{words}\nThe session that held the snapshot is gone. Start the backup again.")
    if "LOCK TABLE" in words and "timeout" in words:
        return RefusedError(
            f"{words}\nA table was locked for {lock_seconds:g} s: somebody is changing it. Run again afterwards."
        )
    if "LOCK TABLE" in words and "does not exist" in words:
        return RefusedError(f"{words}\nA table was dropped or renamed during the backup. Run again.")
    if "permission denied" in words:
        return UnreachableError(
            f"{words}\nThe archive is of the whole database, so the user needs SELECT on every table of it and USAGE"
            " on every schema: grant them, or pg_read_all_data."
        )
    return UnreachableError(f"{words}\nCheck what pg_dump says and the server, then run again.")


def left_out(connection: Connection) -> list[str]:
    """Notes about what pg_dump leaves out because only superusers may see all of it."""
    with translated("looking for what only superusers may see"):
        subscriptions = [row[0] for row in connection.execute(_SUBSCRIPTIONS).fetchall()]
        mappings = [row[0] for row in connection.execute(_USER_MAPPINGS).fetchall()]
    found = (
        ("Subscriptions, of which only superusers see all, are not kept", subscriptions),
        ("User mappings, whose options this user may not see, are kept without options", mappings),
    )
    return [f"{text}: {name_list(names)}." for text, names in found if names]
