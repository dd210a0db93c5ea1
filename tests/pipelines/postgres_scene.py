"""A small database that is backed up while others are at work in it, and the places where the backup can be stopped."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from signal import SIGKILL, Signals

from tests.pipelines.bigtable_runs import Ended
from tests.pipelines.postgres_gate import ADVISORY, GATE, Observer, Session, held, in_background, queued, shut
from tests.pipelines.postgres_runs import backup
from tests.servers.postgres_server import PostgresServer

TABLES = f"""
    {GATE}
    CREATE TABLE aside (n int);
    CREATE TABLE first (n int PRIMARY KEY); INSERT INTO first SELECT generate_series(1, 100);
    CREATE TABLE last (n int PRIMARY KEY); INSERT INTO last SELECT generate_series(1, 200);
    CREATE SCHEMA other; CREATE TABLE other.one (n int); INSERT INTO other.one VALUES (1);
    CREATE SEQUENCE numbers;
"""
ALL = {"public.aside": [], "public.first": [*range(1, 101)], "public.last": [*range(1, 201)], "other.one": [1]}
# One reader, which stands in the middle of `first` where the gate is shut; `last` is read after that.
THROUGH_THE_GATE = ("--where=public.first:n < 50 OR public.gate()", "--readers=1")
# What is not selected is not read and not locked, but it is in pg_dump's archive.
NOT_ASIDE = "--exclude_table=public.aside"
LOCK_ASIDE = "LOCK TABLE aside IN ACCESS EXCLUSIVE MODE"

GoOn = Callable[[], Ended]


@dataclass(frozen=True)
class Scene:
    """A database, the vault that it is backed up into, and who looks at it."""

    server: PostgresServer
    database: str
    vault: Path
    observer: Observer

    @property
    def url(self) -> str:
        """The database's."""
        return self.server.url(self.database)

    def sql(self, text: str) -> None:
        """Somebody else's script, at once."""
        self.server.sql(text, self.database)

    def held(self, statements: str) -> AbstractContextManager[Session]:
        """See `postgres_gate.held`."""
        return held(self.server, self.database, statements)

    def queued(self, statement: str) -> "AbstractContextManager[Future[bool]]":
        """See `postgres_gate.queued`."""
        return queued(self.server, self.database, statement)

    def shut(self) -> AbstractContextManager[Session]:
        """See `postgres_gate.shut`."""
        return shut(self.server, self.database)

    def backup(self, *options: str) -> Ended:
        """Back it up."""
        return backup(self.vault, self.url, *options)

    @contextmanager
    def beginning(self, *options: str) -> Iterator["Future[Ended]"]:
        """A backup whose snapshot's holder waits for a lock that somebody has."""
        with in_background(self.backup, *options) as command:
            self.observer.await_wait(command, "shardkeep snapshot")
            yield command

    @contextmanager
    def reading(self, *options: str) -> Iterator[GoOn]:
        """A backup whose reader stands in the middle of `first`; what is yielded lets it go on to its end."""
        with self.shut() as gate, in_background(self.backup, *THROUGH_THE_GATE, *options) as command:
            self.observer.await_wait(command, "shardkeep backup", ADVISORY)
            with _goes_on(gate, command) as go_on:
                yield go_on

    @contextmanager
    def dumping(self) -> Iterator[GoOn]:
        """A backup that has read all, whose pg_dump waits for the table `aside`; likewise."""
        with self.held(LOCK_ASIDE) as lock, in_background(self.backup, NOT_ASIDE) as command:
            self.observer.await_wait(command, "%pg_dump%")
            with _goes_on(lock, command) as go_on:
                yield go_on


@contextmanager
def _goes_on(obstacle: Session, command: "Future[Ended]") -> Iterator[GoOn]:
    def go_on() -> Ended:
        obstacle.commit()
        return command.result()

    try:
        yield go_on
    finally:
        obstacle.rollback()


class Process:
    """A command in a process of its own, to be killed."""

    def __init__(self, module: str, vault: Path, database: str, *options: str) -> None:
        command = [sys.executable, "-m", f"pipelines.{module}", f"--vault={vault}", f"--database={database}", *options]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def done(self) -> bool:
        """Whether it has ended."""
        return self._process.poll() is not None

    def kill(self) -> None:
        """End it by a signal that it cannot catch; it must not have ended before."""
        assert self.end(SIGKILL) == -SIGKILL

    def end(self, number: Signals) -> int:
        """End it by a signal; its exit code."""
        self._process.send_signal(number)
        return self._process.wait()

    def children(self) -> list[int]:
        """The programs that it has started and that run."""
        lists = Path(f"/proc/{self._process.pid}/task").glob("*/children")
        return [int(pid) for each in lists for pid in each.read_text().split()]
