"""The keys at which a new table is split before it is written: into parts of equal size, by the index."""

from collections.abc import Iterable, Iterator

from transforms.vault.format.index import read_index
from transforms.vault.format.manifest import Manifest
from transforms.vault.format.shard import Chunk
from transforms.vault.store.interface import Store

SPLIT_SIZE = 128 << 20
"""Bytes of records between two keys."""

MOST_SPLITS = 1000
"""Most keys of one table."""


def splits_of(store: Store, manifest: Manifest, place: int) -> Iterator[bytes]:
    """The keys for the table at a place of a manifest; its index is read when the first is asked for.

    Raises:
        IntegrityError: if an index file is not what the manifest says.
    """
    entry = manifest.tables[place]
    size = max(SPLIT_SIZE, entry.totals.bytes // MOST_SPLITS)
    if entry.totals.bytes <= size:
        return  # a small table shares its index file with others
    names = {part.file.name for part in entry.index}
    files = (file for file in manifest.index if file.object.name in names)
    entries = (item for file in files for item in read_index(store, file) if item.place == place)
    chunks = (chunk for item in entries for chunk in item.shard.chunks)
    # Rows in a named space have no keys of the table's order.
    yield from splits((chunk for chunk in chunks if not chunk.range.space), size)


def splits(chunks: Iterable[Chunk], size: int) -> Iterator[bytes]:
    """Keys that cut the chunks, in key order, into parts of at least `size` bytes of records."""
    held = 0
    for chunk in chunks:
        if held >= size and chunk.range.start:
            yield chunk.range.start
            held = 0
        held += chunk.bytes
