"""A local Dataflow: the part of its API that launches Flex Templates and tells of jobs, for gcloud and other clients.

A launch is checked as the service checks it, then runs in processes of the stand-in image. What is not here: the build
of images, quotas and permissions, several workers, retries of bundles, dynamic splitting.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from re import compile as pattern
from threading import Thread
from typing import Any

from tests.servers import dataflow_container
from tests.servers.dataflow_arguments import arguments, merged
from tests.servers.dataflow_jobs import Job, Jobs
from tests.servers.dataflow_launch import Launcher
from tests.servers.dataflow_parameters import error, refusal, violations
from tests.servers.image import Image

# https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.locations.flexTemplates/launch and .../jobs
_PLACE = "/v1b3/projects/([^/]+)/locations/([^/]+)/"
_LAUNCH = pattern(_PLACE + "flexTemplates:launch")
_LIST = pattern(_PLACE + "jobs")
_JOB = pattern(_PLACE + "jobs/([^/]+)(/messages)?")

Answer = tuple[int, dict[str, Any]]
"""A status and a body."""
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

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer(*service.get(self.path.partition("?")[0]))

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(*service.post(self.path.partition("?")[0], body))

        def _answer(self, status: int, body: dict[str, Any]) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json; charset=UTF-8")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server, service.launches:
        server.daemon_threads = True
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
