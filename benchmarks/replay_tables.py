"""The table admin API of the replay server: the calls that a backup and a restore make."""

from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.cloud.bigtable_admin_v2 import types
from google.longrunning import operations_pb2  # type: ignore[import-untyped]
from google.protobuf import empty_pb2

from benchmarks.replay_rows import FAMILIES

ADMIN_SERVICE = "google.bigtable.admin.v2.BigtableTableAdmin"
Message = Any  # a plain protobuf message: these classes are made at run time, without static types
Answer = Callable[[bytes, grpc.ServicerContext], bytes]


class ReplayTables:
    """Tables by id, whatever their project and instance; the first holds the rows, all others stay empty.

    Messages are the plain protobuf classes of google/bigtable/admin/v2. Every method takes a
    serialized request and the call's context and returns a serialized response.
    """

    def __init__(self, table_id: str) -> None:
        table = types.Table.pb()(granularity=types.Table.TimestampGranularity.MILLIS)
        for family in FAMILIES:
            table.column_families[family].SetInParent()
        self._tables: dict[str, Message] = {table_id: table}

    def answers(self) -> Mapping[str, Answer]:
        """Return the method that answers each call of the admin service, by the call's name."""
        return {
            "ListTables": self._list,
            "GetTable": self._get,
            "CreateTable": self._create,
            "ModifyColumnFamilies": self._modify,
            "UpdateTable": self._update,
            "DeleteTable": self._delete,
        }

    def require(self, name: str, context: grpc.ServicerContext) -> Message:
        """Return the table with this full name; end the call with NOT_FOUND if there is none."""
        table = self._tables.get(table_id(name))
        if table is None:
            context.abort(grpc.StatusCode.NOT_FOUND, f"table {name} does not exist: create it first")
        return table

    def _list(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        request = types.ListTablesRequest.pb().FromString(message)
        response = types.ListTablesResponse.pb()()
        for name in sorted(self._tables):
            response.tables.add(name=f"{request.parent}/tables/{name}")
        return bytes(response.SerializeToString())

    def _get(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        request = types.GetTableRequest.pb().FromString(message)
        return self._named(request.name, context)

    def _create(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        request = types.CreateTableRequest.pb().FromString(message)
        if request.table_id in self._tables:
            context.abort(grpc.StatusCode.ALREADY_EXISTS, f"table {request.table_id} exists: choose another name")
        request.table.granularity = types.Table.TimestampGranularity.MILLIS  # the service's default
        self._tables[request.table_id] = request.table
        return self._named(f"{request.parent}/tables/{request.table_id}", context)

    def _modify(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        request = types.ModifyColumnFamiliesRequest.pb().FromString(message)
        families = self.require(request.name, context).column_families
        for change in request.modifications:
            if change.WhichOneof("mod") == "drop":
                families.pop(change.id, None)
            else:
                families[change.id].CopyFrom(change.create if change.HasField("create") else change.update)
        return self._named(request.name, context)

    def _update(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        request = types.UpdateTableRequest.pb().FromString(message)
        table = self.require(request.table.name, context)
        request.update_mask.MergeMessage(request.table, table)
        operation = operations_pb2.Operation(name=f"operations/{request.table.name}", done=True)
        operation.response.Pack(types.Table.pb().FromString(self._named(request.table.name, context)))
        return bytes(operation.SerializeToString())

    def _delete(self, message: bytes, context: grpc.ServicerContext) -> bytes:
        request = types.DeleteTableRequest.pb().FromString(message)
        self.require(request.name, context)
        del self._tables[table_id(request.name)]
        return empty_pb2.Empty().SerializeToString()

    def _named(self, name: str, context: grpc.ServicerContext) -> bytes:
        table = types.Table.pb()()
        table.CopyFrom(self.require(name, context))
        table.name = name
        return bytes(table.SerializeToString())


def table_id(name: str) -> str:
    """Return the last part of a table's full name."""
    return name.rsplit("/", 1)[-1]
