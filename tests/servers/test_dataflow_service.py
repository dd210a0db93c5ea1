"""The local Dataflow's API, asked by Google's own client library."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.dataflow_v1beta3 import (
    FlexTemplatesServiceClient,
    GetJobRequest,
    JobState,
    JobsV1Beta3Client,
    LaunchFlexTemplateParameter,
    LaunchFlexTemplateRequest,
    ListJobMessagesRequest,
    MessagesV1Beta3Client,
)
from google.cloud.dataflow_v1beta3.services.flex_templates_service.transports import FlexTemplatesServiceRestTransport
from google.cloud.dataflow_v1beta3.services.jobs_v1_beta3.transports import JobsV1Beta3RestTransport
from google.cloud.dataflow_v1beta3.services.messages_v1_beta3.transports import MessagesV1Beta3RestTransport

from tests.servers.dataflow_container import PY_FILE
from tests.servers.dataflow_files import Files
from tests.servers.dataflow_jobs import Job, Jobs
from tests.servers.dataflow_launch import LAUNCH_FAILED, Launcher
from tests.servers.dataflow_service import Service, serving
from tests.servers.gcs_gate import Gate
from tests.servers.image import Image

PROJECT, REGION = "my-project", "europe-west1"
SPEC = {
    "image": "registry/shardkeep/echo:1",
    "sdkInfo": {"language": "PYTHON"},
    "metadata": {"name": "Echo", "parameters": [{"name": "word", "label": "Word", "helpText": "A word."}]},
}
# What the launcher runs here instead of an image's file: it leaves no job.
ECHO = """
import os, sys
print(sys.argv[1:], sorted(os.environ), os.listdir("."))
sys.exit(3)
"""


class Place:
    """The service, its bucket, and clients of it."""

    def __init__(self, service: Service, files: Files, bucket: str, url: str) -> None:
        self.service, self.files, self.bucket = service, files, bucket
        where: dict[str, Any] = {
            "host": url.removeprefix("http://"),
            "url_scheme": "http",
            "credentials": AnonymousCredentials(),
        }
        self.launches = FlexTemplatesServiceClient(transport=FlexTemplatesServiceRestTransport(**where))
        self.jobs = JobsV1Beta3Client(transport=JobsV1Beta3RestTransport(**where))
        self.messages = MessagesV1Beta3Client(transport=MessagesV1Beta3RestTransport(**where))

    def launch(self, spec: str, **parameters: str) -> str:
        """Launch the spec of this name; the id of the job."""
        asked = LaunchFlexTemplateParameter(
            job_name="echo",
            container_spec_gcs_path=f"gs://{self.bucket}/{spec}",
            parameters=parameters,
            environment={"staging_location": f"gs://{self.bucket}/staging"},
        )
        request = LaunchFlexTemplateRequest(project_id=PROJECT, location=REGION, launch_parameter=asked)
        return str(self.launches.launch_flex_template(request).job.id)

    def ended(self, id: str) -> Job:
        """The job when it has ended."""
        return self.service.jobs.ended(id)


@pytest.fixture
def place(gate: Gate, tmp_path: Path) -> Iterator[Place]:
    """A service whose image is this process's own Python."""
    files, bucket = Files(gate.url, PROJECT), gate.new_bucket()
    files.write(f"gs://{bucket}/echo.json", json.dumps(SPEC).encode())
    files.write(f"gs://{bucket}/no-language.json", json.dumps({**SPEC, "sdkInfo": {}}).encode())
    (tmp_path / "echo.py").write_text(ECHO)
    launcher = Launcher(own_python(tmp_path), files, Jobs(), tmp_path / "jobs", {"CLOUD": "1"}, tmp_path)
    service = Service(launcher, lambda image, reference: {PY_FILE: str(tmp_path / "echo.py"), "OWN": reference})
    with serving(service) as url:
        yield Place(service, files, bucket, url)


def own_python(folder: Path) -> Image:
    """An image without any packages."""
    binaries = folder / "image" / "bin"
    binaries.mkdir(parents=True)
    (binaries / "python").symlink_to(sys.executable)
    return Image(folder / "image")


def test_a_launch_that_leaves_no_job_is_a_failed_one(place: Place) -> None:
    id = place.launch("echo.json", word="a,b")
    job = place.ended(id)
    told = place.jobs.get_job(GetJobRequest(project_id=PROJECT, location=REGION, job_id=id))
    assert (told.name, told.current_state) == ("echo", JobState.JOB_STATE_FAILED)
    said = place.messages.list_job_messages(ListJobMessagesRequest(project_id=PROJECT, location=REGION, job_id=id))
    assert [message.message_text for message in said] == [
        f"Console log from launcher will be available at {job.folder}/console_logs.",
        LAUNCH_FAILED,
    ]


def test_the_launcher_has_its_own_environment_and_nothing_of_ours(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSWORD", "somebody's")
    job = place.ended(place.launch("echo.json", word="a,b"))
    folder = f"gs://{place.bucket}/staging"
    arguments = [
        "--job_name=echo",
        f"--project={PROJECT}",
        f"--region={REGION}",
        "--runner=DataflowRunner",
        f"--staging_location={folder}",
        f"--template_location={folder}/template_launches/{job.id}/job_object",
        "--word=a,b",
    ]
    names = ["CLOUD", PY_FILE, "HOME", "LANG", "OWN", "PATH", "PYTHONSAFEPATH"]
    assert place.files.text(f"{job.folder}/console_logs") == f"{arguments} {names} []\n"


def test_what_is_no_template_cannot_be_launched(place: Place) -> None:
    with pytest.raises(BadRequest, match="Invalid template file"):
        place.launch("ghost.json", word="a")
    with pytest.raises(BadRequest, match="No SDK language information"):
        place.launch("no-language.json", word="a")


def test_parameters_are_checked_before_anything_runs(place: Place) -> None:
    with pytest.raises(BadRequest, match=r"wort: Unrecognized parameter"):
        place.launch("echo.json", wort="a", word="a")
    assert list(place.service.jobs) == []


def test_an_unknown_job_is_not_found(place: Place) -> None:
    with pytest.raises(NotFound, match="Could not find"):
        place.jobs.get_job(GetJobRequest(project_id=PROJECT, location=REGION, job_id="2026-01-01_00_00_00-1"))
