"""The HTTP side of a resumable upload: what an upload session is sent, and what it answers.

Source: https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

import re
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import requests
import urllib3
from google.api_core.exceptions import GoogleAPICallError, from_http_response, from_http_status
from google.api_core.retry import Retry
from google.auth.transport.requests import AuthorizedSession

from transforms.errors import UnreachableError
from transforms.vault.store.cloud_client import TIMEOUT
from transforms.vault.store.cloud_errors import FAILURES, details_of

_SECONDS_TO_CANCEL = 10.0
# Expired or unknown, and cancelled. A 404 must not be taken for a bucket's.
_ENDED = (404, 410, 499)
_KEPT = re.compile(r"bytes=0-(\d+)")


@dataclass(frozen=True, slots=True)
class UploadSession:
    """An upload session.

    Attributes:
        http: The HTTP session with the credentials.
        url: Its address, which is a secret, for who has it may write. It stands in no error.
    """

    http: AuthorizedSession
    url: str = field(repr=False)

    def put(self, body: bytes | bytearray, content_range: str, crc32c: str = "") -> requests.Response:
        """Send a part of the object; returns an answer of 200 or 201, the object exists, or of 308, it does not.

        Args:
            body: The bytes, which may be none.
            content_range: Where they belong, as the header has it.
            crc32c: With the last part, of the whole object. The store compares, and does not publish what differs.

        Raises:
            GoogleAPICallError: on any other answer.
            ConnectionError: if there is none.
        """
        headers = {"Content-Range": content_range} | ({"X-Goog-Hash": f"crc32c={crc32c}"} if crc32c else {})
        return self._ask("PUT", (200, 201, 308), data=memoryview(body) if body else b"", headers=headers)

    def cancel(self, retry: Retry) -> None:
        """End the session without an object. One that cannot be reached ends by itself, after a week."""
        with suppress(*FAILURES):
            retry.with_timeout(_SECONDS_TO_CANCEL)(self._delete)()

    def _delete(self) -> None:
        # 499 tells that the session is cancelled, any other refusal of the request itself that there is none.
        self._ask("DELETE", set(range(200, 500)) - {408, 429})

    def _ask(
        self,
        method: str,
        expected: Collection[int],
        **words: Any,  # noqa: ANN401 - those of requests
    ) -> requests.Response:
        try:
            answer: requests.Response = self.http.request(
                method, self.url, timeout=TIMEOUT, allow_redirects=False, **words
            )
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            raise ConnectionError(f"the connection was lost ({type(error).__name__})") from None
        if answer.status_code in expected:
            return answer
        raise _refusal(answer)


def _refusal(answer: requests.Response) -> GoogleAPICallError:
    """The error of an answer. The one that the library makes of it would tell the address."""
    status, details = answer.status_code, details_of(from_http_response(answer))
    if status in _ENDED:
        status, details = 410, [{"message": "the upload session has ended"}]
    refusal: GoogleAPICallError = from_http_status(status, answer.reason, errors=details)
    return refusal


def kept(answer: requests.Response) -> int:
    """How many bytes the store has, as an answer of 308 tells it.

    Raises:
        UnreachableError: if it is told in a form that the protocol does not know.
    """
    told = answer.headers.get("Range")
    if told is None:
        return 0
    found = _KEPT.fullmatch(told)
    if found is None:
        raise UnreachableError(f"Cloud Storage tells the range {told!r}, which the protocol does not know. Run again.")
    return int(found[1]) + 1
