"""Progress and result of a job: files for workers on this machine, their own logs for workers elsewhere."""

import json
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any

import apache_beam as beam
import grpc

from pipelines.command.job.engine import Engine
from pipelines.command.job.flink import FlinkJob, flink_job
from pipelines.command.job.run import run_job
from pipelines.command.print.progress import ProgressLine
from pipelines.command.print.result import ResultFile, ResultLog
from transforms.private_folder import private_folder
from transforms.progress import Amount, ProgressFile

_GOES_ON = (
    "The job may go on without this command: it is not known whether its engine has ended it. Look there, and end it if"
    " it still runs."
)


@dataclass(frozen=True, slots=True)
class WatchedJob:
    """Where the workers of a job put their progress and its result.

    Attributes:
        progress: The progress file; it has no path if the workers are elsewhere.
        result: Where the last step writes what the job did.
        wait: Whether the command waits for the job; a launcher only stages it.
        outlives: Whether the job may continue after its command has ended.
        flink: The job on a Flink cluster, if it can be cancelled there.
    """

    progress: ProgressFile
    result: ResultFile | ResultLog
    wait: bool = True
    outlives: bool = False
    flink: FlinkJob | None = None

    def run(self, pipeline: beam.Pipeline, verb: str, whole: Amount) -> None:
        """Run a job, or stage it, and show its progress; an interruption cancels it, or warns that it may continue.

        `whole` is the amount of work, as far as it is known before the job.
        """
        if self.flink:
            self.flink.name_in(pipeline)
        try:
            with self._shown(verb, whole):
                run_job(pipeline, wait=self.wait)
        except BaseException as error:
            if self.flink and not isinstance(error, Exception):
                self.flink.cancel()
            if self.goes_on(error):
                print(_GOES_ON, file=sys.stderr)
            raise

    def goes_on(self, error: BaseException) -> bool:
        """Whether the job may continue after this error ended the command: an interruption, or a lost engine."""
        lost = not isinstance(error, Exception) or isinstance(error, grpc.RpcError)
        return lost and self.outlives and not (self.flink and self.flink.has_ended())

    def answer(self) -> dict[str, Any] | None:
        """The job's result; None if it went to the workers' log."""
        return self.result.read() if isinstance(self.result, ResultFile) else None

    def _shown(self, verb: str, whole: Amount) -> AbstractContextManager[object]:
        return ProgressLine(verb, whole, self.progress.path) if self.progress.path else nullcontext()


@contextmanager
def watched(engine: Engine) -> Iterator[WatchedJob]:
    """Make files in a temporary folder for workers of this machine; for others there are only their logs."""
    if not engine.is_here:
        yield WatchedJob(ProgressFile(""), ResultLog(), not engine.is_launch, engine.outlives, flink_job(engine))
        return
    with private_folder() as folder:
        progress, result = (str(folder / name) for name in ("progress", "result"))
        yield WatchedJob(ProgressFile(progress), ResultFile(result), True, engine.outlives, flink_job(engine))


def print_elsewhere(engine: Engine, as_json: bool) -> None:
    """Print how a job ended whose result is in its workers' log, or that the job is only staged."""
    state = "STAGED" if engine.is_launch else "DONE"
    print(json.dumps({"job": state}) if as_json else f"The job is {state}; its last step logs what it did.")
