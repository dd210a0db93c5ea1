"""The engine that runs a job, and what it must be able to reach."""

from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from pipelines.command.dataflow import name_image
from pipelines.command.workers import may_outlive, see_vault, share_files
from transforms.errors import RefusedError, UsageError
from transforms.vault.stores import is_local


def open_pipeline(beam_args: Sequence[str]) -> beam.Pipeline:
    """An empty pipeline with Beam's own options.

    The main session is never pickled: everything that a worker needs is imported or is a field.

    Raises:
        UsageError: if the runner lacks an option, or Beam a package that an option asks for.
    """
    options = PipelineOptions(list(beam_args), save_main_session=False)
    name_image(options)
    try:
        return beam.Pipeline(options=options)
    except ValueError as error:
        raise UsageError(f"the runner refuses Beam's options: {error}") from error
    except (ImportError, AttributeError) as error:  # of a runner's class, or of the library for pickles
        raise UsageError(f"Beam's options ask for what is not installed here: {error}") from error


def is_here(beam_args: Sequence[str]) -> bool:
    """Whether the workers are on this machine, so that they share its files, and the command waits for the job."""
    return share_files(PipelineOptions(list(beam_args)))


def outlives_command(beam_args: Sequence[str]) -> bool:
    """Whether the job may go on when its command has ended."""
    return may_outlive(PipelineOptions(list(beam_args)))


def refuse_distant_workers(vault: str, beam_args: Sequence[str]) -> None:
    """Refuse a vault in a folder of this machine for workers elsewhere.

    Raises:
        RefusedError: if the runner's workers cannot see the folder, as far as is known.
    """
    if is_local(vault) and not see_vault(PipelineOptions(list(beam_args))):
        raise RefusedError(
            f"--vault={vault} is a folder of this machine, which the workers of --runner={_runner(beam_args)} do not"
            " see, as far as can be known. Use FnApiRunner, or a vault on Cloud Storage (gs://BUCKET/FOLDER). If each"
            " worker has that folder under the same name, add --workers_see=vault; if all run here, =machine."
        )


def refuse_distant_snapshot(beam_args: Sequence[str]) -> None:
    """Refuse a snapshot for a job that outlives this process: it lives as long as the process that holds it.

    Raises:
        RefusedError: if the runner's workers are not on this machine.
    """
    if not is_here(beam_args):
        raise RefusedError(
            f"--consistency=snapshot: the command holds the snapshot, and a job of --runner={_runner(beam_args)} goes"
            " on without it. Pause replay on a replica, or clone the instance, and use --consistency=frozen-source; or"
            " run on this machine with FnApiRunner."
        )


def _runner(beam_args: Sequence[str]) -> str:
    return str(PipelineOptions(list(beam_args)).view_as(StandardOptions).runner)
