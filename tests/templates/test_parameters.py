"""Each parameter reads well on a form, and its regex means the same to egrep and to our parser."""

import re
from typing import Any

import pytest

from pipelines.command.options.arguments import parse
from templates.metadata import metadata_of
from templates.template import TITLES
from tests.servers import egrep
from tests.templates.forms import complete, example, parameters, parser_of
from transforms.errors import UsageError

# https://cloud.google.com/dataflow/docs/guides/templates/configuring-flex-templates: what regexes may not have.
NOT_EGREP = re.compile(r"\(\?|\\[dDwWsSbB]")
PARAMETERS = [(name, each) for name in TITLES for each in metadata_of(name)["parameters"]]
PARAMETER = pytest.mark.parametrize(
    ("name", "parameter"), PARAMETERS, ids=[f"{name}-{each['name']}" for name, each in PARAMETERS]
)
TEMPLATE = pytest.mark.parametrize("name", TITLES)


@PARAMETER
def test_a_parameter_says_to_people_what_it_is(name: str, parameter: dict[str, Any]) -> None:
    assert parameter["label"][0].isupper()
    assert parameter["groupName"]
    sentence, _, shown = parameter["helpText"].partition(" Example: ")
    assert sentence[0].isupper()
    assert sentence.endswith(".")
    assert shown or parameter["paramType"] in ("BOOLEAN", "ENUM") or "defaultValue" in parameter
    if shown:
        assert parse(parser_of(name), complete(name, parameter["name"], shown))


@PARAMETER
def test_a_regex_is_egrep_and_matches_the_default_the_example_and_each_choice(
    name: str, parameter: dict[str, Any]
) -> None:
    values = [parameter.get("defaultValue"), example(parameter)]
    values += [option["value"] for option in parameter.get("enumOptions", [])]
    for regex in parameter.get("regexes", []):
        assert (regex[0], regex[-1]) == ("^", "$")
        assert not NOT_EGREP.search(regex)
        assert [value for value in values if value and not re.fullmatch(regex, value)] == []
        assert [value for value in values if value and not egrep.matches(regex, value)] == []


@PARAMETER
def test_a_default_of_a_choice_is_one_of_them(name: str, parameter: dict[str, Any]) -> None:
    if parameter["paramType"] == "ENUM":
        assert parameter["defaultValue"] in [option["value"] for option in parameter["enumOptions"]]
        assert all(option["label"] for option in parameter["enumOptions"])


@pytest.mark.parametrize(
    ("name", "parameter", "value"),
    [
        ("bigtable_backup", "instance", "projects/my-project/instances/my-instance"),
        ("bigtable_backup", "bigtable_project", "projects/my-project"),
        ("bigtable_backup", "app_profile", "a b"),
        ("bigtable_backup", "table", "projects/p/instances/i/tables/t"),
        ("bigtable_backup", "table", "a,,b"),
        ("bigtable_backup", "chunk_size", "1 lot"),
        ("bigtable_backup", "chunk_size", "1K"),
        ("bigtable_backup", "ranges", "0"),
        ("bigtable_backup", "ranges", "-1"),
        ("bigtable_restore", "table", "a:b;c:d"),
        ("bigtable_restore", "gc", "maybe"),
        ("verify", "backup", "gs://my-bucket/backups/20261124T020000Z-7f3a9c"),
        ("verify", "source", "bigtable+a+b/20261124T020000Z-7f3a9c"),
        ("verify", "level", "L4"),
        ("postgres_restore", "owner", "me"),
        ("postgres_restore", "writers", "many"),
    ],
)
def test_the_form_and_the_command_refuse_the_same(name: str, parameter: str, value: str) -> None:
    regexes = parameters(name)[parameter]["regexes"]
    assert not all(egrep.matches(regex, value) for regex in regexes)
    with pytest.raises(UsageError, match=f"--{parameter}"):
        parse(parser_of(name), complete(name, parameter, value))


@pytest.mark.parametrize(("place", "right"), [
    ("gs://my-bucket", True),
    ("gs://my-bucket/", True),
    ("gs://my-bucket/a/b", True),
    ("gs://my-bucket/a/b/", True),
    ("gs://my-bucket/größe und mehr", True),
    ("backups", False),
    ("gs://My-Bucket/a", False),
    ("gs://my-bucket//a", False),
    ("s3://my-bucket/a", False),
    ("gs:///a", False),
])  # fmt: skip
@TEMPLATE
def test_the_vault_of_a_template_is_on_cloud_storage(name: str, place: str, right: bool) -> None:
    [regex] = parameters(name)["vault"]["regexes"]
    assert (bool(re.fullmatch(regex, place)), egrep.matches(regex, place)) == (right, right)
    kind = "GCS_WRITE_FOLDER" if name.endswith("_backup") else "GCS_READ_FOLDER"
    assert parameters(name)["vault"]["paramType"] == kind


def test_a_template_offers_no_snapshot_since_the_launcher_does_not_stay() -> None:
    consistency = parameters("postgres_backup")["consistency"]
    assert [option["value"] for option in consistency["enumOptions"]] == ["frozen-source", "fuzzy"]
    assert consistency["defaultValue"] == "frozen-source"
    assert not egrep.matches(consistency["regexes"][0], "snapshot")


@PARAMETER
def test_no_parameter_takes_a_secret(name: str, parameter: dict[str, Any]) -> None:
    secret = re.search("password|token|credential|key", parameter["name"])
    assert secret is None or parameter["regexes"] == ["^projects/[^/]+/secrets/[^/]+/versions/[^/]+$"]


def test_no_bracket_of_a_regex_means_something_else_to_javascript() -> None:
    regexes = [regex for _, each in PARAMETERS for regex in each.get("regexes", [])]
    assert len(regexes) > 20
    # POSIX: a class may begin with its own end. ECMAScript 22.2.1: `[]` is the empty class.
    assert [regex for regex in regexes if re.search(r"(?<!\\)\[\^?\]", regex)] == []
