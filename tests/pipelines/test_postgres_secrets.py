"""A password is in no argument, log line, error, object of the vault or job graph, however it is given."""

import base64
import bz2
import re
import subprocess
from collections.abc import Callable, Iterator
from concurrent import futures
from pathlib import Path

import apache_beam as beam
import grpc
import pytest
from google.cloud.secretmanager import SecretManagerServiceClient
from google.cloud.secretmanager_v1.services.secret_manager_service.transports import SecretManagerServiceGrpcTransport

from pipelines.command.job import watched
from pipelines.command.job.run import run_job
from tests.pipelines.bigtable_runs import files, show
from tests.pipelines.postgres_gate import in_background
from tests.pipelines.postgres_runs import backup, restore
from tests.pipelines.postgres_scene import LOCK_ASIDE, NOT_ASIDE, Scene
from tests.transforms.postgres.server.test_credential import SecretManager
from tests.transforms.postgres.sessions import new_role
from transforms.postgres.server import credential

PASSWORD = "s3cr3t-Pa55w0rd"  # noqa: S105 - the secret that must not be found
WRONG = "not-Pa55w0rd"
NAME = "projects/p/secrets/s/versions/1"
# What Beam pickles is compressed and then encoded (apache_beam/internal/cloudpickle_pickler.py).
_PICKLED = re.compile(rb"QlpoOTFBWSZTW[A-Za-z0-9+/]+=*")

Given = Callable[[str], list[str]]


@pytest.fixture
def role(scene: Scene) -> Iterator[str]:
    """A role that must give the password."""
    with new_role(scene.server, scene.database, f"LOGIN SUPERUSER PASSWORD '{PASSWORD}'") as name:
        guarded = f"with_password_{name}"
        scene.server.sql(f"ALTER ROLE {name} RENAME TO {guarded}; ALTER ROLE {guarded} PASSWORD '{PASSWORD}'")
        yield guarded
        scene.server.sql(f"ALTER ROLE {guarded} RENAME TO {name}")


@pytest.fixture(params=["PGPASSWORD", "pgpass", "--password_secret"])
def given(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Given]:
    """Gives a password in one of the ways, and returns the options that go with it."""
    way, manager = str(request.param), SecretManager()
    server = grpc.server(futures.ThreadPoolExecutor(2))
    server.add_generic_rpc_handlers((manager,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    channel = grpc.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.enable_http_proxy", 0)])
    transport = SecretManagerServiceGrpcTransport(channel=channel)
    monkeypatch.setattr(credential, "_secret_manager", lambda: SecretManagerServiceClient(transport=transport))

    def give(password: str) -> list[str]:
        file = tmp_path / "pgpass"
        if way == "PGPASSWORD":
            monkeypatch.setenv("PGPASSWORD", password)
        elif way == "pgpass":
            file.touch(mode=0o600)
            file.write_text(f"127.0.0.1:*:*:*:{password}\n")
            monkeypatch.setenv("PGPASSFILE", str(file))
        else:
            credential.secret_text.cache_clear()
            manager.payload = password.encode()
        return [f"--password_secret={NAME}"] if way == "--password_secret" else []

    yield give
    credential.secret_text.cache_clear()
    channel.close()
    server.stop(None).wait()


@pytest.fixture
def graphs(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """The graphs of the jobs that are run, with all that is pickled in them."""
    found: list[bytes] = []

    def run(pipeline: beam.Pipeline, *, wait: bool) -> None:
        graph = pipeline.to_runner_api().SerializeToString()
        pickled = [bz2.decompress(base64.b64decode(each)) for each in _PICKLED.findall(graph)]
        found.append(b"\n".join([graph, *pickled]))
        run_job(pipeline, wait=wait)

    monkeypatch.setattr(watched, "run_job", run)
    return found


def arguments() -> str:
    """The arguments of all processes of this machine."""
    return subprocess.check_output(["ps", "-eo", "args", "-ww"], text=True)


def test_a_backup_repeats_it_nowhere(
    scene: Scene, role: str, given: Given, graphs: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    options, url = given(PASSWORD), scene.server.url(scene.database, role)
    with scene.held(LOCK_ASIDE) as lock, in_background(backup, scene.vault, url, NOT_ASIDE, *options) as command:
        scene.observer.await_wait(command, "%pg_dump%")
        seen = arguments()
        lock.commit()
        ended = command.result()
    assert ended.code == 0, ended.err
    assert "pg_dump" in seen
    assert PASSWORD not in seen
    assert PASSWORD not in ended.out + ended.err + caplog.text + show(scene.vault, "latest").out
    assert not any(PASSWORD.encode() in data for data in files(scene.vault).values())
    assert role.encode() in graphs[0]  # it would be seen there
    assert PASSWORD.encode() not in graphs[0]


@pytest.mark.parametrize("given", ["pgpass", "--password_secret"], indirect=True)
def test_a_restore_repeats_it_nowhere(
    scene: Scene, role: str, given: Given, graphs: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    assert scene.backup().code == 0
    kept = files(scene.vault)
    caplog.set_level("INFO")
    name = f"{scene.database}_restored"
    try:
        ended = restore(scene.vault, scene.server.url(name, role), "--create_database", *given(PASSWORD))
    finally:
        scene.server.sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    assert ended.code == 0, ended.err
    assert PASSWORD not in arguments() + ended.out + ended.err + caplog.text
    assert files(scene.vault) == kept
    assert role.encode() in graphs[-1]
    assert PASSWORD.encode() not in graphs[-1]


@pytest.mark.parametrize("given", ["pgpass"], indirect=True)
def test_a_wrong_one_is_told_and_not_repeated(scene: Scene, role: str, given: Given) -> None:
    assert scene.backup().code == 0
    kept = files(scene.vault)
    options, url = given(WRONG), scene.server.url(scene.database, role)
    for ended in (backup(scene.vault, url, *options), restore(scene.vault, url, *options)):
        assert ended.code == 9, ended.err
        assert "password authentication failed" in ended.message
        assert WRONG not in ended.out + ended.err
    assert files(scene.vault) == kept
