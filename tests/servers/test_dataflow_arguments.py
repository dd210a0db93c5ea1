"""The arguments of a launched file: parameters as they are, and options that Beam takes."""

import pytest
from apache_beam.options.pipeline_options import DebugOptions, GoogleCloudOptions, PipelineOptions, WorkerOptions

from tests.servers.dataflow_arguments import arguments, merged

OWN = {"runner": "DataflowRunner", "project": "p-1", "region": "r", "job_name": "j", "template_location": "gs://b/job"}


def test_they_are_sorted_and_parameters_are_untouched() -> None:
    given = {"table": "a,b", "where": "x = 'y z'"}
    assert arguments(given, {"maxWorkers": 3, "enableStreamingEngine": False}, OWN) == (
        "--job_name=j",
        "--max_num_workers=3",
        "--project=p-1",
        "--region=r",
        "--runner=DataflowRunner",
        "--table=a,b",
        "--template_location=gs://b/job",
        "--where=x = 'y z'",
    )


def test_beam_understands_every_option_of_the_environment() -> None:
    environment = {
        "machineType": "n2-standard-4",
        "maxWorkers": 8,
        "numWorkers": 2,
        "diskSizeGb": 50,
        "network": "n",
        "subnetwork": "regions/r/subnetworks/s",
        "serviceAccountEmail": "a@b",
        "kmsKeyName": "k",
        "sdkContainerImage": "i:1",
        "stagingLocation": "gs://b/s",
        "tempLocation": "gs://b/t",
        "ipConfiguration": "WORKER_IP_PRIVATE",
        "additionalExperiments": ["enable_secure_boot"],
        "additionalUserLabels": {"team": "shop"},
        "additionalPipelineOptions": ["number_of_worker_harness_threads=4"],
        "launcherMachineType": "e2-small",
    }
    options = PipelineOptions(list(arguments({}, environment, OWN)))
    workers, cloud = options.view_as(WorkerOptions), options.view_as(GoogleCloudOptions)
    assert (workers.machine_type, workers.max_num_workers, workers.num_workers) == ("n2-standard-4", 8, 2)
    assert (workers.disk_size_gb, workers.network, workers.subnetwork) == (50, "n", "regions/r/subnetworks/s")
    assert (workers.sdk_container_image, workers.use_public_ips) == ("i:1", False)
    assert (cloud.service_account_email, cloud.dataflow_kms_key, cloud.labels) == ("a@b", "k", ["team=shop"])
    assert (cloud.staging_location, cloud.temp_location) == ("gs://b/s", "gs://b/t")
    debug = options.view_as(DebugOptions)
    assert debug.experiments == ["enable_secure_boot"]
    assert debug.number_of_worker_harness_threads == 4
    assert "launcher_machine_type" not in options.get_all_options()


def test_a_launch_overrides_the_spec_and_labels_add_up() -> None:
    default = {"maxWorkers": 8, "diskSizeGb": 50, "additionalUserLabels": {"tool": "shardkeep", "a": "1"}}
    asked = {"maxWorkers": 2, "additionalExperiments": [], "additionalUserLabels": {"a": "2"}}
    assert merged(default, asked) == {
        "maxWorkers": 2,
        "diskSizeGb": 50,
        "additionalUserLabels": {"tool": "shardkeep", "a": "2"},
    }


def test_a_field_that_the_api_does_not_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown field diskSize"):
        arguments({}, {"diskSize": 50}, OWN)
