"""A psycopg connection that gives up on a silent server."""

import select
from collections.abc import Generator
from time import monotonic
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from transforms.postgres.server.silence import Silence

T = TypeVar("T")


class Connection(psycopg.Connection[tuple[Any, ...]]):
    """A session; `silence`, if set, decides when to give up on a silent server."""

    silence: Silence | None = None

    def wait(self, gen: PQGen[T], *arguments: Any, **settings: Any) -> T:  # noqa: ANN401 - psycopg's own
        """As psycopg's `wait`, which everything but the rows of a COPY uses.

        Raises:
            psycopg.OperationalError: if the server was silent for too long; the session is closed then.
        """
        heard = gen if self.silence is None else self._heard(gen, self.silence)
        return super().wait(heard, *arguments, **settings)

    def poll(self, events: int) -> int:
        """Wait for the socket: which of these events of `select.poll` there are. Raises as `wait`."""
        poll = select.poll()
        poll.register(self.pgconn.socket, events)
        limit = None if self.silence is None else self.silence.limit * 1000
        while not (found := poll.poll(limit)):
            self._judge()
        return sum({event for _, event in found})

    def _heard(self, gen: PQGen[T], silence: Silence) -> Generator[Any, Any, T]:
        """The same generator; psycopg resumes it ten times a second, with 0 if the socket is not ready."""
        try:
            state = next(gen)
            last = monotonic()
            while True:
                ready = yield state
                if ready or monotonic() - last > silence.limit:
                    if not ready:
                        self._judge()
                    last = monotonic()
                state = gen.send(ready)
        except StopIteration as end:
            value: T = end.value
            return value

    def _judge(self) -> None:
        why = self.silence.judge() if self.silence else None
        if why is not None:
            self.close()
            raise psycopg.OperationalError(why)
