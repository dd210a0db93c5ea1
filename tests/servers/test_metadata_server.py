"""Google's own library finds its project, its account and a token where a machine of Google Cloud would."""

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.servers import metadata_server

# In a process of its own: the library reads the server's address when it is imported.
ASK = """
import google.auth, google.auth.transport.requests, json
credentials, project = google.auth.default()
credentials.refresh(google.auth.transport.requests.Request())
print(json.dumps([project, credentials.service_account_email, credentials.token, credentials.universe_domain]))
"""


def test_google_auth_gets_a_token(tmp_path: Path) -> None:
    with metadata_server.running("some-project") as server:
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **server.settings}
        ended = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True)
    assert json.loads(ended.stdout) == [
        "some-project",
        metadata_server.ACCOUNT,
        metadata_server.TOKEN,
        "googleapis.com",
    ]
    assert metadata_server.TOKEN_PATH in server.asked
