"""A stand-in for the metadata server that every machine of Google Cloud can ask who it is, and for an access token.

`google.auth` asks it where `GCE_METADATA_HOST` and `GCE_METADATA_IP` point; the paths and answers are those of
https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

ACCOUNT = "shardkeep@my-project.iam.gserviceaccount.com"
TOKEN = "token-of-the-metadata-server"  # noqa: S105 - what a test looks for where no token may be
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
_ACCOUNT = {"email": ACCOUNT, "scopes": [SCOPE], "aliases": ["default"]}
_TOKEN = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}


def answers(project: str) -> Mapping[str, str]:
    """The body at each path that Google's libraries ask for."""
    account = "/computeMetadata/v1/instance/service-accounts/default/"
    return {
        "/": "computeMetadata/",
        "/computeMetadata/v1/project/project-id": project,
        "/computeMetadata/v1/universe/universe-domain": "googleapis.com",
        "/computeMetadata/v1/universe/universe_domain": "googleapis.com",
        account: json.dumps(_ACCOUNT),
        f"{account}email": ACCOUNT,
        f"{account}token": json.dumps(_TOKEN),
    }


@contextmanager
def running(project: str) -> Iterator[Mapping[str, str]]:
    """Run it; yields the environment variables by which Google's libraries find it."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = answers(project).get(urlsplit(self.path).path)
            self.send_response(404 if body is None else 200)
            # Without this header the libraries take it for somebody else's server.
            self.send_header("Metadata-Flavor", "Google")
            self.send_header("Content-Type", "application/json" if (body or "").startswith("{") else "application/text")
            self.send_header("Content-Length", str(len(body or "")))
            self.end_headers()
            self.wfile.write((body or "").encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            address = f"127.0.0.1:{server.server_port}"
            yield {"GCE_METADATA_HOST": address, "GCE_METADATA_IP": address}
        finally:
            server.shutdown()
            thread.join()
