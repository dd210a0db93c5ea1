"""Check that a backup is whole and unchanged.

python -m pipelines.verify --vault=backups --backup=latest --level=L3
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pipelines.command.exit_codes import run_command
from pipelines.command.options.arguments import OptionParser, parse_job
from pipelines.command.options.vault import add_backup, add_output

if TYPE_CHECKING:
    import apache_beam as beam

    from pipelines.command.print.result import Result
    from pipelines.command.verify import VerifyConfig
    from transforms.verify_work import VerifyWork

_LEVELS = {"L0": "The manifest", "L1": "Every object is there", "L2": "Every byte", "L3": "Every row decodes"}


def options() -> OptionParser:
    """The options of the pipeline."""
    parser = OptionParser(
        "verify",
        "Check that a backup is whole and unchanged.",
        examples=("--vault=backups --backup=latest", "--vault=backups --backup=latest --name=nightly --level=L3"),
    )
    add_backup(parser, "bigtable+my-project+my-instance")
    parser.group("Check")
    levels = "L0 manifest, L1 every object there, L2 every byte, L3 every row"
    parser.add_choice("--level", f"what to prove: {levels}", choices=_LEVELS, default="L2", local_choices=("L0",))
    add_output(parser, "the report", plan=False)
    return parser


def configure(argv: Sequence[str]) -> VerifyConfig:
    """Parse and check the arguments; returns the configuration."""
    values, engine = parse_job(options(), argv)
    from pipelines.command.verify import VerifyConfig

    return VerifyConfig(values.vault, values.backup, values.source, values.level, values.json, engine, values.name)


def build(pipeline: beam.Pipeline, work: VerifyWork, level: str, result: Result) -> None:
    """Put the verification into a pipeline."""
    import apache_beam as beam

    from transforms.report import report_json
    from transforms.verify import Verify

    pipeline | "Verify" >> Verify(work, level) | "Hand back" >> beam.Map(lambda done: result.write(report_json(done)))


def run(argv: Sequence[str]) -> int:
    """Check the backup; returns the exit code."""
    config = configure(argv)
    from pipelines.command.verify import run_verify

    return run_verify(config, build)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    return run_command(run, argv)


if __name__ == "__main__":
    sys.exit(main())
