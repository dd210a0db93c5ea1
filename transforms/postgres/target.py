"""A PostgreSQL database as a target."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from transforms.errors import NotFoundError, RefusedError
from transforms.identity import Identity, Table
from transforms.postgres import archive_restore, ledger, load_piece, new_database, preflight, restore_end
from transforms.postgres.archive_restore import Rehearsal
from transforms.postgres.database import Database
from transforms.postgres.errors import translated
from transforms.postgres.identifiers import Name
from transforms.postgres.load_plan import BINARY, LoadPlan, load_plan
from transforms.postgres.owners import Owning
from transforms.postgres.renames import EVERYTHING, Renames
from transforms.postgres.restore_plan import RestorePlan, is_large_objects, read_restore
from transforms.postgres.session import Connection
from transforms.postgres.session_pool import close_idle, lent
from transforms.source import Assignment, Ending, Load
from transforms.vault.attachments import Attachments

_PURPOSE = "restore"
_ROOT = "SELECT pg_catalog.pg_partition_root(pg_catalog.to_regclass(%s)) = pg_catalog.to_regclass(%s)"


@dataclass(frozen=True, slots=True)
class PostgresTarget:
    """A database that a backup, or chosen tables of one, are restored into.

    Attributes:
        database: The database.
        restore: The id of this restore, by which it recognises its own work.
        renames: What is chosen, and its new names.
        keep_owner: Whether objects get their owners back; else who restores owns them.
        keep_acl: Whether privileges are granted again.
        keep_tablespaces: Whether objects lie in the tablespaces that they lay in; else in the database's own.
        skip_unrestorable: Whether what cannot be made there is left out instead of refused; tables never are.
        create_database: Whether the database is made first.
        plan_only: Whether nothing will be written, the database itself included.
        jobs: How many indexes and constraints are made at once.
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

    def identity(self) -> Identity:
        """See `Target.identity`."""
        return self.database.identity()

    @property
    def _owning(self) -> Owning:
        return Owning(self.keep_owner, self.keep_acl, self.keep_tablespaces)

    def _read(self, assignments: Iterable[Assignment], attachments: Attachments, superuser: bool) -> RestorePlan:
        return read_restore(assignments, attachments, self.renames, self._owning, superuser)

    def check(self, assignments: Sequence[Assignment], attachments: Attachments) -> list[Assignment]:
        """See `Target.check`: everything but the rows is tried out, in a transaction that is rolled back.

        With `create_database` the database is made for that, and dropped again if something is refused; with
        `plan_only` too it is only checked that there is none yet.
        """
        plan = self._read(assignments, attachments, superuser=False)
        if self.create_database and self.plan_only:
            new_database.require_missing(self.database)
        elif self.create_database:
            with new_database.created(self.database, plan.inventory.properties):
                self._judge(assignments, attachments)
        else:
            self._judge(assignments, attachments)
        return [replace(assignment, create=True) for assignment in assignments]

    def _judge(self, assignments: Sequence[Assignment], attachments: Attachments) -> None:
        try:
            with lent(self.database, _PURPOSE, wait=None) as connection:
                self._judge_in(connection, assignments, attachments)
        finally:
            close_idle(self.database)  # so that a database that was made for this can be dropped

    def _judge_in(self, connection: Connection, assignments: Sequence[Assignment], attachments: Attachments) -> None:
        plan = self._read(assignments, attachments, preflight.is_superuser(connection))
        preflight.require_writable(connection, self.database, plan.inventory.facts, must_be_empty=not self.renames)
        preflight.require_tablespaces(connection, self.database, plan.archive.entries)
        rehearsal = self._rehearse(connection, plan)
        refused = rehearsal.missing_tables if self.skip_unrestorable else rehearsal.told
        if refused:
            ways = "Rows are never left out: choose other tables." if self.skip_unrestorable else _WAYS
            raise RefusedError("\n".join([f"Nothing was written. {self.database} does not take:", *refused, ways]))

    def _rehearse(self, connection: Connection, plan: RestorePlan) -> Rehearsal:
        with translated(f"{self.database}: trying what is to be restored"):
            return archive_restore.rehearse(connection, plan.archive, plan.restoration(self.restore), plan.broken)

    def begin(self, assignments: Sequence[Assignment], attachments: Attachments) -> None:
        """See `Target.begin`: the objects that rows need, with the ledger, in one transaction."""
        with lent(self.database, _PURPOSE) as connection:
            plan = self._read(assignments, attachments, preflight.is_superuser(connection))
            ours = plan.restoration(self.restore)
            ledger.require_ours(connection, ours, self.database)
            if ledger.find(connection) is None:
                tried = self._rehearse(connection, plan) if self.renames or self.skip_unrestorable else Rehearsal()
                with translated(f"{self.database}: making what is restored"):
                    archive_restore.make(connection, plan.archive, ours, tried)

    def prepare(self, assignment: Assignment, splits: Iterable[bytes]) -> None:
        """See `Target.prepare`: all tables are there."""

    def write(self, loads: Sequence[Load]) -> list[int]:
        """See `Target.write`: the rows of a piece and its name in the ledger are written together."""
        with lent(self.database, _PURPOSE) as connection:
            for load in loads:
                if is_large_objects(load.assignment.table):
                    load_piece.load_large_objects(connection, load.piece, load.records)
                else:
                    plan = self._load_plan(connection, load.assignment.table)
                    load_piece.load_piece(connection, plan, load.piece, load.records)
        return [0] * len(loads)

    def _load_plan(self, connection: Connection, table: Table) -> LoadPlan:
        return load_plan(table, self.renames, self._is_partition(connection, table))

    def _is_partition(self, connection: Connection, table: Table) -> bool:
        """Whether the table that it was a partition of is restored too; if not, the target may have one of its own."""
        if not (self.renames and table.schema["hash_partitioned"]):
            return True
        made = self.renames.made(Name(table.schema["schema"], table.schema["name"]))
        root = self.renames.made(Name(*table.schema["partition_root"]))
        row = connection.execute(_ROOT, (str(made), str(root))).fetchone()
        return row is not None and bool(row[0])

    def finish(self, assignment: Assignment) -> list[str]:
        """See `Target.finish`: tells by which of COPY's formats the rows were loaded, if not by the faster."""
        plan = None if is_large_objects(assignment.table) else load_plan(assignment.table)
        if plan is None or plan.route == BINARY:
            return []
        return [f"table {assignment.destination}: loaded as text, because of {', '.join(plan.texts)}."]

    def end(self, assignments: Sequence[Assignment], attachments: Attachments) -> Ending:
        """See `Target.end`: indexes, constraints, sequences and so on, then owners and privileges; the ledger goes."""
        with self._own_session() as connection:
            plan = self._read(assignments, attachments, preflight.is_superuser(connection))
            ledger.require_ours(connection, plan.restoration(self.restore), self.database)
            if ledger.find(connection) is None:  # this was called before, and came to its end
                return Ending(tuple(plan.notes))
            new = new_database.steps(self.database, plan.inventory.properties, self._owning)
            return restore_end.end(self.database, connection, plan, new if self.create_database else [], self.jobs)

    @contextmanager
    def _own_session(self) -> Iterator[Connection]:
        """A session of the end's own, and none is left open behind it."""
        try:
            with lent(self.database, _PURPOSE) as connection:
                yield connection
        finally:
            close_idle(self.database)

    def unfinished(self, assignments: Sequence[Assignment]) -> list[str]:
        """See `Target.unfinished`."""
        try:
            with self._own_session() as connection:
                held = ledger.find(connection)
        except NotFoundError:
            return []
        if held is not None:
            return [ledger.unfinished(self.database, held)]
        return [f"{self.database} was created and is empty: drop it, or leave --create_database out."] * (
            self.create_database
        )


_WAYS = (
    "Make what is missing there, restore as a role that may, choose tables with --table, or leave these out:"
    " --skip_unrestorable. Where a name is taken, restore into another schema: --table=S.T:NEW.T or --schema=S:NEW."
)
