"""The engine that runs a job, and what it must be able to reach."""

from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions, StandardOptions

from pipelines.command.dataflow import name_image
from transforms.errors import RefusedError, UsageError
from transforms.vault.stores import is_local

_LOCAL_RUNNERS = frozenset({"FnApiRunner", "DirectRunner", "PrismRunner"})
_LOOPBACK = ("localhost:", "127.0.0.1:", "[::1]:")


def open_pipeline(beam_args: Sequence[str]) -> beam.Pipeline:
    """An empty pipeline with Beam's own options.

    The main session is never pickled: everything that a worker needs is imported or is a field.

    Raises:
        UsageError: if the runner lacks an option.
    """
    options = PipelineOptions(list(beam_args), save_main_session=False)
    name_image(options)
    try:
        return beam.Pipeline(options=options)
    except ValueError as error:
        raise UsageError(f"the runner refuses Beam's options: {error}") from error


def is_here(beam_args: Sequence[str]) -> bool:
    """Whether the workers are on this machine, so that they share its files and the command outlives the job."""
    return _distant_runner(beam_args) is None


def refuse_distant_workers(vault: str, beam_args: Sequence[str]) -> None:
    """Refuse a vault in a folder of this machine for workers elsewhere.

    Raises:
        RefusedError: if the runner's workers cannot see the folder.
    """
    runner = _distant_runner(beam_args)
    if runner and is_local(vault):
        raise RefusedError(
            f"--vault={vault} is a folder of this machine, which the workers of --runner={runner} do not see."
            " Use FnApiRunner, or a vault on Cloud Storage (gs://BUCKET/FOLDER)."
        )


def refuse_distant_snapshot(beam_args: Sequence[str]) -> None:
    """Refuse a snapshot for a job that outlives this process: it lives as long as the process that holds it.

    Raises:
        RefusedError: if the runner is not on this machine.
    """
    if runner := _distant_runner(beam_args):
        raise RefusedError(
            f"--consistency=snapshot: the command holds the snapshot, and a job of --runner={runner} goes on without"
            " it. Pause replay on a replica, or clone the instance, and use --consistency=frozen-source; or run on"
            " this machine with FnApiRunner."
        )


def _distant_runner(beam_args: Sequence[str]) -> str | None:
    options = PipelineOptions(list(beam_args))
    runner = options.view_as(StandardOptions).runner
    endpoint = options.view_as(PortableOptions).job_endpoint or ""
    return None if runner in _LOCAL_RUNNERS or endpoint.startswith(_LOOPBACK) else str(runner)
