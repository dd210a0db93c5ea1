"""The table of contents of an archive of `pg_dump -Fc`.

`pg_restore --list` is made for people: it does not quote names with blanks, and has no statements. So the file itself
is read. Source of the format: `ReadHead` and `ReadToc` of PostgreSQL's `src/bin/pg_dump/pg_backup_archiver.c`, in the
versions 1.14 (pg_dump 12 to 15), 1.15 (16) and 1.16 (17 and 18).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from io import BytesIO

from transforms.errors import IntegrityError, RefusedError

MAGIC = b"PGDMP"
OLDEST, NEWEST = (1, 14), (1, 16)
WITH_ALGORITHM = (1, 15)
WITH_RELATION_KIND = (1, 16)
CUSTOM = 1  # archCustom of pg_backup.h
TIME_FIELDS = 7

# teSection of pg_backup.h. Comments and privileges have no section of their own.
NO_SECTION, PRE_DATA, DATA, POST_DATA = 1, 2, 3, 4
SECTIONS = (NO_SECTION, PRE_DATA, DATA, POST_DATA)
INTEGER_SIZE, OFFSET_SIZES = 4, (4, 8)  # bytes of int and off_t on the machines that pg_dump runs on
_NUMBER = re.compile(r"[0-9]{1,10}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of an archive, or a statement about another entry's object.

    Attributes:
        number: Its number in the archive ("dump id").
        catalog: Oid of the source's catalog that describes it, or 0.
        oid: Its oid in that catalog, or 0.
        kind: `TABLE`, `FK CONSTRAINT`, `ACL`, ...
        schema: Its schema; empty if it has none.
        tag: Its name, in pg_dump's form: a trigger's is `TABLE TRIGGER`.
        owner: Its owner, or the owner of the object that it is about; may be empty.
        section: `PRE_DATA`, `DATA` or `POST_DATA`.
        statement: The SQL that makes it; bytes that are not UTF-8 are surrogate escapes.
        drop: The SQL that drops it; empty if there is none.
        needs: Numbers of the entries that it depends on.
        tablespace: Its tablespace; empty for the default one.
        access_method: Its table access method; empty if it has none.
    """

    number: int
    catalog: int
    oid: int
    kind: str
    schema: str
    tag: str
    owner: str
    section: int
    statement: str
    drop: str
    needs: tuple[int, ...]
    tablespace: str = ""
    access_method: str = ""

    def __str__(self) -> str:
        """Kind and name, for people."""
        return f"{self.kind} {self.schema}.{self.tag}" if self.schema else f"{self.kind} {self.tag}"


@dataclass(frozen=True)
class Toc:
    """A table of contents.

    Attributes:
        database: The name of the database that was dumped.
        server: The version of its server, as the server prints it.
        entries: The entries, in an order in which they can be restored.
    """

    database: str
    server: str
    entries: tuple[Entry, ...]

    @cached_property
    def by_number(self) -> dict[int, Entry]:
        """The entries by their numbers."""
        return {entry.number: entry for entry in self.entries}


def parse(archive: bytes) -> Toc:
    """Read the table of contents at the start of an archive.

    Raises:
        IntegrityError: if it is not an archive, is cut off, or contradicts itself.
        RefusedError: if its version is unknown.
    """
    try:
        toc = _Reader(archive).toc()
        _check_dependencies(toc)
    except (EOFError, ValueError) as error:
        raise IntegrityError(f"The archive of the schema is damaged: {error}. Verify the backup.") from error
    return toc


def _check_dependencies(toc: Toc) -> None:
    """Check that no entry needs itself, directly or through others; pg_dump writes each after those that it needs."""
    if len(toc.by_number) < len(toc.entries):
        raise ValueError("two of its entries have the same number")
    seen = set[int]()
    for entry in toc.entries:
        if any(number in toc.by_number and number not in seen for number in entry.needs):
            return _check_cycles(toc)
        seen.add(entry.number)
    return None


def _check_cycles(toc: Toc) -> None:
    try:
        TopologicalSorter({entry.number: entry.needs for entry in toc.entries}).prepare()
    except CycleError as error:
        numbers = " needs ".join(map(str, error.args[1][::-1]))
        raise ValueError(f"its entries need one another in a circle: {numbers}") from error


class _Reader:
    """Reads the primitives of the format, and what consists of them."""

    def __init__(self, archive: bytes) -> None:
        self._file = BytesIO(archive)
        if self._take(len(MAGIC)) != MAGIC:
            raise ValueError("it does not begin with PGDMP")
        major, minor, _, self._integer_size, self._offset_size, form = self._take(6)
        self._version = (major, minor)
        if not OLDEST <= self._version <= NEWEST:
            raise RefusedError(
                f"The archive of the schema has the version {major}.{minor}, which this release does not"
                " know: restore with a newer one."
            )
        if form != CUSTOM:
            raise ValueError(f"it is of the format {form}, not of pg_dump -Fc")
        if self._integer_size != INTEGER_SIZE or self._offset_size not in OFFSET_SIZES:
            raise ValueError(f"its numbers have {self._integer_size} and {self._offset_size} bytes")

    def toc(self) -> Toc:
        """The table of contents, after the header that `__init__` has read."""
        _ = self._byte() if self._version >= WITH_ALGORITHM else self._integer()  # how data is compressed
        for _ in range(TIME_FIELDS):
            self._integer()
        database, server, _ = self._text(), self._text(), self._text()
        entries = [self._entry() for _ in range(self._count())]
        return Toc(database, server, tuple(_with_sections(entries)))

    def _entry(self) -> Entry:
        number, _ = self._integer(), self._integer()
        catalog, oid = _number(self._text()), _number(self._text())
        tag, kind, section, statement, drop, _ = (
            self._text(), self._text(), self._integer(), self._text(), self._text(), self._text(),
        )  # fmt: skip
        if section not in SECTIONS:
            raise ValueError(f"its entry {number} has an unknown section {section}")
        schema, tablespace, access_method = self._text(), self._text(), self._text()
        _ = self._integer() if self._version >= WITH_RELATION_KIND else 0
        owner, _ = self._text(), self._text()  # the latter: "has oids", no longer used
        needs = tuple(map(_number, self._texts()))
        self._take(1 + self._offset_size)  # where its data is
        return Entry(
            number, catalog, oid, kind, schema, tag, owner, section, statement, drop, needs, tablespace, access_method
        )

    def _texts(self) -> Iterator[str]:
        while (text := self._nullable()) is not None:
            yield text

    def _text(self) -> str:
        return self._nullable() or ""

    def _nullable(self) -> str | None:
        size = self._integer()
        if size < 0:
            return None
        data = self._take(size)
        if b"\0" in data:
            raise ValueError("one of its texts holds a zero byte, which would end it early")
        return data.decode("utf-8", "surrogateescape")

    def _count(self) -> int:
        count = self._integer()
        if count < 0:
            raise ValueError("its count of entries is negative")
        return count

    def _integer(self) -> int:
        negative = self._byte()
        size = int.from_bytes(self._take(self._integer_size), "little")
        return -size if negative else size

    def _byte(self) -> int:
        return self._take(1)[0]

    def _take(self, size: int) -> bytes:
        data = self._file.read(size)
        if len(data) != size:
            raise EOFError("it ends in the middle of its table of contents")
        return data


def _number(text: str) -> int:
    """A number that pg_dump writes as text."""
    if not _NUMBER.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not a number of an entry")
    return int(text)


def _with_sections(entries: list[Entry]) -> Iterator[Entry]:
    """An entry without a section belongs to that of the entries around it: `ProcessArchiveRestoreOptions`."""
    section = PRE_DATA
    for entry in entries:
        section = entry.section if entry.section != NO_SECTION else section
        yield entry if entry.section == section else _placed(entry, section)


def _placed(entry: Entry, section: int) -> Entry:
    fields = {name: getattr(entry, name) for name in Entry.__slots__}
    return Entry(**{**fields, "section": section})
