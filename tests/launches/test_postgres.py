"""Templates of PostgreSQL, launched with gcloud: from a replica that stands still into an empty database."""

import base64
import bz2
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines import list_backups, verify
from tests.launches.postgres import PASSWORD, ROLE, Servers, listening_pg_dump, servers
from tests.launches.project import Project, project
from tests.pipelines.bigtable_runs import run
from tests.postgres_zoo.dump import differences, normalised_dump
from tests.servers.dataflow_jobs import DONE
from tests.servers.gcs_gate import Gate
from tests.servers.image import Image
from tests.servers.postgres_server import PostgresServer

# What Beam pickles is compressed and then encoded (apache_beam/internal/cloudpickle_pickler.py).
PICKLED = re.compile(rb"QlpoOTFBWSZTW[A-Za-z0-9+/]+=*")


@pytest.fixture(scope="module")
def pair(postgres18: PostgresServer) -> Iterator[Servers]:
    with servers(postgres18.binaries) as made:
        yield made


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the command lines of all processes go, as of each call of pg_dump."""
    return tmp_path_factory.mktemp("seen") / "processes"


@pytest.fixture(scope="module")
def shop(
    gcloud: None, image: Image, gcs: Gate, pair: Servers, seen: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A project whose launchers and workers are given the password as Secret Manager would give it."""
    folder = tmp_path_factory.mktemp("shop")
    programs = listening_pg_dump(pair.primary.binaries, folder / "programs", seen)
    with project(image, gcs, folder / "dataflow", {"PGPASSWORD": PASSWORD}, programs) as made:
        made.build()
        yield made


@pytest.fixture(scope="module")
def backups(shop: Project, pair: Servers) -> dict[str, str]:
    """The ids of the jobs of backups of two of the standby's databases, taken while the primary goes on."""
    pair.primary.sql("INSERT INTO shop.lines VALUES (50, 1); DELETE FROM shop.lines WHERE orders = 1", "shop")
    return {name: backed_up(shop, pair, name) for name in ("shop", "empty")}


def backed_up(shop: Project, pair: Servers, name: str) -> str:
    """Launch a backup into a vault of the database's name."""
    where = {"vault": shop.vault(name), "database": pair.standby.url(name, ROLE)}
    return shop.launch("postgres_backup", f"backup-{name}", consistency="frozen-source", ranges="2", **where)


@pytest.fixture(scope="module")
def restores(shop: Project, pair: Servers, backups: dict[str, str]) -> dict[str, str]:
    """The ids of the jobs of restores into new databases of the primary, `shop_copy` and `empty_copy`."""
    return {name: restored(shop, pair, name) for name, id in backups.items() if shop.state(id) == DONE}


def restored(shop: Project, pair: Servers, name: str) -> str:
    """Launch a restore of the backup in the vault of this name."""
    pair.primary.sql(f"CREATE DATABASE {name}_copy")
    where = {"vault": shop.vault(name), "database": pair.primary.url(f"{name}_copy", ROLE)}
    return shop.launch("postgres_restore", f"restore-{name}", backup="latest", **where)


@pytest.mark.parametrize("name", ["shop", "empty"])
def test_a_backup_of_a_paused_replica_is_committed_and_verified(
    shop: Project, backups: dict[str, str], name: str
) -> None:
    id = backups[name]
    assert shop.state(id) == DONE, shop.console(id) + shop.worker_log(id)
    (listed,) = run(list_backups.main, f"--vault={shop.vault(name)}", "--json").json
    assert (listed["state"], listed["consistency"]) == ("COMMITTED", "frozen-source")
    assert bool(listed["tables"]) == (name == "shop")
    ended = run(verify.main, f"--vault={shop.vault(name)}", "--backup=latest", "--level=L3", "--json")
    assert ended.code == 0, ended.err


@pytest.mark.parametrize("name", ["shop", "empty"])
def test_a_restore_is_what_the_replica_holds(shop: Project, pair: Servers, restores: dict[str, str], name: str) -> None:
    id = restores[name]
    assert shop.state(id) == DONE, shop.console(id) + shop.worker_log(id)
    said = "SELECT obj_description('shardkeep_restore'::regnamespace, 'pg_namespace')"
    assert pair.primary.sql(said, f"{name}_copy").startswith("A restore has ended.")  # no command was there to drop it
    pair.primary.sql("DROP SCHEMA shardkeep_restore CASCADE", f"{name}_copy")
    urls = (pair.standby.url(name), pair.primary.url(f"{name}_copy"))
    assert differences(*(normalised_dump(pair.primary.binaries, url) for url in urls)) == []


def test_what_the_primary_did_meanwhile_is_not_in_it(pair: Servers, restores: dict[str, str], shop: Project) -> None:
    assert shop.state(restores["shop"]) == DONE
    assert pair.primary.sql("SELECT count(*) FROM shop.lines", "shop_copy") == "120"
    assert pair.primary.sql("SELECT count(*) FROM shop.lines", "shop") == "118"


def test_the_password_is_nowhere(shop: Project, backups: dict[str, str], seen: Path) -> None:
    backup = backups["shop"]
    assert shop.state(backup) == DONE
    graph = shop.graph(backup)
    pickles = [bz2.decompress(base64.b64decode(found[0])) for found in PICKLED.finditer(graph)]
    assert any(ROLE.encode() in pickle for pickle in pickles)
    logs = (shop.console(backup) + shop.worker_log(backup)).encode()
    processes = seen.read_bytes()
    assert b"/dataflow_worker.py" in processes
    arguments = [" ".join(job.arguments).encode() for job in shop.service.jobs]
    for text in (json.dumps(shop.job_object(backup)).encode(), graph, *pickles, logs, processes, *arguments):
        assert PASSWORD.encode() not in text


def test_the_password_is_in_no_object_of_the_bucket(shop: Project, restores: dict[str, str]) -> None:
    assert {shop.state(id) for id in restores.values()} == {DONE}
    names = shop.objects("")
    assert any(name.endswith("/MANIFEST.json") for name in names)
    found = [name for name in names if PASSWORD.encode() in (shop.files.read(f"gs://{shop.bucket}/{name}") or b"")]
    assert found == []
