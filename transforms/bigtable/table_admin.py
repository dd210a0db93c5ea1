"""Tables of one Bigtable instance: read their schema, create them, set what protects them."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, TypeVar

import grpc
from google.api_core import exceptions
from google.api_core.retry import Retry, if_exception_type
from google.cloud.bigtable_admin_v2 import BaseBigtableTableAdminClient
from google.cloud.bigtable_admin_v2.services.bigtable_table_admin.transports import BigtableTableAdminGrpcTransport
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

from transforms.bigtable import gc_rule
from transforms.bigtable.errors import translated
from transforms.bigtable.schema import TableSchema, families_mismatch
from transforms.errors import ExistsError

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class TableAdmin:
    """The table administration of one instance; picklable, its connection is made when it is first used.

    BIGTABLE_EMULATOR_HOST leads to an emulator, as with Google's own clients.

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

    @cached_property
    def client(self) -> BaseBigtableTableAdminClient:
        """The client library's own client."""
        with translated(f"Connecting to the administration of {self.parent}"):
            host = os.environ.get("BIGTABLE_EMULATOR_HOST")
            return BaseBigtableTableAdminClient(transport=_emulator(host) if host else None)

    def __getstate__(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def table_name(self, table: str) -> str:
        """Full name of a table."""
        return f"{self.parent}/tables/{table}"

    def list_table_ids(self) -> list[str]:
        """Ids of the instance's tables, sorted."""
        request = ListTablesRequest(parent=self.parent, view=Table.View.NAME_ONLY)
        with translated(f"Listing the tables of {self.parent}"):
            pages = self.client.list_tables(request=request, timeout=self.deadline, retry=_retry(self.deadline))
            return sorted(table.name.rpartition("/")[2] for table in pages)

    def get_schema(self, table: str) -> TableSchema:
        """Schema of a table.

        Raises:
            NotFoundError: if there is no such table.
        """
        request = GetTableRequest(name=self.table_name(table), view=Table.View.SCHEMA_VIEW)
        found = self._call("Reading the schema of", table, self.client.get_table, request, self.deadline)
        return TableSchema.from_proto(found)

    def create(self, table: str, schema: TableSchema, splits: Iterable[bytes] = ()) -> None:
        """Create a table with garbage collection off; one that is there as we would make it is our own.

        Args:
            table: Id of the new table.
            schema: Its schema; rules, protection, backups and change stream are not set.
            splits: Keys to split it at from the start, in any order; equal and empty keys count once and never.

        Raises:
            ExistsError: if there is a table of that id with other families, rules or a coarser granularity.
        """
        request = CreateTableRequest(
            parent=self.parent,
            table_id=table,
            table=schema.for_creation(),
            initial_splits=[CreateTableRequest.Split(key=key) for key in sorted(set(splits)) if key],
        )
        try:
            self._call("Creating", table, self.client.create_table, request, 5 * self.deadline)
        except ExistsError:
            self._check_as_created(table, schema)

    def apply_gc(self, table: str, schema: TableSchema) -> None:
        """Set the rules of `schema`, all at once; families without a rule there stay as they are."""
        modifications = [
            ModifyColumnFamiliesRequest.Modification(
                id=name,
                update=ColumnFamily(gc_rule=gc_rule.to_proto(family.gc)),
                update_mask=FieldMask(paths=["gc_rule"]),
            )
            for name, family in schema.families.items()
            if family.gc is not None
        ]
        if modifications:
            request = ModifyColumnFamiliesRequest(name=self.table_name(table), modifications=modifications)
            method = self.client.modify_column_families
            self._call("Setting the garbage collection of", table, method, request, 5 * self.deadline)

    def apply_protection(self, table: str, schema: TableSchema) -> None:
        """Set deletion protection and the automated backup policy, where `schema` has them."""
        target = Table(name=self.table_name(table), deletion_protection=schema.deletion_protection)
        paths = ["deletion_protection"] if schema.deletion_protection else []
        policy = schema.backup_policy()
        if policy is not None:
            target.automated_backup_policy = policy
            paths.append("automated_backup_policy")
        if paths:
            self._update(table, UpdateTableRequest(table=target, update_mask=FieldMask(paths=paths)))

    def gc_commands(self, table: str, schema: TableSchema) -> list[str]:
        """For each family with a rule the `cbt` command that sets it."""
        return [
            f"cbt -project {self.project} -instance {self.instance} "
            f'setgcpolicy {table} {name} "{gc_rule.cbt_policy(family.gc)}"'
            for name, family in schema.families.items()
            if family.gc is not None
        ]

    def _check_as_created(self, table: str, schema: TableSchema) -> None:
        """Check that a table is what `create` makes, or already has the rules that come last.

        So a creation that is retried goes on, and so does one that an engine makes again when all is done.
        """
        existing = self.get_schema(table)
        problems = families_mismatch(schema, existing)
        problems += [f"family {name} is not in the backup" for name in existing.families if name not in schema.families]
        strange = [name for name, it in existing.families.items() if it.gc and not _same_rule(it.gc, name, schema)]
        problems += [f"family {name} has a garbage collection rule of its own" for name in strange]
        if problems:
            raise ExistsError(
                f"Table {self.table_name(table)} exists and was not made by this restore: {'; '.join(problems)}. "
                "Restore to another table, or ask for a restore into the existing one."
            )

    def _update(self, table: str, request: UpdateTableRequest) -> None:
        operation = self._call("Updating", table, self.client.update_table, request, 5 * self.deadline)
        with translated(f"Updating table {self.table_name(table)}"):
            operation.result(timeout=5 * self.deadline)

    def _call(self, what: str, table: str, method: Callable[..., Answer], request: object, deadline: float) -> Answer:
        with translated(f"{what} table {self.table_name(table)}"):
            return method(request=request, timeout=deadline, retry=_retry(deadline))


def _same_rule(rule: gc_rule.Rule, family: str, schema: TableSchema) -> bool:
    saved = schema.families.get(family)
    return saved is not None and gc_rule.simplified(saved.gc) == gc_rule.simplified(rule)


def _retry(deadline: float) -> Retry:
    """Retries of what passes by itself; every call here may be made twice."""
    transient = if_exception_type(exceptions.ServiceUnavailable, exceptions.DeadlineExceeded)
    return Retry(predicate=transient, initial=0.5, maximum=10.0, multiplier=2.0, timeout=deadline)


def _emulator(host: str) -> BigtableTableAdminGrpcTransport:
    channel = grpc.insecure_channel(host, options=[("grpc.enable_http_proxy", 0)])
    return BigtableTableAdminGrpcTransport(channel=channel)
