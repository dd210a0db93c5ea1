"""The build's steps, run with a program in Docker's place that writes down how it is called."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from templates import build
from templates.template import FOLDER, TITLES, image_of
from tests.servers.docker_file import stages
from tests.servers.program_file import SHELL, program

IMAGE, TAG = "europe-west1-docker.pkg.dev/my-project/my-repository/shardkeep", "0.1.0"
RECORD = f'{SHELL}printf "%s\\n" "$*" >> "$CALLS"\n'


def steps(out: str) -> dict[str, dict[str, Any]]:
    """The steps by name, with the substitutions that Cloud Build makes: `$$` is a dollar sign."""
    values = {"_IMAGE": IMAGE, "_TAG": TAG, "_OUT": out}
    text = (FOLDER / "cloudbuild.yaml").read_text(encoding="utf-8")
    text = re.sub(r"\$(?:\{(\w+)\}|(\$))", lambda found: "$" if found[2] else values[found[1]], text)
    return {step["id"]: step for step in yaml.safe_load(text)["steps"]}


def calls_of(step: dict[str, Any], folder: Path) -> list[str]:
    """How Docker is called in a step."""
    program(folder / "docker", RECORD)
    calls, builder = folder / "calls", step.get("entrypoint", "docker")
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "CALLS": str(calls)}
    subprocess.run([builder, *step["args"]], check=True, env=environment, cwd=FOLDER.parent)
    return calls.read_text().splitlines()


def test_the_base_is_built_first_and_the_specs_last() -> None:
    assert list(steps("build")) == ["base", "templates", "specs"]
    assert all(step["env"] == ["DOCKER_BUILDKIT=1"] for step in steps("build").values() if "docker" in step["name"])


def test_the_base_is_built_from_the_checkout(tmp_path: Path) -> None:
    [call] = calls_of(steps("build")["base"], tmp_path)
    assert call == f"build --file=templates/Dockerfile --tag={IMAGE}/base:{TAG} ."


def test_every_template_gets_an_image_of_its_own_which_is_pushed(tmp_path: Path) -> None:
    expected = [f"push --quiet {IMAGE}/base:{TAG}"]
    for template in sorted(TITLES):
        image = image_of(IMAGE, TAG, template)
        arguments = f"--build-arg=BASE={IMAGE}/base:{TAG} --build-arg=PIPELINE={template} --build-arg=IMAGE={image}"
        expected.append(f"build --file=templates/pipeline.Dockerfile --tag={image} {arguments} templates")
        expected.append(f"push --quiet {image}")
    assert calls_of(steps("build")["templates"], tmp_path) == expected


def test_what_is_handed_to_a_build_is_what_the_docker_file_takes(tmp_path: Path) -> None:
    text = (FOLDER / "pipeline.Dockerfile").read_text()
    given = set(re.findall(r"--build-arg=(\w+)=", calls_of(steps("build")["templates"], tmp_path)[1]))
    assert given == set(re.findall(r"^ARG (\w+)$", text, re.MULTILINE))
    assert set(re.findall(r"--build-arg=(\w+)=", text)) == given
    assert len(stages(FOLDER / "pipeline.Dockerfile")) == 1


def test_specs_name_the_images_that_were_pushed(tmp_path: Path) -> None:
    step = steps(str(tmp_path))["specs"]
    assert (step["entrypoint"], step["args"][:2]) == ("python3", ["-m", "templates.build"])
    assert build.main(step["args"][2:]) == 0
    images = {json.loads(path.read_text())["image"] for path in tmp_path.iterdir()}
    assert images == {image_of(IMAGE, TAG, template) for template in TITLES}


@pytest.mark.parametrize("failing", ["push", "build"])
def test_a_failure_ends_the_build(tmp_path: Path, failing: str) -> None:
    program(tmp_path / "docker", f'{SHELL}test "$1" != {failing}\n')
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ended = subprocess.run(["bash", *steps("build")["templates"]["args"]], check=False, env=environment)
    assert ended.returncode != 0
