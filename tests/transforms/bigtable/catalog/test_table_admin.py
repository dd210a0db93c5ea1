"""The table administration, against the official emulator and a real cbt."""

import os
import shlex
import shutil
import socket
import subprocess
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import grpc
import pytest
from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError
from google.cloud.bigtable import data
from google.cloud.bigtable_admin_v2.types import Table, UpdateTableRequest
from google.longrunning.operations_pb2 import Operation  # type: ignore[import-untyped]
from google.protobuf.field_mask_pb2 import FieldMask

from tests.servers.scripted_bigtable import Abort, Silence, Unanswered, scripted_bigtable
from tests.transforms.bigtable.catalog.test_schema import FULL, TYPES, message
from transforms.bigtable.catalog.restore_mark import RestoreMark
from transforms.bigtable.catalog.schema import FamilySchema, TableSchema
from transforms.bigtable.catalog.table_admin import TableAdmin
from transforms.bigtable.restore import left_over
from transforms.bigtable.server.admin_client import client
from transforms.bigtable.server.errors import translated
from transforms.bigtable.server.instance import Instance
from transforms.errors import ExistsError, NotFoundError, RefusedError, ShardkeepError, UnreachableError

SCHEMA = TableSchema.from_proto(
    message(
        {
            "columnFamilies": {
                "f": {"gcRule": {"maxNumVersions": 2}},
                "sum": {"valueType": TYPES["aggregate:int64:sum"]},
                "g": {"gcRule": {"intersection": {"rules": [{"maxNumVersions": 3}, {"maxAge": "86400s"}]}}},
            },
        }
    )
)
MARK, OTHER = (RestoreMark.of(f"2026010{day}T000000Z-abcdef", "saved") for day in (1, 2))


@pytest.fixture(scope="module")
def admin(bigtable_emulator: str) -> TableAdmin:
    assert os.environ["BIGTABLE_EMULATOR_HOST"] == bigtable_emulator
    return TableAdmin("p", "i-admin")


@pytest.fixture
def name() -> str:
    return f"t-{uuid.uuid4().hex[:12]}"


def test_a_created_table_has_the_families_and_types_but_no_rules(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    assert name in admin.list_table_ids()
    created = admin.get_schema(name)[0]
    assert {family: it.kind for family, it in created.families.items()} == {
        "f": "bytes",
        "g": "bytes",
        "sum": "aggregate:int64:sum",
    }
    assert [it.gc for it in created.families.values()] == [None] * 3


def test_the_rules_come_later(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    admin.finish(name, SCHEMA, MARK)
    admin.finish(name, SCHEMA, MARK)
    assert admin.get_schema(name)[0] == SCHEMA


def test_a_table_is_marked_until_it_is_finished(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    assert MARK.family in families_of(admin, name)
    assert admin.get_schema(name)[1] == MARK
    admin.finish(name, SCHEMA, MARK)
    assert families_of(admin, name) == {"f", "g", "sum"}
    assert admin.get_schema(name) == (SCHEMA, None)


def test_a_table_of_another_restore_is_neither_finished_nor_taken(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    for call in (admin.finish, admin.create):
        with pytest.raises(ExistsError, match="is what a restore of backup 20260101T000000Z-abcdef left half done"):
            call(name, SCHEMA, OTHER)
    assert admin.get_schema(name) == (SCHEMA.without_rules(), MARK)


def test_a_finish_whose_answer_was_lost_is_not_an_error(
    admin: TableAdmin, name: str, bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.create(name, SCHEMA, MARK)
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        server.play("ModifyColumnFamilies", [Unanswered(grpc.StatusCode.UNAVAILABLE)])
        admin.finish(name, SCHEMA, MARK)
        assert len(server.received("ModifyColumnFamilies")) == 2
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", bigtable_emulator)
    assert admin.get_schema(name) == (SCHEMA, None)


def test_a_used_up_quota_is_waited_for(
    admin: TableAdmin, name: str, bigtable_emulator: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with scripted_bigtable(bigtable_emulator) as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        server.play("CreateTable", [Abort(grpc.StatusCode.RESOURCE_EXHAUSTED)])
        admin.create(name, SCHEMA, MARK)
        assert len(server.received("CreateTable")) == 2
        assert admin.get_schema(name)[1] == MARK


def test_an_administration_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with scripted_bigtable() as server:
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", server.host)
        server.play("GetTable", *([Silence()] for _ in range(9)))
        with pytest.raises(UnreachableError, match=r"Reading the schema of table .* an emulator was asked"):
            TableAdmin("p", "i", deadline=0.5).get_schema("t")
        assert all(call.ended.wait(30) for call in server.calls)


def families_of(admin: TableAdmin, name: str) -> set[str]:
    found = client().get_table(name=admin.table_name(name))
    return set(found.column_families)


def test_splits_in_any_order_are_taken(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK, [b"m", b"", b"\xff\x00", b"a", b"m"])
    assert name in admin.list_table_ids()


def test_creating_again_recognises_our_own_table(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    admin.create(name, SCHEMA, MARK, [b"m"])
    assert [it.gc for it in admin.get_schema(name)[0].families.values()] == [None] * 3


@pytest.mark.parametrize(
    ("existing", "problem"),
    [
        (TableSchema({"f": FamilySchema(), "g": FamilySchema()}), "family sum does not exist"),
        (TableSchema({**SCHEMA.families, "more": FamilySchema()}), "family more is not in the backup"),
        (TableSchema(dict.fromkeys(SCHEMA.families, FamilySchema())), "family sum holds bytes"),
    ],
)
def test_a_table_of_another_form_is_not_ours(admin: TableAdmin, name: str, existing: TableSchema, problem: str) -> None:
    admin.create(name, existing, MARK)
    with pytest.raises(ExistsError, match=problem):
        admin.create(name, SCHEMA, MARK)


def test_creating_again_recognises_our_own_table_when_it_has_its_rules(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    admin.finish(name, SCHEMA, MARK)
    admin.create(name, SCHEMA, MARK)
    assert admin.get_schema(name)[0] == SCHEMA


def test_a_table_with_rules_of_its_own_is_not_ours(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    own = {"f": FamilySchema({"max_num_versions": 3}), "g": SCHEMA.families["g"]}
    admin.finish(name, TableSchema(own), MARK)
    with pytest.raises(ExistsError, match=r"restore: family f has a garbage collection rule of its own\. Restore"):
        admin.create(name, SCHEMA, MARK)


def test_a_table_that_somebody_made_without_the_rules_is_not_ours(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    admin.finish(name, SCHEMA.without_rules(), MARK)
    with pytest.raises(ExistsError, match=r"restore: family f has no garbage collection rule; family g has no"):
        admin.create(name, SCHEMA, MARK)
    admin.create(name, SCHEMA.without_rules(), MARK)


def test_protection_is_set(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    admin.apply_protection(name, SCHEMA)
    assert admin.get_schema(name)[0].deletion_protection is False
    admin.apply_protection(name, TableSchema.from_proto(FULL))
    assert admin.get_schema(name)[0].deletion_protection


def test_an_update_names_what_it_sets_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the wire: the emulator takes a backup policy and forgets it."""
    saved = TableSchema.from_proto(FULL)
    table = Table(name="projects/p/instances/i/tables/t", automated_backup_policy=saved.backup_policy())
    with recording_server() as (host, received):
        monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", host)
        admin = TableAdmin("p", "i")
        admin.apply_protection("t", TableSchema(automated_backup_policy=saved.automated_backup_policy))
        admin.apply_protection("t", saved)
        admin.apply_protection("t", SCHEMA)
    both = Table(table, deletion_protection=True)
    assert received == [
        UpdateTableRequest(table=table, update_mask=FieldMask(paths=["automated_backup_policy"])),
        UpdateTableRequest(table=both, update_mask=FieldMask(paths=["deletion_protection", "automated_backup_policy"])),
    ]


@contextmanager
def recording_server() -> Iterator[tuple[str, list[UpdateTableRequest]]]:
    """A server that answers UpdateTable with a finished operation, and the requests that it had."""
    received: list[UpdateTableRequest] = []

    def update_table(request: bytes, _: grpc.ServicerContext) -> bytes:
        received.append(UpdateTableRequest.deserialize(request))
        operation = Operation(name="operations/1", done=True)
        operation.response.Pack(Table.pb(received[-1].table))
        return bytes(operation.SerializeToString())

    handler = grpc.unary_unary_rpc_method_handler(update_table)
    service = grpc.method_handlers_generic_handler(
        "google.bigtable.admin.v2.BigtableTableAdmin", {"UpdateTable": handler}
    )
    server = grpc.server(ThreadPoolExecutor(1), handlers=[service])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}", received
    finally:
        server.stop(None).wait()


@pytest.mark.skipif(not shutil.which("cbt"), reason="cbt is not installed")
def test_the_commands_for_cbt_set_the_same_rules_and_take_off_the_mark(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    commands = list(left_over.commands(Instance("p", "i-admin"), name, SCHEMA, MARK))
    assert commands[0] == f'cbt -project p -instance i-admin setgcpolicy {name} f "maxversions=2"'
    assert commands[-1] == f"cbt -project p -instance i-admin deletefamily {name} {MARK.family}"
    for command in commands:
        subprocess.run(shlex.split(command), check=True, timeout=300)
    assert admin.get_schema(name)[1] is None
    # cbt turns the order of an intersection round.
    assert admin.get_schema(name)[0].families["f"] == SCHEMA.families["f"]
    found = admin.get_schema(name)[0].families["g"].gc
    assert found is not None
    assert sorted(map(str, found["intersection"])) == sorted(map(str, (SCHEMA.families["g"].gc or {})["intersection"]))


def test_a_missing_table_is_not_found(admin: TableAdmin, name: str) -> None:
    for call in (admin.get_schema, lambda table: admin.apply_protection(table, TableSchema(deletion_protection=True))):
        with pytest.raises(NotFoundError, match=f"tables/{name}.*There is no such project, instance or table"):
            call(name)


def test_a_process_has_one_connection_for_each_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", "127.0.0.1:1")
    first = client()
    assert client() is first
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", "127.0.0.1:2")
    assert client() is not first


def test_the_client_library_writes_into_a_created_table(admin: TableAdmin, name: str) -> None:
    admin.create(name, SCHEMA, MARK)
    with data.BigtableDataClient(project="p") as client, client.get_table("i-admin", name) as table:
        table.mutate_row(b"k", data.SetCell("f", b"q", b"v", timestamp_micros=1_000))
        row = table.read_row(b"k")
        assert row is not None
        assert [(cell.family, cell.value) for cell in row.cells] == [("f", b"v")]


def test_a_server_that_is_not_there_is_unreachable(unused_port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGTABLE_EMULATOR_HOST", f"127.0.0.1:{unused_port}")
    with pytest.raises(UnreachableError, match=r"Listing the tables of projects/p/instances/i: .*run again"):
        TableAdmin("p", "i", deadline=0.5).list_table_ids()


@pytest.fixture
def unused_port() -> int:
    """A port that nobody listens on: bound once, and released."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (exceptions.NotFound, NotFoundError),
        (exceptions.AlreadyExists, ExistsError),
        (exceptions.FailedPrecondition, RefusedError),
        (exceptions.PermissionDenied, UnreachableError),
        (exceptions.Unauthenticated, UnreachableError),
        (exceptions.ServiceUnavailable, UnreachableError),
        (exceptions.DeadlineExceeded, UnreachableError),
        (DefaultCredentialsError, UnreachableError),
    ],
)
def test_each_error_of_the_service_has_one_of_ours(
    theirs: Callable[[str], Exception], ours: type[ShardkeepError]
) -> None:
    with pytest.raises(ours, match=r"^Reading x: .*because\. [A-Z].*\.$") as caught, translated("Reading x"):
        raise theirs("because")
    assert caught.type is ours


@pytest.mark.parametrize("error", [exceptions.InvalidArgument("no"), ValueError("no"), ExistsError("no")])
def test_other_errors_pass_as_they_are(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, translated("Reading x"):
        raise error
    assert caught.value is error
