"""A project of Google Cloud on this machine: a bucket, Dataflow, and gcloud that speaks to both."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from templates.template import metadata_path
from tests.servers import gcloud, metadata_server
from tests.servers.dataflow_files import Files
from tests.servers.dataflow_jobs import Job, Jobs
from tests.servers.dataflow_launch import Launcher
from tests.servers.dataflow_service import Service, serving
from tests.servers.gcs_gate import Gate
from tests.servers.image import CHECKOUT, Image
from tests.servers.metadata_server import MetadataServer

PROJECT, REGION = "my-project", "europe-west1"
REPOSITORY = "europe-west1-docker.pkg.dev/my-project/backups/shardkeep"
TAG = "0.1.0"


@dataclass(frozen=True)
class Project:
    """The project, for a test: everything is asked of it as a user asks, through gcloud."""

    service: Service
    files: Files
    gcs: Gate
    metadata: MetadataServer
    bucket: str
    settings: Mapping[str, str]
    """Environment variables by which gcloud finds the local services."""

    def gcloud(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run gcloud; an error is the caller's to judge."""
        environment = {**os.environ, **self.settings}
        return subprocess.run(["gcloud", *words], env=environment, capture_output=True, text=True, check=False)

    def asked(self, *words: str) -> str:
        """What gcloud prints, where it must not fail."""
        done = self.gcloud(*words)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def spec(self, pipeline: str) -> str:
        """Where the pipeline's template is."""
        return f"gs://{self.bucket}/templates/{pipeline}.json"

    def vault(self, name: str) -> str:
        """The place of a vault."""
        return f"gs://{self.bucket}/vaults/{name}"

    def build(self) -> None:
        """Write the specs of all templates with the repository's own builder."""
        options = (f"--image={REPOSITORY}", f"--tag={TAG}", f"--out=gs://{self.bucket}/templates")
        command = [sys.executable, "-m", "templates.build", *options]
        environment = {**os.environ, **self.settings}
        done = subprocess.run(command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def build_with_gcloud(self, pipeline: str) -> None:
        """Let gcloud write a spec from the template's metadata file."""
        metadata = f"--metadata-file={metadata_path(pipeline)}"
        image = f"--image={REPOSITORY}/{pipeline}:{TAG}"
        self.asked("dataflow", "flex-template", "build", self.spec(pipeline), image, "--sdk-language=PYTHON", metadata)

    def run(self, pipeline: str, job: str, /, **parameters: str) -> "subprocess.CompletedProcess[str]":
        """Ask for a launch with `gcloud dataflow flex-template run`; its output is the job's id."""
        # With a separator of its own, because values have commas: `gcloud topic escaping`.
        given = "--parameters=^~^" + "~".join(f"{key}={value}" for key, value in parameters.items())
        where = (f"--region={REGION}", f"--template-file-gcs-location={self.spec(pipeline)}")
        staging = (f"--staging-location=gs://{self.bucket}/staging", f"--temp-location=gs://{self.bucket}/temp")
        return self.gcloud("dataflow", "flex-template", "run", job, *where, *staging, given, "--format=value(job.id)")

    def launch(self, pipeline: str, job: str, /, **parameters: str) -> str:
        """Launch a pipeline; returns the job's id."""
        done = self.run(pipeline, job, **parameters)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def state(self, id: str) -> str:
        """The state of a job, once it has ended, as gcloud describes it."""
        self.service.jobs.ended(id)
        return self.asked("dataflow", "jobs", "describe", id, f"--region={REGION}", "--format=value(currentState)")

    def job(self, id: str) -> Job:
        """A job that has ended."""
        return self.service.jobs.ended(id)

    def console(self, id: str) -> str:
        """What the launcher of a job has printed, from the bucket."""
        return self.files.text(f"{self.job(id).folder}/console_logs")

    def job_object(self, id: str) -> Any:  # noqa: ANN401 - JSON
        """The job as the launcher has staged it."""
        return self.files.json(f"{self.job(id).folder}/job_object")

    def graph(self, id: str) -> bytes:
        """The graph that the launcher has staged."""
        url = self.job_object(id)["environment"]["sdkPipelineOptions"]["options"]["pipelineUrl"]
        data = self.files.read(url)
        assert data
        return data

    def worker_log(self, id: str) -> str:
        """What the worker of a job has printed."""
        return self.service.launcher.log(self.job(id), "worker").read_text(errors="replace")

    def objects(self, prefix: str) -> list[str]:
        """Names of the objects of the bucket below a prefix."""
        return sorted(blob.name for blob in self.files.client.list_blobs(self.bucket, prefix=prefix))


@contextmanager
def project(
    image: Image, gcs: Gate, folder: Path, network: Mapping[str, str], programs: Path = Path("/usr/bin")
) -> Iterator[Project]:
    """The project with a new bucket.

    Args:
        image: What containers run.
        gcs: Cloud Storage; what it remembers of others is forgotten.
        folder: A new folder, for what processes leave.
        network: Environment variables that launcher and workers have besides: databases, and the password that Secret
            Manager would give them.
        programs: The folder of pg_dump.
    """
    gcs.clear()
    files = Files(gcs.url, PROJECT)
    with ExitStack() as stack:
        metadata = stack.enter_context(metadata_server.running(PROJECT))
        cloud = {"STORAGE_EMULATOR_HOST": gcs.url, **metadata.settings, **network}
        service = Service(Launcher(image, files, Jobs(), folder, cloud, programs))
        dataflow = stack.enter_context(serving(service))
        settings = gcloud.settings(folder / "gcloud", PROJECT, storage=gcs.url, dataflow=dataflow)
        yield Project(service, files, gcs, metadata, gcs.new_bucket(), settings)
