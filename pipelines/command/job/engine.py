"""The engine that runs a job, and what it must be able to reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, StandardOptions

from pipelines.command.job import workers
from pipelines.command.job.dataflow import name_image
from pipelines.command.job.launch import is_launch
from transforms.errors import RefusedError, UsageError
from transforms.vault.store.opening import is_local


@dataclass(frozen=True, slots=True)
class Engine:
    """What Beam's options say about the engine and its workers, read once.

    Attributes:
        arguments: Beam's options, with a `--runner`.
        runner: The runner's name, as Beam spells it.
        is_launch: Whether the command only stages the job, as a launcher does.
        is_here: Whether the workers are on this machine, so that they share its files, and the command waits for the
            job to end.
        sees_vault: Whether the workers see the folder of a vault on this machine, as far as is known.
        is_alone: Whether all work is done in this one process, so that its sessions are all those of the job.
        outlives: Whether the job may continue after its command has ended.
        flink: The JobManager of the Flink cluster that runs the job, if the options name it.
        job_name: The job's name, if the options give one.
        project: The Google Cloud project, if the options name one.
    """

    arguments: tuple[str, ...]
    runner: str
    is_launch: bool
    is_here: bool
    sees_vault: bool
    is_alone: bool
    outlives: bool
    flink: str | None
    job_name: str | None
    project: str | None

    @classmethod
    def of(cls, arguments: Sequence[str]) -> Engine:
        """The engine that these arguments choose; they must have passed `check_beam_arguments`."""
        options = PipelineOptions(list(arguments))
        cloud = options.view_as(GoogleCloudOptions)
        return cls(
            arguments=tuple(arguments),
            runner=str(options.view_as(StandardOptions).runner),
            is_launch=is_launch(arguments),
            is_here=workers.share_files(options),
            sees_vault=workers.see_vault(options),
            is_alone=workers.are_one(options),
            outlives=workers.may_outlive(options),
            flink=workers.flink_cluster(options),
            job_name=cloud.job_name,
            project=cloud.project,
        )


def open_pipeline(engine: Engine) -> beam.Pipeline:
    """An empty pipeline with Beam's own options.

    The main session is never pickled: everything that a worker needs is imported or is a field. The options are the
    pipeline's own, since it writes the job's name, labels and image into them.

    Raises:
        UsageError: if the runner refuses an option, or a package that an option needs is not installed.
    """
    options = PipelineOptions(list(engine.arguments), save_main_session=False)
    name_image(options)
    try:
        return beam.Pipeline(options=options)
    except ValueError as error:
        raise UsageError(f"the runner refuses Beam's options: {error}") from error
    except (ImportError, AttributeError) as error:  # from a runner's class, or from the pickle library
        raise UsageError(f"Beam's options ask for what is not installed here: {error}") from error


def refuse_distant_workers(vault: str, engine: Engine) -> None:
    """Refuse a vault in a folder of this machine if the workers are elsewhere.

    Raises:
        RefusedError: if the runner's workers cannot see the folder, as far as is known.
    """
    if is_local(vault) and not engine.sees_vault:
        raise RefusedError(
            f"--vault={vault} is a folder of this machine, which the workers of --runner={engine.runner} do not"
            " see, as far as can be known. Use FnApiRunner, or a vault on Cloud Storage (gs://BUCKET/FOLDER). If each"
            " worker has that folder under the same name, add --workers_see=vault; if all run here, =machine."
        )


def refuse_distant_snapshot(engine: Engine) -> None:
    """Refuse a snapshot for a job that may outlive this process: the snapshot ends with the process that holds it.

    Raises:
        RefusedError: if the runner's workers are not on this machine.
    """
    if not engine.is_here:
        raise RefusedError(
            f"--consistency=snapshot: the command holds the snapshot, and a job of --runner={engine.runner} goes"
            " on without it. Pause replay on a replica, or clone the instance, and use --consistency=frozen-source; or"
            " run on this machine with FnApiRunner."
        )
