"""Emulators in the record of a backup: it lies under production's name and is not of production."""

from collections.abc import Iterator, Mapping
from typing import Any

_SUFFIX = "_emulator_host"


def emulator_notes(options: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for each emulator that a backup's options tell of."""
    for name, value in sorted(options.items()):
        if name.endswith(_SUFFIX):
            yield f"made with {name.upper()}={value}: an emulator and not Google's service."
