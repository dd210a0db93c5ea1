"""Emulators in the record of a backup: the backup has the name of a production source, but is of an emulator."""

from collections.abc import Iterator, Mapping
from typing import Any

_SUFFIX = "_emulator_host"


def emulator_notes(options: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each emulator in a backup's recorded options."""
    for name, value in sorted(options.items()):
        if name.endswith(_SUFFIX):
            yield f"made with {name.upper()}={value}: an emulator and not Google's service."
