"""Running steps in one transaction: the first that fails ends it, or all that fail are told."""

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

# What CREATE says of an object that is there: duplicate_ schema, object, function, table, alias, file or database.
DUPLICATES = frozenset({"42P06", "42710", "42723", "42P07", "42P04"})
FORBIDDEN = "42501"
GROUP = 200
"""Steps that are sent without waiting for answers: the way to a server may cost more than most of them."""
# Such an error is of the session, not of the step: to go on would only repeat it.
FATAL_CLASSES = frozenset({"08", "53", "57", "58", "XX"})


@dataclass
class StepRunner:
    """Runs steps in the transaction that its connection is in.

    Attributes:
        connection: The connection.
        tolerant: Whether to go on behind a step that fails, as if it had not been tried.
        skipped: Names of steps that are not to be done, with all that is about them.
        failures: Those that failed, by the step's name; what needs one of them is not tried.
        present: Names of steps whose object was there already, and of those that are about it: they are not done.
    """

    connection: Connection
    tolerant: bool = False
    skipped: frozenset[str] = frozenset()
    failures: dict[str, Failure] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)

    def run(self, steps: Iterable[Step]) -> None:
        """Run steps in their order.

        Raises:
            RefusedError: if one fails, or its like, and this is not tolerant.
            IntegrityError: if one ends the transaction: what it did then cannot be undone.
        """
        rest = iter(steps)
        while group := tuple(islice(rest, GROUP)):
            if not self._run_together(group):
                self._run_singly(group)

    def _run_together(self, group: Sequence[Step]) -> bool:
        """Run steps without waiting for one before the next is sent; false, and nothing is done, if one fails."""
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
        """Whether it lacks nothing and is about nothing that was there."""
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
        """Whether what a role may not make need not be made."""
        if not step.presence or error.sqlstate != FORBIDDEN:
            return False
        row = self.connection.execute(step.presence).fetchone()
        return row is not None and bool(row[0])

    def _require_open(self, step: Step) -> None:
        """What libpq knows of the transaction costs nothing to ask."""
        if self.connection.pgconn.transaction_status != TransactionStatus.INTRANS:
            raise IntegrityError(
                f"{step.title}: what makes it ended the transaction that it was tried in, so what was tried may have"
                " stayed. Drop what was made, verify the backup, and ask who wrote it."
            )


def execute(connection: Connection, step: Step) -> None:
    """Run the statements of a step one by one: in binary form, which means by the extended protocol, which takes one.

    Raises:
        psycopg.Error: if the server does not take one.
    """
    for statement in statements(step.statement):
        connection.execute(statement, binary=True)


def failure_of(step: Step, error: psycopg.Error) -> Failure:
    """A failure in the server's words."""
    return Failure(step, _words(error), code=error.sqlstate or "")


def refusal(step: Step, error: psycopg.Error) -> Exception:
    """The error that names the step."""
    if is_ours(error):
        return error
    kind, advice = meaning(error.sqlstate)
    kind = kind if error.sqlstate is None or error.sqlstate[:2] in FATAL_CLASSES | {"42"} else RefusedError
    return kind(f"{step.title}: {_words(error)}. {advice}")


def _words(error: psycopg.Error) -> str:
    hint = error.diag.message_hint
    return said(error).rstrip(".") + (f" ({hint.rstrip('.')})" if hint else "")


def is_of_a_step(error: ShardkeepError) -> bool:
    """Whether an error of ours is what the server said of a step, so that others may still be done."""
    return isinstance(error.__cause__, psycopg.Error) and not is_fatal(error.__cause__)


def is_fatal(error: psycopg.Error) -> bool:
    """Whether an error is of the session or the server, not of a step."""
    return error.sqlstate is None or error.sqlstate[:2] in FATAL_CLASSES
