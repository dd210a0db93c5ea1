"""A step that fails the first time that it is tried."""

from pathlib import Path
from typing import TypeVar

from transforms.errors import UnreachableError

A = TypeVar("A")


def fail_once(element: A, mark: str) -> A:
    """The element; but an error for who makes the mark, a file."""
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return element
    raise UnreachableError("this fails once")
