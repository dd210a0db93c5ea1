"""Google's own proxy, with an instance of ours behind it: it understands how we call it, and we what it says."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers import cloud_sql_instance, cloud_sql_program
from tests.servers.cloud_sql_instance import Instance
from tests.servers.postgres_server import PostgresServer
from tests.transforms.postgres.server.test_credential import TokenServer
from tests.transforms.postgres.server.test_credential import account as account  # a fixture
from transforms.cloud_sql.endpoint import end_all
from transforms.cloud_sql.instance import PRIVATE, PSC, PUBLIC, CloudSql
from transforms.errors import NotFoundError, UnreachableError
from transforms.postgres.server.database_url import parse_database
from transforms.postgres.server.session import connect

NAME = "my-project:europe-west1:main"
Open = Callable[..., Instance]


@pytest.fixture
def instance(postgres15: PostgresServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens an instance with an address of a kind, which the proxy on the PATH is pointed to."""
    try:
        program = cloud_sql_program.find_or_make()
    except NotFoundError as error:
        pytest.skip(str(error))
    with ExitStack() as stack:

        def opened(ip_type: str) -> Instance:
            found = stack.enter_context(cloud_sql_instance.running(postgres15, tmp_path, ip_type))
            monkeypatch.setenv("CSQL_PROXY_SQLADMIN_API_ENDPOINT", found.url)
            return found

        monkeypatch.setenv("PATH", str(program.parent), prepend=":")
        yield opened
        end_all()


def user(cloud_sql: CloudSql, iam_auth: bool = False) -> object:
    """Who is logged in."""
    database = parse_database("postgresql://postgres@/postgres", None, iam_auth, cloud_sql)
    with connect(database, purpose="test") as connection:
        return connection.execute("SELECT current_user").fetchone()


@pytest.mark.parametrize(("ip", "ip_type"), [(PUBLIC, "PRIMARY"), (PRIVATE, "PRIVATE")])
def test_a_session_goes_through_it_without_a_token_in_the_certificate(
    instance: Open, account: TokenServer, ip: str, ip_type: str
) -> None:
    there = instance(ip_type)
    assert user(CloudSql(NAME, ip)) == ("postgres",)
    assert {*there.callers} == {"Bearer t1"}
    assert {*there.tokens} == {None}


def test_with_iam_auth_the_certificate_has_the_token_of_the_account(instance: Open, account: TokenServer) -> None:
    there = instance("PRIMARY")
    assert user(CloudSql(NAME), iam_auth=True) == ("postgres",)
    assert {*there.tokens} == {"t1"}


@pytest.mark.parametrize("ip", [PRIVATE, PSC])
def test_an_address_that_the_instance_lacks_is_told(instance: Open, account: TokenServer, ip: str) -> None:
    instance("PRIMARY")
    with pytest.raises(UnreachableError, match=rf'does not have IP of type "{ip.upper()}".*\nCheck .*--cloud_sql_ip'):
        user(CloudSql(NAME, ip))


def test_an_instance_that_does_not_exist_is_told(instance: Open, account: TokenServer) -> None:
    instance("PRIMARY")
    with pytest.raises(UnreachableError, match=r"(?s)ended with 1 at its start.*404.*does not exist.*\nCheck"):
        user(CloudSql("my-project:europe-west1:other"))


def test_contradicting_variables_of_its_own_are_told_without_its_manual(
    instance: Open, account: TokenServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance("PRIMARY")
    monkeypatch.setenv("CSQL_PROXY_TOKEN", "t")
    monkeypatch.setenv("CSQL_PROXY_GCLOUD_AUTH", "true")
    with pytest.raises(UnreachableError, match=r"said:\n  Error: cannot specify --token and --gcloud-auth.*\nCheck"):
        user(CloudSql(NAME))
