"""A store in a bucket of Cloud Storage."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace

import google_crc32c
from google.api_core.exceptions import NotFound, PreconditionFailed, RequestRangeNotSatisfiable
from google.api_core.page_iterator import HTTPIterator
from google.api_core.retry import Retry
from google.cloud.storage import Blob

from transforms.errors import ExistsError, IntegrityError
from transforms.vault.store import cloud_write
from transforms.vault.store.cloud_client import PATIENCE, TIMEOUT, Patience, cloud
from transforms.vault.store.cloud_errors import CREATE, DELETE, GET, LIST, Doing, explained, is_of_bucket
from transforms.vault.store.cloud_write import CloudWrite, new_token, stat_of
from transforms.vault.store.interface import ObjectGroup, ObjectStat, ObjectWriter
from transforms.vault.store.put_group import put_group
from transforms.vault.store.resumable_upload import PART


@dataclass(frozen=True, slots=True)
class CloudStore:
    """Objects of `bucket` whose names begin with `folder` and a slash, or all of them if `folder` is empty.

    Creating needs roles/storage.objectCreator, everything else but deleting roles/storage.objectViewer.

    Attributes:
        bucket: Its name.
        folder: The folder, with slashes between its parts.
        patience: How long each request is retried; those of streams longer.
        part: Bytes of one request of a stream, and its memory; a multiple of 256 KiB.
    """

    bucket: str
    folder: str = ""
    patience: Patience = PATIENCE
    part: int = PART

    def put(self, name: str, data: bytes) -> None:
        """Create the object `name` whole; see `cloud_write.put`. Large objects are streamed."""
        if len(data) <= self.part:
            cloud_write.put(self._write(name), data)
            return
        with self.create(name) as writer:
            writer.write(data)

    def create(self, name: str) -> AbstractContextManager[ObjectWriter]:
        """Create the object `name` from a stream; see `Store.create`, `cloud_write.stream` and `Patience.of_stream`."""
        return cloud_write.stream(replace(self._write(name), patience=self.patience.of_stream()))

    def group(self) -> AbstractContextManager[ObjectGroup]:
        """See `Store.group`: an object is durable as soon as it exists."""
        return put_group(self)

    def read(self, name: str, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of an object; see `Store.read`.

        Raises:
            IntegrityError: if the object was read whole, and its bytes do not have its checksum. For a part, the store
                has none.
        """
        if length == 0:
            self.stat(name)  # raises if there is none
            return b""
        blob = self._blob(name)
        with explained(self._doing(name, GET)):
            data = self._download(blob, start, None if length is None else start + length - 1)
        is_whole = start == 0 and (length is None or len(data) < length)
        if is_whole and stat_of(name, len(data), blob.crc32c).crc32c != google_crc32c.value(data):
            raise IntegrityError(f"{name}: the bytes that were read do not have the object's CRC32C, {blob.crc32c}.")
        return data

    def _download(self, blob: Blob, start: int, end: int | None) -> bytes:
        """Bytes as they are stored: no Content-Encoding is decoded."""
        try:
            data: bytes = blob.download_as_bytes(
                start=start or None, end=end, raw_download=True, checksum=None, timeout=TIMEOUT, retry=self._retry()
            )
        except RequestRangeNotSatisfiable:
            return b""  # the object ends before `start`
        return data

    def stat(self, name: str, size: int | None = None) -> ObjectStat:
        """Size and checksum of an object from its metadata; see `Store.stat`."""
        blob = self._blob(name)
        with explained(self._doing(name, GET)):
            blob.reload(timeout=TIMEOUT, retry=self._retry())
        return stat_of(name, blob.size, blob.crc32c)

    def list(self, prefix: str) -> Iterator[str]:
        """Names of the objects that begin with `prefix`, sorted; asked page by page."""
        with explained(self._doing(prefix, LIST)):
            for blob in self._listing(prefix, "items(name),nextPageToken"):
                yield blob.name[len(self._key("")) :]

    def sizes(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Names and sizes of the objects that begin with `prefix`, sorted by name; asked page by page."""
        with explained(self._doing(prefix, LIST)):
            for blob in self._listing(prefix, "items(name,size),nextPageToken"):
                yield blob.name[len(self._key("")) :], blob.size

    def folders(self, prefix: str) -> Iterator[str]:
        """The parts that follow `prefix` in names with a further `/`, sorted; see `Store.folders`."""
        with explained(self._doing(prefix, LIST)):
            listing = self._listing(prefix, "prefixes,nextPageToken", delimiter="/")
            found = {folder for page in listing.pages for folder in page.prefixes}
        yield from sorted(folder.removesuffix("/")[len(self._key(prefix)) :] for folder in found)

    def delete(self, name: str) -> None:
        """Remove an object, but not one that replaces it meanwhile; a missing one is no error."""
        blob = self._blob(name)
        with explained(self._doing(name, DELETE)):
            try:
                blob.reload(timeout=TIMEOUT, retry=self._retry())
                blob.delete(if_generation_match=blob.generation, timeout=TIMEOUT, retry=self._retry())
            except NotFound as error:
                if is_of_bucket(error):
                    raise
            except PreconditionFailed as error:
                raise ExistsError(
                    f"{name} was replaced while it was to be deleted; what is there now stays."
                ) from error

    def _key(self, name: str) -> str:
        return f"{self.folder}/{name}" if self.folder else name

    def _blob(self, name: str) -> Blob:
        return cloud().client.bucket(self.bucket).blob(self._key(name))

    def _listing(self, prefix: str, fields: str, delimiter: str | None = None) -> HTTPIterator:
        listing: HTTPIterator = cloud().client.list_blobs(
            self.bucket,
            prefix=self._key(prefix) or None,
            delimiter=delimiter,
            fields=fields,
            timeout=TIMEOUT,
            retry=self._retry(),
        )
        return listing

    def _write(self, name: str) -> CloudWrite:
        return CloudWrite(self._key(name), self._doing(name, CREATE), new_token(), self.patience, self.part)

    def _doing(self, name: str, permission: str) -> Doing:
        return Doing(self.bucket, name, permission)

    def _retry(self) -> Retry:
        return self.patience.retry()
