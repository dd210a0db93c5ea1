"""Templates of Bigtable, launched with gcloud: what was backed up on workers comes back, cell by cell."""

import json
from collections.abc import Iterator

import pytest

from pipelines import list_backups, verify
from tests.launches.bigtable import CONTENTS, damage, instance_of, size_of
from tests.launches.door import Creation, door
from tests.launches.project import REGION, REPOSITORY, TAG, Project, project
from tests.pipelines.bigtable_runs import run
from tests.servers import metadata_server
from tests.servers.dataflow_jobs import DONE, FAILED
from tests.servers.gcs_gate import Gate
from tests.servers.image import Image
from tests.tables import PROJECT as DATA_PROJECT
from tests.tables import Tables, new_instance

# What the service adds to every job that runs on Runner v2 (apache_beam/runners/dataflow/dataflow_runner.py).
RUNNER_V2 = {"beam_fn_api", "use_unified_worker", "use_runner_v2", "use_portable_job_submission"}


@pytest.fixture(scope="module")
def shop(
    gcloud: None, image: Image, gcs: Gate, bigtable_emulator: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A project with templates and a Bigtable."""
    network = {"BIGTABLE_EMULATOR_HOST": bigtable_emulator}
    with project(image, gcs, tmp_path_factory.mktemp("shop"), network) as made:
        yield made


@pytest.fixture(scope="module")
def source(bigtable_emulator: str) -> Tables:
    """An instance with three tables."""
    made = new_instance()
    for name, content in CONTENTS.items():
        made.fill(name, content)
    return made


@pytest.fixture(scope="module")
def creations(gcs: Gate) -> Iterator[list[Creation]]:
    """Every object that is created."""
    with door(gcs) as seen:
        yield seen


@pytest.fixture(scope="module")
def backup(shop: Project, source: Tables, creations: list[Creation]) -> str:
    """The id of the job of a backup that has been launched, and has ended."""
    shop.build()
    shop.build_with_gcloud("bigtable_backup")  # which names no image for workers: the image does so itself
    where = {"bigtable_project": DATA_PROJECT, "instance": source.instance}
    id = shop.launch(
        "bigtable_backup",
        "nightly",
        vault=shop.vault("main"),
        table="orders,carts,nothing",
        ranges="2",
        chunk_size="64KiB",
        name="Nightly",
        **where,
    )
    shop.job(id)
    return id


@pytest.fixture(scope="module")
def target(bigtable_emulator: str) -> Tables:
    """An instance without tables."""
    return new_instance()


@pytest.fixture(scope="module")
def followers(shop: Project, backup: str, target: Tables) -> dict[str, str]:
    """The ids of jobs that use the backup, by what they do."""
    assert shop.state(backup) == DONE
    damage(shop, "vaults/main/", "vaults/damaged/")
    chosen = {"vault": shop.vault("main"), "backup": "latest"}
    where = {
        "bigtable_project": DATA_PROJECT,
        "instance": target.instance,
        "table": "orders:orders_again,carts,nothing",
    }
    return {
        "restore": shop.launch("bigtable_restore", "give-back", **chosen, **where),
        "verify": shop.launch("verify", "check", level="L3", **chosen),
        "verify-damaged": shop.launch(
            "verify", "check-again", **{**chosen, "level": "L2", "vault": shop.vault("damaged")}
        ),
    }


def test_a_backup_is_done_committed_and_verified(shop: Project, backup: str) -> None:
    assert shop.state(backup) == DONE, shop.console(backup) + shop.worker_log(backup)
    (listed,) = run(list_backups.main, f"--vault={shop.vault('main')}", "--json").json
    assert (listed["state"], listed["name"]) == ("COMMITTED", "Nightly")
    ended = run(verify.main, f"--vault={shop.vault('main')}", "--backup=latest", "--level=L3", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["ok"]


def test_a_restore_gives_every_cell_back(shop: Project, target: Tables, followers: dict[str, str]) -> None:
    id = followers["restore"]
    assert shop.state(id) == DONE, shop.console(id) + shop.worker_log(id)
    assert target.names() == ["carts", "nothing", "orders_again"]
    assert target.read("orders_again") == CONTENTS["orders"].expected
    assert target.read("carts") == CONTENTS["carts"].expected
    assert target.read("nothing") == {}
    told = [line for line in shop.worker_log(id).splitlines() if line.startswith("INFO:shardkeep:restored ")]
    rows = [json.loads(line.partition("restored ")[2]) for line in told]
    assert {row["destination"]: row["rows"] for row in rows} == {"orders_again": 300, "carts": 1, "nothing": 0}


def test_the_verdict_of_a_verification_is_the_jobs_state(shop: Project, followers: dict[str, str]) -> None:
    good, bad = followers["verify"], followers["verify-damaged"]
    assert shop.state(good) == DONE, shop.console(good) + shop.worker_log(good)
    assert ", 0 problems" in shop.worker_log(good)
    assert shop.state(bad) == FAILED
    assert "ERROR:shardkeep:problem: " in shop.worker_log(bad)
    assert "/data/orders/" in shop.worker_log(bad)


def test_the_vault_was_only_ever_added_to(shop: Project, backup: str, creations: list[Creation]) -> None:
    assert shop.state(backup) == DONE
    created = [creation for creation in creations if creation.name.startswith("vaults/main/")]
    assert sorted(creation.name for creation in created) == shop.objects("vaults/main/")
    assert {creation.if_generation for creation in created} == {"0"}
    asked = [request for request in shop.gcs.requests if request.bucket == shop.bucket]
    touched = [request.name for request in asked if request.operation in ("delete", "change")]
    assert [name for name in touched if name.startswith("vaults/main/")] == []
    assert [name for name in shop.gcs.sessions.open(shop.bucket) if name.startswith("vaults/main/")] == []


def test_the_job_asks_for_runner_v2_and_our_image(shop: Project, backup: str) -> None:
    environment = shop.job_object(backup)["environment"]
    reference = f"{REPOSITORY}/bigtable_backup:{TAG}"
    assert set(environment["experiments"]) >= RUNNER_V2
    for pool in environment["workerPools"]:
        assert pool["workerHarnessContainerImage"] == reference
        assert [each["containerImage"] for each in pool["sdkHarnessContainerImages"]] == [reference]


def test_the_environment_of_our_spec_reaches_the_job(shop: Project, followers: dict[str, str]) -> None:
    default = shop.files.json(shop.spec("verify"))["defaultEnvironment"]
    (pool,) = shop.job_object(followers["verify"])["environment"]["workerPools"]
    assert pool["autoscalingSettings"]["maxNumWorkers"] == default["maxWorkers"]
    assert pool["diskSizeGb"] == default["diskSizeGb"]
    assert pool["ipConfiguration"] == default["ipConfiguration"] == "WORKER_IP_PRIVATE"
    assert pool["workerHarnessContainerImage"] == default["sdkContainerImage"]


def test_the_jobs_labels_say_what_it_does(shop: Project, source: Tables, backup: str) -> None:
    labels = shop.job_object(backup)["labels"]
    (listed,) = run(list_backups.main, f"--vault={shop.vault('main')}", "--json").json
    assert labels["tool"] == "shardkeep"
    assert labels["pipeline"] == "bigtable-backup"
    assert labels["source"] == f"bigtable_{DATA_PROJECT}_{source.instance}"
    assert labels["backup"] == listed["backup"].lower()
    assert all(len(label) <= 63 and label == label.lower() for label in labels.values())


def test_no_token_is_in_what_a_launch_leaves(shop: Project, backup: str) -> None:
    left = json.dumps(shop.job_object(backup)).encode() + shop.graph(backup)
    logs = (shop.console(backup) + shop.worker_log(backup)).encode()
    assert metadata_server.TOKEN_PATH in shop.metadata.asked
    assert metadata_server.TOKEN.encode() not in left + logs


def test_gcloud_lists_the_job(shop: Project, backup: str) -> None:
    assert shop.state(backup) == DONE
    listed = shop.asked("dataflow", "jobs", "list", f"--region={REGION}", "--format=value(id,name,state)")
    assert f"{backup}\tnightly\tDone" in listed.splitlines()


def test_a_job_for_many_tables_is_as_small_as_one_for_one(shop: Project, backup: str) -> None:
    sizes = [size_of(shop, shop.job(backup), instance_of(count)) for count in (1, 1000)]
    intents = [name for name in shop.objects("vaults/many/") if name.endswith("/INTENT.json")]
    tables = [len(shop.files.json(f"gs://{shop.bucket}/{name}")["tables"]) for name in intents]
    assert sorted(tables) == [1, 1000]
    assert abs(sizes[0][0] - sizes[1][0]) < 100
    assert abs(sizes[0][1] - sizes[1][1]) < 500  # what is pickled is compressed, and holds random ids
