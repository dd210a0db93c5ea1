"""Reads fields of untrusted JSON objects, each checked to have the type and range that the format gives it."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from transforms.errors import IntegrityError

LARGEST = (1 << 63) - 1
"""The largest whole number of a vault: Avro's `long`."""

_FAULTS = (ArithmeticError, AttributeError, EOFError, LookupError, RecursionError, TypeError, ValueError)


@contextmanager
def blamed_on(name: str) -> Iterator[None]:
    """Turn any error that unexpected content causes into one that names the object.

    Raises:
        IntegrityError: if the block raises an error that the object's content causes.
    """
    try:
        yield
    except _FAULTS as error:
        raise IntegrityError(f"{name} is not of the known form: {str(error) or type(error).__name__}.") from error


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object; every method raises ValueError, naming the field, where it is missing or of another type."""

    value: Mapping[str, Any]

    @classmethod
    def of(cls, value: object, what: str) -> "Fields":
        """The fields of a JSON value, which must be an object; `what` names it in the message."""
        if not isinstance(value, dict):
            raise ValueError(f"{what} is no object")
        return cls(value)

    def field(self, name: str) -> Any:  # noqa: ANN401 -- any JSON value
        """A field of any type."""
        if name not in self.value:
            raise ValueError(f"the field {self._of(name)} is missing")
        return self.value[name]

    def text(self, name: str) -> str:
        """A string."""
        return _text(self.field(name), self._of(name))

    def number(self, name: str, most: int = LARGEST) -> int:
        """A whole number from 0 to `most`; true and 1.0 are none."""
        return whole(self.field(name), self._of(name), most)

    def truth(self, name: str) -> bool:
        """True or false."""
        if not isinstance(value := self.field(name), bool):
            raise ValueError(f"{self._of(name)} is neither true nor false")
        return value

    def digits(self, name: str, count: int) -> str:
        """A string of `count` lower-case hexadecimal digits."""
        if not re.fullmatch(rf"[0-9a-f]{{{count}}}", text := self.text(name)):
            raise ValueError(f"{self._of(name)} is not made of {count} lower-case hexadecimal digits")
        return text

    def texts(self, name: str) -> tuple[str, ...]:
        """An array of strings."""
        return tuple(_text(item, self._of(name)) for item in self.array(name))

    def array(self, name: str) -> list[Any]:
        """An array of any values."""
        if not isinstance(value := self.field(name), list):
            raise ValueError(f"{self._of(name)} is no array")
        return value

    def object(self, name: str) -> "Fields":
        """An object."""
        return Fields.of(self.field(name), self._of(name))

    def objects(self, name: str) -> "list[Fields]":
        """An array of objects."""
        return [Fields.of(item, self._of(name)) for item in self.array(name)]

    def _of(self, name: str) -> str:
        """The field's name for the message."""
        return name


def whole(value: object, what: str, most: int = LARGEST) -> int:
    """A whole number from 0 to `most`; `what` names it in the message.

    Raises:
        ValueError: if it is anything else.
    """
    if type(value) is not int or not 0 <= value <= most:
        raise ValueError(f"{what} is no whole number from 0 to {most}")
    return value


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value
