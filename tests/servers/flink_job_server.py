"""Beam's job server for Flink: before a cluster, or with a small cluster of its own for each job."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers import flink
from tests.servers.flink_java import java, running
from transforms.errors import UnreachableError

MAIN = "org.apache.beam.runners.flink.FlinkJobServerDriver"
STARTED = "JobService started on "
LOG = "-Dorg.slf4j.simpleLogger"
QUIET = (f"{LOG}.defaultLogLevel=warn", f"{LOG}.log.org.apache.beam.runners.jobsubmission.JobServerDriver=info")
HEAP = "700m"
WITHIN = "[local]"
# A job that fails is tried again, three times, as on a cluster that is set up so.
SETTINGS = """\
restart-strategy.type: fixed-delay
restart-strategy.fixed-delay.attempts: 3
restart-strategy.fixed-delay.delay: 1 s
taskmanager.memory.network.min: 64m
taskmanager.memory.network.max: 64m
taskmanager.memory.managed.size: 64m
"""


@contextmanager
def running_job_server(master: str = WITHIN) -> Iterator[str]:
    """`host:port` of a job server, ended at exit.

    Args:
        master: `host:port` of the cluster's JobManager, or that the server runs jobs within itself.

    Raises:
        NotFoundError: if its libraries or Java are not there.
        UnreachableError: if it does not start.
    """
    with tempfile.TemporaryDirectory(prefix="flink-") as folder:
        Path(folder, "flink-conf.yaml").write_text(SETTINGS)
        settings = [*QUIET, f"-Djava.io.tmpdir={folder}"]
        ports = ["--job-host=localhost", "--job-port=0", "--artifact-port=0", "--expansion-port=0"]
        argv = [*ports, f"--artifacts-dir={folder}", f"--flink-master={master}", f"--flink-conf-dir={folder}"]
        with running(java(flink.find(flink.JOB_SERVER), MAIN, HEAP, settings, *argv), STARTED) as (_, line):
            yield _endpoint(line)


def _endpoint(line: str) -> str:
    found = re.search(r"localhost:[0-9]+", line)
    if found is None:
        raise UnreachableError(f"The job server for Flink does not say where it is: {line}")
    return found[0]
