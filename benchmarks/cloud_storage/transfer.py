"""One timed transfer: the same bytes written, or read again, in one of the ways."""

import argparse
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from google.cloud.storage import Blob

from benchmarks.stopwatch import Stopwatch
from transforms.vault.store.cloud import CloudStore
from transforms.vault.store.cloud_client import cloud
from transforms.vault.store.opening import open_store
from transforms.vault.store.resumable_upload import PART

PIECE = bytes(range(256)) * (1 << 12)
"""A MiB: about as much as a shard's writer passes on at once."""


def one_request(store: CloudStore, size: int) -> int:
    """The ceiling: all bytes in one request, from memory."""
    blob(store, "one").upload_from_string(PIECE * (size // len(PIECE)), if_generation_match=0)
    return size


def our_stream(store: CloudStore, size: int) -> int:
    """What a backup does."""
    with store.create("ours") as writer:
        for piece in pieces(size):
            writer.write(piece)
    return size


def blob_writer(store: CloudStore, size: int) -> int:
    """The client library's stream, with chunks of our size."""
    with blob(store, "library").open("wb", chunk_size=PART, if_generation_match=0) as writer:
        return sum(writer.write(piece) for piece in pieces(size))


def our_read(store: CloudStore, size: int) -> int:
    """What a restore does: a ranged read of what `our_stream` wrote."""
    return len(store.read("ours", 0, size))


def library_read(store: CloudStore, size: int) -> int:
    """The client library's download of the same bytes."""
    return len(blob(store, "library").download_as_bytes())


WAYS: Mapping[str, Callable[[CloudStore, int], int]] = {
    "one request": one_request,
    "our stream": our_stream,
    "BlobWriter": blob_writer,
    "our read": our_read,
    "download_as_bytes": library_read,
}


def blob(store: CloudStore, name: str) -> Blob:
    """The client library's object of this name."""
    return cloud().client.bucket(store.bucket).blob(f"{store.folder}/{name}")


def pieces(size: int) -> Iterator[bytes]:
    """Yield `size` bytes, a MiB at a time."""
    for _ in range(size // len(PIECE)):
        yield PIECE


def main(argv: Sequence[str] | None = None) -> None:
    """Do one transfer and print what it took."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cloud_storage.transfer", allow_abbrev=False)
    parser.add_argument("--way", required=True, choices=WAYS)
    parser.add_argument("--place", required=True)
    parser.add_argument("--size", required=True, type=int)
    options = parser.parse_args(argv)
    store = cast(CloudStore, open_store(options.place))
    cloud()  # connects before the work is timed
    with Stopwatch() as stopwatch:
        size = WAYS[options.way](store, options.size)
    stopwatch.report(0, size)


if __name__ == "__main__":
    main()
