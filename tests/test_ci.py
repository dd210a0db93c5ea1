"""Hosted CI runs what `.ci/run` runs, and the hooks before a commit run what the Makefile does."""

import os
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/check.yml").read_text(encoding="utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def job() -> dict[str, Any]:
    [only] = WORKFLOW["jobs"].values()
    return dict(only)


def recipe(target: str) -> Iterator[str]:
    """The commands of a target, as a shell in the repository's root gets them."""
    found = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert found
    for line in found[1].splitlines():
        command = re.sub(r" +#.*", "", line.strip().lstrip("@"))
        yield command.replace("$(RUN)", ".venv/bin/python").replace("$(CURDIR)", "$PWD").replace("$$", "$")


def command_of(hook: dict[str, Any]) -> str:
    words = shlex.split(hook["entry"])
    return words[2] if words[:2] == ["sh", "-c"] else str(hook["entry"])


def test_hosted_ci_runs_the_same_command() -> None:
    *before, last = job()["steps"]
    assert last == {"run": ".ci/run"}
    assert os.access(ROOT / ".ci/run", os.X_OK)
    assert not any("pytest" in step.get("run", "") or "make" in step.get("run", "").split() for step in before)


def test_nothing_lets_a_failure_pass() -> None:
    assert not any("continue-on-error" in each for each in (job(), *job()["steps"]))
    assert not any("if" in each for each in (job(), *job()["steps"]))


def test_it_runs_for_every_change_and_ends_by_itself() -> None:
    # YAML 1.1, which PyYAML reads, takes a bare `on` for a truth value.
    assert {"push", "pull_request"} <= set(WORKFLOW[True])
    assert 20 < job()["timeout-minutes"] <= 120


def test_it_runs_on_the_python_of_the_images() -> None:
    [setup] = [step for step in job()["steps"] if step.get("uses", "").startswith("actions/setup-python@")]
    version = setup["with"]["python-version"]
    assert job()["env"]["PYTHON"] == f"python{version}"
    assert f"FROM python:{version}-" in (ROOT / "templates/Dockerfile").read_text(encoding="utf-8")


def test_hooks_run_what_the_makefile_runs() -> None:
    [repository] = HOOKS["repos"]
    assert repository["repo"] == "local"
    expected = [command for target in ("lint", "types", "imports") for command in recipe(target)]
    assert [command_of(hook) for hook in repository["hooks"]] == expected
    assert all(hook["language"] == "system" and not hook["pass_filenames"] for hook in repository["hooks"])
