"""With which arguments the launcher of a Flex Template runs the template's file.

The parameters of the launch come as they are, `--name=value`; the launcher adds options of the runner, from the
environment that the launch asks for on top of the one in the spec. All of them are sorted.
"""

from collections.abc import Iterator, Mapping
from typing import Any

# Fields of google.dataflow.v1beta3.FlexTemplateRuntimeEnvironment, with the option of Beam that is meant.
OPTIONS = {
    "diskSizeGb": "disk_size_gb",
    "flexrsGoal": "flexrs_goal",
    "kmsKeyName": "dataflow_kms_key",
    "machineType": "machine_type",
    "maxWorkers": "max_num_workers",
    "network": "network",
    "numWorkers": "num_workers",
    "sdkContainerImage": "sdk_container_image",
    "serviceAccountEmail": "service_account_email",
    "stagingLocation": "staging_location",
    "subnetwork": "subnetwork",
    "tempLocation": "temp_location",
    "workerRegion": "worker_region",
    "workerZone": "worker_zone",
}
# Their values here say nothing, or what the launcher's own machine is like.
WITHOUT_OPTION = frozenset({"enableStreamingEngine", "launcherMachineType", "enableLauncherVmSerialPortLogging"})
OTHERS = frozenset({"ipConfiguration", "additionalExperiments", "additionalUserLabels", "additionalPipelineOptions"})


def merged(default: Mapping[str, Any], asked: Mapping[str, Any]) -> dict[str, Any]:
    """The environment of a launch: what is asked for, and for the rest the spec's own; labels are added up."""
    labels = {**default.get("additionalUserLabels", {}), **asked.get("additionalUserLabels", {})}
    given = {name: value for name, value in asked.items() if value not in (None, [], {})}
    return {**default, **given, **({"additionalUserLabels": labels} if labels else {})}


def arguments(parameters: Mapping[str, str], environment: Mapping[str, Any], own: Mapping[str, str]) -> tuple[str, ...]:
    """The arguments behind the file's name.

    Args:
        parameters: Those of the launch.
        environment: See `merged`.
        own: What the launcher itself decides: runner, project, region, name of the job, where the job's file goes.

    Raises:
        ValueError: if the environment has a field that the API does not know.
    """
    if unknown := environment.keys() - OPTIONS.keys() - OTHERS - WITHOUT_OPTION:
        raise ValueError(f"environment: unknown field {min(unknown)}")
    options = {OPTIONS[name]: str(value) for name, value in environment.items() if name in OPTIONS}
    named = [f"--{name}={value}" for name, value in {**options, **own, **parameters}.items()]
    return tuple(sorted([*named, *_repeated(environment)]))


def _repeated(environment: Mapping[str, Any]) -> Iterator[str]:
    if environment.get("ipConfiguration") == "WORKER_IP_PRIVATE":
        yield "--no_use_public_ips"
    yield from (f"--experiments={each}" for each in environment.get("additionalExperiments", []))
    yield from (f"--labels={name}={value}" for name, value in environment.get("additionalUserLabels", {}).items())
    yield from (f"--{each.removeprefix('--')}" for each in environment.get("additionalPipelineOptions", []))
