"""Backups and restores of a database in Cloud SQL: everything goes through a proxy, which leaves with the command."""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from signal import SIGHUP, SIGINT, SIGKILL, SIGTERM, Signals

import psycopg
import pytest

from pipelines import postgres_backup
from tests.pipelines.bigtable_runs import check, run
from tests.pipelines.postgres_gate import ADVISORY, in_background
from tests.pipelines.postgres_outcome import numbers_of, require_no_backup, require_told
from tests.pipelines.postgres_runs import backup, restore
from tests.pipelines.postgres_scene import ALL, LOCK_ASIDE, NOT_ASIDE, THROUGH_THE_GATE, Scene
from tests.pipelines.test_postgres_secrets import PASSWORD, arguments
from tests.pipelines.test_postgres_secrets import role as role  # a fixture
from tests.servers import cloud_sql_instance, cloud_sql_program
from tests.servers.cloud_sql_path import INSTANCE, StandIn, await_end, is_alive, put_on_path
from transforms.cloud_sql.endpoint import end_all
from transforms.errors import NotFoundError

HERE = f"--cloud_sql_instance={INSTANCE}"
FOLDER = "postgres+my-project%3Aeurope-west1%3Amain+"
BACKUP = [sys.executable, "-m", "pipelines.postgres_backup"]
PROCESSES = ("--direct_num_workers=2", "--direct_running_mode=multi_processing", "--ranges=4", "--readers=4")


class Running(subprocess.Popen[bytes]):
    """A command in a process of its own."""

    def __init__(self, command: list[str]) -> None:
        super().__init__(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def done(self) -> bool:
        """Whether it has ended."""
        return self.poll() is not None


@pytest.fixture
def stand_in(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """In front of the scene's server."""
    folder = tmp_path / "bin"
    folder.mkdir()
    with tempfile.TemporaryDirectory(prefix="shardkeep-") as sockets:  # what is killed leaves its folder behind
        monkeypatch.setenv("TMPDIR", sockets)
        monkeypatch.setattr(tempfile, "tempdir", None)
        yield put_on_path(scene.server, folder, monkeypatch)
        end_all()


@pytest.fixture
def real(scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Google's own proxy, and an instance in front of the scene's server."""
    try:
        program = cloud_sql_program.find_or_make()
    except NotFoundError as error:
        pytest.skip(str(error))
    monkeypatch.setenv("PATH", str(program.parent), prepend=":")
    with ExitStack() as stack:
        instance = stack.enter_context(cloud_sql_instance.running(scene.server, tmp_path))
        monkeypatch.setenv("CSQL_PROXY_SQLADMIN_API_ENDPOINT", instance.url)
        monkeypatch.setenv("CSQL_PROXY_TOKEN", "t")
        yield
        end_all()


def url(name: str, user: str = "postgres") -> str:
    """A database without a place."""
    return f"postgresql://{user}@/{name}"


@pytest.mark.parametrize("proxy", ["stand_in", "real"])
def test_a_database_comes_back_through_the_proxy(scene: Scene, proxy: str, request: pytest.FixtureRequest) -> None:
    request.getfixturevalue(proxy)
    scene.sql("SELECT lo_from_bytea(4711, 'a large object')")
    name = f"{scene.database}_restored"
    try:
        taken = backup(scene.vault, url(scene.database), HERE, "--json")
        assert taken.code == 0, taken.err
        given = restore(scene.vault, url(name), HERE, "--create_database", "--json")
        assert given.code == 0, given.err
        restored = scene.server.sql("TABLE other.one; SELECT sum(n) FROM last; SELECT lo_get(4711)", name)
    finally:
        scene.server.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    assert taken.json["source"] == FOLDER + scene.database
    assert restored.splitlines() == ["1", "20100", "\\x61206c61726765206f626a656374"]
    assert check(scene.vault, "latest", "--level=L3").code == 0
    (manifest,) = scene.vault.glob("*/*/MANIFEST.json")
    parts = [["cloud_sql_instance", INSTANCE], ["database", scene.database]]
    assert json.loads(manifest.read_bytes())["source"]["parts"] == parts


def test_the_password_is_no_argument_of_any_process(
    scene: Scene, stand_in: StandIn, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", PASSWORD)
    command = (backup, scene.vault, url(scene.database, role), HERE, NOT_ASIDE)
    with scene.held(LOCK_ASIDE) as lock, in_background(*command) as running:
        scene.observer.await_wait(running, "%pg_dump%")
        seen = arguments()
        lock.commit()
        ended = running.result()
    assert ended.code == 0, ended.err
    assert INSTANCE in seen
    assert PASSWORD not in seen + ended.out + ended.err
    assert [PASSWORD in str(each) for each in stand_in.started()] == [False]


def test_iam_login_is_the_proxys(scene: Scene, stand_in: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent")  # no token can be had here
    ended = backup(scene.vault, url(scene.database), HERE, "--iam_auth", "--cloud_sql_ip=private")
    assert ended.code == 0, ended.err
    (started,) = stand_in.started()
    assert started["argv"][:-1] == ["--quiet", "--private-ip", "--auto-iam-authn"]


def test_a_frozen_source_is_seen_to_stand_still(scene: Scene, stand_in: StandIn) -> None:
    ended = backup(scene.vault, url(scene.database), HERE, "--consistency=frozen-source", "--json")
    assert ended.code == 0, ended.err
    assert ended.json["consistency"] == "frozen-source"
    assert numbers_of(scene.vault) == ALL


def test_somebody_else_in_a_frozen_source_is_seen(scene: Scene, stand_in: StandIn) -> None:
    with psycopg.connect(scene.url, application_name="shop"):
        ended = backup(scene.vault, url(scene.database), HERE, "--consistency=frozen-source")
    require_told(ended, 6, "(shop)", "it is no frozen source")


def test_each_process_has_its_own_and_takes_it_along(scene: Scene, stand_in: StandIn) -> None:
    command = [*BACKUP, f"--vault={scene.vault}", f"--database={url(scene.database)}", HERE, *PROCESSES]
    subprocess.run(command, check=True, capture_output=True)
    assert numbers_of(scene.vault) == ALL
    assert 2 <= len(stand_in.pids()) <= 3
    assert all(map(await_end, stand_in.pids()))


@pytest.mark.usefixtures("heeded_signals")
@pytest.mark.parametrize("number", [SIGKILL, SIGTERM, SIGINT, SIGHUP])
def test_the_proxy_ends_with_a_command_that_is_stopped(scene: Scene, stand_in: StandIn, number: Signals) -> None:
    command = [*BACKUP, f"--vault={scene.vault}", f"--database={url(scene.database)}", HERE, *THROUGH_THE_GATE]
    with Running(command) as process:
        with scene.shut():
            scene.observer.await_wait(process, "shardkeep backup", ADVISORY)
            (pid,) = stand_in.pids()
            assert is_alive(pid)
            process.send_signal(number)
        process.wait()
    assert await_end(pid)


def test_a_proxy_that_dies_at_its_start_is_told_and_nothing_is_written(scene: Scene, stand_in: StandIn) -> None:
    stand_in.behave("dies")
    words = (f"cloud-sql-proxy for {INSTANCE} ended with 1", "instanceDoesNotExist", "Check --cloud_sql_instance")
    require_told(backup(scene.vault, url(scene.database), HERE), 9, *words)
    assert not scene.vault.exists()
    assert scene.backup().code == 0
    require_told(restore(scene.vault, url("new"), HERE), 9, *words)


def test_a_missing_program_is_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.fspath(scene.vault))
    require_told(backup(scene.vault, url(scene.database), HERE), 9, "needs Google's program cloud-sql-proxy", "Install")


def test_a_backup_whose_proxy_dies_is_none_and_the_next_one_is(scene: Scene, stand_in: StandIn) -> None:
    with scene.shut() as gate, in_background(backup, scene.vault, url(scene.database), HERE, *THROUGH_THE_GATE) as job:
        scene.observer.await_wait(job, "shardkeep backup", ADVISORY)
        os.kill(stand_in.pids()[0], 9)
        gate.commit()
        ended = job.result()
    require_told(ended, 9)
    require_no_backup(scene.vault)
    assert backup(scene.vault, url(scene.database), HERE).code == 0
    assert numbers_of(scene.vault) == ALL


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--database=postgresql://me@db/shop", HERE], "write postgresql://USER@/DB"),
        (["--database=postgresql://me@/shop", "--cloud_sql_instance=main"], "PROJECT:REGION:INSTANCE"),
        (["--database=postgresql://me@db/shop", "--cloud_sql_ip=psc"], "--cloud_sql_instance as well"),
        (["--database=postgresql://me@/shop"], "or give --cloud_sql_instance"),
    ],
)
def test_options_that_contradict_each_other_are_refused(tmp_path: Path, options: list[str], words: str) -> None:
    require_told(run(postgres_backup.main, f"--vault={tmp_path / 'v'}", *options), 2, words)
