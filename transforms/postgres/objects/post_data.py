"""Makes indexes, constraints, triggers and so on, several at a time, each once.

`pg_restore --jobs` does the same, but does not know what an interrupted restore has done; and since PostgreSQL 17 it
sends settings that older servers refuse. One step or a few are done in a transaction, with their lines in the ledger.
As with pg_restore, a step that fails does not keep the others from being done: the rows are there.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from itertools import islice

import psycopg

from transforms.postgres.objects import ledger
from transforms.postgres.objects.failure import Failure, following
from transforms.postgres.objects.schedule import Schedule
from transforms.postgres.objects.step import Step
from transforms.postgres.objects.step_runner import execute, failure_of, is_fatal, refusal
from transforms.postgres.server.database import Database
from transforms.postgres.server.errors import translated
from transforms.postgres.server.session_pool import lent

ATTEMPTS = 10
DEADLOCK = "40P01"
STILL_LOCKED = (
    f"All {ATTEMPTS} attempts ended so: other sessions lock the same tables. Find them in pg_stat_activity; when they"
    " have ended, run the statement yourself"
)
PURPOSE = "restore"
MOST, SHARES = 16, 8
"""Most steps in a transaction, and the fewest transactions for each connection. With thousands of small tables, round
trips and commits cost more than most steps; small transactions keep few steps waiting for a large index."""


def run(database: Database, session: bytes, steps: Iterable[Step], jobs: int) -> list[Failure]:
    """Do steps in transactions of a few, over `jobs` connections, each after the steps that it needs.

    Args:
        database: The target.
        session: Statements that prepare a transaction.
        steps: The steps.
        jobs: The most connections.

    Returns:
        The steps that fail, and those that need them, in their order.

    Raises:
        UnreachableError: for an error of the session or the server; running steps are waited for first.
    """
    every = {step.name: step for step in steps}
    schedule, failures = Schedule(every), dict[str, Failure]()
    work, size = _Work(database, session), min(MOST, len(every) // (SHARES * jobs)) or 1
    with ThreadPoolExecutor(jobs, thread_name_prefix="shardkeep-objects") as pool:
        running: dict[Future[list[Failure]], list[Step]] = {}
        while schedule.is_active():
            while len(running) < jobs and (group := list(islice(iter(schedule.start, None), size))):
                lacking = [failure for step in group if (failure := following(step, failures)) is not None]
                running[pool.submit(work.do, group, lacking)] = group
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                failures.update({failure.step.name: failure for failure in future.result()})
                for step in running.pop(future):
                    schedule.done(step)
    return [failures[name] for name in every if name in failures]


@dataclass(frozen=True, slots=True)
class _Work:
    """Does groups of steps; no step of a group needs another one of it."""

    database: Database
    session: bytes

    def do(self, group: Sequence[Step], lacking: list[Failure]) -> list[Failure]:
        """Do the steps of a group except those in `lacking`; returns all failures, `lacking` included."""
        names = {failure.step.name for failure in lacking}
        left = [step for step in group if step.name not in names]
        if len(left) > 1 and self._attempt(left) is None:
            return lacking
        return [*lacking, *(failure for step in left if (failure := self._do(step)) is not None)]

    def _do(self, step: Step) -> Failure | None:
        """Do one step, again after a deadlock: the server locks partitions and their root in its own order."""
        failure = None
        for _ in range(ATTEMPTS):
            failure = self._attempt([step])
            if failure is None or failure.code != DEADLOCK:
                return failure
        return failure and replace(failure, words=f"{failure.words}. {STILL_LOCKED}")

    def _attempt(self, group: Sequence[Step]) -> Failure | None:
        """Do steps in one transaction, all or none; a failure is reported for the first of them."""
        with lent(self.database, PURPOSE) as connection:
            try:
                with connection.transaction():
                    # A missing ledger is not a failure of a step.
                    with translated(f"{self.database}: {group[0].title}"):
                        left = ledger.claim_steps(connection, [step.name for step in group])
                    connection.execute(self.session)
                    with connection.pipeline():
                        for step in (each for each in group if each.name in left):
                            execute(connection, step)
            except psycopg.Error as error:
                if is_fatal(error):
                    raise refusal(group[0], error) from error
                return failure_of(group[0], error)
        return None
