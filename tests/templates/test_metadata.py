"""The metadata of a template is what its pipeline's options say, and what the service and the console understand."""

import json
from pathlib import Path

import pytest
from google.cloud.dataflow_v1beta3 import TemplateMetadata

from pipelines.command.options.arguments import parse, parse_job
from pipelines.command.options.beam_names import OPTIONS
from templates import metadata, template
from templates.metadata import metadata_of, metadata_text
from templates.template import TITLES, metadata_path
from tests.templates.forms import example, parameters, parser_of
from transforms.errors import UsageError

# Names that a launch has a meaning for by itself, beside those that Beam's parser knows.
SERVICE_NAMES = frozenset({"labels", "zone", "update", "streaming"})
TEMPLATE = pytest.mark.parametrize("name", TITLES)


@TEMPLATE
def test_the_file_in_the_repository_is_what_the_options_say(name: str) -> None:
    assert metadata_path(name).read_text(encoding="utf-8") == metadata_text(name)


def test_a_file_that_differs_is_told_and_renewed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(template, "FOLDER", tmp_path)
    assert metadata.main(["--write"]) == 0
    metadata_path("verify").write_text("{}")
    assert metadata.main([]) == 5
    assert "shardkeep: templates/verify/metadata.json: not what the options say" in capsys.readouterr().err
    assert metadata.main(["--write"]) == 0
    assert json.loads(metadata_path("verify").read_text()) == metadata_of("verify")
    assert metadata.main([]) == 0


@TEMPLATE
def test_googles_own_message_takes_every_field(name: str) -> None:
    message = TemplateMetadata.from_json(metadata_text(name), ignore_unknown_fields=False)
    ours = metadata_of(name)["parameters"]
    assert [each.name for each in message.parameters] == [each["name"] for each in ours]
    assert [each.param_type.name for each in message.parameters] == [each["paramType"] for each in ours]
    assert [[e.value for e in each.enum_options] for each in message.parameters] == [
        [option["value"] for option in each.get("enumOptions", [])] for each in ours
    ]


@TEMPLATE
def test_every_option_is_a_parameter_but_those_for_a_terminal(name: str) -> None:
    parser = parser_of(name)
    names = parser.option_names() - {"-h", "--help", "--plan_only", "--json"}
    if name == "postgres_restore":  # it has one choice only
        names -= {"--if_exists"}
    assert {f"--{each}" for each in parameters(name)} == names
    assert len(parameters(name)) == len(metadata_of(name)["parameters"])


@TEMPLATE
def test_no_parameter_is_an_option_of_beam_or_of_the_service(name: str) -> None:
    taken = {option.lstrip("-") for option in OPTIONS} | SERVICE_NAMES
    assert taken.isdisjoint(parameters(name))


@TEMPLATE
def test_a_required_option_is_a_required_parameter(name: str) -> None:
    required = [each for each in parameters(name).values() if not each["isOptional"]]
    for missing in required:
        argv = [f"--{each['name']}={example(each)}" for each in required if each is not missing]
        with pytest.raises(UsageError, match=f"required: --{missing['name']};"):
            parse(parser_of(name), argv)
    parse(parser_of(name), [f"--{each['name']}={example(each)}" for each in required])


@TEMPLATE
def test_giving_every_default_of_the_form_changes_nothing(name: str) -> None:
    needed = [f"--{each['name']}={example(each)}" for each in parameters(name).values() if not each["isOptional"]]
    defaults = {each["name"]: each["defaultValue"] for each in parameters(name).values() if "defaultValue" in each}
    left_out, _ = parse_job(parser_of(name), needed)
    given, _ = parse_job(parser_of(name), [*needed, *(f"--{key}={value}" for key, value in defaults.items())])
    # The defaults of these depend on the engine, which the parser does not know.
    elsewhere = {
        key: word
        for key, word in {"consistency": "frozen-source", "cloud_sql_ip": "private"}.items()
        if key in vars(left_out)
    }
    assert vars(given) == {**vars(left_out), **elsewhere}
    undecided = {key for key, value in vars(left_out).items() if value in (None, ())} - elsewhere.keys()
    assert defaults.keys().isdisjoint(undecided)
    assert defaults.keys() | undecided | {"plan_only", "json", "if_exists"} >= {
        key for key in vars(left_out) if parameters(name).get(key, {"isOptional": True})["isOptional"]
    }
