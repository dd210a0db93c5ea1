"""The options that name a Bigtable instance."""

import argparse
from collections.abc import Sequence

from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions

from pipelines.command.arguments import OptionParser
from transforms.bigtable.instance import Instance
from transforms.errors import UsageError


def add_instance(parser: OptionParser, purpose: str) -> None:
    """Declare the options that name an instance `purpose`, such as "to read"."""
    parser.add_text("--bigtable_project", f"project of the instance {purpose}; by default Beam's --project")
    parser.add_text("--instance", f"id of the instance {purpose}", required=True)
    parser.add_text("--app_profile", "app profile of the requests; by default the instance's own")


def instance_of(values: argparse.Namespace, beam_args: Sequence[str]) -> Instance:
    """The instance that the options name.

    Raises:
        UsageError: if there is no project.
    """
    project = values.bigtable_project or PipelineOptions(list(beam_args)).view_as(GoogleCloudOptions).project
    if not project:
        raise UsageError("--bigtable_project is missing: the project of the instance, unless --project names it")
    return Instance(project, values.instance, values.app_profile or "")
