"""A PostgreSQL database as a source."""

from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

from transforms.batch import Batch
from transforms.identity import Identity, Table
from transforms.key_range import KeyRange
from transforms.postgres.archive import dump as archive
from transforms.postgres.catalog.avro_schema import avro_schema
from transforms.postgres.catalog.catalog import Catalog, list_selected, list_tables, load
from transforms.postgres.catalog.read_order import ReadOrder
from transforms.postgres.catalog.relation import Relation
from transforms.postgres.inventory import inventory
from transforms.postgres.large_objects import pages as large_objects
from transforms.postgres.moment.definitions import check_kept, read_definitions
from transforms.postgres.moment.kinds import moment_of
from transforms.postgres.moment.moment import FUZZY, Moment
from transforms.postgres.names.identifiers import Name
from transforms.postgres.names.selection import Selection
from transforms.postgres.objects import ledger
from transforms.postgres.ranges import read as read_range
from transforms.postgres.ranges import split as range_split
from transforms.postgres.server.database import Database
from transforms.postgres.server.session import Connection, major_of
from transforms.postgres.server.session_pool import close_idle, lent
from transforms.source import Conclusion, Read, TablePlan, Wanted

_PURPOSE = "backup"
_UNFINISHED = "A restore into this database was not ended: rows, indexes and more may be missing, also in the backup."
_NO_LARGE_OBJECTS = "Large objects are not kept: a backup of selected tables or schemas has none."


@dataclass(frozen=True, slots=True)
class PostgresSource:
    """The selected part of a database, as of one moment once it is opened.

    Attributes:
        database: The database.
        selection: The tables and schemas to read.
        consistency: `snapshot`, `frozen-source` or `fuzzy`.
        order: `auto`, `key` or `physical`: see `ReadOrder`.
        moment: The moment that all readers share; None until the source is opened.
        keep_sessions: Whether sessions are kept for reuse; false where several processes share a limit of sessions.
    """

    database: Database
    selection: Selection
    consistency: str
    order: str = "auto"
    moment: Moment | None = None
    keep_sessions: bool = True
    reads_at_once: ClassVar[int] = 1

    def identity(self) -> Identity:
        """See `Source.identity`."""
        return self.database.identity()

    def settings(self) -> dict[str, str]:
        """See `Source.settings`."""
        return {"order": self.order, **self.selection.settings()}

    @contextmanager
    def opened(self) -> Iterator["PostgresSource"]:
        """See `Source.opened`: the moment is held while the block runs.

        Raises:
            RefusedError: if the source cannot be read as of one moment.
            UnreachableError: if the server cannot be reached, a table may not be read, or no pg_dump is new enough.
        """
        with moment_of(self.consistency, self.database, self._list_tables) as moment:
            try:
                yield replace(self, moment=moment)
            finally:
                close_idle(self.database)

    def _list_tables(self, connection: Connection) -> Sequence[Name]:
        archive.find_dump(major_of(connection))  # fails before anything is read
        return list_tables(connection, self.selection)

    def _session(self) -> AbstractContextManager[Connection]:
        return lent(self.database, _PURPOSE, keep=self.keep_sessions)

    @contextmanager
    def _entered(self, names: Sequence[Name] = ()) -> Iterator[Connection]:
        """A session in a transaction that sees the moment, with the named tables locked."""
        with self._session() as connection, self._moment.entered(connection, names):
            yield connection

    @property
    def _moment(self) -> Moment:
        if self.moment is None:
            raise ValueError("the source is not opened")
        return self.moment

    def tables(self) -> list[Table]:
        """See `Source.tables`: the tables that hold rows, and one table for all large objects if there are any."""
        with self._session() as connection:
            with self._moment.entered(connection, ()):
                found = self._load(connection)
                pages = _large_objects(connection) if self.selection.is_whole else []
            if any(relation.search_path for relation in found.relations):
                connection.close()  # it caches plans made under a path: a second look would not find the path needed
        return [*map(_table, found.relations), *pages]

    def _load(self, connection: Connection) -> Catalog:
        order = ReadOrder(self.order, major_of(connection), self.consistency != FUZZY)
        return load(connection, self.selection, order)

    def plan(self, tables: Sequence[Table], wanted: Wanted) -> list[TablePlan]:
        """See `Source.plan`: in one transaction, with one query for all sizes."""
        with self._entered(_locked(tables)) as connection:
            relations = [Relation.from_json(table.schema) for table in tables if not _is_large_objects(table)]
            plans = iter(range_split.plan(connection, relations, wanted))
            return [
                TablePlan(large_objects.ranges(connection, wanted)) if _is_large_objects(table) else next(plans)
                for table in tables
            ]

    @contextmanager
    def reading(self, tables: Sequence[Table]) -> Iterator[Read]:
        """See `Source.reading`: in one transaction."""
        with self._entered(_locked(tables)) as connection:
            yield partial(_read, connection)

    def conclude(self, tables: Sequence[Table]) -> Conclusion:
        """See `Source.conclude`: the archive of the schema and the inventory; sequences are read last."""
        with self._session() as connection:
            schema = self._archive(connection)
            with self._moment.entered(connection, ()):
                (oids, left_out), then = list_selected(connection, self.selection), read_definitions(connection)
                notes = [*left_out, *self._notes(connection)]
                taken = inventory.take_inventory(connection, None if self.selection.is_whole else oids)
            check_kept(then, read_definitions(connection))  # by now everything has been read
            facts = {**self._moment.conclude(connection), "notes": [*notes, *taken.notes]}
        attachments = {archive.ATTACHMENT: schema, inventory.ATTACHMENT: replace(taken, facts=facts).encode()}
        return Conclusion(facts, attachments)

    def _archive(self, connection: Connection) -> bytes:
        is_ascii = connection.info.parameter_status("server_encoding") == archive.SQL_ASCII
        encoding = archive.SQL_ASCII if is_ascii else archive.UTF8
        return archive.dump_schema(self.database, major_of(connection), self._moment.snapshot, encoding=encoding)

    def _notes(self, connection: Connection) -> list[str]:
        lost = not self.selection.is_whole and large_objects.exist(connection)
        unfinished = [_UNFINISHED] * ledger.is_open(connection)
        return [*archive.left_out(connection), *[_NO_LARGE_OBJECTS] * lost, *unfinished]


def _table(relation: Relation) -> Table:
    name = relation.name
    schema = avro_schema(name.name, relation.columns, relation.text_is_bytes)
    return Table((name.schema, name.name), relation.schema_json(), schema)


def _large_objects(connection: Connection) -> list[Table]:
    """One table for all large objects, if there are any; raises `UnreachableError` if one may not be read."""
    if not large_objects.exist(connection):
        return []
    large_objects.check_access(connection)
    pages = _table(large_objects.RELATION)
    return [replace(pages, schema={**pages.schema, "kind": large_objects.KIND})]


def _is_large_objects(table: Table) -> bool:
    return bool(table.schema["kind"] == large_objects.KIND)


def _locked(tables: Iterable[Table]) -> list[Name]:
    """The tables that reading locks: large objects have no table."""
    return [Name(*table.parts) for table in tables if not _is_large_objects(table)]


def _read(connection: Connection, table: Table, key_range: KeyRange, chunk_size: int) -> Generator[Batch, None, None]:
    if _is_large_objects(table):
        return large_objects.read(connection, key_range, chunk_size)
    return read_range.read(connection, Relation.from_json(table.schema), key_range, chunk_size)
