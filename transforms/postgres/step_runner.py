"""Running steps in one transaction: the first that fails ends it, or all that fail are told."""

from collections.abc import Iterable
from dataclasses import dataclass, field

import psycopg
from psycopg.pq import TransactionStatus

from transforms.errors import IntegrityError, RefusedError
from transforms.postgres.errors import is_ours, meaning, said
from transforms.postgres.identifiers import name_list
from transforms.postgres.owners import OWNER, PRIVILEGES
from transforms.postgres.session import Connection
from transforms.postgres.sql_script import statements
from transforms.postgres.step import Step

# What CREATE says of an object that is there: duplicate_ schema, object, function, table, alias, file or database.
DUPLICATES = frozenset({"42P06", "42710", "42723", "42P07", "42P04"})
ADVICE = {
    OWNER: "Create the owners and become a member of them, or leave owners out: --owner=none.",
    PRIVILEGES: "Create the roles, or leave privileges out: --acl=none.",
}
MOST_NAMES = 10
FORBIDDEN = "42501"
# Such an error is of the session, not of the step: to go on would only repeat it.
FATAL_CLASSES = frozenset({"08", "53", "57", "58", "XX"})


@dataclass(frozen=True, slots=True)
class Failure:
    """A step that cannot be done; `follows` says that it is so only because another one cannot."""

    step: Step
    words: str
    follows: bool = False


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
        for step in steps:
            if not self._is_left(step):
                continue
            if self.tolerant or step.may_exist:
                self._attempt(step)
            else:
                self._execute(step)
            self._require_open(step)

    def _is_left(self, step: Step) -> bool:
        """Whether it lacks nothing and is about nothing that was there."""
        if step.name in self.skipped or step.name in self.failures or (step.about and step.about in self.skipped):
            return False
        if step.about in self.present:
            self.present.add(step.name)
            return False
        lacking = next((self.failures[need] for need in step.needs if need in self.failures), None)
        if lacking is not None:
            self.failures[step.name] = Failure(step, f"needs {lacking.step.title}", True)
        return lacking is None

    def _execute(self, step: Step) -> None:
        try:
            execute(self.connection, step)
        except psycopg.Error as error:
            raise refusal(step, error) from error

    def _attempt(self, step: Step) -> None:
        try:
            with self.connection.transaction():
                execute(self.connection, step)
        except psycopg.Error as error:
            if not _is_fatal(error):
                self._require_open(step)
            if step.may_exist and (error.sqlstate in DUPLICATES or self._is_there(step, error)):
                self.present.add(step.name)
            elif not self.tolerant or _is_fatal(error):
                raise refusal(step, error) from error
            else:
                self.failures[step.name] = Failure(step, _words(error))

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


def _is_fatal(error: psycopg.Error) -> bool:
    return error.sqlstate is None or error.sqlstate[:2] in FATAL_CLASSES


def listed(failures: Iterable[Failure]) -> list[str]:
    """Failures for people: causes first; remarks on what is missing anyway are not told, owners' in one line each."""
    told = [failure for failure in failures if not (failure.follows and failure.step.about)]
    groups: dict[tuple[str, str], list[Failure]] = {}
    for place, failure in enumerate(each for each in told if not each.follows):
        groups.setdefault((failure.words, _class(failure) or str(place)), []).append(failure)
    followers = [f"{failure.step.title}: {failure.words}." for failure in told if failure.follows]
    others = [f"and {len(followers) - MOST_NAMES} others that need these."] if len(followers) > MOST_NAMES else []
    return [*map(_told, groups.values()), *followers[:MOST_NAMES], *others]


def _class(failure: Failure) -> str:
    return next((beginning for beginning in ADVICE if failure.step.title.startswith(beginning)), "")


def _told(group: list[Failure]) -> str:
    first, *others = group
    beginning = _class(first)
    names = f", {name_list((each.step.title.removeprefix(beginning) for each in others), MOST_NAMES)}" if others else ""
    return f"{first.step.title}{names}: {first.words}. {ADVICE.get(beginning, '')}".rstrip()
