"""The commands of `docs/deploy.md`, pasted as a person would paste them: each is one that its program takes."""

import importlib
import json
import re
import subprocess

import pytest

from pipelines.command.options.arguments import parse
from templates.template import TITLES
from tests.docs.deploy.document import BLOCKS, IN_BACKTICKS, ROOT, TEXT
from tests.docs.deploy.gcloud_tree import Node, objections
from tests.docs.deploy.gcloud_words import dictionary, flag
from tests.docs.deploy.pasted_shell import TYPED, Pasted
from tests.templates.forms import parameters


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_every_block_parses(number: int) -> None:
    subprocess.run(["bash", "-n"], input=BLOCKS[number], text=True, check=True)


def test_gcloud_has_every_command_and_flag(pasted: Pasted, tree: Node) -> None:
    calls = pasted.of("gcloud")
    assert len(calls) > 60
    assert [objection for call in calls for objection in objections(tree, call)] == []


def test_the_judge_of_commands_objects(tree: Node) -> None:
    run = ["dataflow", "flex-template", "run", "job"]
    assert objections(tree, [*run, "--region=r", "--disable-public-ips", "--flexrs-goal=COST_OPTIMIZED"]) == []
    for bad in ([*run, "--worker-disk=9"], [*run, "--disable-public-ips=yes"], [*run, "--region"], [*run[:2], "walk"]):
        assert len(objections(tree, bad)) == 1, bad
    assert len(objections(tree, [*run, "--flexrs-goal=CHEAP"])) == 1


def test_lifecycle_spares_the_templates(pasted: Pasted) -> None:
    [rule] = json.loads((pasted.folder / "staging-lifecycle.json").read_text())["rule"]
    assert rule["condition"]["matchesPrefix"] == ["staging/", "temp/"]


def test_the_builder_has_the_options(pasted: Pasted) -> None:
    [(module, *arguments)] = pasted.of("python3", "-m")
    parser = importlib.import_module(module).options()
    values, _ = parse(parser, arguments)
    assert (values.tag, values.out) == ("0.1.0", "gs://my-project-dataflow/templates")
    assert "--public_ips" in parser.option_names()


def test_the_build_takes_the_substitutions(pasted: Pasted) -> None:
    [call] = pasted.of("gcloud", "builds", "submit")
    config = (ROOT / flag(call, "--config")).read_text(encoding="utf-8")
    for name in dictionary(call, "--substitutions"):
        assert re.search(rf"\$\{{?{name}\b", config), name


def test_every_word_that_looks_like_an_option_is_one(pasted: Pasted, tree: Node) -> None:
    words = {re.split("[= ]", word)[0] for word in IN_BACKTICKS.findall(TEXT)}
    looks = {word for word in words if re.fullmatch(r"(--)?[a-z]+(_[a-z]+)+|--[a-z]+(-[a-z]+)*", word)}
    known = {name for template in TITLES for name in parameters(template)}
    ours = {f"--{name}" for name in known} | importlib.import_module("templates.build").options().option_names()
    theirs = {word.partition("=")[0] for call in pasted.of("gcloud") for word in call} | flags_of(tree)
    others = {"stored_bytes", "lo_compat_privileges"}  # a counter, a setting of a server
    assert looks - known - ours - theirs - others - set(TITLES) == set()


def flags_of(tree: Node) -> set[str]:
    """Flags that the text names without a block that uses them."""
    commands = ("dataflow flex-template run", "storage buckets update", "sql instances clone", "run jobs create")
    nodes = [tree]
    for command in commands:
        node = tree
        for word in command.split():
            node = node["commands"][word]
        nodes.append(node)
    return {name for node in nodes for name in node["flags"]}


def test_what_is_typed_at_a_prompt_is_no_argument(pasted: Pasted) -> None:
    assert [call for call in pasted.calls if TYPED in " ".join(call)] == []
    assert len(pasted.of("gcloud", "secrets", "create")) == 1


def test_every_variable_of_the_beginning_is_used() -> None:
    names = re.findall(r"\b([A-Z_]+)=", BLOCKS[0].partition("gcloud")[0])
    assert len(names) > 10
    rest = "\n".join(BLOCKS)
    assert [name for name in names if not re.search(rf"\$\{{?{name}\b", rest)] == []
