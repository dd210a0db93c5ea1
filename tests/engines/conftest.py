"""Prism, with the worker of docs/engines.md, and a small Flink within its job server."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.docs.markdown import programs, read
from tests.engines.flink_runs import Flink
from tests.engines.prism_runs import ROOT, Prism
from tests.servers import prism as servers
from tests.servers.flink_job_server import running_job_server
from tests.servers.program_file import program
from transforms.errors import NotFoundError

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

# A worker of Flink: boot fetches what the job says of its worker, and starts Python.
WORKER = """#!/bin/sh
cd "{folder}"
export PATH="{python}:$PATH" RUN_PYTHON_SDK_IN_DEFAULT_ENVIRONMENT=1 PYTHONPATH="{root}"
exec "{boot}" "$@" --semi_persist_dir="{folder}"
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
    (documented,) = programs(read("engines.md"), "sh")
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
def flink_with_boot(job_server: str, tmp_path: Path) -> Flink:
    """Flink, with worker processes on this machine, which its job server cannot know."""
    text = WORKER.format(python=Path(sys.executable).parent, root=ROOT, boot=found(servers.BOOT), folder=tmp_path)
    return Flink(job_server, program(tmp_path / "worker.sh", text), said=("--workers_see=machine",))
