"""What Cloud Storage refuses is told with the bucket, the permission, the role to grant, and what to do next."""

import re
import socket
import traceback
from collections.abc import Callable

import pytest
from google.api_core.exceptions import RetryError

from tests.servers.gcs_faults import ANY, QUANTUM, Refused
from tests.servers.gcs_gate import Gate
from tests.transforms.vault.cloud_stores import HASTY, HURRIED, new_store
from tests.transforms.vault.store_conformance import BYTES, stream
from transforms.errors import NotFoundError, UnreachableError
from transforms.vault.store.cloud import CloudStore
from transforms.vault.store.cloud_client import cloud
from transforms.vault.store.resumable_upload import ResumableUpload
from transforms.vault.store.upload_session import UploadSession

OPERATIONS: dict[str, Callable[[CloudStore], object]] = {
    "put": lambda store: store.put("new", BYTES),
    "create": lambda store: stream(store, "new", BYTES),
    "read": lambda store: store.read("a"),
    "ranged read": lambda store: store.read("a", 1, 2),
    "stat": lambda store: store.stat("a"),
    "list": lambda store: list(store.list("")),
    "folders": lambda store: list(store.folders("")),
    "delete": lambda store: store.delete("a"),
}
all_operations = pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
NEEDS = {
    "put": ("create", "objectCreator"),
    "create": ("create", "objectCreator"),
    "read": ("get", "objectViewer"),
    "stat": ("get", "objectViewer"),
    "list": ("list", "objectViewer"),
    "folders": ("list", "objectViewer"),
}


@pytest.fixture
def store(gate: Gate) -> CloudStore:
    store = new_store(gate)
    store.put("a", BYTES)
    return store


@pytest.mark.parametrize(("operation", "permission", "role"), [(name, *needs) for name, needs in NEEDS.items()])
@pytest.mark.parametrize("words", ["x does not have storage.objects.{} access to it.", "Access denied."])
def test_a_missing_right_is_told_with_the_role_to_grant(
    gate: Gate, store: CloudStore, operation: str, permission: str, role: str, words: str
) -> None:
    said = words.format(permission)
    gate.faults.plan(ANY, Refused(403, "forbidden", said))
    with pytest.raises(UnreachableError) as caught:
        OPERATIONS[operation](store)
    message = str(caught.value)
    assert message.startswith(f"gs://{store.bucket}: ")
    assert f"not permitted, storage.objects.{permission} is needed: {said.removesuffix('.')}. Grant" in message
    command = f"`gcloud storage buckets add-iam-policy-binding gs://{store.bucket} --member=MEMBER"
    assert f"{command} --role=roles/storage.{role}`" in message


def test_a_writer_may_not_delete(gate: Gate, store: CloudStore) -> None:
    with gate.creating_only(), pytest.raises(UnreachableError, match=r"storage\.objects\.delete is needed.*objectUser"):
        store.delete("a")
    assert store.read("a") == BYTES


def test_a_retention_policy_is_told_as_such(gate: Gate, store: CloudStore) -> None:
    said = "Object 'a' is subject to bucket's retention policy and cannot be deleted until 2027-01-01T00:00:00Z"
    gate.faults.plan("delete", Refused(403, "retentionPolicyNotMet", said))
    with pytest.raises(UnreachableError, match=f"a is held by the bucket's retention policy .*{said}. Wait until"):
        store.delete("a")


@all_operations
def test_a_missing_bucket_is_told(gate: Gate, operation: Callable[[CloudStore], object]) -> None:
    store = CloudStore("no-such-bucket", "shop", HURRIED)
    asked = rf" STORAGE_EMULATOR_HOST={gate.url} is set: an emulator was asked, not Cloud Storage\."
    with pytest.raises(
        NotFoundError, match=rf"^bucket no-such-bucket does not exist\. .* gs://no-such-bucket`\.{asked}$"
    ):
        operation(store)


@all_operations
def test_credentials_that_are_not_accepted_are_told(
    gate: Gate, store: CloudStore, operation: Callable[[CloudStore], object]
) -> None:
    gate.faults.plan(ANY, *[Refused(401, "authError", "Invalid Credentials")] * 9)
    with pytest.raises(UnreachableError, match=r"the credentials are not accepted: .*`gcloud auth application-default"):
        operation(store)


@all_operations
def test_a_store_that_does_not_answer_is_told(gate: Gate, operation: Callable[[CloudStore], object]) -> None:
    store = new_store(gate, patience=HASTY)
    gate.faults.plan(ANY, *[Refused(503)] * 10_000)
    said = "We encountered an internal error. Please try again. Check the network and https://status.cloud.google.com"
    with pytest.raises(UnreachableError, match=f"^gs://{store.bucket}: .* did not answer well.*{re.escape(said)}"):
        operation(store)


@all_operations
def test_any_other_refusal_is_told_in_its_words(
    gate: Gate, store: CloudStore, operation: Callable[[CloudStore], object]
) -> None:
    gate.faults.plan(ANY, Refused(400, "invalid", "This is wrong."))
    with pytest.raises(UnreachableError, match=r"Cloud Storage refuses this with 400: This is wrong\. Run again"):
        operation(store)


def test_no_error_tells_the_address_of_an_upload_session(gate: Gate) -> None:
    store = new_store(gate, patience=HASTY)
    for trouble in (Refused(400, "invalid"), Refused(503), Refused(410)):
        gate.faults.plan("chunk", *[trouble] * 10_000)
        with pytest.raises(UnreachableError) as caught:
            stream(store, "new", BYTES)
        gate.faults.clear()
        assert "upload_id" not in logged(caught.value)


def test_a_lost_connection_does_not_tell_it_either(gate: Gate) -> None:
    nobody = f"http://127.0.0.1:{unused_port()}/upload?upload_id=secret"
    upload = ResumableUpload(UploadSession(cloud().session, nobody), HASTY.retry(), QUANTUM)
    with pytest.raises(RetryError, match="ConnectionError") as caught:
        upload.finish()
    assert "secret" not in logged(caught.value) + repr(upload)


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def logged(error: BaseException) -> str:
    """What a log shows of an error that nobody caught."""
    return "".join(traceback.format_exception(error))
