"""Launches that must fail, and jobs that fail on a worker: where it is said, and that no backup comes of it."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from pipelines import list_backups
from tests.launches.door import door
from tests.launches.project import Project, project
from tests.pipelines.bigtable_runs import run
from tests.servers.dataflow_jobs import FAILED
from tests.servers.dataflow_launch import LAUNCH_FAILED
from tests.servers.gcs_gate import Gate
from tests.servers.image import Image
from tests.tables import PROJECT as DATA_PROJECT
from tests.tables import Content, Tables, new_instance

NOWHERE = "postgresql://nobody@127.0.0.1:1/nothing"
CONTENT = Content(["f"], {b"key": [("f", b"q", 0, b"value")]})


@pytest.fixture(scope="module")
def shop(
    gcloud: None, image: Image, gcs: Gate, bigtable_emulator: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Project]:
    """A project with templates and a Bigtable. Nobody may write to the vault `closed`, nor commit to `open`."""
    network = {"BIGTABLE_EMULATOR_HOST": bigtable_emulator}
    with ExitStack() as stack:
        made = stack.enter_context(project(image, gcs, tmp_path_factory.mktemp("shop"), network))
        stack.enter_context(door(gcs, refused=[("vaults/closed/",), ("vaults/open/", "MANIFEST.json")]))
        made.build()
        yield made


@pytest.fixture(scope="module")
def source(bigtable_emulator: str) -> Tables:
    """An instance with one table."""
    made = new_instance()
    made.fill("orders", CONTENT)
    return made


@pytest.fixture(scope="module")
def jobs(shop: Project, source: Tables) -> dict[str, str]:
    """The ids of jobs by what is wrong with them, all of them launched at once."""
    tables = {"bigtable_project": DATA_PROJECT, "instance": source.instance, "table": "orders"}
    fresh = {**tables, "vault": shop.vault("fresh")}
    database = {"vault": shop.vault("fresh"), "database": NOWHERE}
    wrong: dict[str, tuple[str, dict[str, str]]] = {
        "no-such-table": ("bigtable_backup", {**fresh, "table": "ghosts"}),
        "no-table-of-that-glob": ("bigtable_backup", {**fresh, "table": "ghost*"}),
        "bad-value": ("postgres_backup", {**database, "where": "no colon"}),
        "unreachable": ("postgres_backup", {**database, "consistency": "fuzzy"}),
        "no-vault": ("verify", {"vault": shop.vault("none"), "backup": "latest"}),
        "closed-vault": ("bigtable_backup", {**tables, "vault": shop.vault("closed")}),
        "no-commit": ("bigtable_backup", {**tables, "vault": shop.vault("open")}),
    }
    with ThreadPoolExecutor(2) as pool:
        launched = {
            name: pool.submit(shop.launch, pipeline, name, **given) for name, (pipeline, given) in wrong.items()
        }
    return {name: future.result() for name, future in launched.items()}


def said(shop: Project, id: str) -> str:
    """The error that the console shows: the launcher's one line with a severity."""
    lines = [line for line in shop.console(id).splitlines() if line.startswith("{")]
    (line,) = lines
    entry = json.loads(line)
    assert entry["severity"] == "ERROR"
    return str(entry["message"])


@pytest.mark.parametrize(
    ("wrong", "parts"),
    [
        ("no-such-table", ["--table=ghosts", "has no such table. It has: orders."]),
        ("no-table-of-that-glob", ["--table=ghost*", "has no such table. It has: orders."]),
        ("bad-value", ["--where"]),
        ("unreachable", ["127.0.0.1"]),
        ("no-vault", ["There is no vault at gs://", "Check --vault."]),
        ("closed-vault", ["storage.objects.create", "roles/storage.objectCreator"]),
    ],
)
def test_a_launch_that_fails_says_why_in_one_line_with_a_severity(
    shop: Project, jobs: dict[str, str], wrong: str, parts: list[str]
) -> None:
    assert shop.state(jobs[wrong]) == FAILED
    assert ("JOB_MESSAGE_ERROR", LAUNCH_FAILED) in shop.job(jobs[wrong]).messages
    message = said(shop, jobs[wrong])
    assert [part for part in parts if part not in message] == [], message
    assert "Traceback" not in shop.console(jobs[wrong])
    assert shop.objects(f"staging/template_launches/{jobs[wrong]}/job_object") == []


def test_a_failed_launch_leaves_no_backup_behind(shop: Project, jobs: dict[str, str]) -> None:
    for id in jobs.values():
        shop.job(id)
    assert shop.objects("vaults/closed/") == []
    assert shop.objects("vaults/fresh/") == []
    assert shop.objects("vaults/none/") == []


def test_a_commit_that_is_refused_is_a_failed_job_and_no_backup(shop: Project, jobs: dict[str, str]) -> None:
    id = jobs["no-commit"]
    assert shop.state(id) == FAILED
    assert "storage.objects.create" in shop.worker_log(id)
    assert any("Workflow failed" in text for importance, text in shop.job(id).messages if importance.endswith("ERROR"))
    (listed,) = run(list_backups.main, f"--vault={shop.vault('open')}", "--json").json
    assert listed["state"] == "FAILED"
    names = shop.objects("vaults/open/")
    assert [name for name in names if name.endswith("MANIFEST.json")] == []
    notes = [name for name in names if "/notes/failure-" in name]
    assert notes
    assert "storage.objects.create" in shop.files.json(f"gs://{shop.bucket}/{notes[0]}")["message"]


def test_a_parameter_that_the_template_does_not_have_is_refused_before_anything_runs(shop: Project) -> None:
    before = [job.id for job in shop.service.jobs]
    ended = shop.run("verify", "typo", vault=shop.vault("fresh"), backup="latest", levle="L3")
    assert ended.returncode == 1
    assert "The template parameters are invalid. Details: \nlevle: Unrecognized parameter\n" in ended.stderr
    assert [job.id for job in shop.service.jobs] == before


def test_a_value_that_the_form_refuses_is_refused_before_anything_runs(shop: Project) -> None:
    ended = shop.run(
        "bigtable_backup", "bad-size", vault=shop.vault("fresh"), instance="i", table="t", chunk_size="1 potato"
    )
    assert ended.returncode == 1
    assert "chunk_size: Parameter didn't match regex" in ended.stderr


def test_a_snapshot_is_refused_by_the_form_and_by_the_launch(shop: Project) -> None:
    asked = {"vault": shop.vault("fresh"), "database": NOWHERE, "consistency": "snapshot"}
    ended = shop.run("postgres_backup", "snapshot", **asked)
    assert ended.returncode == 1
    assert "consistency: Parameter didn't match regex" in ended.stderr
    spec = shop.files.json(shop.spec("postgres_backup"))
    for parameter in spec["metadata"]["parameters"]:
        parameter.pop("regexes", None)
    shop.files.write(shop.spec("lenient"), json.dumps(spec).encode())
    id = shop.launch("lenient", "snapshot", **asked)
    assert shop.state(id) == FAILED
    assert "--consistency" in said(shop, id)
    assert "frozen-source" in said(shop, id)


def test_a_place_without_a_spec_is_no_template(shop: Project) -> None:
    ended = shop.run("ghost", "ghost", vault="v")
    assert ended.returncode == 1
    assert "Invalid template file" in ended.stderr
