"""The HTTP requests of a resumable upload session, and their answers.

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
# Expired or unknown, and cancelled. A 404 must not be taken for a missing bucket.
_ENDED = (404, 410, 499)
_KEPT = re.compile(r"bytes=0-(\d+)")


@dataclass(frozen=True, slots=True)
class UploadSession:
    """An upload session.

    Attributes:
        http: The HTTP session with the credentials.
        url: Its address, a secret, since it permits writing. No error contains it.
    """

    http: AuthorizedSession
    url: str = field(repr=False)

    def put(self, body: bytes | bytearray, content_range: str, crc32c: str = "") -> requests.Response:
        """Send a part of the object; returns the answer: 200 or 201 if the object exists now, 308 if not.

        Args:
            body: The bytes; may be empty.
            content_range: Their range, as in the header.
            crc32c: With the last part, that of the whole object. If it differs, the store does not publish the object.

        Raises:
            GoogleAPICallError: on any other answer.
            ConnectionError: if there is no answer.
        """
        headers = {"Content-Range": content_range} | ({"X-Goog-Hash": f"crc32c={crc32c}"} if crc32c else {})
        return self._ask("PUT", (200, 201, 308), data=memoryview(body) if body else b"", headers=headers)

    def cancel(self, retry: Retry) -> None:
        """Cancel the session. If the store cannot be reached, the session ends by itself after a week."""
        with suppress(*FAILURES):
            retry.with_timeout(_SECONDS_TO_CANCEL)(self._delete)()

    def _delete(self) -> None:
        # 499 means that the session is cancelled, any other refusal that there is no such session.
        self._ask("DELETE", set(range(200, 500)) - {408, 429})

    def _ask(
        self,
        method: str,
        expected: Collection[int],
        **words: Any,  # noqa: ANN401 - the arguments of `requests`
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
    """The error for an answer. The library's own error would contain the address."""
    status, details = answer.status_code, details_of(from_http_response(answer))
    if status in _ENDED:
        status, details = 410, [{"message": "the upload session has ended"}]
    refusal: GoogleAPICallError = from_http_status(status, answer.reason, errors=details)
    return refusal


def kept(answer: requests.Response) -> int:
    """How many bytes the store has, by an answer of 308.

    Raises:
        UnreachableError: if the answer does not have the form of the protocol.
    """
    told = answer.headers.get("Range")
    if told is None:
        return 0
    found = _KEPT.fullmatch(told)
    if found is None:
        raise UnreachableError(f"Cloud Storage tells the range {told!r}, which the protocol does not know. Run again.")
    return int(found[1]) + 1
