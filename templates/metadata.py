"""The metadata of the templates, from the options of the pipelines.

python -m templates.metadata            # lists the files in the repository that differ from the options
python -m templates.metadata --write    # writes them
"""

import importlib
import json
import sys
from collections.abc import Sequence
from typing import Any, cast

from pipelines.command.exit_codes import run_command
from pipelines.command.options.arguments import OptionParser, parse
from templates.parameter import parameter
from templates.template import TITLES, metadata_path
from transforms.errors import IntegrityError


def metadata_of(template: str) -> dict[str, Any]:
    """A template's metadata: its name, its description, and its parameters in the order of the options."""
    parser = cast(OptionParser, importlib.import_module(f"pipelines.{template}").options())
    return {
        "name": TITLES[template],
        "description": parser.description,
        "parameters": [parameter(option) for option in parser.declared if option.template],
    }


def metadata_text(template: str) -> str:
    """The content of the file with a template's metadata."""
    return json.dumps(metadata_of(template), indent=2, ensure_ascii=False) + "\n"


def options() -> OptionParser:
    """The options of this program."""
    parser = OptionParser(
        "python -m templates.metadata", "Compare the metadata of the templates with the options.", beam=False
    )
    parser.add_flag("--write", "write the files that differ")
    return parser


def run(argv: Sequence[str]) -> int:
    """Compare the files with the options, or write them.

    Raises:
        IntegrityError: if one differs, without `--write`.
    """
    values, _ = parse(options(), argv)
    stale = [template for template in TITLES if not _is_current(template)]
    if stale and not values.write:
        names = ", ".join(f"templates/{template}/metadata.json" for template in stale)
        raise IntegrityError(f"{names}: not what the options say. Run python -m templates.metadata --write.")
    for template in stale:
        metadata_path(template).parent.mkdir(exist_ok=True)
        metadata_path(template).write_text(metadata_text(template), encoding="utf-8")
    return 0


def _is_current(template: str) -> bool:
    path = metadata_path(template)
    return path.exists() and path.read_text(encoding="utf-8") == metadata_text(template)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; returns its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
