"""A local Dataflow: the part of its API that launches Flex Templates and tells of jobs, for gcloud and other clients.

A launch is checked as the service checks it, then runs in processes of the stand-in image. What is not here: the build
of images, quotas and permissions, several workers, retries of bundles, dynamic splitting.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from re import compile as pattern
from typing import Any

from tests.servers import dataflow_container, json_server
from tests.servers.dataflow_arguments import arguments, merged
from tests.servers.dataflow_jobs import Job, Jobs
from tests.servers.dataflow_launch import Launcher
from tests.servers.dataflow_parameters import error, refusal, violations
from tests.servers.image import Image
from tests.servers.json_server import Answer, Request

# https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.locations.flexTemplates/launch and .../jobs
_PLACE = "/v1b3/projects/([^/]+)/locations/([^/]+)/"
_LAUNCH = pattern(_PLACE + "flexTemplates:launch")
_LIST = pattern(_PLACE + "jobs")
_JOB = pattern(_PLACE + "jobs/([^/]+)(/messages)?")

Containers = Callable[[Image, str], Mapping[str, str]]
"""The environment of the container of an image, by its reference."""


@dataclass(frozen=True)
class Service:
    """The service, for requests and for tests."""

    launcher: Launcher
    containers: Containers = dataflow_container.environment
    launches: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2))

    @property
    def jobs(self) -> Jobs:
        """All jobs since the start."""
        return self.launcher.jobs

    def get(self, path: str) -> Answer:
        """Answer a GET."""
        if _LIST.fullmatch(path):
            return 200, {"jobs": [job.json for job in self.jobs]}
        found = _JOB.fullmatch(path)
        job = next((job for job in self.jobs if found and job.id == found[3]), None)
        if not found or not job:
            return 404, error(404, f"Could not find {path}", "NOT_FOUND")
        return 200, job.messages_json if found[4] else job.json

    def post(self, path: str, body: dict[str, Any]) -> Answer:
        """Answer a POST."""
        if found := _LAUNCH.fullmatch(path):
            return self.launch(found[1], found[2], body["launchParameter"])
        return 404, error(404, f"Could not find {path}", "NOT_FOUND")

    def launch(self, project: str, location: str, asked: dict[str, Any]) -> Answer:
        """Check a launch and begin it."""
        spec_url = asked["containerSpecGcsPath"]
        text, given = self.launcher.files.read(spec_url), asked.get("parameters", {})
        if text is None:
            return 400, error(400, f"Invalid template file {spec_url}: it is not there.", "INVALID_ARGUMENT")
        spec = json.loads(text)
        if "language" not in spec.get("sdkInfo", {}):
            return 400, error(400, "No SDK language information is provided.", "INVALID_ARGUMENT")
        if wrong := violations(spec["metadata"], given):
            return 400, refusal(wrong)
        environment = merged(spec.get("defaultEnvironment", {}), asked.get("environment", {}))
        job = self._begin(project, location, asked["jobName"], spec["image"], given, environment)
        return 200, {"job": job.json}

    def _begin(
        self,
        project: str,
        location: str,
        name: str,
        image: str,
        parameters: Mapping[str, str],
        environment: Mapping[str, Any],
    ) -> Job:
        job = self.jobs.add(project, location, name, f"{environment['stagingLocation']}/template_launches")
        own = {
            "runner": "DataflowRunner",
            "project": project,
            "region": location,
            "job_name": name,
            "template_location": f"{job.folder}/job_object",
        }
        job = self.jobs.change(job.id, image=image, arguments=arguments(parameters, environment, own))
        self.launches.submit(self.launcher.run, job, self.containers(self.launcher.image, image))
        return job


@contextmanager
def serving(service: Service) -> Iterator[str]:
    """Serve it on a free loopback port; yields its URL, without a slash at the end. Launches are waited for at exit."""

    def answer(request: Request) -> Answer:
        return service.post(request.path, request.json()) if request.method == "POST" else service.get(request.path)

    with json_server.serving(answer) as address, service.launches:
        yield f"http://{address}"
