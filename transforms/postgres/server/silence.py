"""Decides when to give up on a silent server: not while it works.

A long sort, an index build or a wait for a lock is silent for hours. So after some silence a second session asks the
server what it is doing for the first one. If that is nothing, or the server does not answer, the wait ends.
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from transforms.errors import ShardkeepError
from transforms.postgres.server.errors import is_full

LONGEST_WAIT = 20.0
"""Most seconds that the second session waits for an answer; fewer if the limit is short."""

# `state` is NULL if the role may not see it, and `disabled` if the server does not track it (track_activities).
_WORKING = frozenset({"active", "fastpath function call", "disabled", None})
# The server waits for us, but we receive nothing and can send nothing: something in between drops it.
_WAITS_FOR_US = "Client"
_ACTIVITY = """
    SELECT state, wait_event_type, state_change::pg_catalog.text FROM pg_catalog.pg_stat_activity WHERE {} = %s
"""
BY_PROCESS = _ACTIVITY.format("pid")
BY_NAME = _ACTIVITY.format("application_name")

Session = psycopg.Connection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Activity:
    """What a server is doing for a session, by its own account.

    Attributes:
        state: As in `pg_stat_activity`; empty if there is no such session.
        waits_for: Type of the event that it waits for, or None.
        since: When the state began, as the server's text.
    """

    state: str | None = ""
    waits_for: str | None = None
    since: str | None = None

    @property
    def is_work(self) -> bool:
        """Whether it is worth waiting for."""
        return self.state in _WORKING and self.waits_for != _WAITS_FOR_US

    def __str__(self) -> str:
        """For people."""
        if self.state == "":
            return "the server has no such session any more"
        waiting = ", waiting for us" if self.waits_for == _WAITS_FOR_US else ""
        return f"the server says that the session is {self.state}{waiting}"


@dataclass
class Silence:
    """The silence of one session.

    Attributes:
        limit: Seconds after which the server is asked, again and again.
        look: Asks it by another session; None until the session's process is known.
    """

    limit: float
    look: Callable[[], Activity] | None = None
    _last: Activity | None = None

    def judge(self) -> str | None:
        """Called after each `limit` seconds of silence: returns why to give up on the session, or None.

        An answer may be on its way: idleness must be seen twice, unchanged.
        """
        if self.look is None:
            return self._words("the session is new")
        try:
            seen = self.look()
        except (psycopg.Error, ShardkeepError) as error:
            return None if is_full(str(error)) else self._words(f"a second session says: {error}")
        last, self._last = self._last, seen
        return self._words(str(seen)) if seen == last and not seen.is_work else None

    def _words(self, why: str) -> str:
        return f"Nothing was heard of the server for {self.limit:g} s (--idle_timeout), nor does it work on it: {why}"


def activity(opened: Callable[[], Session], query: str, whom: int | str) -> Activity:
    """What the server is doing for another session.

    Args:
        opened: Opens a session to ask with.
        query: `BY_PROCESS` or `BY_NAME`.
        whom: The other session's process, or its application's name.

    Raises:
        psycopg.Error, ShardkeepError: if it cannot be asked.
    """
    with closing(opened()) as session:
        row = session.execute(query, (whom,)).fetchone()
    return Activity(*row) if row else Activity()
