"""Names of Cloud SQL instances, and databases in one."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.cloud_sql.instance import IPS, PUBLIC, CloudSql, parse_cloud_sql
from transforms.errors import UsageError
from transforms.postgres.server.credential import password_of
from transforms.postgres.server.database import Database
from transforms.postgres.server.database_url import PARAMETERS, PROXY_PARAMETERS, parse_database

MAIN = CloudSql("my-project:europe-west1:main")
URL = "postgresql://me@/shop"


@pytest.mark.parametrize("name", ["my-project:europe-west1:main", "example.com:my-project:us-central1:db-1", "p:r:i"])
def test_a_connection_name_is_an_instance(name: str) -> None:
    assert parse_cloud_sql(name, "psc") == CloudSql(name, "psc")


@pytest.mark.parametrize(
    "name",
    ["main", "my-project:main", "a:b:c:d:e", "p:r:i?port=1", "p:r:i&psc", "-p:r:i", "P:r:i", "p:r:i ", "p:r:", "p::i",
     "p:r:i\n", "--token=x", "p:r:i,p:r:j", "/p:r:i"],
)  # fmt: skip
def test_anything_else_is_refused_with_the_command_that_prints_it(name: str) -> None:
    with pytest.raises(UsageError, match=r"PROJECT:REGION:INSTANCE.*gcloud sql instances describe"):
        parse_cloud_sql(name, PUBLIC)


def test_the_identity_is_the_instance_and_the_database_however_it_is_reached() -> None:
    ways = [parse_database(f"postgresql://{user}@/shop", cloud_sql=CloudSql(MAIN.instance, ip), iam_auth=iam)
            for ip in IPS for user in ("me", "you") for iam in (False, True)]  # fmt: skip
    (identity,) = {way.identity() for way in ways}
    assert identity.parts == (("cloud_sql_instance", "my-project:europe-west1:main"), ("database", "shop"))
    assert identity.folder == "postgres+my-project%3Aeurope-west1%3Amain+shop"


def test_its_url_names_the_instance_and_no_place_on_this_machine() -> None:
    database = parse_database(f"{URL}?connect_timeout=7", cloud_sql=MAIN)
    assert str(database) == "postgresql://me@/shop?cloud_sql_instance=my-project:europe-west1:main&connect_timeout=7"


@pytest.mark.parametrize("address", ["db", ":5432", "db:5432", "%2Ftmp", "127.0.0.1", "[::1]", "a,b"])
def test_a_host_or_port_beside_an_instance_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match=r"--cloud_sql_instance: write postgresql://USER@/DB"):
        parse_database(f"postgresql://me@{address}/shop", cloud_sql=MAIN)


@pytest.mark.parametrize("name", sorted({*PARAMETERS} - {*PROXY_PARAMETERS}))
def test_parameters_that_would_go_past_the_proxy_or_mean_nothing_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=f"no parameter {name} with --cloud_sql_instance"):
        parse_database(f"{URL}?{name}=1", cloud_sql=MAIN)


@pytest.mark.parametrize("name", PROXY_PARAMETERS)
def test_the_others_stay(name: str) -> None:
    assert parse_database(f"{URL}?{name}=1", cloud_sql=MAIN).parameters == ((name, "1"),)


def test_without_an_instance_a_host_is_needed() -> None:
    with pytest.raises(UsageError, match=r"names no host.*--cloud_sql_instance"):
        parse_database(URL)


def test_a_password_in_the_url_is_refused_there_too() -> None:
    with pytest.raises(UsageError, match=r"holds a password.*PGPASSWORD") as caught:
        parse_database("postgresql://me:hunter2@/shop", cloud_sql=MAIN)
    assert "hunter2" not in str(caught.value)


def test_no_token_is_asked_for_where_the_proxy_logs_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")
    assert password_of(parse_database(URL, None, iam_auth=True, cloud_sql=MAIN)) is None


@given(st.sampled_from(IPS), st.booleans(), st.text(min_size=1))
def test_a_database_of_an_instance_travels_to_workers(ip: str, iam_auth: bool, name: str) -> None:
    database = Database("", 5432, "me", name, iam_auth=iam_auth, cloud_sql=CloudSql(MAIN.instance, ip))
    assert pickle.loads(pickle.dumps(database)) == database  # noqa: S301 - our own
