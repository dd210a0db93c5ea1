"""The launches of `docs/deploy.md` give what the templates, the pipelines and Google's API take."""

import importlib
import json
import re

from google.cloud.dataflow_v1beta3 import LaunchFlexTemplateRequest

from templates.template import TITLES
from tests.docs.deploy.document import ROOT
from tests.docs.deploy.gcloud_words import dictionary, flag, items
from tests.docs.deploy.pasted_shell import Pasted
from tests.templates.forms import parameters

DATAFLOW = ["--runner=DataflowRunner", "--project=my-project", "--region=europe-west1"]
Launch = tuple[str, dict[str, str]]


def launches(pasted: Pasted) -> list[Launch]:
    """Every launch of a template in the document, by gcloud or by the REST API, with its parameters."""
    calls = pasted.of("gcloud", "dataflow", "flex-template", "run")
    found = [(flag(call, "--template-file-gcs-location"), dictionary(call, "--parameters")) for call in calls]
    body = json.loads((pasted.folder / "launch.json").read_text())["launchParameter"]
    found.append((body["containerSpecGcsPath"], body["parameters"]))
    return [(re.fullmatch(r"gs://[a-z-]+/templates/(\w+)\.json", spec)[1], given) for spec, given in found]  # type: ignore[index]


def test_every_template_is_launched(pasted: Pasted) -> None:
    assert {template for template, _ in launches(pasted)} == set(TITLES)
    assert {path.parent.name for path in (ROOT / "templates").glob("*/metadata.json")} == set(TITLES)


def test_launches_give_the_parameters_that_the_metadata_wants(pasted: Pasted) -> None:
    for template, given in launches(pasted):
        known = parameters(template)
        assert given.keys() <= known.keys(), template
        assert {name for name, item in known.items() if not item.get("isOptional")} <= given.keys(), template
        for name, value in given.items():
            assert all(re.search(regex, value) for regex in known[name].get("regexes", ())), (template, name, value)


def test_the_pipelines_take_the_parameters(pasted: Pasted) -> None:
    for template, given in launches(pasted):
        pipeline = importlib.import_module(f"pipelines.{template}")
        config = pipeline.configure([*DATAFLOW, *(f"--{name}={value}" for name, value in given.items())])
        assert config.vault == "gs://my-project-vault/backups"


def test_the_job_of_one_machine_is_a_command(pasted: Pasted) -> None:
    [job] = [call for call in pasted.of("gcloud", "run", "jobs", "create") if call[0] == "shardkeep-postgres"]
    command, *arguments = items(flag(job, "--args"))
    assert (flag(job, "--command"), command) == ("shardkeep", "postgres-backup")
    config = importlib.import_module("pipelines.postgres_backup").configure(arguments)
    assert config.source.consistency == "snapshot"


def test_the_launch_is_what_the_api_takes(pasted: Pasted) -> None:
    request = LaunchFlexTemplateRequest.from_json((pasted.folder / "launch.json").read_text())
    assert request.launch_parameter.environment.max_workers == 8
    assert re.fullmatch("[a-z]([-a-z0-9]{0,1022}[a-z0-9])?", request.launch_parameter.job_name)
    [call] = [call for call in pasted.of("gcloud", "scheduler", "jobs", "create", "http") if "nightly" in call[0]]
    assert flag(call, "--uri").endswith("/v1b3/projects/my-project/locations/europe-west1/flexTemplates:launch")
