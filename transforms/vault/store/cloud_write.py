"""Creates an object in a bucket of Cloud Storage: once, whole, and recognised by its writer."""

import base64
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import google_crc32c
from google.cloud.storage import Blob

from transforms.errors import IntegrityError, UnreachableError
from transforms.vault.store.cloud_client import TIMEOUT, Patience, cloud
from transforms.vault.store.cloud_errors import FAILURES, Doing, explain, explained
from transforms.vault.store.interface import ObjectStat, ObjectWriter, taken
from transforms.vault.store.resumable_upload import ResumableUpload
from transforms.vault.store.upload_session import UploadSession

TOKEN = "shardkeep-write"  # noqa: S105 - a name, not a secret
"""The custom metadata by which a write whose answer was lost recognises its object; random for each write."""

_CONTENT_TYPE = "application/octet-stream"
_IF_NEW = 0
"""The precondition of a creation: generation 0, no such object."""


@dataclass(frozen=True, slots=True)
class CloudWrite:
    """A write with its token.

    Attributes:
        key: The object's whole name in the bucket.
        doing: What messages say: the bucket, and the object's name in the vault.
        token: Random digits, the object's metadata.
        patience: How long requests are retried.
        part: Bytes of one request of a stream.
    """

    key: str
    doing: Doing
    token: str
    patience: Patience
    part: int

    def blob(self) -> Blob:
        """The object, without metadata."""
        return cloud().client.bucket(self.doing.bucket).blob(self.key)

    def marked(self) -> Blob:
        """The object with the metadata to write."""
        blob = self.blob()
        blob.metadata = {TOKEN: self.token}
        return blob


def new_token() -> str:
    """A write with a new token."""
    return secrets.token_hex(16)


def put(write: CloudWrite, data: bytes) -> None:
    """Create the object by one request with `data` and its checksum.

    Raises:
        ExistsError: if the name is taken.
        IntegrityError: if the object exists with other bytes.
        UnreachableError: if it cannot be created or verified.
    """
    _check(write, _settle(write, lambda: _insert(write, data)), len(data), google_crc32c.value(data))


def _insert(write: CloudWrite, data: bytes) -> ObjectStat:
    blob, retry = write.marked(), write.patience.retry()
    blob.upload_from_string(
        data, _CONTENT_TYPE, if_generation_match=_IF_NEW, checksum="crc32c", timeout=TIMEOUT, retry=retry
    )
    return stat_of(write.doing.name, blob.size, blob.crc32c)


@contextmanager
def stream(write: CloudWrite) -> Iterator[ObjectWriter]:
    """Create the object from a stream; an exception of any kind cancels it.

    Raises:
        ExistsError, IntegrityError, UnreachableError: as `put`.
    """
    upload = _begin(write)
    try:
        yield _Writer(upload, write.doing)
        stat = _settle(write, lambda: _finish(write, upload))
    except BaseException:
        upload.cancel()
        raise
    _check(write, stat, upload.size, upload.crc32c)


def _begin(write: CloudWrite) -> ResumableUpload:
    retry = write.patience.retry()
    try:
        url = write.marked().create_resumable_upload_session(
            _CONTENT_TYPE, if_generation_match=_IF_NEW, checksum=None, timeout=TIMEOUT, retry=retry
        )
    except FAILURES as error:
        _own(write)  # for a taken name, the answer may also be a missing right to delete
        raise explain(error, write.doing) from error
    return ResumableUpload(UploadSession(cloud().session, url), retry, write.part)


def _finish(write: CloudWrite, upload: ResumableUpload) -> ObjectStat:
    done = upload.finish()
    return stat_of(write.doing.name, done.get("size"), done.get("crc32c"))


@dataclass(frozen=True, slots=True)
class _Writer:
    upload: ResumableUpload
    doing: Doing

    def write(self, data: bytes) -> None:
        with explained(self.doing):
            self.upload.write(data)


def _settle(write: CloudWrite, publish: Callable[[], ObjectStat]) -> ObjectStat:
    """Publish the object; if that seems to fail, look whether the object exists and is ours."""
    try:
        return publish()
    except FAILURES as error:
        if own := _own(write):
            return own
        raise explain(error, write.doing) from error


def _own(write: CloudWrite) -> ObjectStat | None:
    """The object's stat if this write created it; None if not, or if it cannot be read."""
    blob = write.blob()
    try:
        blob.reload(timeout=TIMEOUT, retry=write.patience.retry())
    except FAILURES:
        return None  # the failure that led here is the one to report
    if (blob.metadata or {}).get(TOKEN) != write.token:
        raise taken(write.doing.name)
    return stat_of(write.doing.name, blob.size, blob.crc32c)


def stat_of(name: str, size: "int | str | None", crc32c: str | None) -> ObjectStat:
    """The stat of an object from its metadata.

    Args:
        name: The object's name in the vault.
        size: Bytes.
        crc32c: In the form of the JSON API: base64 of four bytes, the highest first.

    Raises:
        UnreachableError: if size or checksum is missing.
    """
    if size is None or not crc32c:
        raise UnreachableError(
            f"{name} cannot be verified: Cloud Storage tells no checksum of it. An object that is encrypted with a key "
            "that Google does not have (CSEK) has none; use a key of Cloud KMS for the bucket, or none."
        )
    return ObjectStat(name, int(size), int.from_bytes(base64.b64decode(crc32c), "big"))


def _check(write: CloudWrite, stat: ObjectStat, size: int, crc32c: int) -> None:
    """Compare the store's metadata with size and checksum of the written bytes."""
    if (stat.size, stat.crc32c) != (size, crc32c):
        raise IntegrityError(
            f"{write.doing.name}: {size} bytes with CRC32C {crc32c:08x} were written, and Cloud Storage tells of "
            f"{stat.size} bytes with {stat.crc32c:08x}. The object gs://{write.doing.bucket}/{write.key} is an orphan: "
            "nothing names it, and a writer's rights do not suffice to delete it. Run again."
        )
