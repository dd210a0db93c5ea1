"""List the backups of a vault, or check that there is a good one that is recent enough.

python -m pipelines.list_backups --vault=backups
"""

import json
import sys
from collections.abc import Sequence
from datetime import datetime, timezone

from pipelines.command.exit_codes import run_command
from pipelines.command.options.arguments import OptionParser, parse
from pipelines.command.print.choose import choose
from pipelines.command.print.describe import summary_json
from pipelines.command.print.durations import parse_duration
from pipelines.command.print.listing import listing_table
from transforms.vault.age import require_newer, warn_of_ahead
from transforms.vault.catalogue import list_backups
from transforms.vault.vault import open_vault


def options() -> OptionParser:
    """The options of the command."""
    parser = OptionParser(
        "list",
        "List the backups of a vault, oldest first.",
        beam=False,
        examples=("--vault=backups --last=5", "--vault=gs://my-bucket/backups --name=nightly --newer_than=26h"),
    )
    parser.add_text("--vault", "folder of the vault", required=True)
    parser.add_text("--source", "only the backups of this source, a folder's name in the vault")
    parser.add_text("--name", "only the backups that you gave this name")
    parser.add_count("--last", "only so many backups of each source, the newest")
    parser.add_text(
        "--newer_than",
        "only the backups that were begun within this time: 90m, 26h, 7d; fails (exit code 7) if a source that has"
        " backups, with --name of that name, has no committed one among them",
    )
    parser.add_flag("--json", "print an array of objects")
    return parser


def run(argv: Sequence[str]) -> int:
    """Print the list."""
    values, _ = parse(options(), argv)
    age = parse_duration(values.newer_than, "--newer_than") if values.newer_than else None
    now = datetime.now(timezone.utc)
    listings = list_backups(open_vault(values.vault), values.source)
    named = choose(listings, name=values.name)
    chosen = choose(named, age=age, last=values.last, now=now)
    warn_of_ahead((item.backup for item in named), now)
    print(json.dumps([summary_json(item) for item in chosen]) if values.json else listing_table(chosen, now))
    if age:
        require_newer(named, age, now)
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
