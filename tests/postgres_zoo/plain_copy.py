"""A copy that PostgreSQL's own programs make: what a restore is compared with."""

import subprocess

from tests.servers.postgres_server import PostgresServer


def plain_copy(source: PostgresServer, database: str, target: PostgresServer, copy: str) -> None:
    """Fill the empty database `copy` by the source's `pg_dump` and the target's `pg_restore`, as superuser.

    From one major version to another a dump of the original differs from a dump of any copy: servers print views and
    rights in words of their own, and some constraints have names from PostgreSQL 18 on. There this copy is the one to
    compare with.

    Raises:
        AssertionError: if one of the programs fails, with its words.
    """
    archive = _run([source.binaries.path("pg_dump"), "-Fc", "-Z0", f"--dbname={source.url(database)}"])
    _run([target.binaries.path("pg_restore"), "--exit-on-error", f"--dbname={target.url(copy)}"], archive)


def _run(command: list[str], given: bytes = b"") -> bytes:
    done = subprocess.run(command, input=given, capture_output=True, check=False)
    assert done.returncode == 0, f"{command[0]}: {done.stderr.decode(errors='replace')}"
    return done.stdout
