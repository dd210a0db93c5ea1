"""Every command with its vault on Cloud Storage, by an account that may create and view objects and nothing else."""

from collections.abc import Callable, Iterator

import pytest

from tests.pipelines import bigtable_runs, postgres_runs
from tests.pipelines.bigtable_runs import backups, check, show
from tests.servers.gcs_faults import Refused
from tests.servers.gcs_gate import Gate
from tests.servers.postgres_server import PostgresServer
from tests.tables import Content, Rows, Tables, new_instance

ROWS: Rows = {b"k%03d" % number: [("f", b"q", 1000, b"%d" % number)] for number in range(300)}
TABLES = "CREATE TABLE numbers (n int PRIMARY KEY, word text); INSERT INTO numbers SELECT n, md5(n::text) FROM"
CONTENT = "SELECT pg_catalog.string_agg(n || word, ',' ORDER BY n) FROM numbers"


@pytest.fixture
def vault(gate: Gate) -> Iterator[str]:
    """A place in a new bucket; whatever else than creating and viewing is asked for is refused."""
    with gate.creating_only():
        yield f"gs://{gate.new_bucket()}/some/backups"


def changes(gate: Gate) -> set[str]:
    """What was asked of the bucket, but for what creates and views."""
    return set(gate.operations()) - {"start", "chunk", "query", "insert", "stat", "read", "list"}


def test_bigtable_goes_to_the_cloud_and_comes_back(bigtable_emulator: str, gate: Gate, vault: str) -> None:
    source, target = new_instance(), new_instance()
    source.fill("orders", Content(["f"], ROWS))
    source.fill("empty", Content(["f"]))
    made = bigtable_runs.backup(vault, source, "--table=*", "--ranges=3", "--chunk_size=1KiB", "--name=n", "--json")
    assert made.code == 0, made.err
    [listed] = backups(vault, "--name=n", "--newer_than=1h", "--json").json
    assert (listed["backup"], listed["rows"], listed["state"]) == (made.json["backup"], 300, "COMMITTED")
    assert show(vault, "latest", "--json").json == made.json
    assert f"note: made with STORAGE_EMULATOR_HOST={gate.url}: an emulator" in show(vault, "latest").out
    assert check(vault, "latest", "--level=L3", "--json").json["ok"]
    assert bigtable_runs.restore(vault, target, "--json").code == 0
    assert (target.read("orders"), target.read("empty")) == (source.read("orders"), {})
    assert changes(gate) == set()


def test_postgres_goes_to_the_cloud_and_comes_back(
    postgres18: PostgresServer, new_database: Callable[..., str], gate: Gate, vault: str
) -> None:
    name, copy = new_database(postgres18), new_database(postgres18)
    postgres18.sql(f"{TABLES} generate_series(1, 3000) n", name)
    made = postgres_runs.backup(vault, postgres18.url(name), "--ranges=3", "--chunk_size=4KiB", "--json")
    assert made.code == 0, made.err
    assert check(vault, "latest", "--level=L3", "--json").json["ok"]
    assert postgres_runs.restore(vault, postgres18.url(copy)).code == 0
    assert postgres18.sql(CONTENT, copy) == postgres18.sql(CONTENT, name)
    assert changes(gate) == set()


def test_workers_in_processes_of_their_own_reach_the_bucket(orders: Tables, vault: str) -> None:
    engine = ("--runner=FnApiRunner", "--direct_running_mode=multi_processing", "--direct_num_workers=2")
    assert bigtable_runs.backup(vault, orders, "--table=orders", "--ranges=4", *engine).code == 0
    assert check(vault, "latest", "--level=L3", *engine).code == 0


@pytest.fixture
def orders(bigtable_emulator: str) -> Tables:
    """An instance with a table."""
    source = new_instance()
    source.fill("orders", Content(["f"], ROWS))
    return source


def test_an_account_that_may_not_create_is_told_the_role_before_any_row_is_read(
    orders: Tables, gate: Gate, vault: str
) -> None:
    gate.faults.plan("insert", *[Refused(403, "forbidden", "a@b does not have storage.objects.create access")] * 9)
    ended = bigtable_runs.backup(vault, orders, "--table=orders")
    assert ended.code == 9
    assert "storage.objects.create is needed" in ended.message
    assert "roles/storage.objectCreator" in ended.message
    assert "start" not in gate.operations()
    assert backups(vault).code == 7


@pytest.mark.usefixtures("gate")
def test_a_bucket_that_is_not_there_is_told(orders: Tables) -> None:
    ended = bigtable_runs.backup("gs://no-such-bucket-here/v", orders, "--table=orders")
    assert (ended.code, "bucket no-such-bucket-here does not exist" in ended.message) == (7, True)
    assert backups("gs://no-such-bucket-here/v").code == 7
