"""Level L1: every object of a backup is there, with the size and checksum that it was written with."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import partial

from transforms.errors import IntegrityError, NotFoundError
from transforms.map_ahead import map_ahead
from transforms.vault.format.index import IndexEntry, IndexFile, read_index
from transforms.vault.format.manifest import Manifest
from transforms.vault.format.object_check import check_object
from transforms.vault.format.object_ref import ObjectRef
from transforms.vault.store.interface import Store

LOOKS = 16
"""Objects that are looked at at once: each waits for a request to a store that may be far away."""


def documents(manifest: Manifest) -> list[ObjectRef]:
    """The objects that the manifest names, except index files: intent, attachments and plans."""
    return [manifest.intent_object, *manifest.attachments.values(), *manifest.plans]


def damaged_tables(manifest: Manifest, names: Collection[str]) -> list[str]:
    """The names of the tables whose shards or index files have these names; plans and receipts are shared by tables."""
    folders = {parts[2] for name in names if len(parts := name.split("/")) == 4 and parts[1] == "data"}
    return [
        entry.table.name
        for entry in manifest.tables
        if entry.table.folder in folders or any(part.file.name in names for part in entry.index)
    ]


def entries_or_problem(store: Store, file: IndexFile) -> tuple[list[IndexEntry], str | None]:
    """The entries of an index file and None, or no entries and what is wrong with it."""
    try:
        return read_index(store, file), None
    except NotFoundError:
        return [], f"{file.object.name} is missing."
    except IntegrityError as error:
        return [], str(error)


def objects_of(entries: Iterable[IndexEntry]) -> list[ObjectRef]:
    """The shards and receipts of entries, each once: a receipt is of several shards."""
    return list(dict.fromkeys(ref for entry in entries for ref in (entry.shard.object, entry.receipt)))


def check_objects(store: Store, refs: Sequence[ObjectRef]) -> Iterator[tuple[str, str]]:
    """What is wrong with objects, each problem after the object's name; `LOOKS` of them are looked at at once."""
    problems = map_ahead(partial(check_object, store), refs, LOOKS)
    return ((ref.name, problem) for ref, problem in zip(refs, problems, strict=True) if problem)


def check_inventory(store: Store, manifest: Manifest) -> Iterator[str]:
    """What is wrong with the objects of a backup; `LOOKS` objects, of any index files, are looked at at once."""
    bad_files = list[str]()

    def named() -> Iterator[ObjectRef]:
        yield from documents(manifest)
        for entries, problem in map_ahead(partial(entries_or_problem, store), manifest.index, LOOKS):
            bad_files.extend([problem] if problem else [])
            yield from objects_of(entries)

    yield from filter(None, map_ahead(partial(check_object, store), named(), LOOKS))
    yield from bad_files
