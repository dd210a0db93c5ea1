"""The files in Cloud Storage that the Dataflow service itself reads and writes: specs, and what a launch leaves."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from google.api_core.exceptions import NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.storage import Blob, Client


@dataclass(frozen=True)
class Files:
    """Objects by their gs:// addresses, in a server at a URL."""

    server: str
    project: str

    @cached_property
    def client(self) -> Client:
        """Google's client, which speaks to that server."""
        return Client(self.project, AnonymousCredentials(), client_options={"api_endpoint": self.server})

    def read(self, url: str) -> bytes | None:
        """An object's bytes; None if there is none."""
        try:
            return bytes(Blob.from_uri(url, self.client).download_as_bytes())
        except NotFound:
            return None

    def text(self, url: str) -> str:
        """The text of an object that must be there."""
        data = self.read(url)
        assert data is not None, f"there is no {url}"
        return data.decode()

    def json(self, url: str) -> Any:  # noqa: ANN401 - any JSON
        """The value of a JSON object that must be there."""
        return json.loads(self.text(url))

    def write(self, url: str, data: bytes) -> None:
        """Write an object, over an older one as well."""
        Blob.from_uri(url, self.client).upload_from_string(data, "application/octet-stream")
