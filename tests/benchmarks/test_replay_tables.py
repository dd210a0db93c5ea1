"""The admin half of the replay server against Google's admin client."""

from collections.abc import Iterator

import grpc
import pytest
from google.api_core.exceptions import AlreadyExists, NotFound
from google.cloud.bigtable.data import BigtableDataClient, ReadRowsQuery
from google.cloud.bigtable_admin_v2 import BaseBigtableTableAdminClient, types
from google.cloud.bigtable_admin_v2.services.bigtable_table_admin.transports import BigtableTableAdminGrpcTransport
from google.protobuf.field_mask_pb2 import FieldMask

from benchmarks.replay_process import running_replay_server

INSTANCE = "projects/p/instances/i"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running_replay_server(rows=10) as address:
        yield address


@pytest.fixture
def admin(address: str) -> Iterator[BaseBigtableTableAdminClient]:
    with grpc.insecure_channel(address) as channel:
        yield BaseBigtableTableAdminClient(transport=BigtableTableAdminGrpcTransport(channel=channel))


def create(admin: BaseBigtableTableAdminClient, table_id: str, *families: str) -> types.Table:
    table = types.Table(column_families={family: types.ColumnFamily() for family in families})
    return admin.create_table(parent=INSTANCE, table_id=table_id, table=table)


def test_the_table_with_the_rows_is_there_with_its_families(admin: BaseBigtableTableAdminClient) -> None:
    name = f"{INSTANCE}/tables/t"
    assert sorted(admin.get_table(name=name).column_families) == ["cf1", "cf2"]
    assert name in [table.name for table in admin.list_tables(parent=INSTANCE)]


def test_a_table_is_missing_until_created_and_again_once_deleted(admin: BaseBigtableTableAdminClient) -> None:
    name = f"{INSTANCE}/tables/copy"
    with pytest.raises(NotFound):
        admin.get_table(name=name)
    assert create(admin, "copy", "cf1").name == name
    assert list(admin.get_table(name=name).column_families) == ["cf1"]
    with pytest.raises(AlreadyExists):
        create(admin, "copy")
    admin.delete_table(name=name)
    with pytest.raises(NotFound):
        admin.delete_table(name=name)


def test_a_created_table_is_empty(
    admin: BaseBigtableTableAdminClient, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(admin, "empty", "cf1")
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", address)
    with BigtableDataClient(project="p") as client:
        table = client.get_table("i", "empty")
        assert table.read_rows(ReadRowsQuery(limit=1)) == []
        assert table.sample_row_keys() == [(b"", 0)]
        with pytest.raises(NotFound):
            client.get_table("i", "missing").read_rows(ReadRowsQuery())


def test_families_are_created_changed_and_dropped(admin: BaseBigtableTableAdminClient) -> None:
    name = create(admin, "changed", "old").name
    new, changed = ({"max_num_versions": versions} for versions in (2, 3))
    added: list[object] = [{"id": "new", "create": {"gc_rule": new}}, {"id": "old", "drop": True}]
    families = admin.modify_column_families(request={"name": name, "modifications": added}).column_families
    assert {family: value.gc_rule.max_num_versions for family, value in families.items()} == {"new": 2}
    update = {"name": name, "modifications": [{"id": "new", "update": {"gc_rule": changed}}]}
    assert admin.modify_column_families(request=update).column_families["new"].gc_rule.max_num_versions == 3


def test_an_update_is_done_at_once_and_changes_what_its_mask_names(admin: BaseBigtableTableAdminClient) -> None:
    table = create(admin, "protected", "cf1")
    update = types.UpdateTableRequest(
        table=types.Table(name=table.name, deletion_protection=True, granularity="TIMESTAMP_GRANULARITY_UNSPECIFIED"),
        update_mask=FieldMask(paths=["deletion_protection"]),
    )
    assert admin.update_table(request=update).operation.done
    kept = admin.get_table(name=table.name)
    assert (kept.deletion_protection, list(kept.column_families)) == (True, ["cf1"])
    assert kept.granularity == types.Table.TimestampGranularity.MILLIS
