"""Prism and Flink, with the workers of docs/engines.md."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.markdown import programs, read
from tests.engines.bigtable_scene import new_source
from tests.engines.flink_runs import Flink
from tests.engines.flink_workers import WORKER, Workers
from tests.engines.prism_runs import ROOT, Prism
from tests.servers import prism as servers
from tests.servers.flink_cluster import Cluster, running_cluster
from tests.servers.flink_job_server import running_job_server
from tests.servers.postgres_server import PostgresServer
from tests.servers.program_file import program
from tests.tables import Tables
from transforms.errors import NotFoundError

NewDatabase = Callable[..., str]
# Leaves a line for each worker and becomes it: that there is a process of its own is not to be taken on trust.
COUNTED = """#!/bin/sh
echo "$1" >> "$STARTED"
exec "{worker}" "$@"
"""
# Prism's quotes must go; what boot leaves behind stays in a temporary folder.
BOOT = """#!/bin/sh
id=${{1#--id=\\'}}
cd "$TMPDIR"
export RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1 PYTHONPATH="$OLDPWD"
exec "{boot}" --id="${{id%\\'}}" "$2" --semi_persist_dir="$TMPDIR"
"""


def found(wanted: servers.Program) -> Path:
    try:
        return servers.find(wanted)
    except NotFoundError as error:
        pytest.skip(str(error))


def with_worker(folder: Path, worker: Path) -> Prism:
    """Prism, whose workers are counted in a folder."""
    return Prism(found(servers.ENGINE), program(folder / "counted.sh", COUNTED.format(worker=worker)), folder)


@pytest.fixture
def prism(tmp_path: Path) -> Prism:
    """Prism with the documented worker."""
    folder = tmp_path / "prism"
    folder.mkdir()
    documented, _ = programs(read("engines.md"), "sh")
    return with_worker(folder, program(folder / "worker.sh", documented))


@pytest.fixture
def prism_with_boot(tmp_path: Path) -> Prism:
    """Prism with the boot program of Beam's container images."""
    folder = tmp_path / "boot"
    folder.mkdir()
    return with_worker(folder, program(folder / "boot.sh", BOOT.format(boot=found(servers.BOOT))))


@pytest.fixture(scope="package")
def job_server() -> Iterator[str]:
    """`host:port` of a job server that runs each job on a small Flink of its own, within itself."""
    with ExitStack() as stack:
        try:
            endpoint = stack.enter_context(running_job_server())
        except NotFoundError as error:
            pytest.skip(str(error))
        yield endpoint


@pytest.fixture
def flink(job_server: str) -> Flink:
    """Flink, with threads of the command as workers."""
    return Flink(job_server)


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[Workers]:
    """The worker processes of a Flink on this machine; none is left at the end."""
    made = Workers(tmp_path / "workers", found(servers.BOOT))
    made.folder.mkdir()
    yield made
    made.end()


@pytest.fixture
def flink_with_boot(job_server: str, workers: Workers) -> Flink:
    """Flink, with worker processes on this machine, which its job server cannot know."""
    return Flink(job_server, worker_of(workers), said=("--workers_see=machine",))


def worker_of(workers: Workers) -> Path:
    """The documented program that starts them, in an environment with Shardkeep, and counted."""
    _, documented = programs(read("engines.md"), "sh")
    worker = program(workers.folder / "flink-worker.sh", documented)
    python = Path(sys.executable).parent
    text = WORKER.format(python=python, root=ROOT, boot=workers.boot, folder=workers.folder, worker=worker)
    return program(workers.folder / "counted.sh", text)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A Flink cluster of two TaskManagers."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    with ExitStack() as stack:
        try:
            made = stack.enter_context(running_cluster(folder))
        except NotFoundError as error:
            pytest.skip(str(error))
        yield made


@pytest.fixture
def flink_cluster(cluster: Cluster, workers: Workers) -> Iterator[Flink]:
    """Flink, as a cluster with worker processes beside each TaskManager."""
    with running_job_server(cluster.master) as endpoint:
        yield Flink(endpoint, worker_of(workers), said=("--workers_see=machine",), master=cluster.master)


@pytest.fixture
def copy(postgres18: PostgresServer, new_database: NewDatabase) -> str:
    """The name of a database that is dropped at the end and does not exist yet."""
    name = new_database(postgres18)
    postgres18.sql(f"DROP DATABASE {name}")
    return name


@pytest.fixture(scope="package")
def source(bigtable_emulator: str) -> Tables:
    """An instance of Bigtable with the tables of the scene."""
    return new_source()
