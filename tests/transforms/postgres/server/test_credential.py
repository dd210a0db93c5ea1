"""Passwords: from a real client of Secret Manager and real Google credentials, against servers of our own."""

import json
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import google_crc32c
import grpc
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.auth import jwt
from google.cloud.secretmanager import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport
from google.cloud.secretmanager_v1.types import AccessSecretVersionRequest, AccessSecretVersionResponse

from tests.servers import json_server
from tests.servers.json_server import Answer, Request
from transforms.errors import IntegrityError, NotFoundError, UnreachableError
from transforms.postgres.server import credential
from transforms.postgres.server.credential import LOGIN_SCOPE, password_of, secret_text
from transforms.postgres.server.database import Database
from transforms.process_registry import ProcessRegistry

NAME = "projects/p/secrets/s/versions/1"
Client = Callable[[], SecretManagerServiceClient]
if TYPE_CHECKING:
    Handler = grpc.GenericRpcHandler[AccessSecretVersionRequest, AccessSecretVersionResponse]
    Method = grpc.RpcMethodHandler[AccessSecretVersionRequest, AccessSecretVersionResponse]
else:
    Handler = grpc.GenericRpcHandler


class SecretManager(Handler):
    """Answers AccessSecretVersion."""

    def __init__(self) -> None:
        self.payload = b"hunter2"
        self.checksum: int | None = None
        self.code: grpc.StatusCode | None = None
        self.names: list[str] = []

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> "Method":
        assert handler_call_details.method.endswith("/AccessSecretVersion")
        return grpc.unary_unary_rpc_method_handler(
            self._access, AccessSecretVersionRequest.deserialize, AccessSecretVersionResponse.serialize
        )

    def _access(
        self, request: AccessSecretVersionRequest, context: grpc.ServicerContext
    ) -> AccessSecretVersionResponse:
        self.names.append(request.name)
        if self.code is not None:
            context.abort(self.code, "so be it")
        checksum = google_crc32c.value(self.payload) if self.checksum is None else self.checksum
        return AccessSecretVersionResponse(name=request.name, payload={"data": self.payload, "data_crc32c": checksum})


@pytest.fixture
def manager() -> SecretManager:
    return SecretManager()


@pytest.fixture
def client(manager: SecretManager) -> Iterator[Client]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((manager,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    secret_text.cache_clear()
    with grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.enable_http_proxy", 0)]) as channel:
        yield lambda: SecretManagerServiceClient(transport=SecretManagerServiceGrpcTransport(channel=channel))
    secret_text.cache_clear()
    server.stop(None).wait()


def test_without_a_secret_libpq_looks_for_the_password() -> None:
    assert password_of(Database("h", 5432, "me", "shop")) is None


def test_a_secret_is_asked_for_once(manager: SecretManager, client: Client) -> None:
    assert [secret_text(NAME, client) for _ in range(3)] == ["hunter2"] * 3
    assert manager.names == [NAME]


@pytest.mark.parametrize(
    ("payload", "password"),
    [(b"a\n", "a"), (b"a\r\n", "a"), (b"a\n\n", "a\n"), (b" a ", " a "), ("pä".encode(), "pä"), (b"", "")],
)
def test_only_the_line_break_at_the_end_is_left_out(
    manager: SecretManager, client: Client, payload: bytes, password: str
) -> None:
    manager.payload = payload
    assert secret_text(NAME, client) == password


def test_a_missing_secret_is_not_found(manager: SecretManager, client: Client) -> None:
    manager.code = grpc.StatusCode.NOT_FOUND
    with pytest.raises(NotFoundError, match=NAME):
        secret_text(NAME, client)


def test_a_secret_that_may_not_be_read_names_the_role(manager: SecretManager, client: Client) -> None:
    manager.code = grpc.StatusCode.PERMISSION_DENIED
    with pytest.raises(UnreachableError, match=r"secretmanager\.secretAccessor"):
        secret_text(NAME, client)


def test_a_damaged_secret_is_no_password(manager: SecretManager, client: Client) -> None:
    manager.checksum = 1
    with pytest.raises(IntegrityError, match="damaged") as caught:
        secret_text(NAME, client)
    assert "hunter2" not in str(caught.value)


def test_bytes_that_are_no_text_are_no_password(manager: SecretManager, client: Client) -> None:
    manager.payload = b"hunter2\xff"
    with pytest.raises(IntegrityError, match="UTF-8") as caught:
        secret_text(NAME, client)
    assert "hunter2" not in str(caught.value)


class TokenServer:
    """Gives tokens for the assertions of a service account."""

    def __init__(self) -> None:
        self.assertions: list[str] = []
        self.status = 200

    def answer(self, request: Request) -> Answer:
        """Answer a request for a token."""
        self.assertions += parse_qs(request.body.decode())["assertion"]
        if self.status != 200:
            return self.status, {"error": "invalid_grant"}
        return 200, {"access_token": "t1", "expires_in": 3600}


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TokenServer]:
    """A service account that this machine's default credentials are."""
    key = rsa.generate_private_key(65537, 2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    tokens, path = TokenServer(), tmp_path / "account.json"
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(path))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.setattr(credential, "_CREDENTIALS", ProcessRegistry())
    with json_server.serving(tokens.answer) as address:
        uri = f"http://{address}/token"
        words = {"type": "service_account", "client_email": "a@p.iam", "token_uri": uri, "private_key": key.decode()}
        path.write_text(json.dumps(words))
        yield tokens


def test_iam_login_takes_a_token_that_can_do_nothing_but_log_in(account: TokenServer) -> None:
    database = Database("h", 5432, "a@p.iam", "shop", iam_auth=True)
    assert [password_of(database) for _ in range(2)] == ["t1", "t1"]
    (assertion,) = account.assertions  # the second time the token was still good
    assert jwt.decode(assertion, verify=False)["scope"] == LOGIN_SCOPE


def test_an_account_without_a_token_is_an_error_with_advice(account: TokenServer) -> None:
    account.status = 400
    with pytest.raises(UnreachableError, match="gcloud auth application-default login"):
        password_of(Database("h", 5432, "a@p.iam", "shop", iam_auth=True))
