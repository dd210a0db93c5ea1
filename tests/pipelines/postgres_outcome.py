"""What a command on PostgreSQL has left behind: how it ended, and which backups the vault has."""

from collections.abc import Iterable
from pathlib import Path

import fastavro

from tests.pipelines.bigtable_runs import Ended, backups


def require_told(ended: Ended, code: int, *words: str) -> None:
    """It ended with an error of ours, in words that name what must be named, and without a traceback."""
    assert ended.code == code, ended.err
    assert "Traceback" not in ended.err
    assert all(word in ended.message for word in words), ended.message


def states(vault: Path) -> list[dict[str, str]]:
    """The backups as they are listed; none of a vault that is not there."""
    if not vault.exists():
        return []
    listed = backups(vault, "--json")
    assert listed.code == 0, listed.err
    found: list[dict[str, str]] = listed.json
    return found


def require_no_backup(vault: Path) -> None:
    """No backup was committed."""
    assert "COMMITTED" not in {made["state"] for made in states(vault)}


def numbers_of(vault: Path) -> dict[str, list[int]]:
    """The column `n` of each table of the only backup that was committed."""
    (made,) = [each for each in states(vault) if each["state"] == "COMMITTED"]
    folders = (vault / made["source"] / made["backup"] / "data").iterdir()
    return {folder.name.replace("+", "."): _numbers(folder) for folder in folders}


def _numbers(folder: Path) -> list[int]:
    return sorted(number for path in folder.glob("*.avro") for number in _read(path))


def _read(path: Path) -> list[int]:
    with path.open("rb") as file:
        rows: Iterable[dict[str, int]] = fastavro.reader(file)  # type: ignore[assignment]
        return [row["n"] for row in rows]
