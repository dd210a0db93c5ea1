"""URLs of databases, held to libpq's own reader."""

import pickle
from urllib.parse import quote

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg.conninfo import conninfo_to_dict

from transforms.errors import UsageError
from transforms.postgres.server.conninfo import TRANSPORT, conninfo
from transforms.postgres.server.database import Database
from transforms.postgres.server.database_url import PARAMETERS, parse_database

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
HOSTS = st.one_of(
    st.from_regex(r"[a-z][a-z0-9.-]{0,20}", fullmatch=True),
    st.sampled_from(["10.0.0.5", "::1", "2001:db8::5", "/var/run/postgresql", "/cloudsql/p:europe-west1:i"]),
)
DATABASES = st.builds(
    Database,
    host=HOSTS,
    port=st.integers(1, 65535),
    user=TEXT,
    name=TEXT,
    parameters=st.dictionaries(st.sampled_from(PARAMETERS[1:8]), TEXT, max_size=3).map(lambda d: tuple(d.items())),
)


@given(DATABASES)
def test_a_url_is_read_back_as_what_it_was_made_of(database: Database) -> None:
    assert parse_database(database.url()) == database


@given(DATABASES)
def test_libpq_reads_a_url_as_we_do(database: Database) -> None:
    assert {**TRANSPORT, **conninfo_to_dict(database.url())} == conninfo(database)


def test_the_port_is_postgresqls_own_where_none_is_given() -> None:
    assert parse_database("postgresql://me@db.example/shop") == Database("db.example", 5432, "me", "shop")


def test_parts_are_percent_decoded() -> None:
    database = parse_database("postgres://me%40iam@%2Fcloudsql%2Fp%3Ar%3Ai/a%2Fb%20c?sslmode=require&sslrootcert=a%26b")
    assert (database.user, database.host, database.name) == ("me@iam", "/cloudsql/p:r:i", "a/b c")
    assert database.parameters == (("sslmode", "require"), ("sslrootcert", "a&b"))


def test_the_identity_does_not_depend_on_who_logs_in() -> None:
    one, other = (Database("h", 5432, user, "shop", iam_auth=user == "b") for user in "ab")
    assert one.identity() == other.identity()
    assert dict(one.identity().parts) == {"host": "h", "port": "5432", "database": "shop"}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://me:hunter2@db/shop",
        "postgresql://me:hunter2@[::1]:5432/shop",
        "postgresql://me:hun@ter2@db/shop",
        "postgresql://me:@db/shop",
        "postgresql://me@db/shop?password=hunter2",
        "postgresql://me@db/shop?sslmode=require&sslpassword=hunter2",
    ],
)
def test_a_password_is_refused_with_the_ways_to_give_one(url: str) -> None:
    with pytest.raises(UsageError, match=r"PGPASSWORD.*pgpass.*--password_secret.*--iam_auth") as caught:
        parse_database(url)
    assert "hunter2" not in str(caught.value)
    assert "ter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("shop", "no URL of PostgreSQL"),
        ("mysql://me@db/shop", "no URL of PostgreSQL"),
        ("postgresql:me@db/shop", "no URL of PostgreSQL"),
        ("host=db user=me dbname=shop", "no URL of PostgreSQL"),
        ("postgresql://db/shop", "no user"),
        ("postgresql://@db/shop", "no user"),
        ("postgresql://me@/shop", "no host"),
        ("postgresql://me@a,b/shop", "several hosts"),
        ("postgresql://me@db", "no database"),
        ("postgresql://me@db/", "no database"),
        ("postgresql://me@db/a/b", "%2F"),
        ("postgresql://me@db:0/shop", "port"),
        ("postgresql://me@db:65536/shop", "port"),
        ("postgresql://me@db:x/shop", "port"),
        ("postgresql://me@db:1:2/shop", "port"),
        ("postgresql://me@db/sh#op", "%23"),
        ("postgresql://me@db/%FF", "UTF-8"),
        ("postgresql://me@db/a%00b", "NUL"),
        ("postgresql://me@db/shop?sslmode", "NAME=VALUE"),
        ("postgresql://me@db/shop?sslmode=a&sslmode=b", "twice"),
        ("postgresql://me@db/shop?sslmod=require", "did you mean sslmode"),
        ("postgresql://me@db/shop?options=-c%20x=y", "takes no parameter options"),
        ("postgresql://me@[::1/shop", "no URL"),
    ],
)
def test_what_is_no_url_of_one_database_is_refused(url: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_database(url)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"))))
def test_no_error_repeats_what_may_be_a_password(text: str) -> None:
    secret = quote(f"s3cr3t-{text}", safe="!$&'()*+,;=/?#[]@:")
    with pytest.raises(UsageError) as caught:
        parse_database(f"postgresql://me:{secret}@db/shop")
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize(
    "url", ["postgresql://me:s3cr3t%zz@db/shop", "postgresql://me:s3cr3t@[db/shop", "postgresql://me@db/shop?s3cr3t"]
)
def test_libpqs_reader_does_not_replace_ours_for_its_errors_repeat_secrets(url: str) -> None:
    with pytest.raises(psycopg.ProgrammingError, match="s3cr3t"):
        conninfo_to_dict(url)


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("postgresql://me@db/shop?sslmode=require&sslmode=disable", {"sslmode": "disable"}),
        ("postgresql://me@db/shop?dbname=other&host=elsewhere", {"dbname": "other", "host": "elsewhere"}),
        ("postgresql://me@db/shop/of#us", {"dbname": "shop/of#us"}),
    ],
)
def test_libpqs_reader_does_not_replace_ours_for_it_takes_what_is_ambiguous(url: str, read: dict[str, str]) -> None:
    assert read.items() <= conninfo_to_dict(url).items()
    with pytest.raises(UsageError):
        parse_database(url)


def test_two_ways_to_log_in_are_refused() -> None:
    with pytest.raises(UsageError, match="choose one"):
        parse_database("postgresql://me@db/shop", "projects/p/secrets/s/versions/1", True)


@pytest.mark.parametrize("name", ["s", "projects/p/secrets/s", "projects/p/secrets/s/versions/", "a/b/c/d/e/f"])
def test_a_secret_without_its_version_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="projects/P/secrets/S/versions/V"):
        parse_database("postgresql://me@db/shop", name)


@given(DATABASES)
def test_a_database_travels_to_workers(database: Database) -> None:
    assert pickle.loads(pickle.dumps(database)) == database  # noqa: S301 - our own
