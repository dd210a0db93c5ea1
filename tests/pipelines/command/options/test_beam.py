"""Beam's options as Flex Templates pass them."""

import argparse

import pytest
from apache_beam.options.pipeline_options import GoogleCloudOptions, PipelineOptions, SetupOptions, WorkerOptions

from pipelines.command.options.arguments import OptionParser, parse
from pipelines.command.options.beam import check_beam_arguments
from transforms.errors import UsageError

LAUNCH = ("--runner=DataflowRunner", "--template_location=gs://b/job_object")


def options_of(*argv: str) -> PipelineOptions:
    return PipelineOptions(check_beam_arguments(argv))


@pytest.mark.parametrize(("value", "expected"), [("true", True), ("false", False), ("False", False), ("TRUE", True)])
def test_a_flag_of_beam_takes_a_value(value: str, expected: bool) -> None:
    assert options_of(f"--use_public_ips={value}").view_as(WorkerOptions).use_public_ips is expected
    assert options_of(f"--no_use_public_ips={value}").view_as(WorkerOptions).use_public_ips is not expected
    assert options_of(f"--no_auth={value}").view_as(GoogleCloudOptions).no_auth is expected


def test_a_flag_without_value_stays_one() -> None:
    assert options_of("--no_use_public_ips").view_as(WorkerOptions).use_public_ips is False
    assert options_of().view_as(SetupOptions).save_main_session is None


def test_text_that_looks_like_a_truth_stays_text() -> None:
    assert options_of("--job_name=true").view_as(GoogleCloudOptions).job_name == "true"


def launched(*argv: str) -> tuple[argparse.Namespace, list[str]]:
    parser = OptionParser("test", "A test.")
    parser.add_text("--needed", "what is needed", required=True)
    parser.add_text("--wish", "what is wished")
    return parse(parser, [*argv, *LAUNCH])


def test_a_launcher_may_add_what_nobody_here_knows() -> None:
    values, beam_args = launched("--needed=a", "--launcher_machine_type=n1-standard-1", "--diskSizeGb=50")
    assert (values.needed, values.wish) == ("a", None)
    assert beam_args == ["--launcher_machine_type=n1-standard-1", "--diskSizeGb=50", *LAUNCH]
    parser = OptionParser("test", "A test.")
    with pytest.raises(UsageError, match="unknown option --diskSizeGb"):
        parse(parser, ["--diskSizeGb=50"])


def test_a_field_of_a_form_that_was_left_empty_is_not_given() -> None:
    assert launched("--needed=a", "--wish=")[0].wish is None
    with pytest.raises(UsageError, match="--needed has an empty value"):
        launched("--needed=")


def test_a_launcher_may_add_what_beam_does_not_know() -> None:
    argv = [*LAUNCH, "--launcher_machine_type=n1-standard-1"]
    assert check_beam_arguments(argv) == argv
    with pytest.raises(UsageError, match="unexpected argument '--launcher_machine_type=n1-standard-1'"):
        check_beam_arguments(argv[2:])
    with pytest.raises(UsageError, match="unexpected argument 'stray'"):
        check_beam_arguments([*LAUNCH, "stray"])
