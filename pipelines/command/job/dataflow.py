"""What a job on Dataflow needs besides the user's options: labels, and an image with Shardkeep in it."""

import os
from collections.abc import Mapping

import apache_beam as beam
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, WorkerOptions

from pipelines.command.job.launch import DISK_GB

IMAGE = "SHARDKEEP_IMAGE"
"""The environment variable in which our image has its own reference: `templates/pipeline.Dockerfile`."""


def name_image(options: PipelineOptions) -> None:
    """Let the workers run in the image that this process runs in, if the user names none."""
    workers = options.view_as(WorkerOptions)
    workers.sdk_container_image = workers.sdk_container_image or os.environ.get(IMAGE) or None
    if workers.sdk_container_image:
        # A template's spec sets it too, but its disk size has been reported not to reach Python workers.
        workers.disk_size_gb = workers.disk_size_gb or DISK_GB


def label(pipeline: beam.Pipeline, labels: Mapping[str, str]) -> None:
    """Label the job; the user's labels come after ours, and so override them."""
    cloud = pipeline.options.view_as(GoogleCloudOptions)
    cloud.labels = [*(f"{key}={value}" for key, value in labels.items()), *(cloud.labels or [])]
