"""List the backups of a vault, or ask whether there is a good one that is young enough.

python -m pipelines.list_backups --vault=backups
"""

import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone

from pipelines.command.arguments import OptionParser, parse
from pipelines.command.describe import summary_json, summary_table
from pipelines.command.durations import parse_duration
from pipelines.command.exit_codes import run_command
from transforms.vault.catalogue import list_backups, require_newer
from transforms.vault.vault import open_vault


def options() -> OptionParser:
    """The options of the command."""
    parser = OptionParser("list", "List the backups of a vault, oldest first.", beam=False)
    parser.add_text("--vault", "folder of the vault", required=True)
    parser.add_text("--source", "only the backups of this source, a folder's name in the vault")
    parser.add_text("--name", "only the backups that you gave this name")
    parser.add_text("--newer_than", "fail (exit code 7) if no committed one was begun within this time: 90m, 26h, 7d")
    parser.add_flag("--json", "print an array of objects")
    return parser


def run(argv: Sequence[str]) -> int:
    """Print the list."""
    values, _ = parse(options(), argv)
    age = parse_duration(values.newer_than, "--newer_than") if values.newer_than else None
    listings = list_backups(open_vault(values.vault), values.source)
    chosen = [item for item in listings if values.name in (None, item.intent and item.intent.label)]
    print(json.dumps([summary_json(item) for item in chosen]) if values.json else summary_table(chosen))
    if age:
        require_newer(chosen, datetime.now(timezone.utc) - age)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
