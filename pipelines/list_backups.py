"""List the backups of a vault.

python -m pipelines.list_backups --vault=backups
"""

import json
import sys
from collections.abc import Sequence

from pipelines.command.arguments import OptionParser, parse
from pipelines.command.describe import summary_json, summary_table
from pipelines.command.exit_codes import run_command
from transforms.vault.catalogue import list_backups
from transforms.vault.vault import open_vault


def options() -> OptionParser:
    """The options of the command."""
    parser = OptionParser("list", "List the backups of a vault, oldest first.", beam=False)
    parser.add_text("--vault", "folder of the vault", required=True)
    parser.add_text("--source", "only the backups of this source, a folder's name in the vault")
    parser.add_flag("--json", "print an array of objects")
    return parser


def run(argv: Sequence[str]) -> int:
    """Print the list."""
    values, _ = parse(options(), argv)
    listings = list_backups(open_vault(values.vault), values.source)
    print(json.dumps([summary_json(item) for item in listings]) if values.json else summary_table(listings))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
