"""A job on a Flink cluster, as its JobManager knows it.

Cancelling it through Beam does not reach the cluster: Beam's job server (seen with 2.62) calls the job cancelled and
lets Flink go on with it. So the JobManager is asked, by Flink's REST API:
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
"""What a server raises that does not answer, or not as Flink does."""
_SECONDS = 10.0
"""For one request."""
_SECONDS_TO_END = 15.0
_ENDED = frozenset({"CANCELED", "FAILED", "FINISHED"})
"""States of a job that stay: `JobStatus.isGloballyTerminalState` of Flink."""


@dataclass(frozen=True, slots=True)
class FlinkJob:
    """A job by its name.

    Attributes:
        master: The JobManager's REST interface, `host:port` or a URL.
        name: A name that no other job has.
    """

    master: str
    name: str

    def name_in(self, pipeline: beam.Pipeline) -> None:
        """Give the job that will be its name."""
        pipeline.options.view_as(GoogleCloudOptions).job_name = self.name

    def cancel(self) -> None:
        """Cancel it, and wait a while for its end; why it cannot be is logged."""
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
        """Whether the cluster had it, and has ended it, as far as its JobManager answers."""
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
    """The job that will be, if it goes to a Flink cluster whose JobManager is named (`--flink_master`)."""
    name = f"{engine.job_name or 'shardkeep'}-{secrets.token_hex(4)}"
    return FlinkJob(engine.flink, name) if engine.flink else None
