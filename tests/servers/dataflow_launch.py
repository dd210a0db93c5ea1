"""One launch of the local Dataflow: the launcher's process, then the worker's, each in the image and nothing else."""

import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.servers import dataflow_worker
from tests.servers.dataflow_container import PY_FILE
from tests.servers.dataflow_files import Files
from tests.servers.dataflow_jobs import DONE, FAILED, RUNNING, Job, Jobs
from tests.servers.image import Image

SECONDS = 600
# The words of the service's own messages, as users report them:
# https://github.com/GoogleCloudPlatform/dataflow-video-analytics/issues/16
LOG_AT = "Console log from launcher will be available at {}/console_logs."
LAUNCH_FAILED = "Error occurred in the launcher container: Template launch failed. See console logs."
ERROR, DETAIL = "JOB_MESSAGE_ERROR", "JOB_MESSAGE_DETAILED"


@dataclass(frozen=True)
class Launcher:
    """What every launch needs: the image, where Google's services are, and a folder for processes to work in."""

    image: Image
    files: Files
    jobs: Jobs
    folder: Path
    cloud: Mapping[str, str]
    """Environment variables that are the network and the secrets of the project: emulators, metadata, PGPASSWORD."""
    programs: Path
    """The folder of the programs that the image brings besides Python: pg_dump."""

    def run(self, job: Job, container: Mapping[str, str]) -> None:
        """Launch the job and run it; how it went is the job's state and messages."""
        try:
            self._run(job, container)
        except Exception as error:
            self.jobs.change(job.id, (ERROR, f"the local service failed: {error!r}"), state=FAILED)
            raise

    def stage(self, job: Job, container: Mapping[str, str]) -> bool:
        """Run the launcher; whether it has left a job to run."""
        code = self._process(job, "launcher", [container[PY_FILE], *job.arguments], container)
        self.files.write(f"{job.folder}/console_logs", self.log(job, "launcher").read_bytes())
        return code == 0 and self.files.read(f"{job.folder}/job_object") is not None

    def _run(self, job: Job, container: Mapping[str, str]) -> None:
        self.jobs.change(job.id, (DETAIL, LOG_AT.format(job.folder)))
        if not self.stage(job, container):
            self.jobs.change(job.id, (ERROR, LAUNCH_FAILED), state=FAILED)
            return
        self.jobs.change(job.id, state=RUNNING)
        # A worker has the program from its image, not from a checkout.
        program = shutil.copy(dataflow_worker.__file__, self.folder / job.id)
        code = self._process(job, "worker", [str(program), f"{job.folder}/job_object"], container)
        last_words = self.log(job, "worker").read_text(errors="replace")[-2000:]
        said = () if code == 0 else ((ERROR, f"Workflow failed. {last_words}"),)
        self.jobs.change(job.id, *said, state=DONE if code == 0 else FAILED)

    def log(self, job: Job, role: str) -> Path:
        """The file with all that the launcher or the worker of a job has printed."""
        return self.folder / job.id / f"{role}.log"

    def _process(self, job: Job, role: str, command: list[str], container: Mapping[str, str]) -> int:
        """Run the image's Python to its end, in an empty folder; returns its exit code."""
        home = self.folder / job.id / role
        home.mkdir(parents=True)
        environment = self.image.environment(home, **{**container, **self.cloud})
        environment["PATH"] = f"{environment['PATH']}:{self.programs}:/usr/bin:/bin"
        with self.log(job, role).open("wb") as log:
            return subprocess.run(
                [self.image.python, *command],
                cwd=home,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=SECONDS,
                check=False,
            ).returncode
