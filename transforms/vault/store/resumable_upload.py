"""A resumable upload to Cloud Storage: an object from a stream, in bounded memory, that survives lost answers.

Google's `BlobWriter` is meant for the same, but (in 3.17) its `terminate` asks for the wrong address and cancels
nothing; and where the store keeps only the beginning of a part, as it may, it fails, or in the last part even succeeds
without an object. `tests/transforms/vault/test_blob_writer.py` says when it no longer does.

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
"""Bytes that one request carries, and that one open stream holds in memory: the least that Google recommends.

It must be a multiple of 256 KiB. Smaller ones cost speed, for each part waits for its answer.
"""

Resource: TypeAlias = Mapping[str, Any]
"""The JSON form of an object, as the store tells it when it exists."""


@dataclass
class ResumableUpload:
    """An upload session and the bytes that it does not have yet.

    Attributes:
        session: The session.
        retry: How patiently each step is tried.
        part: Bytes that one request carries, a multiple of 256 KiB.
        buffer: What was written and is not known to be kept; at most a part.
        start: The offset of the buffer's first byte in the object.
        checksum: CRC32C of all that was written.
        in_doubt: Whether a request was sent whose effect is not known.
        broken: Whether a write has failed; then the stream has a gap and must not become an object.
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
        """Bytes that were written so far."""
        return self.start + len(self.buffer)

    @property
    def crc32c(self) -> int:
        """The checksum of them."""
        return int.from_bytes(self.checksum.digest(), "big")

    def write(self, data: bytes) -> None:
        """Append `data`. The last part is kept back, for it must be sent as the last one."""
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
        """Send the rest; returns the object, which exists now.

        Raises:
            UnreachableError: if a write has failed before.
        """
        if self.broken:
            raise UnreachableError("The stream has a gap, for a write of it has failed. Run again.")
        while True:
            if done := self.retry(self._step)(self.size):
                return done

    def cancel(self) -> None:
        """End it without an object."""
        self.session.cancel(self.retry)

    def _send(self) -> None:
        end = self.size
        while self.start < end:
            self.retry(self._step)(None)

    def _step(self, total: int | None) -> Resource | None:
        """Send what is not kept, and before it, if that is in doubt, ask; returns the object once it exists."""
        if self.in_doubt:
            done = self._take(self.session.put(b"", "bytes */*"), total, self.start)
            if done or (total is None and not self.buffer):
                return done
        self.in_doubt = True
        crc32c = "" if total is None else base64.b64encode(self.checksum.digest()).decode()
        return self._take(self.session.put(self.buffer, self._range(total), crc32c), total, self.start + 1)

    def _take(self, answer: requests.Response, total: int | None, least: int) -> Resource | None:
        """The object if it exists; else forget what is kept, which must be `least` bytes of the object or more."""
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
