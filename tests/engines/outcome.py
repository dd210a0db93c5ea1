"""What two engines must agree on."""

from pathlib import Path
from typing import Any

from tests.pipelines.bigtable_runs import Ended, show

SAME = ("name", "schema", "rows", "bytes", "digest", "warnings")


def tables(vault: Path) -> list[dict[str, Any]]:
    """The tables of the latest backup, with what must not depend on the engine: not how they were cut into ranges."""
    shown = show(vault, "latest", "--json")
    assert shown.code == 0, shown.err
    return [{name: table[name] for name in SAME} for table in shown.json["tables"]]


def require_done(ended: Ended) -> Ended:
    """It ended well."""
    assert ended.code == 0, ended.err
    return ended


def require_error(ended: Ended, code: int) -> str:
    """The message of an error that the command told once, as text and as JSON, and never as a fault of its own."""
    assert ended.code == code, ended.err
    error = ended.json["error"]
    assert error["code"] == code
    assert ended.err.count("\nshardkeep: ") == 1, ended.err
    assert f"\nshardkeep: {error['message']}\n" in ended.err
    return str(error["message"])
