"""Opens the store at a vault's location."""

import os
import re
from pathlib import Path

from transforms.errors import UsageError
from transforms.vault.store import incoming
from transforms.vault.store.interface import Store
from transforms.vault.store.local import LocalStore

# https://cloud.google.com/storage/docs/buckets#naming; a name with dots may have 222 characters.
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]")
_CLOUD = "gs://"


def absolute_location(vault: str) -> str:
    """The location that `--vault` names, the same for every process of this machine; without a slash at the end.

    Raises:
        UsageError: as `open_store`.
    """
    if is_local(vault):
        return str(Path(vault).absolute())
    return _CLOUD + "/".join(filter(None, _bucket_and_folder(vault)))


def open_store(vault: str) -> Store:
    """The store at the location that `--vault` names: the path of a local folder, or `gs://BUCKET` or `gs://BUCKET/FOLDER`.

    Raises:
        UsageError: if it is neither.
    """
    if is_local(vault):
        return LocalStore(absolute_location(vault))
    from transforms.vault.store.cloud import CloudStore  # slow to import

    return CloudStore(*_bucket_and_folder(vault))


def store_settings(vault: str) -> dict[str, str]:
    """How the store is reached, for the manifest's options: the emulator, if there is one."""
    if is_local(vault):
        return {}
    from transforms.vault.store.cloud_client import EMULATOR

    emulator = os.environ.get(EMULATOR, "")
    return {EMULATOR.lower(): emulator} if emulator else {}


def tidy(vault: str) -> None:
    """Remove what killed writers have left half-written; Cloud Storage itself drops an upload after a week."""
    if is_local(vault):
        incoming.tidy(absolute_location(vault))


def require_folder(vault: str) -> None:
    """Refuse a location of this machine that cannot be a folder.

    Raises:
        UsageError: if it, or the nearest existing location above it, is a file or a device.
    """
    if is_local(vault):
        location = Path(vault).absolute()
        nearest = next(path for path in (location, *location.parents) if os.path.lexists(path))
        if not nearest.is_dir():
            raise _unusable(vault, f"{nearest} is no folder")


def is_local(vault: str) -> bool:
    """Whether the location that `--vault` names is a folder of this machine."""
    return "://" not in vault and not vault.startswith("gs:")


def _bucket_and_folder(vault: str) -> tuple[str, str]:
    """The parts of a location in Cloud Storage; the folder may be empty."""
    if not vault.startswith(_CLOUD):
        scheme, separator, _ = vault.partition("://")
        raise _unusable(vault, f"{scheme}:// is not supported" if separator else "a bucket's name stands after gs://")
    bucket, _, folder = vault.removeprefix(_CLOUD).partition("/")
    folder = folder.removesuffix("/")
    if not _BUCKET.fullmatch(bucket):
        raise _unusable(vault, f"a bucket cannot have the name {bucket!r}")
    if folder and any(part in ("", ".", "..") for part in folder.split("/")):
        raise _unusable(vault, f"the folder {folder!r} has an empty part, or one that is . or ..")
    if not folder.isprintable():
        raise _unusable(vault, f"the folder {folder!r} has characters that cannot be printed")
    return bucket, folder


def _unusable(vault: str, why: str) -> UsageError:
    return UsageError(f"--vault={vault}: {why}. Give the path of a local folder, or gs://BUCKET/FOLDER.")
