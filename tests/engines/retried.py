"""A restore of which the last step, the one after the target's end, fails the first time that it is tried."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apache_beam as beam

from pipelines.command.print.result import Result
from pipelines.command.restore import Build, RestoreConfig, run_restore
from tests.pipelines.bigtable_runs import Ended, run
from transforms.errors import UnreachableError
from transforms.restore_work import RestoreWork


@dataclass(frozen=True)
class FailsOnce:
    """A result that is not taken from who makes the mark, a file."""

    result: Result
    mark: Path

    def write(self, value: dict[str, Any]) -> None:
        """See `Result.write`."""
        try:
            self.mark.touch(exist_ok=False)
        except FileExistsError:
            self.result.write(value)
        else:
            raise UnreachableError("this fails once")


def restore(configure: Callable[[Sequence[str]], RestoreConfig], build: Build, mark: Path, *argv: str) -> Ended:
    """Run a room's restore so that its last step fails once."""

    def build_failing(pipeline: beam.Pipeline, work: RestoreWork, result: Result) -> None:
        build(pipeline, work, FailsOnce(result, mark))

    return run(lambda argv: run_restore(configure(argv), build_failing), *argv)
