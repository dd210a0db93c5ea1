"""Comparing JSON values and Avro schemas with the tables of fields in a document."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

PLAIN = {"string": str, "integer": int, "boolean": bool}

Fields = Mapping[str, str]


@dataclass
class JsonCheck:
    """Holds JSON values against types as the document writes them, and remembers which fields it has seen."""

    tables: Mapping[str, Fields]
    seen: set[tuple[str, str]] = field(default_factory=set)

    def problems(self, value: Any, kind: str, where: str) -> Iterator[str]:  # noqa: ANN401
        if kind.endswith(" or null"):
            if value is not None:
                yield from self.problems(value, kind.removesuffix(" or null"), where)
        elif " or " in kind:
            yield from self._any(value, kind.split(" or "), where)
        elif kind.startswith("array of "):
            yield from self._all(value, list, range(len(value)), kind.removeprefix("array of "), where)
        elif kind.startswith("map of "):
            yield from self._all(value, dict, value, kind.removeprefix("map of "), where)
        elif kind == "JSON":
            return
        elif kind in PLAIN:
            if type(value) is not PLAIN[kind]:
                yield f"{where} is {value!r}, not a {kind}"
        else:
            yield from self._object(value, kind, where)

    def _any(self, value: Any, kinds: Sequence[str], where: str) -> Iterator[str]:  # noqa: ANN401
        """Whatever is wrong with the value as one of several kinds, if it is not right as another."""
        checks = [JsonCheck(self.tables) for _ in kinds]
        found = [list(check.problems(value, kind, where)) for check, kind in zip(checks, kinds, strict=True)]
        fewest = min(range(len(kinds)), key=lambda place: len(found[place]))
        self.seen |= checks[fewest].seen
        yield from found[fewest]

    def _all(self, value: Any, container: type, keys: Any, kind: str, where: str) -> Iterator[str]:  # noqa: ANN401
        if type(value) is not container:
            yield f"{where} is {value!r}, not a {container.__name__}"
        for key in keys:
            yield from self.problems(value[key], kind, f"{where}[{key}]")

    def _object(self, value: dict[str, Any], name: str, where: str) -> Iterator[str]:
        fields = self.tables[name]
        needed = {key for key, kind in fields.items() if not kind.endswith(", optional")}
        yield from (f"{where} lacks {key}, which the document has in {name}" for key in needed - value.keys())
        yield from (f"{where} has {key}, which the document does not have in {name}" for key in value - fields.keys())
        for key in fields.keys() & value.keys():
            self.seen.add((name, key))
            yield from self.problems(value[key], fields[key].removesuffix(", optional"), f"{where}.{key}")


@dataclass
class AvroRecords:
    """The record types of Avro schemas: for each, its fields and their types as the document writes them."""

    records: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    _names: dict[str, str] = field(default_factory=dict)

    def add(self, schema: Any) -> str:  # noqa: ANN401
        """Take in a schema; returns its type in the document's words."""
        if isinstance(schema, str):
            return self._names.get(schema, schema)
        kind = schema["type"]
        if kind == "array":
            return f"array of {self.add(schema['items'])}"
        if kind not in ("record", "fixed"):
            return self.add(kind)
        name = schema["name"].rpartition(".")[2]
        self._names[schema["name"]] = name if kind == "record" else f"fixed({schema['size']})"
        if kind == "record":
            self.records[name] = [(item["name"], self.add(item["type"])) for item in schema["fields"]]
        return self._names[schema["name"]]
