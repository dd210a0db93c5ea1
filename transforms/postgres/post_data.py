"""Indexes, constraints, triggers and the like, several at a time, each once.

`pg_restore --jobs` does the same, but knows nothing of what an interrupted restore has done; and that of PostgreSQL
17 and later sends settings that older servers refuse. Each step is a transaction of its own, with its line in the
ledger.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from graphlib import TopologicalSorter

import psycopg
from psycopg.errors import DeadlockDetected

from transforms.postgres import ledger
from transforms.postgres.database import Database
from transforms.postgres.session_pool import lent
from transforms.postgres.step import Step
from transforms.postgres.step_runner import execute, refusal

ATTEMPTS = 10
PURPOSE = "restore"


def run(database: Database, session: bytes, steps: Iterable[Step], jobs: int) -> None:
    """Do steps that no transaction holds together, `jobs` at a time, those that others need before these.

    Args:
        database: The target.
        session: What prepares a session.
        steps: The steps.
        jobs: The most connections.

    Raises:
        RefusedError: for the first that fails; those that have begun are ended before.
    """
    schedule = Schedule({step.name: step for step in steps})
    with ThreadPoolExecutor(jobs, thread_name_prefix="shardkeep-objects") as pool:
        running: dict[Future[None], Step] = {}
        while schedule.is_active():
            for step in schedule.startable(running.values(), jobs):
                running[pool.submit(_do, database, session, step)] = step
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in done:
                future.result()
                schedule.done(running.pop(future))


class Schedule:
    """Which steps may start: what they need is done, and no running step keeps their tables locked."""

    def __init__(self, steps: dict[str, Step]) -> None:
        self._steps = steps
        self._ready = list[Step]()
        graph = {name: [need for need in step.needs if need in steps] for name, step in steps.items()}
        self._sorter = TopologicalSorter(graph)
        self._sorter.prepare()

    def is_active(self) -> bool:
        """Whether any step is not done."""
        return self._sorter.is_active()

    def done(self, step: Step) -> None:
        """Note that a step is done."""
        self._sorter.done(step.name)

    def startable(self, running: Iterable[Step], jobs: int) -> Iterator[Step]:
        """The steps to start beside those that run, so that at most `jobs` do; each is given once."""
        self._ready += [self._steps[name] for name in self._sorter.get_ready()]
        active = list(running)
        for step in list(self._ready):
            if len(active) < jobs and not any(_conflict(step, other) for other in active):
                active.append(step)
                self._ready.remove(step)
                yield step


def _conflict(one: Step, other: Step) -> bool:
    return bool(one.tables & other.tables) and not (one.shares and other.shares)


def _do(database: Database, session: bytes, step: Step) -> None:
    for attempt in range(ATTEMPTS):
        try:
            with lent(database, PURPOSE) as connection, connection.transaction():
                if ledger.claim_step(connection, step.name):
                    connection.execute(session)
                    execute(connection, step)
            return
        except DeadlockDetected:  # partitions are locked with their root, in an order that is not ours
            if attempt == ATTEMPTS - 1:
                raise
        except psycopg.Error as error:
            raise refusal(step, error) from error
