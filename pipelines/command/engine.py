"""The engine that runs a job, and what it must be able to reach."""

from collections.abc import Sequence

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, PortableOptions, StandardOptions

from transforms.errors import RefusedError

_LOCAL_RUNNERS = frozenset({"FnApiRunner", "DirectRunner", "PrismRunner"})
_LOOPBACK = ("localhost:", "127.0.0.1:", "[::1]:")


def open_pipeline(beam_args: Sequence[str]) -> beam.Pipeline:
    """An empty pipeline with Beam's own options.

    The main session is never pickled: everything that a worker needs is imported or is a field.
    """
    return beam.Pipeline(options=PipelineOptions(list(beam_args), save_main_session=False))


def refuse_distant_workers(vault: str, beam_args: Sequence[str]) -> None:
    """Refuse a vault in a folder of this machine for workers elsewhere.

    Raises:
        RefusedError: if the runner's workers cannot see the folder.
    """
    options = PipelineOptions(list(beam_args))
    runner = options.view_as(StandardOptions).runner
    endpoint = options.view_as(PortableOptions).job_endpoint or ""
    if runner not in _LOCAL_RUNNERS and not endpoint.startswith(_LOOPBACK):
        raise RefusedError(
            f"--vault={vault} is a folder of this machine, which the workers of --runner={runner} do not see."
            " Use FnApiRunner, or a vault on Cloud Storage."
        )
