"""A PostgreSQL database as a target."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from transforms.errors import NotFoundError, RefusedError
from transforms.identity import Identity, Table
from transforms.postgres.names.identifiers import Name
from transforms.postgres.names.reserved import LEDGER
from transforms.postgres.objects import ledger
from transforms.postgres.objects.owners import Owning
from transforms.postgres.objects.renames import EVERYTHING, Renames
from transforms.postgres.restore import end as restore_end
from transforms.postgres.restore import load as load_piece
from transforms.postgres.restore import make as archive_restore
from transforms.postgres.restore import new_database, preflight, search_path
from transforms.postgres.restore.end import RestoreEnd
from transforms.postgres.restore.load import Loading, PieceRows
from transforms.postgres.restore.load_plan import load_plan, texts_of
from transforms.postgres.restore.make import Rehearsal
from transforms.postgres.restore.plan import RestorePlan, is_large_objects, read_restore
from transforms.postgres.restore.row_trial import RowTrial
from transforms.postgres.restore.search_path import Path
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session import Connection
from transforms.postgres.server.session_pool import close_idle, lent
from transforms.source import NO_SAMPLES, Assignment, Ending, Load, Samples
from transforms.vault.format.attachments import Attachments

_PURPOSE = "restore"
_ROOT = "SELECT pg_catalog.pg_partition_root(pg_catalog.to_regclass(%s)) = pg_catalog.to_regclass(%s)"


@dataclass(frozen=True, slots=True)
class PostgresTarget:
    """A database that a backup, or chosen tables of one, are restored into.

    Attributes:
        database: The database.
        restore: The id of this restore, by which it recognises its work.
        renames: What is restored, and the new names.
        keep_owner: Whether objects get their owners back; else the restoring role owns them.
        keep_acl: Whether privileges are granted again.
        keep_tablespaces: Whether objects go to the tablespaces they were in; else to the database's default.
        skip_unrestorable: Whether objects that cannot be made are left out instead of refused; tables never are.
        create_database: Whether the database is created first.
        plan_only: Whether this only checks: nothing is written, not even the database.
        jobs: How many indexes and constraints are made at once.
        path: The search path for functions called by rows, indexes and constraints.
    """

    database: Database
    restore: str
    renames: Renames = EVERYTHING
    keep_owner: bool = True
    keep_acl: bool = True
    keep_tablespaces: bool = True
    skip_unrestorable: bool = False
    create_database: bool = False
    plan_only: bool = False
    jobs: int = 4
    path: Path = ()

    def identity(self) -> Identity:
        """See `Target.identity`."""
        return self.database.identity()

    @property
    def _owning(self) -> Owning:
        return Owning(self.keep_owner, self.keep_acl, self.keep_tablespaces)

    def _read(
        self, assignments: Iterable[Assignment], attachments: Attachments, connection: Connection | None = None
    ) -> RestorePlan:
        role, is_superuser = ("", False) if connection is None else preflight.restorer(connection)
        return read_restore(assignments, attachments, self.renames, replace(self._owning, role=role), is_superuser)

    def check(
        self, assignments: Sequence[Assignment], attachments: Attachments, samples: Samples = NO_SAMPLES
    ) -> list[Assignment]:
        """See `Target.check`: all objects and some rows are tried in a transaction that is rolled back.

        With `create_database` the database is created for the trial, and dropped again if anything is refused;
        with `plan_only` as well, only its absence is checked.
        """
        if self.create_database and self.plan_only:
            self._read(assignments, attachments)  # raises if the backup's schema cannot be read
            new_database.require_missing(self.database)
        elif self.create_database:
            with new_database.created(self.database, self._read(assignments, attachments).inventory.properties):
                self._judge(assignments, attachments, samples)
        else:
            self._judge(assignments, attachments, samples)
        return [replace(assignment, create=True) for assignment in assignments]

    def _judge(self, assignments: Sequence[Assignment], attachments: Attachments, samples: Samples) -> None:
        try:
            with lent(self.database, _PURPOSE, wait=None) as connection:
                plan = self._read(assignments, attachments, connection)
                self._judge_in(connection, plan, RowTrial(tuple(assignments), samples, self.path, self.renames))
        finally:
            close_idle(self.database)  # so that a database created for the trial can be dropped

    def _judge_in(self, connection: Connection, plan: RestorePlan, rows: RowTrial) -> None:
        preflight.require_writable(connection, self.database, plan.inventory.facts, must_be_empty=not self.renames)
        preflight.require_tablespaces(connection, self.database, plan.archive.entries)
        rehearsal = self._rehearse(connection, plan, rows)
        refused = rehearsal.missing_tables if self.skip_unrestorable else rehearsal.told
        if refused or rehearsal.refusals:
            ways = _ROWS_STAY if self.skip_unrestorable or not refused else _WAYS
            way = search_path.proposal(plan.inventory.properties, self.path, rehearsal.codes)
            told = [*refused, *rehearsal.refused_rows, *filter(None, [way]), ways]
            raise RefusedError("\n".join([f"Nothing was written. {self.database} does not take:", *told]))

    def _rehearse(self, connection: Connection, plan: RestorePlan, rows: RowTrial) -> Rehearsal:
        with translated(f"{self.database}: trying what is to be restored"):
            return archive_restore.rehearse(connection, plan.archive, plan.restoration(self.restore), plan.broken, rows)

    def begin(self, assignments: Sequence[Assignment], attachments: Attachments) -> None:
        """See `Target.begin`: the ledger, and the objects that rows need."""
        with lent(self.database, _PURPOSE) as connection:
            if ledger.last_word(connection, self.restore) is not None:
                return
            plan = self._read(assignments, attachments, connection)
            ours = plan.restoration(self.restore)
            ledger.require_ours(connection, ours, self.database)
            is_tried = (self.renames or self.skip_unrestorable) and ledger.find(connection) is None
            tried = self._rehearse(connection, plan, RowTrial(path=self.path)) if is_tried else Rehearsal()
            with translated(f"{self.database}: making what is restored"):
                archive_restore.make(connection, plan.archive, ours, tried)

    def prepare(self, assignment: Assignment, splits: Iterable[bytes]) -> None:
        """See `Target.prepare`: `begin` has made all tables."""

    def write(self, loads: Sequence[Load]) -> list[int]:
        """See `Target.write`: all rows, and the pieces' names in the ledger, in one transaction."""
        with lent(self.database, _PURPOSE) as connection:
            pieces = [self._rows(connection, load) for load in loads]
            load_piece.load_pieces(connection, Loading(self.restore, self.path), pieces)
        return [0] * len(loads)

    def _rows(self, connection: Connection, load: Load) -> PieceRows:
        table = load.assignment.table
        if is_large_objects(table):
            return PieceRows(load.name, None, load.records)
        plan = load_plan(table, self.renames, self._is_partition(connection, table))
        return PieceRows(load.name, plan, load.records)

    def _is_partition(self, connection: Connection, table: Table) -> bool:
        """Whether its partitioned table is restored too; if not, the target may have a table of that name."""
        if not (self.renames and table.schema["hash_partitioned"]):
            return True
        made = self.renames.made(Name(table.schema["schema"], table.schema["name"]))
        root = self.renames.made(Name(*table.schema["partition_root"]))
        row = connection.execute(_ROOT, (str(made), str(root))).fetchone()
        return row is not None and bool(row[0])

    def warnings(self, destination: str, expired: int) -> list[str]:
        """See `Target.warnings`: no row is removed later."""
        return []

    def finish(self, assignment: Assignment) -> list[str]:
        """See `Target.finish`: a note if the rows were loaded in COPY's text format, the slower one."""
        texts = () if is_large_objects(assignment.table) else texts_of(assignment.table)
        reason = ", ".join(texts)
        return [f"table {assignment.destination}: loaded as text, because of {reason}."] if texts else []

    def end(self, assignments: Sequence[Assignment], attachments: Attachments) -> Ending:
        """See `Target.end`: indexes, constraints, sequences and so on, then owners and privileges.

        The ledger keeps the result, so that a second call returns the same; `forget` removes it.
        """
        with self._own_session() as connection:
            if (word := ledger.last_word(connection, self.restore)) is not None:
                return restore_end.of_word(word)
            plan = self._read(assignments, attachments, connection)
            ledger.require_ours(connection, plan.restoration(self.restore), self.database)
            if ledger.find(connection) is None:
                return restore_end.require_last_word(connection, self.database, self.restore)
            new = new_database.steps(self.database, plan.inventory.properties, self._owning)
            steps = new if self.create_database else []
            return RestoreEnd(self.database, self.restore, plan, steps, self.path, self.jobs).run(connection)

    def forget(self) -> None:
        """See `Target.forget`: drops what is left of the ledger."""
        with self._own_session() as connection, translated(f"{self.database}: dropping the schema {LEDGER}"):
            if ledger.last_word(connection, self.restore) is not None:
                ledger.drop(connection)

    @contextmanager
    def _own_session(self) -> Iterator[Connection]:
        """A session for the block; afterwards no session is left open."""
        try:
            with lent(self.database, _PURPOSE) as connection:
                yield connection
        finally:
            close_idle(self.database)

    def unfinished(self, assignments: Sequence[Assignment]) -> list[str]:
        """See `Target.unfinished`."""
        try:
            with self._own_session() as connection, translated(f"{self.database}: looking for what is left"):
                held, word = ledger.find(connection), ledger.last_word(connection, self.restore)
        except NotFoundError:
            return []
        if word is not None:
            return [f"{self.database} holds the whole restore. DROP SCHEMA {LEDGER} CASCADE removes its last mark."]
        if held is not None:
            return [ledger.unfinished(self.database, held)]
        return [f"{self.database} was created and is empty: drop it, or leave --create_database out."] * (
            self.create_database
        )


_ROWS_STAY = "Rows are never left out: choose other tables."
_WAYS = (
    "Make what is missing there, restore as a role that may, choose tables with --table, or leave these out:"
    " --skip_unrestorable. Where a name is taken, restore into another schema: --table=S.T:NEW.T or --schema=S:NEW."
)
