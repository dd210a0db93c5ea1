"""Making the objects of an archive: tried out, then made around the rows.

The server alone knows what a role may create in it, and what it understands. So before anything is written, all
steps are run in one transaction that is rolled back: what fails is refused, with the server's own words.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from transforms.errors import IntegrityError
from transforms.postgres import ledger
from transforms.postgres.archive_plan import ArchivePlan
from transforms.postgres.ledger import Restoration
from transforms.postgres.lent_rights import lent_rights
from transforms.postgres.session import Connection
from transforms.postgres.step_runner import Failure, StepRunner, listed

_ESCAPED = (
    "What was tried ended the transaction that it was tried in, so it may have stayed. Drop what was made, verify the"
    " backup, and ask who wrote it."
)


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What came of trying all steps.

    Attributes:
        failures: The steps that fail, in their order.
        present: Names of steps that are not needed: their objects are there.
    """

    failures: tuple[Failure, ...] = ()
    present: frozenset[str] = frozenset()

    @property
    def skipped(self) -> frozenset[str]:
        """Names of the steps that are not to be done."""
        return self.present.union(failure.step.name for failure in self.failures)

    @property
    def told(self) -> list[str]:
        """What fails, for people."""
        return listed(self.failures)

    @property
    def missing_tables(self) -> list[str]:
        """What fails of tables and their rows, for people."""
        return listed([failure for failure in self.failures if failure.step.holds_rows])


def rehearse(
    connection: Connection, plan: ArchivePlan, restoration: Restoration, known: Iterable[Failure] = ()
) -> Rehearsal:
    """Run all steps without keeping anything of it.

    Args:
        connection: A connection to the target, in no transaction.
        plan: The steps.
        restoration: Which restore this is.
        known: Steps of which is known that they will fail when the rows are there.

    Raises:
        UnreachableError: if the connection is lost, or the server runs out of something.
        IntegrityError: if the transaction was ended by what it tried.
    """
    runner = StepRunner(connection, tolerant=True, failures={failure.step.name: failure for failure in known})
    connection.execute("BEGIN")
    try:
        with _unbroken(connection):
            connection.execute(plan.session)
            if ledger.find(connection) is None:
                ledger.create(connection, restoration)
            runner.run(plan.pre_data)
            runner.run(plan.post_data)
            _hand_over(runner, plan)
            runner.run(plan.late)
    finally:
        if not connection.closed:
            connection.execute("ROLLBACK")
            connection.execute("RESET ROLE")
    return Rehearsal(tuple(runner.failures.values()), frozenset(runner.present))


@contextmanager
def _unbroken(connection: Connection) -> Iterator[None]:
    """Prove that the transaction that the session is in when the block ends is that of its beginning.

    Raises:
        IntegrityError: if it is another one, or none.
    """
    began = _transaction(connection)
    yield
    if _transaction(connection) != began:
        raise IntegrityError(_ESCAPED)


def _transaction(connection: Connection) -> object:
    """The server's number of the transaction that the session is in; outside of one, of a new one each time."""
    return connection.execute("SELECT pg_catalog.txid_current()").fetchone()


def make(connection: Connection, plan: ArchivePlan, restoration: Restoration, rehearsal: Rehearsal) -> None:
    """Make what must be there before the rows, and the ledger, in one transaction; a second time does nothing.

    Raises:
        RefusedError: if a step fails, which is then the first that did not in the rehearsal.
        IntegrityError: if a step ends the transaction.
    """
    with connection.transaction(), _unbroken(connection):
        ledger.lock(connection)
        if ledger.find(connection) is not None:
            return
        connection.execute(plan.session)
        ledger.create(connection, restoration)
        runner = StepRunner(connection, skipped=rehearsal.skipped)
        runner.run(plan.pre_data)
        ledger.note_skipped(connection, rehearsal.skipped.union(runner.present), rehearsal.told)


def close(connection: Connection, plan: ArchivePlan, last: Callable[[Connection], None]) -> None:
    """Give everything to its owners and drop the ledger, in one transaction.

    Args:
        connection: A connection of its own: owners' rights change.
        plan: The plan.
        last: What else belongs into the transaction, before event triggers.
    """
    with connection.transaction(), _unbroken(connection):
        ledger.lock(connection)
        connection.execute(plan.session)
        runner = StepRunner(connection, skipped=ledger.skipped(connection))
        _hand_over(runner, plan)
        last(connection)
        ledger.drop(connection)
        runner.run(plan.late)


def _hand_over(runner: StepRunner, plan: ArchivePlan) -> None:
    runner.run(plan.guards)
    runner.run(plan.renames)
    with lent_rights(runner, plan.visitors):
        runner.run(plan.owners)
        runner.run(plan.acls)
    runner.run(plan.schema_owners)
