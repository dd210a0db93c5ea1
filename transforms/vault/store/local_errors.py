"""Translates errors of a file system into Shardkeep's."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from transforms.errors import IntegrityError, ShardkeepError, UnreachableError
from transforms.vault.store.interface import missing, taken

# The errors of opening a link that must not be followed, a socket, a device without a driver: open(2).
NO_FILE = frozenset({errno.ELOOP, errno.ENXIO, errno.ENODEV})


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn a file system's errors in the block into Shardkeep's; `name` is the object's."""
    try:
        yield
    except OSError as error:
        raise _explain(error, name) from error


def no_object(name: str, what: str) -> IntegrityError:
    """The error for a name that is not an object's; `what` it is."""
    return IntegrityError(f"{name} is {what}: a vault holds folders and files alone, and nothing is opened through it.")


def _explain(error: OSError, name: str) -> ShardkeepError:
    where = error.filename or name
    if isinstance(error, FileExistsError):
        return taken(name)
    if isinstance(error, FileNotFoundError):
        return missing(name)
    if error.errno in NO_FILE:
        return no_object(name, "no file but a link or a device")
    if error.errno == errno.ENAMETOOLONG:
        return IntegrityError(f"{name[:200]}... is longer than the name of a file can be.")
    if error.errno in (errno.EOPNOTSUPP, errno.EXDEV, errno.EMLINK):
        return UnreachableError(f"{where}: the file system has no hard links, which a local vault needs: {error}.")
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return UnreachableError(f"{where}: {error.strerror}. Make room in the vault's file system, then run again.")
    return UnreachableError(f"{where}: {error.strerror or error}. Check that the vault can be read and written.")
