"""Reads fields of JSON objects from a vault, and checks that a PostgreSQL database can hold their values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from transforms.errors import IntegrityError
from transforms.json_fields import Fields
from transforms.postgres.names.identifiers import statement_bytes

T = TypeVar("T")
INT2 = range(0, 1 << 15)
INT4 = range(-(1 << 31), 1 << 31)
INT8 = range(-(1 << 63), 1 << 63)
OID = range(1, 1 << 32)


def text_of(data: object) -> str:
    """A single text, such as an item of a list; see `SqlFields.text`."""
    return SqlFields({"text": data}, "a list").text("text")


@dataclass(frozen=True, slots=True)
class SqlFields(Fields):
    """The fields of a JSON object, or the items of a list by position; `what` names it in messages."""

    what: str = ""

    @classmethod
    def of(cls, value: object, what: str, names: Sequence[str] = ()) -> "SqlFields":
        """Make it of an object, or of a list with as many items as `names`; raises ValueError for anything else."""
        if names:
            if not isinstance(value, list) or len(value) != len(names):
                raise ValueError(f"{what} is no list of {', '.join(names)}")
            value = dict(zip(names, value, strict=True))
        return cls(Fields.of(value, what).value, what)

    def text(self, name: str) -> str:
        """A text that a database can hold: without zero bytes; bytes that are not UTF-8 are surrogate escapes."""
        value = Fields.text(self, name)  # a class with slots knows no bare super()
        try:
            statement_bytes(value)
        except IntegrityError as error:
            raise ValueError(f"{self._of(name)}: {error}") from error
        return value

    def name(self, name: str) -> str:
        """A non-empty text."""
        if not (text := self.text(name)):
            raise ValueError(f"{self._of(name)} is empty")
        return text

    def word(self, name: str, words: Sequence[str] | frozenset[str]) -> str:
        """One of the allowed texts."""
        if (text := self.text(name)) not in words:
            raise ValueError(f"{self._of(name)} is {text[:40]!r}, none of {', '.join(sorted(words))}")
        return text

    def integer(self, name: str, within: range) -> int:
        """A whole number in the range `within`."""
        value: int = self.field(name)
        if type(value) is not int or value not in within:
            raise ValueError(f"{self._of(name)} is no whole number from {within[0]} to {within[-1]}")
        return value

    def items(self, name: str, read: Callable[[Any], T]) -> tuple[T, ...]:
        """A list, each item converted by `read`."""
        return tuple(map(read, self.array(name)))

    def optional(self, name: str, read: Callable[[Any], T]) -> T | None:
        """None for null, else the field converted by `read`."""
        value = self.field(name)
        return None if value is None else read(value)

    def _of(self, name: str) -> str:
        return f"{name} of {self.what}"
