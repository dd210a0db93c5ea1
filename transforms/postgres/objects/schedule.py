"""Which steps may run now: what they need is done, and no running step has locked their tables."""

from collections import defaultdict, deque
from collections.abc import Mapping
from graphlib import TopologicalSorter

from transforms.postgres.objects.step import Step

ALONE = -1


class Schedule:
    """Steps in the order in which they may start.

    A step that finds a table locked waits in a queue for that table, so that the work grows with the number of steps,
    even if many need the same table.
    """

    def __init__(self, steps: Mapping[str, Step]) -> None:
        self._steps = steps
        self._ready = deque[Step]()
        self._waiting: dict[str, deque[Step]] = defaultdict(deque)
        self._locks: dict[str, int] = {}  # how many share a table, or ALONE
        graph = {name: [need for need in step.needs if need in steps] for name, step in steps.items()}
        self._sorter = TopologicalSorter(graph)
        self._sorter.prepare()

    def is_active(self) -> bool:
        """Whether steps are left that are not done."""
        return self._sorter.is_active()

    def start(self) -> Step | None:
        """A step that may start now, whose tables are now locked; None if all steps that are left must wait."""
        self._ready.extend(self._steps[name] for name in self._sorter.get_ready())
        while self._ready:
            step = self._ready.popleft()
            locked = next((table for table in step.tables if self._keeps_out(table, step)), None)
            if locked is None:
                for table in step.tables:
                    self._locks[table] = self._locks.get(table, 0) + 1 if step.shares else ALONE
                return step
            self._waiting[locked].append(step)
            for table in step.tables - {locked}:  # the next step may take its turn there
                self._wake(table)
        return None

    def done(self, step: Step) -> None:
        """Note that a started step has ended, done or not."""
        self._sorter.done(step.name)
        for table in step.tables:
            self._locks[table] = max(self._locks[table] - 1, 0)
            self._wake(table)

    def _keeps_out(self, table: str, step: Step) -> bool:
        held = self._locks.get(table, 0)
        return held == ALONE or (held > 0 and not step.shares)

    def _wake(self, table: str) -> None:
        queue = self._waiting[table]
        while queue and not self._keeps_out(table, queue[0]):
            step = queue.popleft()
            self._ready.append(step)
            if not step.shares:
                return
