"""A stand-in for the metadata server that every machine of Google Cloud can ask who it is, and for an access token.

`google.auth` asks it where `GCE_METADATA_HOST` and `GCE_METADATA_IP` point; the paths and answers are those of
https://cloud.google.com/compute/docs/metadata/predefined-metadata-keys.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from tests.servers import json_server
from tests.servers.json_server import Answer, Request

ACCOUNT = "shardkeep@my-project.iam.gserviceaccount.com"
TOKEN = "token-of-the-metadata-server"  # noqa: S105 - what a test looks for where no token may be
SCOPE = "https://www.googleapis.com/auth/cloud-platform"
TOKEN_PATH = "/computeMetadata/v1/instance/service-accounts/default/token"  # noqa: S105 - no token
# Without this header the libraries take it for somebody else's server.
_HEADERS = {"Metadata-Flavor": "Google"}
_ACCOUNT = {"email": ACCOUNT, "scopes": [SCOPE], "aliases": ["default"]}
_TOKEN = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}


@dataclass(frozen=True)
class MetadataServer:
    """One that runs.

    Attributes:
        settings: The environment variables by which Google's libraries find it.
        asked: The paths of all requests.
    """

    settings: Mapping[str, str]
    asked: list[str]


def answers(project: str) -> Mapping[str, object]:
    """What is at each path that Google's libraries ask for."""
    account = "/computeMetadata/v1/instance/service-accounts/default/"
    return {
        "/": "computeMetadata/",
        "/computeMetadata/v1/project/project-id": project,
        "/computeMetadata/v1/universe/universe-domain": "googleapis.com",
        "/computeMetadata/v1/universe/universe_domain": "googleapis.com",
        account: _ACCOUNT,
        f"{account}email": ACCOUNT,
        TOKEN_PATH: _TOKEN,
    }


@contextmanager
def running(project: str) -> Iterator[MetadataServer]:
    """Run it."""
    known, asked = answers(project), list[str]()

    def answer(request: Request) -> Answer:
        asked.append(request.path)
        return (200, known[request.path]) if request.path in known else (404, "")

    with json_server.serving(answer, _HEADERS) as address:
        yield MetadataServer({"GCE_METADATA_HOST": address, "GCE_METADATA_IP": address}, asked)
