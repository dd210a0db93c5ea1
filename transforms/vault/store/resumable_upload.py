"""A resumable upload to Cloud Storage: an object from a stream, in bounded memory, that survives lost answers.

Google's `BlobWriter` has the same purpose, but (in 3.17) its `terminate` uses the wrong address and cancels
nothing; and if the store keeps only the beginning of a part, as it may, it fails or, in the last part, even succeeds
without an object. `tests/transforms/vault/test_blob_writer.py` fails once that is mended.

Source of the protocol: https://cloud.google.com/storage/docs/performing-resumable-uploads
"""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import google_crc32c
import requests
from google.api_core.exceptions import ServiceUnavailable
from google.api_core.retry import Retry

from transforms.errors import IntegrityError, UnreachableError
from transforms.vault.store.upload_session import UploadSession, kept

PART = 8 << 20
"""Bytes of one request, and of one open stream in memory: the least that Google recommends.

It must be a multiple of 256 KiB. Smaller parts are slower, since each waits for its answer.
"""

Resource: TypeAlias = Mapping[str, Any]
"""The metadata of an object, from the store's answer."""


@dataclass
class ResumableUpload:
    """An upload session, and the bytes that the store does not have yet.

    Attributes:
        session: The session.
        retry: The policy of retries of each step.
        part: Bytes of one request, a multiple of 256 KiB.
        buffer: Bytes that were written and may not be stored; at most a part.
        start: The offset of the buffer's first byte in the object.
        checksum: CRC32C of all written bytes.
        in_doubt: Whether a request was sent whose outcome is not known.
        broken: Whether a write has failed: the stream has a gap and must not become an object.
    """

    session: UploadSession
    retry: Retry
    part: int
    buffer: bytearray = field(default_factory=bytearray, repr=False)
    start: int = 0
    checksum: google_crc32c.Checksum = field(default_factory=google_crc32c.Checksum)
    in_doubt: bool = False
    broken: bool = False

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self.start + len(self.buffer)

    @property
    def crc32c(self) -> int:
        """The CRC32C of the bytes written so far."""
        return int.from_bytes(self.checksum.digest(), "big")

    def write(self, data: bytes) -> None:
        """Append `data`. The last part is kept back, since it must be marked as the last one."""
        try:
            self._append(data)
        except BaseException:
            self.broken = True
            raise

    def _append(self, data: bytes) -> None:
        self.checksum.update(data)
        rest = memoryview(data)
        while rest:
            if len(self.buffer) == self.part:
                self._send()
            room = self.part - len(self.buffer)
            self.buffer += rest[:room]
            rest = rest[room:]

    def finish(self) -> Resource:
        """Send the rest; returns the metadata of the object, which now exists.

        Raises:
            UnreachableError: if an earlier write has failed.
        """
        if self.broken:
            raise UnreachableError("The stream has a gap, for a write of it has failed. Run again.")
        while True:
            if done := self.retry(self._step)(self.size):
                return done

    def cancel(self) -> None:
        """Cancel the upload."""
        self.session.cancel(self.retry)

    def _send(self) -> None:
        end = self.size
        while self.start < end:
            self.retry(self._step)(None)

    def _step(self, total: int | None) -> Resource | None:
        """Send what is not stored, after asking how much is if that is in doubt; returns the object once it exists."""
        if self.in_doubt:
            done = self._take(self.session.put(b"", "bytes */*"), total, self.start)
            if done or (total is None and not self.buffer):
                return done
        self.in_doubt = True
        crc32c = "" if total is None else base64.b64encode(self.checksum.digest()).decode()
        return self._take(self.session.put(self.buffer, self._range(total), crc32c), total, self.start + 1)

    def _take(self, answer: requests.Response, total: int | None, least: int) -> Resource | None:
        """The object if it exists; else drop what is stored, which must be at least `least` bytes of the object."""
        self.in_doubt = False
        if answer.status_code == requests.codes.permanent_redirect:
            self._drop(kept(answer), least)
            return None
        if total is None:
            raise IntegrityError("Cloud Storage has made an object of a stream that has not ended. Run again.")
        done: Resource = answer.json()
        return done

    def _range(self, total: int | None) -> str:
        told = "*" if total is None else total
        return f"bytes {self.start}-{self.size - 1}/{told}" if self.buffer else f"bytes */{told}"

    def _drop(self, size: int, least: int) -> None:
        if not self.start <= size <= self.size:
            raise IntegrityError(
                f"Cloud Storage tells that it has {size} bytes of {self.start} to {self.size}. Run again."
            )
        if size < least:
            raise ServiceUnavailable("nothing of what was sent is kept")
        self.buffer = self.buffer[size - self.start :]
        self.start = size
