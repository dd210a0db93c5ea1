"""Checks whether an object exists as it was written, by its store's metadata."""

from transforms.errors import IntegrityError, NotFoundError
from transforms.vault.format.object_ref import ObjectRef
from transforms.vault.store.interface import Store


def check_object(store: Store, ref: ObjectRef) -> str | None:
    """What is wrong with an object, by its store's metadata and without reading it; None if nothing is."""
    try:
        stat = store.stat(ref.name, ref.size)
    except NotFoundError:
        return f"{ref.name} is missing."
    except IntegrityError as error:
        return f"{ref.name} cannot be read: {error}"
    if stat.size != ref.size:
        return f"{ref.name} has {stat.size} bytes; it was written with {ref.size}."
    if stat.crc32c != ref.crc32c:
        return f"{ref.name} has CRC32C {stat.crc32c:08x}; it was written with {ref.crc32c:08x}."
    return None
