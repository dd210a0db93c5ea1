"""The attachments of the memory room: the names of all tables, and their sizes."""

import json

from transforms.errors import IntegrityError

NAMES, SIZES = "names.txt", "sizes.json"


def parse_names(data: bytes) -> tuple[str, ...]:
    """The names of all tables."""
    try:
        return tuple(data.decode("ascii").split())
    except UnicodeDecodeError as error:
        raise IntegrityError(f"{NAMES} is not the text that this room writes: {error}") from error


def check_attachment(name: str, data: bytes) -> None:
    """See `CheckAttachment`."""
    if name == NAMES:
        parse_names(data)
    elif name == SIZES:
        try:
            json.loads(data)
        except (ValueError, RecursionError) as error:
            raise IntegrityError(f"{SIZES} is not the JSON that this room writes: {error}") from error
