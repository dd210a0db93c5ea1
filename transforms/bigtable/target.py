"""A Bigtable instance as a target."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from transforms.bigtable import gc_rule
from transforms.bigtable.gc_count import count_collectable
from transforms.bigtable.instance import QUESTIONS, Instance
from transforms.bigtable.schema import TableSchema, aggregate_families, families_mismatch
from transforms.bigtable.table_admin import TableAdmin
from transforms.bigtable.table_probe import TableProbe
from transforms.bigtable.write_rows import RowWriter
from transforms.errors import NotFoundError, RefusedError, UnreachableError
from transforms.identity import Identity
from transforms.map_ahead import map_ahead
from transforms.source import Assignment, Ending, Load
from transforms.vault.attachments import Attachments


@dataclass(frozen=True, slots=True)
class BigtableTarget:
    """The tables of an instance, written with its app profile.

    Attributes:
        instance: The instance.
        apply_gc: Whether created tables get the saved garbage collection rules, when their rows are there.
        now: The time to judge by which cells those rules remove at once, microseconds, UTC.
    """

    instance: Instance
    apply_gc: bool
    now: int

    def identity(self) -> Identity:
        """See `Target.identity`."""
        return self.instance.identity()

    @property
    def _admin(self) -> TableAdmin:
        return TableAdmin(self.instance.project, self.instance.instance)

    def check(self, assignments: Sequence[Assignment], attachments: Attachments) -> list[Assignment]:
        """See `Target.check`."""
        judged = list(map_ahead(self._judge, assignments, QUESTIONS))
        problems = [problem for _, found in judged for problem in found]
        if problems:
            raise RefusedError("Nothing was written:\n" + "\n".join(problems))
        return [assignment for assignment, _ in judged]

    def _judge(self, assignment: Assignment) -> tuple[Assignment, list[str]]:
        saved, name = _schema(assignment), assignment.destination
        problems = [
            f"table {name}: family {family} holds aggregates; they cannot be restored yet."
            for family in aggregate_families(saved)
        ]
        try:
            empty = TableProbe(self.instance, name).is_empty()
        except NotFoundError:
            return replace(assignment, create=True), problems
        if not empty and not assignment.may_append:
            problems.append(f"table {name} has rows. {assignment.remedy}")
        return assignment, problems + [f"table {name}: {problem}." for problem in self._mismatch(name, saved)]

    def _mismatch(self, name: str, saved: TableSchema) -> list[str]:
        """What keeps an existing table from taking the rows, as far as we may look: data rights suffice to write."""
        try:
            return families_mismatch(saved, self._admin.get_schema(name))
        except UnreachableError:
            return []

    def begin(self, assignments: Sequence[Assignment], attachments: Attachments) -> None:
        """See `Target.begin`: each table stands alone."""

    def prepare(self, assignment: Assignment, splits: Iterable[bytes]) -> None:
        """See `Target.prepare`: garbage collection is off in a new table, or it would eat what is written."""
        if assignment.create:
            self._admin.create(assignment.destination, _schema(assignment), list(splits))

    def write(self, loads: Sequence[Load]) -> list[int]:
        """See `Target.write`: timestamps make it idempotent; counts the cells that saved rules remove at once."""
        return [self._write(load.assignment, load.records) for load in loads]

    def _write(self, assignment: Assignment, records: bytes) -> int:
        RowWriter(self.instance, assignment.destination).write(records)
        programs = self._programs(assignment)
        return count_collectable(records, programs, self.now) if programs else 0

    def _programs(self, assignment: Assignment) -> dict[str, bytes]:
        if not self._restores_gc(assignment):
            return {}
        families = _schema(assignment).families.items()
        return {name: gc_rule.program(family.gc) for name, family in families if family.gc is not None}

    def _restores_gc(self, assignment: Assignment) -> bool:
        return assignment.create and self.apply_gc

    def finish(self, assignment: Assignment) -> list[str]:
        """See `Target.finish`: rules, deletion protection and backup policy of a table that we created."""
        schema, name = _schema(assignment), assignment.destination
        if self._restores_gc(assignment):
            self._admin.apply_gc(name, schema)
        if assignment.create:
            self._admin.apply_protection(name, schema)
        return [f"table {name}: {note}" for note in _left_out(schema, self._restores_gc(assignment), assignment.create)]

    def end(self, assignments: Sequence[Assignment], attachments: Attachments) -> Ending:
        """See `Target.end`: each table stands alone."""
        return Ending()

    def unfinished(self, assignment: Assignment) -> list[str]:
        """See `Target.unfinished`."""
        schema = _schema(assignment)
        commands = self._admin.gc_commands(assignment.destination, schema) if self._restores_gc(assignment) else []
        if not commands or not self._exists(assignment.destination):
            return []
        return [f"table {assignment.destination} may be left with garbage collection off; to set it:", *commands]

    def _exists(self, name: str) -> bool:
        try:
            TableProbe(self.instance, name).is_empty()
        except NotFoundError:
            return False
        return True


def _schema(assignment: Assignment) -> TableSchema:
    return TableSchema.from_json(assignment.table.schema)


def _left_out(schema: TableSchema, gc: bool, created: bool) -> Iterator[str]:
    if schema.change_stream:
        yield f"the source had a change stream ({schema.change_stream}), which is not restored."
    if not gc and any(family.gc for family in schema.families.values()):
        kept = "as the existing table has it" if not created else "off (--gc=none)"
        yield f"garbage collection stays {kept}."
