"""The commands as a person runs them, in this process: arguments in, exit code and output out."""

import io
import json
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipelines import bigtable_backup, bigtable_restore, list_backups, show_backup, verify
from tests.tables import PROJECT, Tables


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - any JSON
        """What `--json` printed: one line."""
        (line,) = self.out.splitlines()
        return json.loads(line)

    @property
    def message(self) -> str:
        """The error that was told."""
        return self.err.rpartition("shardkeep: ")[2].rstrip()


def run(main: Callable[[Sequence[str]], int], *argv: str) -> Ended:
    """Run a command."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(argv)
    return Ended(code, out.getvalue(), err.getvalue())


def backup(vault: Path | str, tables: Tables, *argv: str) -> Ended:
    """Back up tables of an instance."""
    names = [f"--vault={vault}", f"--bigtable_project={PROJECT}", f"--instance={tables.instance}"]
    return run(bigtable_backup.main, *names, *argv)


def restore(vault: Path | str, tables: Tables, *argv: str) -> Ended:
    """Restore into an instance, the latest backup unless `argv` names one."""
    names = [f"--vault={vault}", f"--bigtable_project={PROJECT}", f"--instance={tables.instance}"]
    chosen = any(argument.startswith("--backup=") for argument in argv)
    return run(bigtable_restore.main, *names, *([] if chosen else ["--backup=latest"]), *argv)


def backups(vault: Path | str, *argv: str) -> Ended:
    """List a vault."""
    return run(list_backups.main, f"--vault={vault}", *argv)


def show(vault: Path | str, which: str, *argv: str) -> Ended:
    """Show a backup."""
    return run(show_backup.main, f"--vault={vault}", f"--backup={which}", *argv)


def check(vault: Path | str, which: str, *argv: str) -> Ended:
    """Verify a backup."""
    return run(verify.main, f"--vault={vault}", f"--backup={which}", *argv)


def files(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, for telling that nothing was written."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
