"""What a job on Dataflow gets beside the user's options."""

import pytest
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, SetupOptions, WorkerOptions

from pipelines.command.job.dataflow import IMAGE, label
from pipelines.command.job.engine import Engine, open_pipeline
from transforms.errors import UsageError

LABELS = {"tool": "shardkeep", "backup": "b"}


def opened(*argv: str) -> PipelineOptions:
    pipeline = open_pipeline(Engine.of(argv))
    label(pipeline, LABELS)
    options = pipeline.options
    assert isinstance(options, PipelineOptions)
    return options


def test_our_labels_come_before_the_users_which_win() -> None:
    labels = opened("--labels=team=a", "--labels=tool=mine").view_as(GoogleCloudOptions).labels
    assert labels == ["tool=shardkeep", "backup=b", "team=a", "tool=mine"]


def test_the_image_that_launches_is_the_image_that_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(IMAGE, "europe-docker.pkg.dev/p/r/bigtable-backup:1")
    assert opened().view_as(WorkerOptions).sdk_container_image == "europe-docker.pkg.dev/p/r/bigtable-backup:1"
    assert opened("--sdk_container_image=mine").view_as(WorkerOptions).sdk_container_image == "mine"


def test_a_runner_that_lacks_an_option_says_which() -> None:
    with pytest.raises(UsageError, match="Missing required option: project"):
        open_pipeline(Engine.of(["--runner=DataflowRunner", "--region=europe-west1"]))


def test_no_image_is_made_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(IMAGE, raising=False)
    assert opened().view_as(WorkerOptions).sdk_container_image is None


def test_the_main_session_is_never_pickled() -> None:
    assert opened().view_as(SetupOptions).save_main_session is False
