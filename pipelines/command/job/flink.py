"""A job on a Flink cluster, as its JobManager knows it.

Cancelling through Beam does not reach the cluster: Beam's job server (seen with 2.62) reports the job as cancelled
while Flink continues it. So the JobManager is called, by Flink's REST API:
https://nightlies.apache.org/flink/flink-docs-stable/docs/ops/rest_api/, "/jobs/overview" and "/jobs/:jobid".
"""

import http.client
import json
import logging
import secrets
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions

from pipelines.command.job.engine import Engine

_LOG = logging.getLogger("shardkeep")
_FAULTS = (OSError, http.client.HTTPException, ValueError, KeyError, TypeError)
"""Errors if a server does not answer, or does not answer like Flink."""
_SECONDS = 10.0
"""Timeout of one request."""
_SECONDS_TO_END = 15.0
_ENDED = frozenset({"CANCELED", "FAILED", "FINISHED"})
"""Final states of a job: `JobStatus.isGloballyTerminalState` of Flink."""


@dataclass(frozen=True, slots=True)
class FlinkJob:
    """A job on the cluster, found by its name.

    Attributes:
        master: The JobManager's REST interface, `host:port` or a URL.
        name: A name that no other job has.
    """

    master: str
    name: str

    def name_in(self, pipeline: beam.Pipeline) -> None:
        """Set this name in the options of the pipeline, before it is run."""
        pipeline.options.view_as(GoogleCloudOptions).job_name = self.name

    def cancel(self) -> None:
        """Cancel the job and wait a while for its end; if that fails, log the reason."""
        try:
            for job in self._jobs():
                self._ask("PATCH", f"/jobs/{job['jid']}?mode=cancel")
        except _FAULTS as error:
            _LOG.warning("the JobManager at %s does not cancel the job %s: %s", self.master, self.name, error)
            return
        deadline = time.monotonic() + _SECONDS_TO_END
        while not self.has_ended() and time.monotonic() < deadline:
            time.sleep(0.2)

    def has_ended(self) -> bool:
        """Whether the JobManager knows the job and reports that it has ended."""
        try:
            states = {job["state"] for job in self._jobs()}
        except _FAULTS:
            return False
        return bool(states) and states <= _ENDED

    def _jobs(self) -> list[dict[str, Any]]:
        return [job for job in json.loads(self._ask("GET", "/jobs/overview"))["jobs"] if job["name"] == self.name]

    def _ask(self, method: str, path: str) -> bytes:
        url = urlsplit(self.master if "//" in self.master else f"http://{self.master}")
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.netloc, timeout=_SECONDS)
        try:
            connection.request(method, url.path.rstrip("/") + path)
            return connection.getresponse().read()
        finally:
            connection.close()


def flink_job(engine: Engine) -> FlinkJob | None:
    """The job to run, if it goes to a Flink cluster whose JobManager is named (`--flink_master`); else None."""
    name = f"{engine.job_name or 'shardkeep'}-{secrets.token_hex(4)}"
    return FlinkJob(engine.flink, name) if engine.flink else None
