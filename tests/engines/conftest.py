"""Prism, with the worker of docs/engines.md."""

from pathlib import Path

import pytest

from tests.docs.markdown import programs, read
from tests.engines.prism_runs import Prism
from tests.servers import prism as servers
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
