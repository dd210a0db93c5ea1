"""Show one backup and its tables.

python -m pipelines.show_backup --vault=backups --backup=latest
"""

import json
import sys
from collections.abc import Sequence

from pipelines.command.exit_codes import run_command
from pipelines.command.options.arguments import OptionParser, parse
from pipelines.command.options.vault import BACKUP
from pipelines.command.print.describe import description, details_json
from transforms.vault.find_backup import find_backup
from transforms.vault.vault import open_vault


def options() -> OptionParser:
    """The options of the command."""
    parser = OptionParser(
        "show",
        "Show one backup and its tables.",
        beam=False,
        examples=("--vault=backups --backup=latest", "--vault=backups --backup=7f3a9c --json"),
    )
    parser.add_text("--vault", "folder of the vault", required=True)
    parser.add_text("--backup", BACKUP, required=True)
    parser.add_text("--source", "the backup's source, a folder's name in the vault")
    parser.add_text("--name", "only a backup that you gave this name, for latest as well")
    parser.add_flag("--json", "print one object")
    return parser


def run(argv: Sequence[str]) -> int:
    """Print the backup."""
    values, _ = parse(options(), argv)
    listing = find_backup(open_vault(values.vault), values.backup, values.source, values.name)
    print(json.dumps(details_json(listing)) if values.json else description(listing))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
