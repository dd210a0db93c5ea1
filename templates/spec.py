"""The spec of a template: the file on Cloud Storage from which a job is launched.

Its fields are those of `ContainerSpec` and `FlexTemplateRuntimeEnvironment` in the Dataflow API. `gcloud dataflow
flex-template build` writes the same file, but can set neither the workers' image nor the size of their disks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipelines.command.job.launch import DISK_GB


@dataclass(frozen=True)
class Environment:
    """The default environment of the templates' jobs; a launch may override it.

    Attributes:
        max_workers: The most workers of a job. Never the service's own default, 1,000: the workers read from
            a database that others use.
        subnetwork: Where the workers run, `regions/REGION/subnetworks/NAME`; the network `default` if empty.
        service_account: The account that they run as; Compute Engine's default account if empty.
        public_ips: Whether they have public addresses. Without them the subnetwork needs Private Google Access.
    """

    max_workers: int
    subnetwork: str = ""
    service_account: str = ""
    public_ips: bool = False

    def fields(self, image: str) -> dict[str, Any]:
        """The spec's `defaultEnvironment`, without empty fields."""
        fields = {
            "sdkContainerImage": image,
            "diskSizeGb": DISK_GB,
            "maxWorkers": self.max_workers,
            "subnetwork": self.subnetwork,
            "serviceAccountEmail": self.service_account,
            "ipConfiguration": "" if self.public_ips else "WORKER_IP_PRIVATE",
        }
        return {key: value for key, value in fields.items() if value}


def spec(image: str, metadata: Mapping[str, Any], environment: Environment) -> dict[str, Any]:
    """A template's spec.

    Args:
        image: The full reference of the image in which launcher and workers run.
        metadata: The template's metadata.
        environment: The default environment of its jobs.
    """
    return {
        "image": image,
        "sdkInfo": {"language": "PYTHON"},
        "metadata": dict(metadata),
        "defaultEnvironment": environment.fields(image),
    }
