"""Level L1: every object of a backup is there, with the size and checksum that it was written with."""

from collections.abc import Iterator

from transforms.errors import IntegrityError, NotFoundError
from transforms.vault.index import IndexEntry, IndexFile, read_index
from transforms.vault.manifest import Manifest
from transforms.vault.object_ref import ObjectRef
from transforms.vault.store import Store


def documents(manifest: Manifest) -> list[ObjectRef]:
    """The objects that the manifest itself names, but for the index files: intent, attachments and plans."""
    plans = (entry.plan for entry in manifest.tables)
    return [manifest.intent_object, *manifest.attachments.values(), *plans]


def check_object(store: Store, ref: ObjectRef) -> str | None:
    """What is wrong with an object, or None: by what its store knows of it, without reading it."""
    try:
        stat = store.stat(ref.name)
    except NotFoundError:
        return f"{ref.name} is missing."
    if stat.size != ref.size:
        return f"{ref.name} has {stat.size} bytes; it was written with {ref.size}."
    if stat.crc32c != ref.crc32c:
        return f"{ref.name} has CRC32C {stat.crc32c:08x}; it was written with {ref.crc32c:08x}."
    return None


def entries_or_problem(store: Store, file: IndexFile) -> tuple[list[IndexEntry], str | None]:
    """The entries of an index file, or none and what is wrong with it."""
    try:
        return read_index(store, file), None
    except NotFoundError:
        return [], f"{file.object.name} is missing."
    except IntegrityError as error:
        return [], str(error)


def check_inventory(store: Store, manifest: Manifest) -> Iterator[str]:
    """What is wrong with the objects of a backup, one after the other."""
    for ref in documents(manifest):
        yield from _problems(check_object(store, ref))
    for file in (file for entry in manifest.tables for file in entry.index):
        entries, problem = entries_or_problem(store, file)
        yield from _problems(problem)
        for ref in (ref for entry in entries for ref in (entry.shard.object, entry.receipt)):
            yield from _problems(check_object(store, ref))


def _problems(problem: str | None) -> list[str]:
    return [problem] if problem else []
