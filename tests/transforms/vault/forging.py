"""Vaults whose documents say something else, with all digests and sums as their writer would have made them."""

import base64
import copy
import io
import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import fastavro

from transforms.key_range import printable
from transforms.vault.format.manifest import rfc3339
from transforms.vault.format.object_ref import refer
from transforms.vault.format.sealed_json import SEAL, canonical, seal
from transforms.vault.format.totals import HASH

Place = tuple[Any, ...]
"""Where a value lies in a JSON value or in a list of records: keys and numbers, from the outside in."""

SUMS = ("rows", "records", "bytes", "stored_bytes")
LONG, LONG_LEAST = 2**63 - 1, -(2**63)
GONE = object()
"""Instead of a value: its field is taken away."""


def deep(depth: int) -> Any:  # noqa: ANN401
    """Arrays in arrays."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


OF_JSON: tuple[Any, ...] = (
    GONE, None, True, False, -1, 0, 1, 2, 2**31, 2**57, 2**63, 10**300, 1.5, "", "x", "\0", "\ud800", "\udc80",
    "a\x1b[31m", "../../x", "/etc/passwd", "20250101T000000Z-000000/plan/t.avro", "0" * 32, "0" * 64,
    "9999-12-31T23:59:59.999999Z", "0000-00-00T00:00:00.000000Z", "{", "[" * 100_000, '{"type": "record"}', "A" * 300,
    [], [[]], {}, {"a": {}}, [None], ["a", "b"], [0, 1], [-1], deep(100), deep(190),
)  # fmt: skip
OF_LONG = (LONG_LEAST, -1, 0, 1, 2, 255, 2**31, 2**32, 2**57, 2**62, LONG)
OF_TEXT = (
    "",
    "x",
    "\0",
    "../../x",
    "/etc/passwd",
    "nulls",
    "20250101T000000Z-000000/data/t/000000-0000000000000000.avro",
)
OF_BYTES = (b"", b"\0", b"x", b"\xff" * 200)


def places(value: object, place: Place = ()) -> Iterator[Place]:
    """The places of all values in a value, but of itself."""
    if place:
        yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from places(item, (*place, key))


def at(value: Any, place: Place) -> Any:  # noqa: ANN401
    """The value at a place."""
    for key in place:
        value = value[key]
    return value


def changed(value: Any, place: Place, new: Any) -> Any:  # noqa: ANN401
    """A copy of `value` with another one at a place, or without one."""
    other = copy.deepcopy(value)
    held = at(other, place[:-1])
    if new is GONE:
        del held[place[-1]]
    else:
        held[place[-1]] = new
    return other


def others(value: object) -> tuple[Any, ...]:
    """What may stand in an Avro file instead of a value."""
    if isinstance(value, int):
        return OF_LONG
    if isinstance(value, str):
        return OF_TEXT
    if isinstance(value, bytes):
        return tuple(new[:1] * len(value) for new in OF_BYTES[1:]) if len(value) in (16, 32) else OF_BYTES
    return ([], [*value, *value], value[::-1]) if isinstance(value, list) else ()


@dataclass(frozen=True)
class Forge:
    """A backup's folder in a vault; what is changed in it can be undone.

    Attributes:
        root: The vault's folder.
        folder: The backup's.
    """

    root: Path
    folder: Path

    @property
    def manifest(self) -> Path:
        return self.folder / "MANIFEST.json"

    def documents(self) -> list[Path]:
        """All objects but shards."""
        found = [path for path in self.folder.rglob("*") if path.is_file() and not self._is_shard(path)]
        return [self.root / "VAULT.json", *sorted(found)]

    def _is_shard(self, path: Path) -> bool:
        return path.suffix == ".avro" and "data" in path.relative_to(self.folder).parts

    def value(self, path: Path) -> Any:  # noqa: ANN401
        """What a document holds: a JSON value without its seal, or records."""
        data = path.read_bytes()
        if data.startswith(b"Obj\x01"):
            return list(fastavro.reader(io.BytesIO(data)))
        value = json.loads(data)
        return {key: item for key, item in value.items() if key != SEAL} if isinstance(value, dict) else value

    def put(self, path: Path, value: Any) -> None:  # noqa: ANN401
        """Let a document hold another value, and all that name it name it as it is then."""
        data = path.read_bytes()
        self.put_bytes(path, self._encoded(data, value))

    def _encoded(self, data: bytes, value: Any) -> bytes:  # noqa: ANN401
        if not data.startswith(b"Obj\x01"):
            sealed = SEAL in json.loads(data)
            return seal(value) if sealed else canonical(value)
        buffer = io.BytesIO()
        schema = fastavro.reader(io.BytesIO(data)).writer_schema
        fastavro.writer(buffer, schema, value, codec="deflate", sync_marker=b"Shardkeep vault\n")
        return buffer.getvalue()

    def put_bytes(self, path: Path, data: bytes) -> None:
        """Let a document have other bytes; see `put`."""
        self._write(path, data)
        if path in (self.manifest, self.root / "VAULT.json"):
            return
        for index in sorted((self.folder / "index").iterdir()):
            self._name_again(index, path, data)
        self._name_in_manifest(path, data)

    def _write(self, path: Path, data: bytes) -> None:
        path.unlink()
        path.write_bytes(data)

    def _name_again(self, index: Path, path: Path, data: bytes) -> None:
        """Let the entries of an index file that name a receipt name its new bytes."""
        name, records, hit = self._name(path), self.value(index), False
        for record in records:
            if record["receipt"]["name"] == name:
                ref = refer(name, data)
                record["receipt"].update(size=ref.size, crc32c=ref.crc32c, sha256=ref.sha256)
                hit = True
        if hit:
            self.put(index, records)

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder.parent).as_posix()

    def _name_in_manifest(self, path: Path, data: bytes) -> None:
        value = self.value(self.manifest)
        ref = refer(self._name(path), data).to_json()
        for place in list(places(value)):
            held = at(value, place)
            if isinstance(held, dict) and held.get("name") == ref["name"] and "sha256" in held:
                held.update(ref)
        for number, file in enumerate(value["index"]):
            if file["name"] == ref["name"]:
                _sum_file(value, number, list(fastavro.reader(io.BytesIO(data))))
        _sum_tables(value)
        self._write(self.manifest, seal(value))


def _sum_file(value: dict[str, Any], place: int, records: list[Any]) -> None:
    """Let the manifest say of each part of an index file what its entries add up to, as far as there is such a part."""
    parts = [part for table in value["tables"] for part in table["index"] if part["file"] == place]
    groups = groupby(records, lambda record: (record["table"], record["shard"]["space"]))
    for part, (_, group) in zip(parts, groups, strict=False):
        _sum_up(part, [record["shard"] for record in group])


def _sum_up(item: dict[str, Any], shards: list[Any]) -> None:
    """Let the manifest say of a part of an index file what its entries add up to."""
    chunks = [chunk for shard in shards for chunk in shard["chunks"]]
    item.update(shards=len(shards), chunks=len(chunks))
    for name, field in zip(SUMS, ("rows", "records", "bytes", "length"), strict=True):
        item[name] = sum(chunk[field] for chunk in chunks)
    item["digest"] = _digest(int.from_bytes(chunk["hash_sum"], "big") for chunk in chunks)
    item["space"] = shards[0]["space"]
    item["start"], item["end"] = _key(shards[0]["start"]), _key(shards[-1]["end"])
    item["read_started"] = min(shard["read_started"] for shard in shards)
    item["read_finished"] = max(shard["read_finished"] for shard in shards)


def _sum_tables(value: dict[str, Any]) -> None:
    for table in value["tables"]:
        for name in ("shards", "chunks"):
            table[name] = sum(item[name] for item in table["index"])
        with suppress(ValueError, OverflowError, OSError):  # there is no such time
            table["read_started"] = rfc3339(min(item["read_started"] for item in table["index"]))
            table["read_finished"] = rfc3339(max(item["read_finished"] for item in table["index"]))
        _add(table, table["index"])
    _add(value["totals"], value["tables"])


def _add(held: dict[str, Any], parts: list[Any]) -> None:
    for name in SUMS:
        held[name] = sum(part[name] for part in parts)
    held["digest"] = _digest(int(part["digest"].partition(":")[2], 16) for part in parts)


def _digest(sums: Iterator[int]) -> str:
    return f"{HASH}:{sum(sums) % 2**128:032x}"


def _key(key: bytes) -> dict[str, str]:
    return {"base64": base64.b64encode(key).decode(), "text": printable(key)}
