"""Indexes, constraints, triggers and the like, several at a time, each once.

`pg_restore --jobs` does the same, but knows nothing of what an interrupted restore has done; and that of PostgreSQL
17 and later sends settings that older servers refuse. Each step is a transaction of its own, with its line in the
ledger. As with pg_restore, one that fails keeps none of the others from being done: the rows are there.
"""

from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait

import psycopg

from transforms.postgres import ledger
from transforms.postgres.database import Database
from transforms.postgres.errors import translated
from transforms.postgres.failure import Failure, following
from transforms.postgres.schedule import Schedule
from transforms.postgres.session_pool import lent
from transforms.postgres.step import Step
from transforms.postgres.step_runner import execute, failure_of, is_fatal, refusal

ATTEMPTS = 10
DEADLOCK = "40P01"
PURPOSE = "restore"


def run(database: Database, session: bytes, steps: Iterable[Step], jobs: int) -> list[Failure]:
    """Do steps that no transaction holds together, `jobs` at a time, those that others need before these.

    Args:
        database: The target.
        session: What prepares a transaction.
        steps: The steps.
        jobs: The most connections.

    Returns:
        The steps that fail, and those that need them, in their order.

    Raises:
        UnreachableError: for an error that is not a step's; those that have begun are ended before.
    """
    every = {step.name: step for step in steps}
    schedule, failures = Schedule(every), dict[str, Failure]()
    with ThreadPoolExecutor(jobs, thread_name_prefix="shardkeep-objects") as pool:
        running: dict[Future[Failure | None], Step] = {}
        while schedule.is_active():
            while len(running) < jobs and (step := schedule.start()) is not None:
                running[pool.submit(_do, database, session, step, following(step, failures))] = step
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                step = running.pop(future)
                if (failure := future.result()) is not None:
                    failures[step.name] = failure
                schedule.done(step)
    return [failures[name] for name in every if name in failures]


def _do(database: Database, session: bytes, step: Step, lacking: Failure | None) -> Failure | None:
    """A partition is locked with its root, in an order that is not ours: after a deadlock a step is tried again."""
    failure = lacking
    for _ in range(ATTEMPTS if lacking is None else 0):
        failure = _attempt(database, session, step)
        if failure is None or failure.code != DEADLOCK:
            break
    return failure


def _attempt(database: Database, session: bytes, step: Step) -> Failure | None:
    with lent(database, PURPOSE) as connection:
        try:
            with connection.transaction():
                with translated(f"{database}: {step.title}"):  # a ledger that is gone is no failure of the step
                    is_left = ledger.claim_step(connection, step.name)
                if is_left:
                    connection.execute(session)
                    execute(connection, step)
        except psycopg.Error as error:
            if is_fatal(error):
                raise refusal(step, error) from error
            return failure_of(step, error)
    return None
