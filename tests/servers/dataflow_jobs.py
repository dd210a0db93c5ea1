"""The jobs of the local Dataflow: what the service knows of each, as its API tells it."""

import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Any

QUEUED, RUNNING, DONE, FAILED = (f"JOB_STATE_{word}" for word in ("QUEUED", "RUNNING", "DONE", "FAILED"))
ENDED = frozenset({DONE, FAILED})
SECONDS_TO_END = 600


@dataclass(frozen=True)
class Job:
    """A job: its names, its state, and what was said of it."""

    project: str
    location: str
    name: str
    id: str
    created: str
    state: str = QUEUED
    state_since: str = ""
    messages: tuple[tuple[str, str], ...] = ()
    """Importance and text of each."""
    folder: str = ""
    """Where its launch leaves files: gs://.../template_launches/<id>."""
    image: str = ""
    """The template's image, by its reference."""
    arguments: tuple[str, ...] = ()
    """Those of the launched file."""

    @property
    def json(self) -> dict[str, Any]:
        """It as the API's `Job`: https://cloud.google.com/dataflow/docs/reference/rest/v1b3/projects.jobs."""
        return {
            "id": self.id,
            "projectId": self.project,
            "location": self.location,
            "name": self.name,
            "type": "JOB_TYPE_BATCH",
            "currentState": self.state,
            "currentStateTime": self.state_since or self.created,
            "createTime": self.created,
            "startTime": self.created,
        }

    @property
    def messages_json(self) -> dict[str, Any]:
        """What was said of it, as the API lists it."""
        said = [
            {"id": str(number), "time": self.created, "messageImportance": importance, "messageText": text}
            for number, (importance, text) in enumerate(self.messages)
        ]
        return {"jobMessages": said}


@dataclass
class Jobs:
    """All jobs, for the threads of the service."""

    _jobs: dict[str, Job] = field(default_factory=dict)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def add(self, project: str, location: str, name: str, folder: str) -> Job:
        """A new job, with an id such as Dataflow makes them; `folder` is that of all launches."""
        now = datetime.now(timezone.utc)
        id = f"{now:%Y-%m-%d_%H_%M_%S}-{secrets.randbelow(10**19):019}"
        return self._put(Job(project, location, name, id, time_text(now), folder=f"{folder}/{id}"))

    def change(self, id: str, *said: tuple[str, str], **fields: Any) -> Job:  # noqa: ANN401 - fields of Job
        """Change fields of a job, and add messages."""
        if "state" in fields:
            fields["state_since"] = time_text(datetime.now(timezone.utc))
        old = self._jobs[id]
        return self._put(replace(old, messages=(*old.messages, *said), **fields))

    def __getitem__(self, id: str) -> Job:
        return self._jobs[id]

    def __iter__(self) -> Iterator[Job]:
        return iter(list(self._jobs.values()))

    def ended(self, id: str) -> Job:
        """The job when it has ended.

        Raises:
            TimeoutError: if it does not end.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._jobs[id].state in ENDED, SECONDS_TO_END):
                raise TimeoutError(f"job {id} is {self._jobs[id].state} after {SECONDS_TO_END} s")
            return self._jobs[id]

    def _put(self, job: Job) -> Job:
        with self._changed:
            self._jobs[job.id] = job
            self._changed.notify_all()
        return job


def time_text(moment: datetime) -> str:
    """A time as Google's APIs write it."""
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}Z"
