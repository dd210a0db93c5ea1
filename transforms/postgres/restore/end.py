"""What follows the rows: indexes and constraints, values of sequences, statistics, and last the owners.

The rows are there by then, so an object that cannot be made does not stop the restore: it is left out and reported.
"""

import functools
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass

import psycopg

from transforms.errors import RefusedError, ShardkeepError
from transforms.postgres.catalog import sequences
from transforms.postgres.catalog.sequences import SequenceValue
from transforms.postgres.inventory import object_states
from transforms.postgres.large_objects import properties as large_object_properties
from transforms.postgres.names.reserved import LEDGER
from transforms.postgres.objects import ledger, post_data
from transforms.postgres.objects.failure import Failure, left_out
from transforms.postgres.objects.step import Step, encoded
from transforms.postgres.objects.step_runner import StepRunner, is_of_a_step
from transforms.postgres.restore import make
from transforms.postgres.restore.plan import RestorePlan
from transforms.postgres.restore.refresh import refresh
from transforms.postgres.restore.search_path import Path, local
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import said, translated
from transforms.postgres.server.session import Connection
from transforms.postgres.server.session_pool import lent
from transforms.skipped import Skipped
from transforms.source import Ending

SMALL = 64 << 10
"""Largest size in bytes of a table that is not analyzed."""
_LARGE = """
    SELECT place - 1 FROM pg_catalog.unnest(%s::pg_catalog.text[]) WITH ORDINALITY wanted(name, place)
        JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(name)
    WHERE c.relkind = 'p' OR pg_catalog.pg_relation_size(c.oid) > %s ORDER BY place
"""
_THERE = """
    SELECT place - 1 FROM pg_catalog.unnest(%s::pg_catalog.text[]) WITH ORDINALITY wanted(name, place)
    WHERE pg_catalog.to_regclass(name) IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class RestoreEnd:
    """The end of a restore, after all rows; may be run again after it was interrupted.

    Attributes:
        database: The target.
        restore: The restore's id.
        plan: What is restored.
        new: The steps for the settings and the owner of a database that this restore created; else none.
        path: The search path for functions that indexes, constraints and so on call.
        jobs: How many steps are done at once.
    """

    database: Database
    restore: str
    plan: RestorePlan
    new: Sequence[Step]
    path: Path
    jobs: int

    def run(self, connection: Connection) -> Ending:
        """Run the end, in a session that nothing else uses.

        Raises:
            UnreachableError: if the connection or the server fails: then run this again.
        """
        plan, skipped = self.plan, ledger.skipped(connection)
        steps = [step for step in plan.archive.post_data if step.name not in skipped]
        failures = post_data.run(self.database, plan.archive.session + local(self.path), steps, self.jobs)
        values, missing = _split(connection, plan.sequences(skipped))
        sequences.set_values(connection, values)
        unfilled = refresh(connection, plan.matviews(skipped), self.path)
        notes = self._analyze(connection)
        lost = _hand_over_large_objects(connection, plan) if plan.has_large_objects else []
        states = object_states.differing(connection, plan.states(), plan.stateful(skipped), unfilled)
        known = (*ledger.told(connection), *missing, *lost, *states)
        with translated(f"{self.database}: ending the restore"):
            self._close(connection, [*failures, *unfilled.values()], (*plan.notes, *notes), known)
        return require_last_word(connection, self.database, self.restore)

    def _close(
        self, connection: Connection, failures: Sequence[Failure], notes: Sequence[str], known: Sequence[Skipped]
    ) -> None:
        """Give everything to its owners; if that fails, again step by step, slower, to find what fails."""

        def word(every: list[Failure]) -> str:
            return to_word(Ending(tuple(notes), (*left_out(every), *known)))

        ours = self.plan.restoration(self.restore)
        close = functools.partial(make.close, connection, self.plan.archive, ours, failures, self._last, word)
        try:
            close()
        except ShardkeepError as error:
            if not is_of_a_step(error):
                raise
            close(tolerant=True)

    def _last(self, runner: StepRunner) -> None:
        """Set the database's settings, owner and privileges; what fails is left out."""
        own = StepRunner(runner.connection, tolerant=True)
        own.run(self.new)
        runner.failures |= own.failures

    def _analyze(self, connection: Connection) -> list[str]:
        """Run ANALYZE on the tables with new rows; returns a note for each that failed, which harms no row.

        Tables of a few blocks are left out: their plans do not need it, and for thousands of tables it takes long.
        """
        every = [str(name) for name in self.plan.analyzed()]
        names = [every[row[0]] for row in connection.execute(_LARGE, (every, SMALL))]

        def one(name: str) -> list[str]:
            try:
                with lent(self.database, "restore") as own, own.transaction():
                    own.execute(local(self.path) + encoded(f"ANALYZE {name}"))
            except psycopg.Error as error:  # for example because a partition is a foreign table
                return [f"table {name} was not analyzed: {said(error)}"]
            return []

        with ThreadPoolExecutor(self.jobs, thread_name_prefix="shardkeep-analyze") as pool:
            return [note for notes in pool.map(one, names) for note in notes]


def require_last_word(connection: Connection, database: Database, restore: str) -> Ending:
    """The ending of the restore with this id, from the ledger.

    Raises:
        RefusedError: if the database has no ending of it.
    """
    word = ledger.last_word(connection, restore)
    if word is None:
        raise RefusedError(f"{database} knows nothing of the restore {restore}: somebody dropped the schema {LEDGER}.")
    return of_word(word)


def to_word(ending: Ending) -> str:
    """An ending in the ledger's form: JSON in ASCII, since names may hold bytes that are not UTF-8."""
    return json.dumps(asdict(ending))


def of_word(word: str) -> Ending:
    """The inverse of `to_word`."""
    value = json.loads(word)
    return Ending(tuple(value["notes"]), tuple(Skipped(**each) for each in value["skipped"]))


def _split(connection: Connection, values: Iterable[SequenceValue]) -> tuple[list[SequenceValue], list[Skipped]]:
    """The values of sequences that exist, and the missing ones: those of an extension that was left out."""
    every = list(values)
    there = {row[0] for row in connection.execute(_THERE, ([str(value.name) for value in every],))}
    missing = [value for place, value in enumerate(every) if place not in there]
    told = [Skipped(f"SEQUENCE {value.name}", "it is not there, and the archive does not make it") for value in missing]
    return [value for place, value in enumerate(every) if place in there], told


def _hand_over_large_objects(connection: Connection, plan: RestorePlan) -> list[Skipped]:
    """Set comments, owners and privileges of large objects; returns what cannot be set."""
    wanted = (
        ("comments", large_object_properties.write_comments, True),
        ("owners", large_object_properties.write_owners, plan.owning.owners),
        ("privileges", large_object_properties.write_privileges, plan.owning.acls),
    )
    lost = []
    for what, write, is_kept in wanted:
        try:
            with connection.transaction():
                if is_kept:
                    write(connection, plan.inventory.large_objects)
        except ShardkeepError as error:
            if not is_of_a_step(error):
                raise
            lost.append(Skipped(f"{what} of large objects", str(error).rstrip(".")))
    return lost
