"""google-auth gets no token: credentials that nobody takes are told from a server of tokens that is ill."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from google.auth.compute_engine import Credentials as MachineCredentials
from google.auth.credentials import Credentials
from google.auth.transport.grpc import AuthMetadataPlugin
from google.auth.transport.requests import Request
from google.oauth2.credentials import Credentials as UserCredentials

from tests.servers import json_server
from transforms.bigtable.server.retry import is_transient
from transforms.bigtable.server.rpc_errors import rpc_error
from transforms.errors import UnreachableError

METHOD = "/google.bigtable.v2.Bigtable/ReadRows"


@pytest.fixture(scope="module")
def host() -> Iterator[str]:
    """A server to which credentials may be sent, as gRPC trusts the loopback device."""
    handler = grpc.unary_stream_rpc_method_handler(lambda request, context: iter([b"row"]))
    service = grpc.method_handlers_generic_handler("google.bigtable.v2.Bigtable", {"ReadRows": handler})
    server = grpc.server(ThreadPoolExecutor(1), handlers=[service])
    port = server.add_secure_port("127.0.0.1:0", grpc.local_server_credentials())
    server.start()
    yield f"127.0.0.1:{port}"
    server.stop(None).wait()


def read(host: str, credentials: Credentials) -> list[bytes]:
    """Rows that are read with credentials, by the plugin that our own channel has."""
    plugin = grpc.metadata_call_credentials(AuthMetadataPlugin(credentials, Request()))
    both = grpc.composite_channel_credentials(grpc.local_channel_credentials(), plugin)
    with grpc.secure_channel(host, both) as channel:
        return list(channel.unary_stream(METHOD, None, None)(b"", timeout=60))


def failure(host: str, credentials: Credentials) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        read(host, credentials)
    return caught.value


@contextmanager
def user(status: int, answer: object) -> Iterator[Credentials]:
    """A person's credentials, and what the server of tokens answers to them."""
    with json_server.serving(lambda request: (status, answer)) as address:
        yield UserCredentials(None, "refresh", None, f"http://{address}/token", "id", "secret")


def test_a_token_opens_the_way(host: str) -> None:
    with user(200, {"access_token": "a", "expires_in": 3600}) as credentials:
        assert read(host, credentials) == [b"row"]


@pytest.mark.parametrize("reason", ["invalid_grant", "invalid_client", "unauthorized_client"])
def test_credentials_that_nobody_takes_are_told_at_once_with_the_command_that_makes_others(
    host: str, reason: str
) -> None:
    with user(400, {"error": reason, "error_description": "Token has been expired or revoked."}) as credentials:
        error = failure(host, credentials)
    assert not is_transient(error)
    ours = rpc_error(error, "reading")
    assert isinstance(ours, UnreachableError)
    assert f"{reason}: Token has been expired or revoked." in str(ours)
    assert "Run `gcloud auth application-default login`" in str(ours)


def test_a_machine_without_an_account_is_told_at_once(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_transient(machine(host, 404, monkeypatch))


def test_an_ill_metadata_server_is_asked_again(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_transient(machine(host, 418, monkeypatch))


def machine(host: str, status: int, monkeypatch: pytest.MonkeyPatch) -> grpc.RpcError:
    """How a read fails on a machine whose metadata server answers with a status."""
    with json_server.serving(lambda request: (status, ""), {"Metadata-Flavor": "Google"}) as address:
        monkeypatch.setattr("google.auth.compute_engine._metadata._GCE_METADATA_HOST", address)
        monkeypatch.setenv("GCE_METADATA_HOST", address)
        return failure(host, MachineCredentials())
