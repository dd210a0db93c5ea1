"""A worker of the local Dataflow: runs the graph that a launch has staged, and nothing else.

It is run by the image's Python in a process of its own, `python dataflow_worker.py gs://.../job_object`, and knows
what the real service knows: the job's file and what that file names. It imports nothing of Shardkeep; whatever the
graph needs must be in the image.
"""

import json
import logging
import sys
from typing import Any

from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.pipeline_context import PipelineContext
from apache_beam.runners.portability.fn_api_runner.fn_runner import FnApiRunner
from apache_beam.transforms.environments import EmbeddedPythonEnvironment


def read(url: str) -> bytes:
    """An object, whole."""
    with FileSystems.open(url, compression_type="uncompressed") as file:
        return bytes(file.read())


def pipeline_url(job: dict[str, Any]) -> str:
    """Where the graph was staged (`PipelineUrl` in apache_beam/runners/dataflow/internal/apiclient.py)."""
    return str(job["environment"]["sdkPipelineOptions"]["options"]["pipelineUrl"])


def here(graph: beam_runner_api_pb2.Pipeline) -> beam_runner_api_pb2.Pipeline:
    """The graph with every environment replaced by this process: it is the container that was asked for."""
    embedded = EmbeddedPythonEnvironment.default().to_runner_api(PipelineContext())
    for environment in graph.components.environments.values():
        environment.urn, environment.payload = embedded.urn, embedded.payload
        del environment.dependencies[:]
    return graph


def main(job_object: str) -> int:
    """Run the job; a failure is raised, and its traceback is the worker's log."""
    job = json.loads(read(job_object))
    graph = beam_runner_api_pb2.Pipeline.FromString(read(pipeline_url(job)))
    state = FnApiRunner().run_via_runner_api(here(graph), PipelineOptions([])).wait_until_finish()
    return 0 if state == "DONE" else 1


if __name__ == "__main__":
    # As a worker of Dataflow does unless a job asks for something else: `apache_beam.runners.worker.sdk_worker_main`.
    logging.basicConfig(level=logging.INFO, format="%(levelname)s:%(name)s:%(message)s")
    sys.exit(main(sys.argv[1]))
