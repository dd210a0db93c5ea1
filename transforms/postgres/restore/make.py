"""Makes the objects of an archive, first in a rehearsal, then before and after the rows.

Only the server knows what a role may create in it, and which statements it accepts. So before anything is written,
all steps are run in transactions that are rolled back; failures are reported with the server's messages.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from transforms.errors import RefusedError, ShardkeepError
from transforms.postgres.objects import ledger
from transforms.postgres.objects.failure import Failure, left_out, listed
from transforms.postgres.objects.ledger import Restoration
from transforms.postgres.objects.lent_rights import lent_rights
from transforms.postgres.objects.plan import ArchivePlan
from transforms.postgres.objects.step import Step
from transforms.postgres.objects.step_batches import SIZE, closed_batches, in_order
from transforms.postgres.objects.step_runner import StepRunner
from transforms.postgres.objects.unbroken import unbroken
from transforms.postgres.restore import search_path
from transforms.postgres.restore.row_trial import Refusal, RowTrial
from transforms.postgres.server.session import Connection

NO_ROWS = RowTrial()
OUT_OF_MEMORY = "53200"
"""The server's SQLSTATE when its table of locks is full."""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The result of trying all steps.

    Attributes:
        failures: The steps that fail, in their order.
        present: Names of steps that are not needed, since their objects exist.
        refusals: Tables that do not take their rows.
    """

    failures: tuple[Failure, ...] = ()
    present: frozenset[str] = frozenset()
    refusals: tuple[Refusal, ...] = ()

    @property
    def skipped(self) -> frozenset[str]:
        """Names of the steps to leave out."""
        return self.present.union(failure.step.name for failure in self.failures)

    @property
    def told(self) -> list[str]:
        """What fails, for people."""
        return listed(self.failures)

    @property
    def missing_tables(self) -> list[str]:
        """The tables that cannot be made, for people."""
        return listed([failure for failure in self.failures if failure.step.holds_rows])

    @property
    def refused_rows(self) -> list[str]:
        """The tables that do not take their rows, for people."""
        return [str(refusal) for refusal in self.refusals]

    @property
    def codes(self) -> frozenset[str]:
        """The SQLSTATEs of all failures and refusals."""
        return frozenset([failure.code for failure in self.failures] + [refusal.code for refusal in self.refusals])


def rehearse(
    connection: Connection,
    plan: ArchivePlan,
    restoration: Restoration,
    known: Sequence[Failure] = (),
    rows: RowTrial = NO_ROWS,
) -> Rehearsal:
    """Run all steps in transactions that are rolled back, as few as the server's table of locks allows.

    Args:
        connection: A connection to the target, in no transaction.
        plan: The steps.
        restoration: Which restore this is.
        known: Steps that are known to fail once the rows are there.
        rows: The rows to try once their tables are made, and the search path for what follows them.

    Raises:
        UnreachableError: if the connection is lost, or the server runs out of a resource.
        IntegrityError: if a statement ended its transaction.
    """

    def tried(batches: Iterable[frozenset[str]]) -> Rehearsal:
        return _tried(connection, plan, restoration, {failure.step.name: failure for failure in known}, rows, batches)

    whole = [frozenset(step.name for step in (*plan.pre_data, *plan.later))]
    batches = list(closed_batches(plan.pre_data, plan.later, plan.library(SIZE // 2), plan.attachments))
    rehearsal = tried(batches or whole)
    if len(batches) > 1 and (rehearsal.refusals or len(rehearsal.failures) > len(known)):
        # An archive does not list everything that its entries need: try again with all of it in one transaction.
        with _unless_locks_run_out():
            return tried(whole)
    return rehearsal


def _tried(
    connection: Connection,
    plan: ArchivePlan,
    restoration: Restoration,
    known: dict[str, Failure],
    rows: RowTrial,
    batches: Iterable[frozenset[str]],
) -> Rehearsal:
    runner = StepRunner(connection, tolerant=True, failures=known)
    refusals = dict[Refusal, None]()  # a table may be in several batches, and so refused several times
    for names in batches:
        refusals |= dict.fromkeys(_rehearse_batch(runner, plan.only(names), restoration, rows))
    order = {step.name: place for place, step in enumerate((*plan.pre_data, *plan.later))}
    failures = sorted(runner.failures.values(), key=lambda failure: order.get(failure.step.name, len(order)))
    return Rehearsal(tuple(failures), frozenset(runner.present), tuple(refusals))


@contextmanager
def _unless_locks_run_out() -> Iterator[None]:
    """End the block without an error if the server's table of locks was full."""
    try:
        yield
    except ShardkeepError as error:
        if getattr(error.__cause__, "sqlstate", None) != OUT_OF_MEMORY:
            raise


def _rehearse_batch(runner: StepRunner, plan: ArchivePlan, restoration: Restoration, rows: RowTrial) -> list[Refusal]:
    connection = runner.connection
    connection.execute("BEGIN")
    try:
        with unbroken(connection):
            connection.execute(plan.session)
            if ledger.find(connection) is None:
                ledger.create(connection, restoration)
            runner.run(plan.pre_data)
            refusals = rows.refusals(connection)
            connection.execute(search_path.local(rows.path))
            runner.run(plan.post_data)
            connection.execute(search_path.LEAVE)
            _hand_over(runner, plan)
            runner.run(plan.late)
    finally:
        if not connection.closed:
            connection.execute("ROLLBACK")
            connection.execute("RESET ROLE")
    return refusals


def make(connection: Connection, plan: ArchivePlan, restoration: Restoration, rehearsal: Rehearsal) -> None:
    """Make the ledger and what the rows need, each step once, even if this is called again.

    All in one transaction, or in several if the server's table of locks may be too small.

    Args:
        connection: A connection to the target, in no transaction.
        plan: The steps.
        restoration: Which restore this is.
        rehearsal: The result of trying the steps, at the first call.

    Raises:
        RefusedError: if a step fails that did not in the rehearsal, or another restore has begun here meanwhile.
        IntegrityError: if a step ends the transaction.
    """
    for steps in in_order(plan.pre_data):
        with connection.transaction(), unbroken(connection):
            held = ledger.lock(connection)
            if held is None and ledger.last_word(connection, restoration.id) is not None:
                return  # another call ended this restore while this one waited
            if held not in (None, restoration):
                raise RefusedError(ledger.unfinished(f"the database {connection.info.dbname}", held))
            connection.execute(plan.session)
            if held is None:
                ledger.create(connection, restoration)
                ledger.note_skipped(connection, rehearsal.skipped, left_out(rehearsal.failures))
            runner = StepRunner(connection, skipped=ledger.skipped(connection))
            _run_left(runner, steps)
            ledger.note_skipped(connection, runner.present)


def _run_left(runner: StepRunner, steps: Sequence[Step]) -> None:
    """Run the steps that the ledger does not have, and enter those that succeed in it."""
    done = ledger.done_steps(runner.connection, [step.name for step in steps])
    left = [step for step in steps if step.name not in done]
    runner.run(left)
    ledger.claim_steps(runner.connection, [step.name for step in left if step.name not in runner.failures])


def close(
    connection: Connection,
    plan: ArchivePlan,
    restoration: Restoration,
    failures: Iterable[Failure],
    last: Callable[[StepRunner], None],
    word: Callable[[list[Failure]], str],
    tolerant: bool = False,
) -> None:
    """Give everything to its owners and end the ledger.

    All in one transaction, or in several if the server's table of locks may be too small.

    Args:
        connection: A connection that nothing else uses, since owners and so rights change.
        plan: The plan.
        restoration: Which restore this is; nothing is done if another call has ended it meanwhile.
        failures: What could not be made; steps that need it are left out.
        last: Runs further steps in the last transaction.
        word: Makes the restore's last word from all failures.
        tolerant: Whether to go on after a step that fails, which takes longer.

    Raises:
        RefusedError: if a step fails and this is not tolerant; its transaction is rolled back.
    """
    known = {failure.step.name: failure for failure in failures}
    runner = StepRunner(connection, tolerant, failures=known)
    batches = list(in_order((*plan.guards, *plan.renames, *plan.owners, *plan.acls)))
    for steps in batches[:-1]:
        with connection.transaction(), unbroken(connection):
            if not _is_reached(runner, plan, restoration):
                return
            with lent_rights(runner, plan.visitors):
                _run_left(runner, steps)
    with connection.transaction(), unbroken(connection):
        if not _is_reached(runner, plan, restoration):
            return
        with lent_rights(runner, plan.visitors):
            runner.run(batches[-1])
        runner.run(plan.schema_owners)
        last(runner)
        ledger.clear(connection)  # before event triggers are made, which would fire on it
        runner.run(plan.late)
        ledger.end(connection, word(list(runner.failures.values())))


def _is_reached(runner: StepRunner, plan: ArchivePlan, restoration: Restoration) -> bool:
    """Prepare a transaction of the end; false if another call has ended the restore."""
    if ledger.lock(runner.connection) != restoration:
        return False
    runner.skipped = ledger.skipped(runner.connection)
    runner.connection.execute(plan.session)
    return True


def _hand_over(runner: StepRunner, plan: ArchivePlan) -> None:
    """Run the steps of `close` in one transaction, without ending the ledger."""
    runner.run(plan.guards)
    runner.run(plan.renames)
    with lent_rights(runner, plan.visitors):
        runner.run(plan.owners)
        runner.run(plan.acls)
    runner.run(plan.schema_owners)
