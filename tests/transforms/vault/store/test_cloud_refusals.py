"""Refusals against which no role helps: told in the store's words, with what does help and without a role to grant."""

from collections.abc import Callable

import pytest

from tests.servers.gcs_faults import ANY, Refused
from tests.servers.gcs_gate import Gate
from tests.transforms.vault.cloud_stores import new_store
from tests.transforms.vault.store_conformance import BYTES, stream
from transforms.errors import UnreachableError
from transforms.vault.store.cloud import CloudStore

# Messages and reasons as people have quoted them from Cloud Storage.
PERIMETER = "Request is prohibited by organization's policy. vpcServiceControlsUniqueIdentifier: VQQnKf-tZ1_6"
SCOPES = "Request had insufficient authentication scopes."
BILLING = "The billing account for the owning project is disabled in state absent"
UNBILLED = "The project to be billed has not configured billing."
PAYS = "Bucket is a requester pays bucket but no user project provided."
REFUSALS = {
    "perimeter": (Refused(403, "vpcServiceControls", PERIMETER), "ingress rule for the account"),
    "perimeter in words": (
        Refused(403, "forbidden", "VPC Service Controls: Prohibited."),
        "ingress rule",
    ),
    "scopes": (Refused(403, "insufficientPermissions", SCOPES), "give the VM the scope cloud-platform"),
    "scopes in older words": (
        Refused(403, "forbidden", "Provided scope(s) are not authorized"),
        "scope cloud-platform",
    ),
    "scopes by the reason": (Refused(403, "ACCESS_TOKEN_SCOPE_INSUFFICIENT", "Forbidden"), "scope cloud-platform"),
    "billing": (Refused(403, "accountDisabled", BILLING), "Enable billing for the project"),
    "billing by the reason": (Refused(403, "accountDisabled", "Disabled."), "Enable billing for the project"),
    "billing in other words": (Refused(403, "forbidden", UNBILLED), "Enable billing for the project"),
    "requester pays": (Refused(400, "required", PAYS), "requester pays are not supported"),
}
OPERATIONS: dict[str, Callable[[CloudStore], object]] = {
    "put": lambda store: store.put("new", BYTES),
    "create": lambda store: stream(store, "new", BYTES),
    "read": lambda store: store.read("a"),
    "stat": lambda store: store.stat("a"),
    "list": lambda store: list(store.list("")),
    "delete": lambda store: store.delete("a"),
}


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
@pytest.mark.parametrize(("refused", "advice"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_told_with_what_helps(
    gate: Gate, operation: Callable[[CloudStore], object], refused: Refused, advice: str
) -> None:
    store = new_store(gate)
    gate.faults.plan(ANY, refused, refused)  # a write that is refused looks whether the object is there
    with pytest.raises(UnreachableError) as caught:
        operation(store)
    message = str(caught.value)
    assert message.startswith(f"gs://{store.bucket}: ")
    assert f"Cloud Storage refuses this with {refused.status}: {refused.message.removesuffix('.')}. " in message
    assert advice in message
    assert "Grant" not in message


def test_the_name_of_a_bucket_is_no_refusal(gate: Gate) -> None:
    store = new_store(gate)
    words = "x does not have storage.objects.get access to vpc-service-controls/billing-account/requester-pays.json."
    gate.faults.plan("read", Refused(403, "forbidden", words))
    with pytest.raises(
        UnreachableError, match=r"storage\.objects\.get is needed: .* Grant roles/storage\.objectViewer"
    ):
        store.read("a")
