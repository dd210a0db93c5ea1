"""Values of JSON objects that come from a vault, each taken as what it must be."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from transforms.errors import IntegrityError
from transforms.postgres.identifiers import statement_bytes

T = TypeVar("T")
INT2 = range(0, 1 << 15)
INT4 = range(-(1 << 31), 1 << 31)
INT8 = range(-(1 << 63), 1 << 63)
OID = range(1, 1 << 32)


def text_of(data: Any) -> str:  # noqa: ANN401 - it may be anything
    """A text by itself, such as an item of a list; see `Fields.text`."""
    return Fields({"text": data}, "a list").text("text")


class Fields:
    """The fields of a JSON object, or the items of a list, by their places.

    Every method raises `ValueError`, which names the field, if the field is missing or is something else.
    """

    def __init__(self, data: Any, what: str, names: Sequence[str] = ()) -> None:  # noqa: ANN401 - it may be anything
        """Take an object, or a list of as many items as `names`; `what` it is, for people."""
        self._what = what
        if names:
            if not isinstance(data, list) or len(data) != len(names):
                raise ValueError(f"{what} is no list of {', '.join(names)}")
            data = dict(zip(names, data, strict=True))
        if not isinstance(data, dict):
            raise ValueError(f"{what} is no JSON object")
        self._data: dict[str, Any] = data

    def text(self, name: str) -> str:
        """A text that a database can hold: without zero bytes, and UTF-8 or bytes as surrogate escapes."""
        value = self._typed(name, str)
        try:
            statement_bytes(value)
        except IntegrityError as error:
            raise ValueError(f"{self._of(name)}: {error}") from error
        return value

    def name(self, name: str) -> str:
        """A text that is not empty."""
        if not (text := self.text(name)):
            raise ValueError(f"{self._of(name)} is empty")
        return text

    def word(self, name: str, words: Sequence[str] | frozenset[str]) -> str:
        """One of a few texts."""
        if (text := self.text(name)) not in words:
            raise ValueError(f"{self._of(name)} is {text[:40]!r}, none of {', '.join(sorted(words))}")
        return text

    def number(self, name: str, within: range) -> int:
        """A whole number; `within` what it must be."""
        value = self._typed(name, int)
        if isinstance(value, bool) or value not in within:
            raise ValueError(f"{self._of(name)} is no whole number from {within[0]} to {within[-1]}")
        return value

    def flag(self, name: str) -> bool:
        """True or false."""
        return self._typed(name, bool)

    def mapping(self, name: str) -> dict[str, Any]:
        """A JSON object."""
        return self._typed(name, dict)

    def items(self, name: str, read: Callable[[Any], T]) -> tuple[T, ...]:
        """A list, each item of it as `read` takes it."""
        return tuple(map(read, self._typed(name, list)))

    def optional(self, name: str, read: Callable[[Any], T]) -> T | None:
        """None for null; else what `read` makes of the field."""
        value = self._get(name)
        return None if value is None else read(value)

    def _typed(self, name: str, kind: type[T]) -> T:
        value = self._get(name)
        if not isinstance(value, kind):
            raise ValueError(f"{self._of(name)} is no {kind.__name__}")
        return value

    def _get(self, name: str) -> Any:  # noqa: ANN401 - it may be anything
        if name not in self._data:
            raise ValueError(f"{self._of(name)} is missing")
        return self._data[name]

    def _of(self, name: str) -> str:
        return f"{name} of {self._what}"
