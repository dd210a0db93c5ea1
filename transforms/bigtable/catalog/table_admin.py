"""Tables of one Bigtable instance: read a schema, create a table, finish it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from google.api_core.exceptions import GoogleAPICallError
from google.cloud.bigtable_admin_v2.types import (
    ColumnFamily,
    CreateTableRequest,
    GetTableRequest,
    ListTablesRequest,
    ModifyColumnFamiliesRequest,
    Table,
    UpdateTableRequest,
)
from google.protobuf.field_mask_pb2 import FieldMask

from transforms.bigtable.catalog import gc_rule
from transforms.bigtable.catalog.restore_mark import RestoreMark, take_off
from transforms.bigtable.catalog.schema import FamilySchema, TableSchema, families_mismatch
from transforms.bigtable.server.admin_client import ATTEMPT, client, retry
from transforms.bigtable.server.errors import translated
from transforms.errors import ExistsError, ShardkeepError

Answer = TypeVar("Answer")
_Modification = ModifyColumnFamiliesRequest.Modification


@dataclass(frozen=True)
class TableAdmin:
    """The admin calls about tables of one instance.

    BIGTABLE_EMULATOR_HOST selects an emulator, as with Google's clients.

    Attributes:
        project: Project id.
        instance: Instance id.
        deadline: Seconds for a call with all its retries; calls that change a table have five times as long,
            as in Google's client.
    """

    project: str
    instance: str
    deadline: float = 60.0

    @property
    def parent(self) -> str:
        """Full name of the instance."""
        return f"projects/{self.project}/instances/{self.instance}"

    def table_name(self, table: str) -> str:
        """Full name of a table."""
        return f"{self.parent}/tables/{table}"

    def list_table_ids(self) -> list[str]:
        """Ids of the instance's tables, sorted.

        Raises:
            NotFoundError: if there is no such instance.
        """
        request = ListTablesRequest(parent=self.parent, view=Table.View.NAME_ONLY)
        with translated(f"Listing the tables of {self.parent}"):
            timeout = min(ATTEMPT, self.deadline)
            pages = client().list_tables(request=request, timeout=timeout, retry=retry(self.deadline))
            return sorted(table.name.rpartition("/")[2] for table in pages)

    def get_schema(self, table: str) -> tuple[TableSchema, RestoreMark | None]:
        """Schema of a table, and its mark if a restore has not finished it.

        One call for each table: no view of ListTables has the families.

        Raises:
            NotFoundError: if there is no such table.
        """
        request = GetTableRequest(name=self.table_name(table), view=Table.View.SCHEMA_VIEW)
        return take_off(TableSchema.from_proto(self._call("Reading the schema of", table, client().get_table, request)))

    def create(self, table: str, schema: TableSchema, mark: RestoreMark, splits: Iterable[bytes] = ()) -> None:
        """Create a table with garbage collection off and a mark; an existing one that is equal counts as created.

        Args:
            table: Id of the new table.
            schema: Its schema. The rules are set by `finish`; protection, backups and change stream are not set here.
            mark: Which restore it belongs to.
            splits: Keys to split it at, in any order; repeated and empty ones are ignored.

        Raises:
            ExistsError: if there is a table of that id with other families, rules or mark, or a coarser granularity.
        """
        created = schema.for_creation()
        created.column_families[mark.family] = ColumnFamily()
        request = CreateTableRequest(
            parent=self.parent,
            table_id=table,
            table=created,
            initial_splits=[CreateTableRequest.Split(key=key) for key in sorted(set(splits)) if key],
        )
        try:
            self._call("Creating", table, client().create_table, request, 5)
        except ExistsError:
            self._check_as_created(table, schema, mark)

    def finish(self, table: str, schema: TableSchema, mark: RestoreMark) -> None:
        """Remove a table's mark and set the rules of `schema`, in one call; a table without a mark is finished.

        Raises:
            ExistsError: if the table has the mark of another restore.
        """
        if not self._is_marked(table, mark):
            return
        rules = [_rule(name, family.gc) for name, family in schema.families.items() if family.gc is not None]
        modifications = [*rules, _Modification(id=mark.family, drop=True)]
        # The service warns of dropping a family that replicas may serve; the mark has no cell.
        request = ModifyColumnFamiliesRequest(
            name=self.table_name(table), modifications=modifications, ignore_warnings=True
        )
        try:
            self._call("Finishing", table, client().modify_column_families, request, 5)
        except (GoogleAPICallError, ShardkeepError):
            if self._is_marked(table, mark):  # else an earlier attempt succeeded and its answer was lost
                raise

    def _is_marked(self, table: str, mark: RestoreMark) -> bool:
        found = self.get_schema(table)[1]
        if found not in (None, mark):
            raise ExistsError(f"Table {self.table_name(table)} {_other(found)}.")
        return found is not None

    def apply_protection(self, table: str, schema: TableSchema) -> None:
        """Set deletion protection and the automated backup policy, if `schema` has them."""
        target = Table(name=self.table_name(table), deletion_protection=schema.deletion_protection)
        paths = ["deletion_protection"] if schema.deletion_protection else []
        policy = schema.backup_policy()
        if policy is not None:
            target.automated_backup_policy = policy
            paths.append("automated_backup_policy")
        if paths:
            self._update(table, UpdateTableRequest(table=target, update_mask=FieldMask(paths=paths)))

    def _check_as_created(self, table: str, schema: TableSchema, mark: RestoreMark) -> None:
        """Check that a table is as `create` makes it, or as `finish` leaves it.

        So a creation can be retried, also by an engine that repeats it after the table was finished.
        """
        existing, found = self.get_schema(table)
        problems = [] if found in (None, mark) else [f"it {_other(found)}"]
        problems += families_mismatch(schema, existing)
        problems += [f"family {name} is not in the backup" for name in existing.families if name not in schema.families]
        problems += [
            f"family {name} has {'a garbage collection rule of its own' if family.gc else 'no garbage collection rule'}"
            for name, family in existing.families.items()
            if not _is_ours(family.gc, schema.families.get(name), marked=found is not None)
        ]
        if problems:
            raise ExistsError(
                f"Table {self.table_name(table)} exists and was not made by this restore: {'; '.join(problems)}. "
                "Restore to another table, or ask for a restore into the existing one."
            )

    def _update(self, table: str, request: UpdateTableRequest) -> None:
        operation = self._call("Updating", table, client().update_table, request, 5)
        with translated(f"Updating table {self.table_name(table)}"):
            operation.result(timeout=5 * self.deadline)

    def _call(self, what: str, table: str, method: Callable[..., Answer], request: object, times: int = 1) -> Answer:
        """Call a method with `times` the deadline of a read."""
        with translated(f"{what} table {self.table_name(table)}"):
            timeout = times * min(ATTEMPT, self.deadline)
            return method(request=request, timeout=timeout, retry=retry(times * self.deadline))


def _rule(family: str, rule: gc_rule.Rule) -> _Modification:
    update = ColumnFamily(gc_rule=gc_rule.to_proto(rule))
    return _Modification(id=family, update=update, update_mask=FieldMask(paths=["gc_rule"]))


def _other(mark: RestoreMark) -> str:
    return f"is what a restore of backup {mark.backup} left half done"


def _is_ours(rule: gc_rule.Rule, saved: FamilySchema | None, *, marked: bool) -> bool:
    """Whether a restore may have made a family so: with the saved rule or, while the mark is there, without one."""
    same = saved is not None and gc_rule.simplified(saved.gc) == gc_rule.simplified(rule)
    return same or (marked and rule is None)
