"""A spec holds what the API's message has, and what gcloud would write, but for what gcloud cannot."""

import json
from typing import Any

import pytest
from google.cloud.dataflow_v1beta3 import ContainerSpec, WorkerIPAddressConfiguration

from templates.build import specs
from templates.spec import Environment, spec
from templates.template import TITLES, metadata_path
from tests.templates.conftest import Gcloud

IMAGE, TAG = "europe-west1-docker.pkg.dev/my-project/my-repository/shardkeep", "0.1.0"
SUBNETWORK, ACCOUNT = "regions/europe-west1/subnetworks/backups", "backup@my-project.iam.gserviceaccount.com"
PLAIN = Environment(max_workers=8)
# gcloud takes the metadata file as it is, and knows nothing else of a template.
TWO = ("bigtable_backup", "postgres_restore")
FULL = Environment(5, SUBNETWORK, ACCOUNT, public_ips=True)
# gcloud has no option for these, see its command reference of `dataflow flex-template build`.
NOT_OF_GCLOUD = ("sdkContainerImage", "diskSizeGb")


def built(template: str, environment: Environment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(specs(IMAGE, TAG, environment)[f"{template}.json"])
    return found


def without_defaults(message: Any) -> Any:  # noqa: ANN401
    """A JSON value without the fields that are false, which both writers are free to leave out."""
    if isinstance(message, dict):
        return {key: without_defaults(value) for key, value in message.items() if value is not False}
    return [without_defaults(value) for value in message] if isinstance(message, list) else message


@pytest.mark.parametrize(
    ("template", "environment", "flags"),
    [
        *((template, PLAIN, ("--max-workers=8", "--disable-public-ips")) for template in TWO),
        ("verify", FULL, ("--max-workers=5", f"--subnetwork={SUBNETWORK}", f"--service-account-email={ACCOUNT}")),
    ],
    ids=[*TWO, "with all options"],
)
def test_gcloud_writes_the_same_spec(
    gcloud: Gcloud, template: str, environment: Environment, flags: tuple[str, ...]
) -> None:
    printed = gcloud(
        "dataflow",
        "flex-template",
        "build",
        f"gs://my-bucket/templates/{template}.json",
        f"--image={IMAGE}/{template}:{TAG}",
        "--sdk-language=PYTHON",
        f"--metadata-file={metadata_path(template)}",
        *flags,
        "--print-only",
        "--format=value(.)",
    )
    ours = built(template, environment)
    assert [ours["defaultEnvironment"].pop(key) for key in NOT_OF_GCLOUD] == [f"{IMAGE}/{template}:{TAG}", 50]
    assert without_defaults(ours) == without_defaults(json.loads(printed))


@pytest.mark.parametrize("template", TITLES)
def test_googles_own_message_takes_every_field(template: str) -> None:
    text = json.dumps(built(template, FULL))
    message = ContainerSpec.from_json(text, ignore_unknown_fields=False)
    environment = message.default_environment
    assert message.image == environment.sdk_container_image == f"{IMAGE}/{template}:{TAG}"
    assert message.sdk_info.language.name == "PYTHON"
    assert message.metadata.name == TITLES[template]
    assert (environment.max_workers, environment.disk_size_gb) == (5, 50)
    assert (environment.subnetwork, environment.service_account_email) == (SUBNETWORK, ACCOUNT)
    assert environment.ip_configuration == WorkerIPAddressConfiguration.WORKER_IP_UNSPECIFIED


def test_workers_have_no_public_address_unless_they_are_given_one() -> None:
    private, public = spec("i", {}, PLAIN), spec("i", {}, FULL)
    assert private["defaultEnvironment"]["ipConfiguration"] == "WORKER_IP_PRIVATE"
    assert "ipConfiguration" not in public["defaultEnvironment"]


def test_what_is_not_said_is_not_there() -> None:
    assert spec("i", {"name": "n"}, PLAIN) == {
        "image": "i",
        "sdkInfo": {"language": "PYTHON"},
        "metadata": {"name": "n"},
        "defaultEnvironment": {
            "sdkContainerImage": "i",
            "diskSizeGb": 50,
            "maxWorkers": 8,
            "ipConfiguration": "WORKER_IP_PRIVATE",
        },
    }
