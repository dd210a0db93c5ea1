"""The port of an instance is taken at an address of its own, or it is said that there is none."""

import socket
from pathlib import Path

import pytest

from tests.servers import cloud_sql_port
from tests.servers.cloud_sql_certificates import Authority
from tests.servers.postgres_server import PostgresServer
from transforms.errors import UnreachableError


def test_a_port_that_is_taken_everywhere_is_told(
    postgres15: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("0.0.0.0", 0)) as everywhere:  # noqa: S104 - it takes no connection
        port = everywhere.getsockname()[1]
        monkeypatch.setattr(cloud_sql_port, "TLS_PORT", port)
        listening = cloud_sql_port.listening(postgres15, Authority(), "p:i", tmp_path)
        with pytest.raises(UnreachableError, match=f"Port {port} is free at none"), listening:
            pass


def test_each_instance_has_an_address_of_its_own(postgres15: PostgresServer, tmp_path: Path) -> None:
    authority = Authority()
    with (
        cloud_sql_port.listening(postgres15, authority, "p:a", tmp_path) as one,
        cloud_sql_port.listening(postgres15, authority, "p:b", tmp_path) as other,
    ):
        assert one != other
