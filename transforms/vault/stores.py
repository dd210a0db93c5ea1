"""Which store a vault's place is opened with."""

from pathlib import Path

from transforms.errors import UsageError
from transforms.vault.local_store import LocalStore
from transforms.vault.store import Store


def absolute_place(vault: str) -> str:
    """The place that `--vault` names, as every process of this machine understands it."""
    return vault if "://" in vault else str(Path(vault).absolute())


def open_store(vault: str) -> Store:
    """The store at the place that `--vault` names: an absolute or relative path of a local folder.

    Raises:
        UsageError: if the place is of a kind that this version has no store for.
    """
    scheme, separator, _ = vault.partition("://")
    if separator:
        raise UsageError(f"--vault={vault}: {scheme}:// is not supported yet; give the path of a local folder.")
    return LocalStore(absolute_place(vault))


def is_local(vault: str) -> bool:
    """Whether the place that `--vault` names is a folder of this machine."""
    return "://" not in vault
