"""What needs no engine and no database starts without importing one: only that is fast for a person."""

import json
import subprocess
import sys

import pytest

from pipelines.command.rooms import COMMANDS
from tests.memory_room.vaults import MemoryVault, take

HEAVY = ("apache_beam", "grpc", "psycopg", "google.cloud.bigtable", "google.cloud.storage", "numpy", "requests")
# Each command line in a process that has done those before, so that one process does for all.
PROGRAM = """
import contextlib, io, json, sys
from pipelines.command.dispatch import main
for line in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        code = main(line)
    print(json.dumps([code, [name for name in json.loads(sys.argv[1]) if name in sys.modules]]))
"""


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> MemoryVault:
    return take(tmp_path_factory.mktemp("quick"))


def imported(*lines: list[str]) -> list[tuple[list[str], int, list[str]]]:
    """Command lines, each with its exit code and the heavy modules that are imported when it has ended."""
    command = [sys.executable, "-c", PROGRAM, json.dumps(HEAVY)]
    done = subprocess.run(command, input=json.dumps(lines), stdout=subprocess.PIPE, text=True, check=True)
    ended = [json.loads(line) for line in done.stdout.splitlines()]
    return [(line, code, names) for line, (code, names) in zip(lines, ended, strict=True)]


def test_help_and_version_import_nothing_heavy() -> None:
    lines = [["--help"], ["help"], ["--version"], ["version"]]
    lines += [[*words] for name in COMMANDS for words in ((name, "--help"), ("help", name))]
    assert imported(*lines) == [(line, 0, []) for line in lines]


def test_usage_errors_import_nothing_heavy() -> None:
    lines: list[list[str]] = [[], ["verfy"]]
    lines += [[name, "--valt=x", "--project=p"] for name in COMMANDS]
    lines += [[name] for name in COMMANDS]
    lines += [
        ["verify", "--vault=v", "--backup=latest", "--runner=Foo"],
        ["verify", "--vault=v", "--backup=latest", "x"],
    ]
    assert imported(*lines) == [(line, 2, []) for line in lines]


def test_list_and_show_of_a_folder_import_nothing_heavy(vault: MemoryVault) -> None:
    place = f"--vault={vault.location}"
    lines = [
        ["list", place],
        ["list", place, "--json"],
        ["show", place, "--backup=latest"],
        ["list", place, "--last=1"],
    ]
    assert imported(*lines) == [(line, 0, []) for line in lines]
    assert imported(["show", place, "--backup=9"]) == [(["show", place, "--backup=9"], 7, [])]


def test_beam_is_imported_without_what_no_pipeline_uses_which_can_be_imported_later() -> None:
    code = (
        "import sys\n"
        "from pipelines.command.job.beam_import import import_beam\n"
        "import_beam()\n"
        "print([name for name in ('apache_beam', 'pandas', 'pyarrow') if name in sys.modules])\n"
        "import pandas\n"
        "print(pandas.DataFrame({'a': [1]}).shape)\n"
    )
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "['apache_beam']\n(1, 1)\n"
