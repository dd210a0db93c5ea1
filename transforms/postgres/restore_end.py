"""What follows the rows: indexes and constraints, values of sequences, statistics, and last of all owners."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg

from transforms.postgres import archive_restore, large_object_properties, ledger, matviews, post_data, sequences
from transforms.postgres.database import Database
from transforms.postgres.errors import said, translated
from transforms.postgres.identifiers import Name
from transforms.postgres.restore_plan import RestorePlan
from transforms.postgres.sequences import SequenceValue
from transforms.postgres.session import Connection
from transforms.postgres.session_pool import lent
from transforms.postgres.step import Step, encoded
from transforms.postgres.step_runner import StepRunner, listed
from transforms.source import Ending

_IS_THERE = "SELECT pg_catalog.to_regclass(%s) IS NOT NULL"


def end(database: Database, connection: Connection, plan: RestorePlan, new: Sequence[Step], jobs: int) -> Ending:
    """End a restore whose rows are all there; may be called again after it was interrupted.

    Args:
        database: The target.
        connection: A session with it.
        plan: What is restored.
        new: What is still to be done for a database that was made for this.
        jobs: How many steps are done at once.

    Raises:
        RefusedError: if something cannot be made, such as a constraint that the rows break.
    """
    skipped, told = ledger.skipped(connection), ledger.told(connection)
    steps = [step for step in plan.archive.post_data if step.name not in skipped]
    post_data.run(database, plan.archive.session, steps, jobs)
    values, missing = _split(connection, plan.sequences(skipped))
    sequences.set_values(connection, values)
    matviews.refresh(connection, plan.matviews(skipped))
    notes = _analyze(database, plan.analyzed(), jobs)
    if plan.has_large_objects:
        _hand_over_large_objects(connection, plan)
    failed: list[str] = []
    with translated(f"{database}: ending the restore"):
        archive_restore.close(connection, plan.archive, lambda inner: failed.extend(_prepare(inner, new)))
    return Ending((*plan.notes, *notes), (*told, *missing, *failed))


def _split(connection: Connection, values: Iterable[SequenceValue]) -> tuple[list[SequenceValue], list[str]]:
    """The values of sequences that are there, and a line for each other: of an extension that was left out."""
    there, missing = list[SequenceValue](), list[str]()
    for value in values:
        row = connection.execute(_IS_THERE, (str(value.name),)).fetchone()
        if row is not None and row[0]:
            there.append(value)
        else:
            missing.append(f"SEQUENCE {value.name}: it is not there, no archive makes it.")
    return there, missing


def _analyze(database: Database, names: Sequence[Name], jobs: int) -> list[str]:
    """Let the server look at the new rows; returns a note for each table that it did not, which harms no row."""

    def one(name: Name) -> list[str]:
        try:
            with lent(database, "restore") as connection:
                connection.execute(encoded(f"ANALYZE {name}"))
        except psycopg.Error as error:  # of a foreign table among the partitions, for one
            return [f"table {name} was not analyzed: {said(error)}"]
        return []

    with ThreadPoolExecutor(jobs, thread_name_prefix="shardkeep-analyze") as pool:
        return [note for notes in pool.map(one, names) for note in notes]


def _hand_over_large_objects(connection: Connection, plan: RestorePlan) -> None:
    properties = plan.inventory.large_objects
    large_object_properties.write_comments(connection, properties)
    if plan.owning.owners:
        large_object_properties.write_owners(connection, properties)
    if plan.owning.acls:
        large_object_properties.write_privileges(connection, properties)


def _prepare(connection: Connection, steps: Iterable[Step]) -> list[str]:
    """Do what is possible of the database's own settings; returns what is not, for people."""
    runner = StepRunner(connection, tolerant=True)
    runner.run(steps)
    return listed(runner.failures.values())
