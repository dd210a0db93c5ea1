"""Without a proxy: TLS to the instance's own address, whose certificate is checked against the instance's CA."""

import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers.cloud_sql_certificates import Authority, new_key
from tests.servers.postgres_server import PostgresServer
from transforms.errors import UnreachableError
from transforms.postgres.archive import dump as archive
from transforms.postgres.server.database import Database
from transforms.postgres.server.database_url import parse_database
from transforms.postgres.server.session import connect

SECONDS = 120
_IS_ENCRYPTED = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


@pytest.fixture
def authority(postgres15: PostgresServer) -> Iterator[Authority]:
    """That of the server, which speaks TLS, with a certificate that names the instance as Cloud SQL's do."""
    found, (public, private) = Authority(), new_key()
    _write(postgres15, "server.crt", found.certificate("my-project:main", public))
    _write(postgres15, "server.key", private)
    with ExitStack() as stack:
        stack.callback(_switch, postgres15, "off")
        _switch(postgres15, "on")
        yield found


def _write(server: PostgresServer, name: str, text: str) -> None:
    """Write a file of the server's own, since it reads no key of others."""
    path, owner = server.data / name, server.data.stat()
    path.touch(0o600)
    path.write_text(text)
    os.chown(path, owner.st_uid, owner.st_gid)


def _switch(server: PostgresServer, state: str) -> None:
    server.sql(f"ALTER SYSTEM SET ssl = {state}")
    server.sql("SELECT pg_reload_conf()")
    wanted, until = (b"S" if state == "on" else b"N"), time.monotonic() + SECONDS
    while (answer := _answer_to_tls(server)) != wanted and time.monotonic() < until:
        continue
    assert answer == wanted, f"with ssl = {server.sql('SHOW ssl')} it answers {answer!r}: it refuses the key (its log)"


def _answer_to_tls(server: PostgresServer) -> bytes:
    """S if the server begins TLS, else N: SSLRequest (https://www.postgresql.org/docs/current/protocol-flow.html)."""
    with socket.create_connection((server.host, server.port)) as connection:
        connection.sendall(struct.pack("!II", 8, 80877103))
        return connection.recv(1)


def _database(server: PostgresServer, authority: Authority, folder: Path) -> Database:
    root = folder / "server-ca.pem"
    root.write_text(authority.pem)
    return parse_database(f"{server.url()}?sslmode=verify-ca&sslrootcert={root}")


def test_sessions_and_pg_dump_are_encrypted(postgres15: PostgresServer, authority: Authority, tmp_path: Path) -> None:
    database = _database(postgres15, authority, tmp_path)
    with connect(database, purpose="test") as connection:
        assert connection.execute(_IS_ENCRYPTED).fetchone() == (True,)
    assert archive.dump_schema(database, 15).startswith(b"PGDMP")


def test_a_server_of_another_authority_is_not_trusted(
    postgres15: PostgresServer, authority: Authority, tmp_path: Path
) -> None:
    database = _database(postgres15, Authority(), tmp_path)
    with pytest.raises(UnreachableError, match="SSL error"):
        connect(database, purpose="test")
    with pytest.raises(UnreachableError, match="SSL error"):
        archive.dump_schema(database, 15)
