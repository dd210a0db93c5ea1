"""The commands of PostgreSQL as a person runs them, in this process."""

from pathlib import Path

from pipelines import postgres_backup
from tests.pipelines.bigtable_runs import Ended, run


def backup(vault: Path | str, database: str, *argv: str) -> Ended:
    """Back up the database at a URL."""
    return run(postgres_backup.main, f"--vault={vault}", f"--database={database}", *argv)


def restore(vault: Path | str, database: str, *argv: str) -> Ended:
    """Restore into the database at a URL, the latest backup unless `argv` names one."""
    chosen = any(argument.startswith("--backup=") for argument in argv)
    names = [f"--vault={vault}", f"--database={database}", *([] if chosen else ["--backup=latest"])]
    from pipelines import postgres_restore

    return run(postgres_restore.main, *names, *argv)
