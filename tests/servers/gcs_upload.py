"""A resumable upload by hand, as Google's documentation shows it with curl."""

import requests

from tests.servers.gcs_gate import Gate


class ByHand:
    """An upload, whose answers are looked at as they come."""

    def __init__(self, gate: Gate, bucket: str, name: str, **query: str) -> None:
        self.gate, self.name = gate, name
        where = f"{gate.url}/upload/storage/v1/b/{bucket}/o"
        self.started = requests.post(where, {}, {"name": name}, params={"uploadType": "resumable", **query}, timeout=60)
        self.url = self.started.headers.get("Location", "")

    def put(self, data: bytes, told: str, **headers: str) -> requests.Response:
        return requests.put(self.url, data, headers={"Content-Range": f"bytes {told}", **headers}, timeout=60)

    def kept(self) -> str | None:
        answer = self.put(b"", "*/*")
        assert answer.status_code == 308
        return answer.headers.get("Range")
