"""Runs steps in one transaction: the first failure ends it, or all failures are collected."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice

import psycopg
from psycopg.pq import TransactionStatus

from transforms.errors import IntegrityError, RefusedError, ShardkeepError
from transforms.postgres.archive.sql_script import statements
from transforms.postgres.objects.failure import Failure, following
from transforms.postgres.objects.step import Step
from transforms.postgres.server.errors import is_ours, meaning, said
from transforms.postgres.server.session import Connection

# SQLSTATEs of CREATE for an existing object: duplicate schema, object, function, table or database.
DUPLICATES = frozenset({"42P06", "42710", "42723", "42P07", "42P04"})
FORBIDDEN = "42501"
GROUP = 200
"""Steps that are sent without waiting for answers: a round trip may cost more than most steps."""
# Classes of SQLSTATEs of errors of the session, not of the step: the next step would fail too.
FATAL_CLASSES = frozenset({"08", "53", "57", "58", "XX"})


@dataclass
class StepRunner:
    """Runs steps in the transaction that its connection is in.

    Attributes:
        connection: The connection.
        tolerant: Whether to go on after a step that fails, as if it had not been tried.
        skipped: Names of steps that are left out, with all steps about them.
        failures: The failures, by the step's name; a step that needs a failed one is not tried.
        present: Names of steps whose object existed already, and of steps about it: they are not done.
    """

    connection: Connection
    tolerant: bool = False
    skipped: frozenset[str] = frozenset()
    failures: dict[str, Failure] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)

    def run(self, steps: Iterable[Step]) -> None:
        """Run steps in their order.

        Raises:
            RefusedError: if a step fails and this is not tolerant; for some errors another class, see `refusal`.
            IntegrityError: if a step ends the transaction: what it did cannot be undone.
        """
        rest = iter(steps)
        while group := tuple(islice(rest, GROUP)):
            if not self._run_together(group):
                self._run_singly(group)

    def _run_together(self, group: Sequence[Step]) -> bool:
        """Send steps without waiting for answers; if one fails, all are undone and the result is false."""
        left = [step for step in group if self._is_left(step)]
        if not left:
            return True
        try:
            with self.connection.transaction(), self.connection.pipeline():
                for step in left:
                    execute(self.connection, step)
        except psycopg.Error as error:
            if is_fatal(error):
                raise refusal(left[0], error) from error
            self._require_open(left[0])
            return False
        self._require_open(group[-1])
        return True

    def _run_singly(self, group: Iterable[Step]) -> None:
        """Run steps one by one, to find those that fail."""
        for step in group:
            if self._is_left(step):
                self._attempt(step)
                self._require_open(step)

    def _is_left(self, step: Step) -> bool:
        """Whether a step is to be done: not skipped, not needing a failed step, not about an object that existed."""
        if step.name in self.skipped or step.name in self.failures or (step.about and step.about in self.skipped):
            return False
        if step.about in self.present:
            self.present.add(step.name)
            return False
        lacking = following(step, self.failures)
        if lacking is not None:
            self.failures[step.name] = lacking
        return lacking is None

    def _attempt(self, step: Step) -> None:
        try:
            with self.connection.transaction():
                execute(self.connection, step)
        except psycopg.Error as error:
            if not is_fatal(error):
                self._require_open(step)
            if step.may_exist and (error.sqlstate in DUPLICATES or self._is_there(step, error)):
                self.present.add(step.name)
            elif not self.tolerant or is_fatal(error):
                raise refusal(step, error) from error
            else:
                self.failures[step.name] = failure_of(step, error)

    def _is_there(self, step: Step, error: psycopg.Error) -> bool:
        """Whether the object of a step that was forbidden exists already."""
        if not step.presence or error.sqlstate != FORBIDDEN:
            return False
        row = self.connection.execute(step.presence).fetchone()
        return row is not None and bool(row[0])

    def _require_open(self, step: Step) -> None:
        """Check that the transaction has not ended; libpq knows its state without a round trip."""
        if self.connection.pgconn.transaction_status != TransactionStatus.INTRANS:
            raise IntegrityError(
                f"{step.title}: what makes it ended the transaction that it was tried in, so what was tried may have"
                " stayed. Drop what was made, verify the backup, and ask who wrote it."
            )


def execute(connection: Connection, step: Step) -> None:
    """Run the statements of a step one by one, by the extended protocol, which takes only one at a time.

    Asking psycopg for binary results selects that protocol.

    Raises:
        psycopg.Error: if the server refuses one.
    """
    for statement in statements(step.statement):
        connection.execute(statement, binary=True)


def failure_of(step: Step, error: psycopg.Error) -> Failure:
    """The failure of a step, in the server's words."""
    return Failure(step, _words(error), code=error.sqlstate or "")


def refusal(step: Step, error: psycopg.Error) -> Exception:
    """The error to raise for a step: of the class for its SQLSTATE, or else `RefusedError`."""
    if is_ours(error):
        return error
    kind, advice = meaning(error.sqlstate)
    kind = kind if error.sqlstate is None or error.sqlstate[:2] in FATAL_CLASSES | {"42"} else RefusedError
    return kind(f"{step.title}: {_words(error)}. {advice}")


def _words(error: psycopg.Error) -> str:
    hint = error.diag.message_hint
    return said(error).rstrip(".") + (f" ({hint.rstrip('.')})" if hint else "")


def is_of_a_step(error: ShardkeepError) -> bool:
    """Whether an error was caused by the failure of a step, so that other steps may still be done."""
    return isinstance(error.__cause__, psycopg.Error) and not is_fatal(error.__cause__)


def is_fatal(error: psycopg.Error) -> bool:
    """Whether an error is one of the session or the server, not of a step."""
    return error.sqlstate is None or error.sqlstate[:2] in FATAL_CLASSES
