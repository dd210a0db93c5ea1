"""A Bigtable instance as a target."""

import functools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

from transforms.bigtable.catalog import gc_rule
from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.catalog.schema import TableSchema, aggregate_families, families_mismatch
from transforms.bigtable.catalog.table_admin import TableAdmin
from transforms.bigtable.codec.gc_count import count_collectable
from transforms.bigtable.ranges.probe import TableProbe
from transforms.bigtable.restore import left_over
from transforms.bigtable.restore.write import RowWriter
from transforms.bigtable.server.instance import QUESTIONS, Instance
from transforms.errors import NotFoundError, RefusedError, UnreachableError
from transforms.identity import Identity
from transforms.map_ahead import map_ahead
from transforms.source import NO_SAMPLES, Assignment, Ending, Load, Samples
from transforms.vault.format.attachments import Attachments


@dataclass(frozen=True, slots=True)
class BigtableTarget:
    """The tables of an instance, written with its app profile.

    A table created here has a mark until it is finished (`restore_mark`). A table that an earlier restore of the same
    backup left half done is treated as created by this one: it is finished like the others.

    Attributes:
        instance: The instance.
        apply_gc: Whether created tables get the saved garbage collection rules, once their rows are written.
        now: The time by which cells count as collectable, microseconds since 1970 UTC.
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

    def check(
        self, assignments: Sequence[Assignment], attachments: Attachments, samples: Samples = NO_SAMPLES
    ) -> list[Assignment]:
        """See `Target.check`."""
        missing = self._missing(assignments)
        judged = list(map_ahead(functools.partial(self._judge, missing), assignments, QUESTIONS))
        problems = [problem for _, found in judged for problem in found]
        if problems:
            raise RefusedError("Nothing was written:\n" + "\n".join(problems))
        return [assignment for assignment, _ in judged]

    def _missing(self, assignments: Sequence[Assignment]) -> frozenset[str]:
        """The tables that do not exist, by one call for all; empty if this account may not list tables."""
        try:
            known = self._admin.list_table_ids()
        except UnreachableError:
            return frozenset()
        missing = sorted({item.destination for item in assignments}.difference(known))
        for name in missing[:1]:  # one is enough to see whether rows may be read in this instance
            with suppress(NotFoundError):
                TableProbe(self.instance, name).is_empty()
        return frozenset(missing)

    def _judge(self, missing: frozenset[str], assignment: Assignment) -> tuple[Assignment, list[str]]:
        saved, name = _schema(assignment), assignment.destination
        problems = [
            f"table {name}: family {family} holds aggregates; they cannot be restored yet."
            for family in aggregate_families(saved)
        ]
        try:
            if name in missing:
                return replace(assignment, create=True), problems
            empty = TableProbe(self.instance, name).is_empty()
        except NotFoundError:
            return replace(assignment, create=True), problems
        assignment, found = self._judge_existing(assignment, saved, empty=empty)
        return assignment, problems + [f"table {name} {problem}" for problem in found]

    def _judge_existing(
        self, assignment: Assignment, saved: TableSchema, *, empty: bool
    ) -> tuple[Assignment, list[str]]:
        try:
            existing, mark = self._admin.get_schema(assignment.destination)
        except UnreachableError:  # this account may lack admin rights: data rights are enough to write
            existing, mark = saved, None
        if mark not in (None, _mark(assignment)):
            return assignment, [_of_another(mark)]
        rows = "has rows, of a restore of this backup that broke off" if mark else "has rows"
        problems = [] if empty or assignment.may_append else [f"{rows}. {assignment.remedy}"]
        problems += [f"cannot take the rows: {problem}." for problem in families_mismatch(saved, existing)]
        return replace(assignment, create=mark is not None), problems

    def begin(self, assignments: Sequence[Assignment], attachments: Attachments) -> None:
        """See `Target.begin`: nothing is shared by the tables."""

    def prepare(self, assignment: Assignment, splits: Iterable[bytes]) -> None:
        """See `Target.prepare`: a new table has garbage collection off, or old cells would vanish while writing."""
        if assignment.create:
            self._admin.create(assignment.destination, self._wanted(assignment), _mark(assignment), splits)

    def _wanted(self, assignment: Assignment) -> TableSchema:
        schema = _schema(assignment)
        return schema if self.apply_gc else schema.without_rules()

    def write(self, loads: Sequence[Load]) -> list[int]:
        """See `Target.write`: idempotent, as cells keep their timestamps; returns how many cells the rules collect."""
        return [self._write(load.assignment, load.records) for load in loads]

    def _write(self, assignment: Assignment, records: bytes) -> int:
        RowWriter(self.instance, assignment.destination).write(records)
        programs = self._programs(assignment)
        return count_collectable(records, programs, self.now) if programs else 0

    def _programs(self, assignment: Assignment) -> dict[str, bytes]:
        if not assignment.create:
            return {}
        families = self._wanted(assignment).families.items()
        return {name: gc_rule.program(family.gc) for name, family in families if family.gc is not None}

    def warnings(self, destination: str, expired: int) -> list[str]:
        """See `Target.warnings`: the number of cells that the rules will remove."""
        if not expired:
            return []
        removed = f"the saved garbage collection rules remove {expired:,} of the restored cells at once"
        return [f"table {destination}: {removed}; --gc=none would keep them."]

    def finish(self, assignment: Assignment) -> list[str]:
        """See `Target.finish`: sets rules, deletion protection and backup policy of a table that this created."""
        schema, name = _schema(assignment), assignment.destination
        if assignment.create:
            self._admin.finish(name, self._wanted(assignment), _mark(assignment))
            self._admin.apply_protection(name, schema)
        left_out = _left_out(schema, gc=assignment.create and self.apply_gc, created=assignment.create)
        return [f"table {name}: {note}" for note in left_out]

    def end(self, assignments: Sequence[Assignment], attachments: Attachments) -> Ending:
        """See `Target.end`: nothing is shared by the tables."""
        return Ending()

    def forget(self) -> None:
        """See `Target.forget`: nothing is kept."""

    def unfinished(self, assignments: Sequence[Assignment]) -> list[str]:
        """See `Target.unfinished`: the tables with our mark, and those that existed before."""
        made = [item for item in assignments if item.create]
        there = set(self._admin.list_table_ids()) if made else set()
        made = [item for item in made if item.destination in there]
        marked = [item for item, ours in zip(made, map_ahead(self._is_left, made, QUESTIONS), strict=True) if ours]
        older = [item.destination for item in assignments if not item.create]
        return [*self._told(marked), *([f"Rows may have been added to {left_over.listed(older)}."] if older else [])]

    def _is_left(self, assignment: Assignment) -> bool:
        return self._admin.get_schema(assignment.destination)[1] == _mark(assignment)

    def _told(self, left: Sequence[Assignment]) -> Iterator[str]:
        if left:
            names = left_over.listed([item.destination for item in left])
            yield f"Left half done in {self.instance.name}, rows missing and garbage collection off: {names}."
            yield "To keep one as it is:"
        for item in left[: left_over.MOST]:
            yield from left_over.commands(self.instance, item.destination, self._wanted(item), _mark(item))


def _schema(assignment: Assignment) -> TableSchema:
    return TableSchema.from_json(assignment.table.schema)


def _mark(assignment: Assignment) -> RestoreMark:
    return RestoreMark.of(assignment.backup, assignment.table.name)


def _of_another(mark: RestoreMark | None) -> str:
    backup = mark.backup if mark else ""
    return (
        f"is what a restore of a table of backup {backup} left half done. Go on with that one (--backup={backup}"
        " --if_exists=append), or delete the table, or restore elsewhere: --table=SRC:DST."
    )


def _left_out(schema: TableSchema, *, gc: bool, created: bool) -> Iterator[str]:
    if schema.change_stream:
        yield f"the source had a change stream ({schema.change_stream}), which is not restored."
    if not gc and any(family.gc for family in schema.families.values()):
        kept = "as the existing table has it" if not created else "off (--gc=none)"
        yield f"garbage collection stays {kept}."
