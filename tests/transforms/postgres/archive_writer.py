"""Archives as pg_dump 17 writes them (version 1.16), of any entries: a real one serves as the pattern."""

import struct
from collections.abc import Iterable

from transforms.postgres.archive.toc import Entry, Toc

HEAD = b"PGDMP\x01\x10\x00\x04\x08\x01"


def written(toc: Toc, entries: Iterable[Entry] | None = None) -> bytes:
    """The archive with these entries; pg_restore 17 and later list it."""
    every = list(toc.entries if entries is None else entries)
    times = b"".join(map(_integer, (0, 0, 0, 1, 0, 126, 0)))
    names = b"".join(map(_text, (toc.database, toc.server, "17.0")))
    return HEAD + b"\x00" + times + names + _integer(len(every)) + b"".join(map(_entry, every))


def _entry(entry: Entry) -> bytes:
    texts = (entry.tag, entry.kind)
    more = (entry.statement, entry.drop, None)
    place = (entry.schema or None, entry.tablespace, entry.access_method)  # pg_restore prints - for NULL
    needs = (*map(str, entry.needs), None)
    return b"".join([
        _integer(entry.number), _integer(0), _text(str(entry.catalog)), _text(str(entry.oid)), *map(_text, texts),
        _integer(entry.section), *map(_text, more), *map(_text, place), _integer(0), _text(entry.owner),
        _text("false"), *map(_text, needs), b"\x03" + bytes(8),
    ])  # fmt: skip


def _integer(number: int) -> bytes:
    return struct.pack("<BI", number < 0, abs(number))


def _text(text: str | None) -> bytes:
    if text is None:
        return _integer(-1)
    data = text.encode("utf-8", "surrogateescape")
    return _integer(len(data)) + data
